//! Credentials: those of the environment, temporary ones, and those that are not taken any more.

use super::*;
use model::{ErrorKind, Secret};

#[test]
fn a_credential_that_is_no_longer_taken_is_reported_with_what_to_do() {
    let scene = Scene::with_file();
    scene.service.inside().valid.clear();
    let error = scene.session().token_at(at(4000)).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::NotSignedIn, Some(401)));
    assert!(error.title.contains(".impt.auth is no longer valid"), "{}", error.title);
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
    assert_eq!(text(session.token_at(at(3500))), "T0", "nothing could be renewed, but it works");
    let error = session.token_at(at(3600)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSignedIn);
    assert!(error.title.ends_with("was temporary and has ended"), "{}", error.title);
    assert!(scene.service.asked().is_empty());
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
    assert_eq!(text(scene.session().token_at(at(0))), "T1", "nothing is asked while it is kept");
    scene.service.inside().valid = vec!["swordfish".into()];
    scene.service.inside().now = at(4000);
    assert_eq!(text(session.token_at(at(4000))), "T3", "typed once");
    let error = scene.session().renewed_at(&Secret::new("T3"), at(4000)).unwrap_err();
    assert!(error.detail.unwrap().contains("no terminal"));
    let expected = ["password swordfish", "refresh R0", "password swordfish", "refresh R0"];
    assert_eq!(scene.service.asked(), expected);
}

#[test]
fn one_time_passwords_are_asked_for() {
    let mut scene = Scene::new(&["swordfish", "123456"]);
    scene.environment.user = Some("me".into());
    scene.environment.password = Some(Secret::new("swordfish"));
    scene.service.inside().wants_one_time_password = true;
    let unasked = |scene: &Scene| {
        let error = scene.session().token_at(at(0)).unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::NotSignedIn, None));
        assert!(error.title.contains("one-time password"), "the service has refused nothing");
        error.detail.unwrap()
    };
    let way_out = unasked(&scene);
    assert!(way_out.contains("--otp") && way_out.contains("login key"), "{way_out}");
    assert_eq!(text(scene.session_with(&["123456"]).0.token_at(at(0))), "T3");
    scene.environment.login_key = Some(Secret::new("KEY"));
    let way_out = unasked(&scene);
    assert!(way_out.contains("--otp") && !way_out.contains("login key"), "{way_out}");
    assert_eq!(text(scene.session_with(&["123456"]).0.token_at(at(0))), "T4");
}

#[test]
fn without_a_home_there_is_a_warning_and_a_token() {
    let mut scene = Scene::new(&["KEY"]);
    scene.environment.login_key = Some(Secret::new("KEY"));
    (scene.environment.state_dir, scene.environment.cache_dir) = (None, None);
    let (session, warnings) = scene.session_with(&[]);
    assert_eq!(text(session.token_at(at(0))), "T1");
    scene.service.inside().now = at(4000);
    assert_eq!(text(session.token_at(at(4000))), "T2");
    assert_eq!(warnings.lock().unwrap().len(), 1);
}
