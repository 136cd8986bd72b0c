use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use api::Answer;

use super::*;
use crate::choose;
use crate::tests::{ENDPOINT, Fake, at, hands};

/// A home directory with a sign-in file in it, and a service.
struct Scene {
    root: tempfile::TempDir,
    environment: Environment,
    service: Fake,
}

impl Scene {
    fn new(valid: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let below = |name: &str| Some(root.path().join(name));
        let environment = Environment {
            current_dir: root.path().join("elsewhere"),
            home: Some(root.path().to_owned()),
            state_dir: below("state"),
            cache_dir: below("cache"),
            endpoint: Some(ENDPOINT.into()),
            ..Environment::default()
        };
        Scene {
            environment,
            service: Fake::new(valid),
            root,
        }
    }

    /// A sign-in file with the token T0, given at 0 for an hour, and the refresh token R0.
    fn with_file() -> Self {
        let scene = Self::new(&["R0"]);
        scene.write("T0", at(3600), "R0");
        scene
    }

    fn file(&self) -> PathBuf {
        self.root.path().join(".impt.auth")
    }

    fn write(&self, token: &str, end: SystemTime, refresh_token: &str) {
        let shown = humantime::format_rfc3339_millis(end);
        let text = format!(
            r#"{{"endpoint":"{ENDPOINT}","accessToken":"{token}","expiresAt":"{shown}","refreshToken":"{refresh_token}"}}"#
        );
        fs::write(self.file(), text).unwrap();
        let file = fs::File::options().write(true).open(self.file()).unwrap();
        file.set_modified(end - Duration::from_secs(3600)).unwrap();
    }

    fn session(&self) -> Session {
        self.session_with(&[]).0
    }

    fn session_with(&self, answers: &[&str]) -> (Session, Arc<Mutex<Vec<String>>>) {
        let (hands, warnings) = hands(answers);
        let choice = choose(&self.environment).unwrap();
        (
            Session::new(choice, &self.environment, self.service.clone(), hands),
            warnings,
        )
    }

    /// Fifty processes that all ask at once; gives the tokens that they got.
    fn fifty(&self, ask: impl Fn(&Session) -> Result<Secret, Error> + Sync) -> Vec<String> {
        let barrier = Barrier::new(50);
        let sessions: Vec<Session> = (0..50).map(|_| self.session()).collect();
        thread::scope(|scope| {
            let (barrier, ask) = (&barrier, &ask);
            let asking = sessions.iter().map(|session| {
                scope.spawn(move || {
                    barrier.wait();
                    ask(session).unwrap().expose().to_owned()
                })
            });
            let asking: Vec<_> = asking.collect();
            asking
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        })
    }
}

fn text(result: Result<Secret, Error>) -> String {
    result.unwrap().expose().to_owned()
}

fn outage() -> Error {
    Error::new(Kind::Unreachable, "No connection")
}

#[test]
fn a_good_token_costs_nothing() {
    let scene = Scene::with_file();
    let session = scene.session();
    assert_eq!(text(session.token_at(at(0))), "T0");
    assert_eq!(text(session.token_at(at(3419))), "T0");
    assert!(scene.service.asked().is_empty());
    scene.service.inside().now = at(3420);
    assert_eq!(text(session.token_at(at(3420))), "T1");
    assert_eq!(
        text(scene.session().token_at(at(3420))),
        "T1",
        "it was stored"
    );
    assert_eq!(scene.service.asked(), ["refresh R0"]);
}

#[test]
fn fifty_processes_with_an_ended_token_make_one_renewal() {
    let scene = Scene::with_file();
    scene.service.inside().now = at(4000);
    assert_eq!(
        scene.fifty(|session| session.token_at(at(4000))),
        vec!["T1"; 50]
    );
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
    assert_eq!(
        scene.fifty(|session| session.token_at(at(4000))),
        vec!["T1"; 50]
    );
    scene.service.inside().now = at(8000);
    assert_eq!(
        scene.fifty(|session| session.token_at(at(8000))),
        vec!["T2"; 50]
    );
    assert_eq!(scene.service.asked(), ["refresh R0", "refresh R1"]);
}

