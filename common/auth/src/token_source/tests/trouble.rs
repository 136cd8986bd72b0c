//! Refusals, outages, and files that change or cannot be written.

use super::*;
use model::{ErrorKind, Secret};

#[test]
fn only_a_refused_fresh_token_ends_the_run_and_then_for_all() {
    let scene = Scene::with_file();
    let session = scene.session();
    let first = session.renewed_at(&Secret::new("T0"), at(0)).unwrap();
    assert_eq!(text(session.renewed_at(&Secret::new("T0"), at(1))), "T1", "an old one");
    let error = session.renewed_at(&first, at(2)).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::NotSignedIn, Some(401)));
    assert_eq!(session.token_at(at(100)).unwrap_err(), error);
    assert_eq!(session.renewed_at(&Secret::new("T0"), at(100)).unwrap_err(), error);
    assert_eq!(scene.service.asked().len(), 1);
}

#[test]
fn a_refused_fresh_token_is_replaced_by_one_that_is_stored_but_only_once() {
    let scene = Scene::with_file();
    let session = scene.session();
    for (refused, stored) in [("T0", "T0"), ("T1", "T9")] {
        scene.write(stored, at(3600), "R0");
        session.renewed_at(&Secret::new(refused), at(0)).unwrap();
    }
    assert_eq!(text(session.token_at(at(0))), "T9");
    assert_eq!(text(session.renewed_at(&Secret::new("T9"), at(0))), "T2");
    scene.write("T10", at(3600), "R0");
    assert!(session.renewed_at(&Secret::new("T2"), at(0)).is_err());
    assert_eq!(scene.service.asked().len(), 2);
}

#[test]
fn a_token_that_has_worked_for_a_while_is_renewed_when_it_is_refused() {
    let scene = Scene::with_file();
    let session = scene.session();
    let first = session.renewed_at(&Secret::new("T0"), at(0));
    assert_eq!(text(session.renewed_at(&first.unwrap(), at(60))), "T2");
}

#[test]
fn a_token_that_was_taken_is_renewed_when_it_is_refused_long_before_its_end() {
    let scene = Scene::with_file();
    let session = scene.session();
    let first = session.renewed_at(&Secret::new("T0"), at(0)).unwrap();
    session.accepted(&first);
    let second = session.renewed_at(&first, at(6)).unwrap();
    assert_eq!(second.expose(), "T2");
    assert!(session.renewed_at(&second, at(12)).is_err(), "nothing was ever done with it");
}

#[test]
fn a_service_that_gives_the_refused_token_again_ends_the_run() {
    let scene = Scene::with_file();
    scene.write("T1", at(3600), "R0");
    let session = scene.session();
    let error = session.renewed_at(&Secret::new("T1"), at(0)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSignedIn);
}

#[test]
fn a_run_goes_on_as_the_account_that_it_began_as() {
    let scene = Scene::with_file();
    let (session, warnings) = scene.session_with(&[]);
    scene.write("OTHER", at(9000), "R-OTHER");
    assert_eq!(text(session.renewed_at(&Secret::new("T0"), at(9))), "T1");
    assert!(fs::read_to_string(scene.file()).unwrap().contains("OTHER"), "and is left alone");
    assert_eq!(warnings.lock().unwrap().len(), 1);
    let (mine, other) = (session.identity().clone(), scene.session().identity().clone());
    let account = Account { id: "A".into(), email: None, username: None };
    for identity in [&mine, &other] {
        let state = scene.environment.state_dir.as_deref().unwrap();
        account::remember_account(state, identity, &account).unwrap();
    }
    scene.write("T0", at(3600), "R0");
    let session = scene.session();
    assert_eq!(session.known_account(), Some(account));
    scene.write("AGAIN", at(9000), "R-OTHER");
    assert_eq!(text(session.renewed_at(&Secret::new("T0"), at(9))), "AGAIN", "the same account");
}

