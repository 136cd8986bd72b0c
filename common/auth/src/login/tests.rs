use model::{ErrorKind, Secret};
use serde_json::{Value, json};
use std::fs;

use super::*;
use crate::choose;
use crate::log_out;
use crate::tests::{ENDPOINT, Fake, at, interaction};

pub(super) struct Scene {
    root: tempfile::TempDir,
    pub(super) environment: Environment,
    pub(super) service: Fake,
}

impl Scene {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let environment = Environment {
            current_dir: root.path().join("here"),
            home: Some(root.path().to_owned()),
            state_dir: Some(root.path().join("state")),
            ..Environment::default()
        };
        fs::create_dir(&environment.current_dir).unwrap();
        Scene { environment, service: Fake::new(&["swordfish", "KEY", "123456"]), root }
    }

    fn log_in(&self, login: &Login) -> Result<LoggedIn, Error> {
        log_in(login, &self.environment, &self.service, &interaction(&["123456"]).0)
    }

    pub(super) fn read(&self, path: &str) -> Value {
        serde_json::from_slice(&fs::read(self.root.path().join(path)).unwrap()).unwrap()
    }
}

pub(super) fn by_password() -> Login {
    Login {
        endpoint: ENDPOINT.into(),
        credential: Credential::Password { user: "me".into(), password: Secret::new("swordfish") },
        temporary: false,
        keyring: false,
        destination: Destination::Usual,
    }
}

pub(super) fn by_key() -> Login {
    Login { credential: Credential::LoginKey(Secret::new("KEY")), ..by_password() }
}

#[test]
fn the_file_is_the_one_that_impt_would_write() {
    let scene = Scene::new();
    let end = humantime::format_rfc3339_millis(at(3600)).to_string();
    scene.log_in(&by_password()).unwrap();
    let expected =
        json!({"endpoint": ENDPOINT, "accessToken": "T1", "expiresAt": end, "refreshToken": "R0"});
    assert_eq!(scene.read(".impt.auth"), expected);
    scene.log_in(&Login { destination: Destination::Local, ..by_key() }).unwrap();
    let expected =
        json!({"endpoint": ENDPOINT, "accessToken": "T2", "expiresAt": end, "loginKey": "KEY"});
    assert_eq!(scene.read("here/.impt.auth"), expected);
    let made = scene.log_in(&Login { temporary: true, ..by_password() }).unwrap();
    assert_eq!((made.expires_at, made.file), (at(3600), scene.root.path().join(".impt.auth")));
    let expected = json!({"endpoint": ENDPOINT, "accessToken": "T3", "expiresAt": end});
    assert_eq!(scene.read(".impt.auth"), expected, "nothing of the old one is left");
}

#[test]
fn a_file_that_is_named_is_the_usual_one() {
    let mut scene = Scene::new();
    scene.environment.auth_file = Some("ours".into());
    let made = scene.log_in(&by_key()).unwrap();
    assert_eq!(made.file, scene.root.path().join("here/ours"));
    let choice = choose(&scene.environment).unwrap();
    assert_eq!(choice.describe().credential, "login key");
    assert_eq!(choice.identity(&choice.sign_in), made.identity);
}

#[test]
fn nothing_is_asked_when_the_file_cannot_be_written() {
    let mut scene = Scene::new();
    fs::write(scene.root.path().join("file"), "").unwrap();
    scene.environment.auth_file = Some(scene.root.path().join("file/below"));
    let error = scene.log_in(&by_password()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::BadInput);
    assert!(error.title.contains("file/below"));
    assert!(scene.service.asked().is_empty());
}