#[test]
fn fifty_processes_without_a_cache_sign_in_once() {
    let mut scene = Scene::new(&["KEY", "swordfish", "R0"]);
    scene.environment.login_key = Some(Secret::new("KEY"));
    assert_eq!(
        scene.fifty(|session| session.token_at(at(0))),
        vec!["T1"; 50]
    );
    scene.environment.login_key = None;
    scene.environment.user = Some("me".into());
    scene.environment.password = Some(Secret::new("swordfish"));
    assert_eq!(
        scene.fifty(|session| session.token_at(at(0))),
        vec!["T2"; 50]
    );
    scene.service.inside().now = at(4000);
    assert_eq!(
        scene.fifty(|session| session.token_at(at(4000))),
        vec!["T3"; 50]
    );
    let expected = ["key KEY", "password swordfish", "refresh R0"];
    assert_eq!(
        scene.service.asked(),
        expected,
        "the password makes no second refresh token"
    );
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
    assert_eq!(
        session.token_at(at(4000)).unwrap_err().kind,
        Kind::Unreachable
    );
    let waited = session.another(&mut session.lock_state(), 0, at(4000));
    assert_eq!(waited.unwrap_err().kind, Kind::Unreachable);
    assert_eq!(scene.service.asked().len(), 1);
    assert!(session.token_at(at(4000)).is_err());
    assert_eq!(
        text(session.token_at(at(4000))),
        "T3",
        "whoever comes later does"
    );
}

#[test]
fn only_a_refused_fresh_token_ends_the_run_and_then_for_all() {
    let scene = Scene::with_file();
    let session = scene.session();
    let first = session.renewed_at(&Secret::new("T0"), at(0)).unwrap();
    assert_eq!(
        text(session.renewed_at(&Secret::new("T0"), at(1))),
        "T1",
        "an old one"
    );
    let error = session.renewed_at(&first, at(2)).unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::NotSignedIn, Some(401)));
    assert_eq!(session.token_at(at(100)).unwrap_err(), error);
    assert_eq!(
        session.renewed_at(&Secret::new("T0"), at(100)).unwrap_err(),
        error
    );
    assert_eq!(scene.service.asked().len(), 1);
}

#[test]
fn a_token_that_has_worked_for_a_while_is_renewed_when_it_is_refused() {
    let scene = Scene::with_file();
    let session = scene.session();
    let first = session.renewed_at(&Secret::new("T0"), at(0));
    assert_eq!(text(session.renewed_at(&first.unwrap(), at(60))), "T2");
}

#[test]
fn a_service_that_gives_the_refused_token_again_ends_the_run() {
    let scene = Scene::with_file();
    scene.write("T1", at(3600), "R0");
    let session = scene.session();
    let error = session.renewed_at(&Secret::new("T1"), at(0)).unwrap_err();
    assert_eq!(error.kind, Kind::NotSignedIn);
}

#[test]
fn a_token_that_another_process_has_stored_is_used() {
    let scene = Scene::with_file();
    let session = scene.session();
    scene.write("T9", at(7200), "R0");
    assert_eq!(text(session.renewed_at(&Secret::new("T0"), at(9))), "T9");
    assert!(scene.service.asked().is_empty());
    assert_eq!(
        text(session.renewed_at(&Secret::new("T9"), at(9))),
        "T1",
        "not ours, so not fresh"
    );
}

#[test]
fn a_run_goes_on_as_the_account_that_it_began_as() {
    let scene = Scene::with_file();
    let (session, warnings) = scene.session_with(&[]);
    scene.write("OTHER", at(9000), "R-OTHER");
    assert_eq!(text(session.renewed_at(&Secret::new("T0"), at(9))), "T1");
    assert!(
        fs::read_to_string(scene.file()).unwrap().contains("OTHER"),
        "and is left alone"
    );
    assert_eq!(warnings.lock().unwrap().len(), 1);
    let (mine, other) = (
        session.identity().clone(),
        scene.session().identity().clone(),
    );
    let account = Account {
        id: "A".into(),
        email: None,
        username: None,
    };
    for identity in [&mine, &other] {
        let state = scene.environment.state_dir.as_deref().unwrap();
        account::remember_account(state, identity, &account).unwrap();
    }
    scene.write("T0", at(3600), "R0");
    let session = scene.session();
    assert_eq!(session.known_account(), Some(account));
    scene.write("AGAIN", at(9000), "R-OTHER");
    assert_eq!(
        text(session.renewed_at(&Secret::new("T0"), at(9))),
        "AGAIN",
        "the same account"
    );
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
fn a_credential_that_is_no_longer_taken_is_reported_with_what_to_do() {
    let scene = Scene::with_file();
    scene.service.inside().valid.clear();
    let error = scene.session().token_at(at(4000)).unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::NotSignedIn, Some(401)));
    assert!(
        error.title.contains(".impt.auth is no longer valid"),
        "{}",
        error.title
    );
    assert!(error.detail.unwrap().contains("imp-auth login"));
    let mut key = Scene::new(&[]);
    key.environment.login_key = Some(Secret::new("swordfish"));
    let error = key.session().token_at(at(0)).unwrap_err();
    assert_eq!(error.title, "The service does not accept IMPT_LOGINKEY");
    assert!(!format!("{error:?}").contains("swordfish"));
}

