//! Many threads and processes with one sign-in.

use super::*;
use model::{ErrorKind, Secret};

#[test]
fn a_good_token_costs_nothing() {
    let scene = Scene::with_file();
    let session = scene.session();
    assert_eq!(text(session.token_at(at(0))), "T0");
    assert_eq!(text(session.token_at(at(3419))), "T0");
    assert!(scene.service.asked().is_empty());
    scene.service.inside().now = at(3420);
    assert_eq!(text(session.token_at(at(3420))), "T1");
    assert_eq!(text(scene.session().token_at(at(3420))), "T1", "it was stored");
    assert_eq!(scene.service.asked(), ["refresh R0"]);
}

#[test]
fn fifty_processes_with_an_ended_token_make_one_renewal() {
    let scene = Scene::with_file();
    scene.service.inside().now = at(4000);
    assert_eq!(scene.fifty(|session| session.token_at(at(4000))), vec!["T1"; 50]);
    assert_eq!(scene.service.asked(), ["refresh R0"]);
}

#[test]
fn fifty_processes_with_a_refused_token_make_one_renewal() {
    let scene = Scene::with_file();
    let got = scene.fifty(|session| session.renewed_at(&session.token_at(at(9))?, at(9)));
    assert_eq!(got, vec!["T1"; 50]);
    assert_eq!(scene.service.asked(), ["refresh R0"]);
}

#[test]
fn fifty_processes_make_one_renewal_also_when_the_refresh_token_changes_with_it() {
    let scene = Scene::with_file();
    scene.service.inside().rotates = true;
    scene.service.inside().now = at(4000);
    assert_eq!(scene.fifty(|session| session.token_at(at(4000))), vec!["T1"; 50]);
    scene.service.inside().now = at(8000);
    assert_eq!(scene.fifty(|session| session.token_at(at(8000))), vec!["T2"; 50]);
    assert_eq!(scene.service.asked(), ["refresh R0", "refresh R1"]);
}

#[test]
fn fifty_processes_without_a_cache_sign_in_once() {
    let mut scene = Scene::new(&["KEY", "swordfish", "R0"]);
    scene.environment.login_key = Some(Secret::new("KEY"));
    assert_eq!(scene.fifty(|session| session.token_at(at(0))), vec!["T1"; 50]);
    scene.environment.login_key = None;
    scene.environment.user = Some("me".into());
    scene.environment.password = Some(Secret::new("swordfish"));
    assert_eq!(scene.fifty(|session| session.token_at(at(0))), vec!["T2"; 50]);
    scene.service.inside().now = at(4000);
    assert_eq!(scene.fifty(|session| session.token_at(at(4000))), vec!["T3"; 50]);
    let expected = ["key KEY", "password swordfish", "refresh R0"];
    assert_eq!(scene.service.asked(), expected, "the password makes no second refresh token");
}

#[test]
fn eight_threads_of_a_process_make_one_renewal() {
    let scene = Scene::with_file();
    scene.service.inside().now = at(4000);
    let (session, barrier) = (scene.session(), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(text(session.token_at(at(4000))), "T1");
                assert_eq!(text(session.renewed_at(&Secret::new("T0"), at(4000))), "T1");
            });
        }
    });
    assert_eq!(scene.service.asked().len(), 1);
}

#[test]
fn whoever_waited_for_a_renewal_that_failed_does_not_try_it_again() {
    let scene = Scene::with_file();
    scene.service.inside().errors = [outage(), outage()].into();
    let session = scene.session();
    assert_eq!(session.token_at(at(4000)).unwrap_err().kind, ErrorKind::Unreachable);
    let waited = session.another(&mut session.lock_state(), 0, at(4000));
    assert_eq!(waited.unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(scene.service.asked().len(), 1);
    assert!(session.token_at(at(4000)).is_err());
    assert_eq!(text(session.token_at(at(4000))), "T3", "whoever comes later does");
}

#[test]
fn a_token_that_another_process_has_stored_is_used() {
    let scene = Scene::with_file();
    let session = scene.session();
    scene.write("T9", at(7200), "R0");
    assert_eq!(text(session.renewed_at(&Secret::new("T0"), at(9))), "T9");
    assert!(scene.service.asked().is_empty());
    assert_eq!(text(session.renewed_at(&Secret::new("T9"), at(9))), "T1", "not ours, so not fresh");
}

#[test]
fn waiting_for_another_process_ends_with_the_run() {
    let scene = Scene::with_file();
    let session = scene.session();
    let _held = session.lock().unwrap().unwrap();
    let other = scene.session();
    other.interaction.stop.store(true, Ordering::Relaxed);
    assert_eq!(other.token_at(at(4000)).unwrap_err().kind, ErrorKind::NotAttempted);
}