#[test]
fn what_would_be_lost_is_said_unless_it_is_the_same_account() {
    let scene = Scene::new();
    let lost = |login: &Login| {
        let found = replaced(login, &scene.environment).unwrap();
        found.map(|replaced| replaced.to_string())
    };
    assert_eq!(lost(&by_password()), None, "there is nothing yet");
    let made = scene.log_in(&by_password()).unwrap();
    let unknown = lost(&by_password()).unwrap();
    assert!(unknown.contains(".impt.auth") && unknown.contains("not known"), "{unknown}");
    let account =
        Account { id: "A".into(), email: Some("Me@x".into()), username: Some("me".into()) };
    let state = scene.environment.state_dir.as_deref().unwrap();
    crate::remember_account(state, &made.identity, &account).unwrap();
    assert_eq!(lost(&by_password()), None);
    let of = |user: &str| {
        let credential = Credential::Password { user: user.into(), password: Secret::new("x") };
        lost(&Login { credential, ..by_password() })
    };
    assert_eq!(of("me@X"), None);
    assert!(of("you").unwrap().contains("Me@x at https://h/v5"));
    let elsewhere = Login { endpoint: "https://other/v5".into(), ..by_password() };
    assert!(lost(&elsewhere).is_some(), "another cloud is another account");
    assert!(lost(&by_key()).is_some());
    crate::remember_account(
        state,
        &Identity::of_login_key(ENDPOINT, &Secret::new("KEY")),
        &account,
    )
    .unwrap();
    assert_eq!(lost(&by_key()), None);
    // A key that wanted a one-time password: the file has a refresh token besides.
    let both = json!({"endpoint": ENDPOINT, "refreshToken": "R7", "loginKey": "K2"});
    fs::write(&made.file, both.to_string()).unwrap();
    let again = Login { credential: Credential::LoginKey(Secret::new("K2")), ..by_key() };
    assert_eq!(lost(&again), None);
    fs::write(&made.file, "my diary").unwrap();
    assert!(lost(&by_password()).unwrap().contains("no sign-in file"));
    fs::remove_file(&made.file).unwrap();
    fs::create_dir(&made.file).unwrap();
    assert_eq!(replaced(&by_password(), &scene.environment).unwrap_err().kind, ErrorKind::BadInput);
}

#[test]
fn a_refusal_leaves_the_old_sign_in() {
    let scene = Scene::new();
    scene.log_in(&by_password()).unwrap();
    scene.service.inside().valid.clear();
    assert_eq!(scene.log_in(&by_key()).unwrap_err().kind, ErrorKind::NotSignedIn);
    assert_eq!(scene.read(".impt.auth")["accessToken"], "T1");
}

#[test]
fn a_one_time_password_is_asked_for() {
    let scene = Scene::new();
    scene.service.inside().wants_one_time_password = true;
    scene.log_in(&by_password()).unwrap();
    assert_eq!(scene.service.asked(), ["password swordfish", "code 123456"]);
}

#[test]
fn ctrl_c_is_no_answer() {
    let scene = Scene::new();
    scene.service.inside().wants_one_time_password = true;
    let nobody = interaction(&[]).0;
    let sign_in = || log_in(&by_password(), &scene.environment, &scene.service, &nobody);
    assert_eq!(sign_in().unwrap_err().kind, ErrorKind::NotSignedIn);
    nobody.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(sign_in().unwrap_err().kind, ErrorKind::NotAttempted);
}

#[test]
fn a_missing_v5_is_suspected() {
    let scene = Scene::new();
    let wrong = Error { status: Some(404), ..Error::new(ErrorKind::NotSignedIn, "Not found") };
    scene.service.inside().errors = [wrong.clone(), wrong].into();
    let detail = |endpoint: &str| {
        let login = Login { endpoint: endpoint.into(), ..by_key() };
        scene.log_in(&login).unwrap_err().detail
    };
    assert!(detail("https://h").unwrap().contains("/v5"));
    assert_eq!(detail("https://h/v5"), None);
}

#[test]
fn signing_out_removes_the_file_whatever_is_in_it() {
    let scene = Scene::new();
    let out = || log_out(&Destination::Usual, &scene.environment, &interaction(&[]).0);
    assert_eq!(out().unwrap_err().kind, ErrorKind::NotSignedIn);
    let file = scene.log_in(&by_password()).unwrap().file;
    let gone = out().unwrap();
    assert_eq!(gone.refresh_token, Some(Secret::new("R0")));
    assert_eq!(gone.endpoint.as_deref(), Some(ENDPOINT));
    assert!(!file.exists());
    std::os::unix::fs::symlink("real", &file).unwrap();
    fs::write(scene.root.path().join("real"), "{").unwrap();
    assert_eq!(out().unwrap().endpoint, None);
    assert!(file.is_symlink() && !scene.root.path().join("real").exists());
}