#[test]
fn a_sign_in_that_was_removed_does_not_come_back() {
    let scene = Scene::with_file();
    let (session, warnings) = scene.session_with(&[]);
    fs::remove_file(scene.file()).unwrap();
    assert_eq!(text(session.token_at(at(4000))), "T1");
    assert!(!scene.file().exists());
    assert_eq!(warnings.lock().unwrap().len(), 1);
}

#[test]
fn a_token_that_works_is_used_while_its_renewal_fails() {
    let scene = Scene::with_file();
    scene.service.inside().errors = [outage()].into();
    let session = scene.session();
    assert_eq!(text(session.token_at(at(3500))), "T0");
    assert_eq!(text(session.token_at(at(3519))), "T0");
    assert_eq!(scene.service.asked().len(), 1);
    assert_eq!(text(session.token_at(at(3520))), "T2");
}

#[test]
fn a_file_that_cannot_be_written_is_no_hindrance() {
    let scene = Scene::with_file();
    let open = fs::File::open(scene.file()).unwrap();
    let mut unwritable = Scene::new(&["R0"]);
    unwritable.environment.auth_file = Some(format!("/proc/self/fd/{}", open.as_raw_fd()).into());
    let (session, warnings) = unwritable.session_with(&[]);
    unwritable.service.inside().now = at(4000);
    assert_eq!(text(session.token_at(at(4000))), "T1");
    assert_eq!(text(session.token_at(at(4100))), "T1");
    assert_eq!(text(session.renewed_at(&Secret::new("T1"), at(4100))), "T2");
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("not kept"), "{}", warnings[0]);
}

#[test]
fn without_a_state_directory_there_is_a_warning_and_a_token() {
    let mut scene = Scene::with_file();
    scene.environment.state_dir = Some(scene.file());
    let (session, warnings) = scene.session_with(&[]);
    assert_eq!(text(session.token_at(at(4000))), "T1");
    assert!(warnings.lock().unwrap()[0].contains("without a lock"));
    scene.environment.state_dir = None;
    assert_eq!(text(scene.session().renewed_at(&Secret::new("T1"), at(4000))), "T2");
}

#[test]
fn a_renewed_file_is_ours_alone_and_a_link_stays_one() {
    let scene = Scene::with_file();
    let real = scene.root.path().join("real");
    fs::rename(scene.file(), &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
    symlink("real", scene.file()).unwrap();
    let choice = choose(&scene.environment).unwrap();
    assert!(choice.describe().readable_by_others);
    scene.session().token_at(at(4000)).unwrap();
    assert!(scene.file().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(lock::lock_name(&scene.file()), lock::lock_name(&real));
    let end = choose(&scene.environment).unwrap().describe().expires_at;
    assert_eq!(end, Some(at(3600)));
}

#[test]
fn clocks_that_disagree_cost_no_renewal_a_request() {
    let scene = Scene::with_file();
    let session = scene.session();
    for seconds in [9000, 9001, 9500] {
        assert_eq!(text(session.token_at(at(seconds))), "T1");
    }
    assert_eq!(scene.service.asked().len(), 1);
}

#[test]
fn a_session_is_what_the_client_wants() {
    fn wanted<T: Credentials + 'static>(_: T) -> Option<Answer> {
        None
    }
    assert!(wanted(Scene::with_file().session()).is_none());
}

#[test]
fn a_sign_in_made_while_the_service_was_asked_stays() {
    let scene = Scene::with_file();
    let file = scene.file();
    let replaced = fs::read_to_string(&file).unwrap().replace("R0", "R-OTHER");
    let replacement = replaced.clone();
    scene.service.inside().meanwhile = Some(Box::new(move || fs::write(&file, &replaced).unwrap()));
    let (session, warnings) = scene.session_with(&[]);
    assert_eq!(text(session.token_at(at(4000))), "T1");
    assert_eq!(fs::read_to_string(scene.file()).unwrap(), replacement);
    assert_eq!(warnings.lock().unwrap().len(), 1);
}