#[test]
fn a_temporary_sign_in_ends_with_its_token() {
    let scene = Scene::with_file();
    scene.write("T0", at(3600), "");
    let session = scene.session();
    assert_eq!(
        text(session.token_at(at(3500))),
        "T0",
        "nothing could be renewed, but it works"
    );
    let error = session.token_at(at(3600)).unwrap_err();
    assert_eq!(error.kind, Kind::NotSignedIn);
    assert!(
        error.title.ends_with("was temporary and has ended"),
        "{}",
        error.title
    );
    assert!(scene.service.asked().is_empty());
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
    assert!(warnings[0].contains("cannot be kept"), "{}", warnings[0]);
}

#[test]
fn without_a_state_directory_there_is_a_warning_and_a_token() {
    let mut scene = Scene::with_file();
    scene.environment.state_dir = Some(scene.file());
    let (session, warnings) = scene.session_with(&[]);
    assert_eq!(text(session.token_at(at(4000))), "T1");
    assert!(warnings.lock().unwrap()[0].contains("without a lock"));
    scene.environment.state_dir = None;
    assert_eq!(
        text(scene.session().renewed_at(&Secret::new("T1"), at(4000))),
        "T2"
    );
}

#[test]
fn waiting_for_another_process_ends_with_the_run() {
    let scene = Scene::with_file();
    let session = scene.session();
    let _held = session.lock().unwrap().unwrap();
    let other = scene.session();
    other.hands.stop.store(true, Ordering::Relaxed);
    assert_eq!(
        other.token_at(at(4000)).unwrap_err().kind,
        Kind::NotAttempted
    );
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
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(lock_name(&scene.file()), lock_name(&real));
    let end = choose(&scene.environment).unwrap().describe().expires_at;
    assert_eq!(end, Some(at(3600)));
}

#[test]
fn the_cache_is_ours_alone_and_a_broken_one_is_no_error() {
    let mut scene = Scene::new(&["KEY"]);
    scene.environment.login_key = Some(Secret::new("KEY"));
    assert_eq!(text(scene.session().token_at(at(0))), "T1");
    let directory = scene.root.path().join("cache/sign-ins");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let entry = fs::read_dir(&directory).unwrap().next().unwrap().unwrap();
    assert_eq!(mode(&entry.path()), 0o600);
    let kept = fs::read_to_string(entry.path()).unwrap();
    assert!(!kept.contains("KEY") && !kept.contains("wasted"), "{kept}");
    fs::write(entry.path(), "{").unwrap();
    assert_eq!(text(scene.session().token_at(at(0))), "T2");
    assert_eq!(text(scene.session().token_at(at(0))), "T2");
}

#[test]
fn a_password_is_used_again_when_its_refresh_token_has_gone() {
    let mut scene = Scene::new(&["swordfish", "R0"]);
    scene.environment.user = Some("me".into());
    let (session, _) = scene.session_with(&["swordfish"]);
    assert_eq!(text(session.token_at(at(0))), "T1");
    assert_eq!(
        text(scene.session().token_at(at(0))),
        "T1",
        "nothing is asked while it is kept"
    );
    scene.service.inside().valid = vec!["swordfish".into()];
    scene.service.inside().now = at(4000);
    assert_eq!(text(session.token_at(at(4000))), "T3", "typed once");
    let error = scene
        .session()
        .renewed_at(&Secret::new("T3"), at(4000))
        .unwrap_err();
    assert!(error.detail.unwrap().contains("no terminal"));
    let expected = [
        "password swordfish",
        "refresh R0",
        "password swordfish",
        "refresh R0",
    ];
    assert_eq!(scene.service.asked(), expected);
}

#[test]
fn one_time_passwords_are_asked_for() {
    let mut scene = Scene::new(&["swordfish", "123456"]);
    scene.environment.user = Some("me".into());
    scene.environment.password = Some(Secret::new("swordfish"));
    scene.service.inside().wants_one_time_password = true;
    let error = scene.session().token_at(at(0)).unwrap_err();
    assert_eq!(error.kind, Kind::NotSignedIn);
    assert!(error.detail.unwrap().contains("login key"));
    assert_eq!(
        text(scene.session_with(&["123456"]).0.token_at(at(0))),
        "T3"
    );
    scene.environment.login_key = Some(Secret::new("KEY"));
    assert_eq!(
        text(scene.session_with(&["123456"]).0.token_at(at(0))),
        "T4"
    );
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
