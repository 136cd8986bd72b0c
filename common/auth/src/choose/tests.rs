use model::{ErrorKind, Secret};
use std::fs;

use super::*;

fn write(directory: &Path, token: &str) -> PathBuf {
    fs::create_dir_all(directory).unwrap();
    let path = directory.join(file::NAME);
    let end = "2030-01-02T03:04:05.678Z";
    let text = format!(
        r#"{{"endpoint":"https://{token}.example.com/v5","accessToken":"{token}","expiresAt":"{end}"}}"#
    );
    fs::write(&path, text).unwrap();
    path
}

fn everything(root: &Path) -> Environment {
    Environment {
        auth_file: Some("named/.impt.auth".into()),
        account: None,
        config_dir: Some(root.join("config")),
        current_dir: root.to_owned(),
        impt_auth_file_path: Some(root.join("directory")),
        login_key: Some(Secret::new("KEY")),
        user: Some("me".into()),
        password: Some(Secret::new("swordfish")),
        endpoint: Some("private.example.com/v5/".into()),
        home: Some(root.join("home")),
        state_dir: None,
        cache_dir: Some(root.join("cache")),
    }
}

#[test]
fn the_order_is_that_of_impt_with_ours_in_front() {
    let root = tempfile::tempdir().unwrap();
    let mut environment = everything(root.path());
    for name in ["named", "", "directory", "home"] {
        write(&root.path().join(name), if name.is_empty() { "local" } else { name });
    }
    let mut seen = Vec::new();
    loop {
        let left = sources(&environment).len().saturating_sub(1);
        match choose(&environment) {
            Ok(choice) => seen.push((choice.endpoint().to_owned(), left)),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::NotSignedIn);
                assert!(error.detail.unwrap().contains("imp-auth login"));
                break;
            }
        }
        match seen.len() {
            1 => environment.auth_file = None,
            2 => fs::remove_file(root.path().join(file::NAME)).unwrap(),
            3 => environment.impt_auth_file_path = None,
            4 => environment.login_key = Some(Secret::new("")),
            5 => environment.user = None,
            _ => environment.home = Some(root.path().join("nowhere")),
        }
    }
    let expected = ["named", "local", "directory", "private", "private", "home"];
    for (position, ((endpoint, left), name)) in seen.iter().zip(expected).enumerate() {
        assert_eq!(*endpoint, format!("https://{name}.example.com/v5"));
        assert_eq!(*left, 5 - position);
    }
    assert_eq!(seen.len(), 6);
}

#[test]
fn a_file_that_is_named_must_be_there_and_a_broken_one_is_not_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let mut environment = everything(root.path());
    let error = choose(&environment).err().unwrap();
    assert_eq!(error.kind, ErrorKind::BadInput);
    assert!(error.title.contains("named/.impt.auth"));
    environment.auth_file = None;
    fs::create_dir(root.path().join(file::NAME)).unwrap();
    let error = choose(&environment).err().unwrap();
    assert_eq!(error.kind, ErrorKind::BadInput);
    assert!(error.title.contains(file::NAME));
}

#[test]
fn the_endpoint_of_the_environment_is_checked_and_has_a_default() {
    let mut environment = Environment {
        login_key: Some(Secret::new("KEY")),
        endpoint: Some("http://example.com/v5".into()),
        ..Environment::default()
    };
    assert_eq!(choose(&environment).err().unwrap().kind, ErrorKind::BadInput);
    environment.endpoint = Some(String::new());
    assert_eq!(choose(&environment).unwrap().endpoint(), DEFAULT_ENDPOINT);
}

#[test]
fn another_password_has_another_cache() {
    let root = tempfile::tempdir().unwrap();
    let mut environment =
        Environment { login_key: None, auth_file: None, ..everything(root.path()) };
    let store = |environment: &Environment| choose(environment).unwrap().store.unwrap();
    let first = store(&environment);
    assert!(!first.to_str().unwrap().contains("me"));
    environment.password = Some(Secret::new("other"));
    assert_ne!(store(&environment), first);
    environment.endpoint = None;
    assert_ne!(store(&environment), first);
}

#[test]
fn a_description_has_no_secrets() {
    let root = tempfile::tempdir().unwrap();
    let mut environment = everything(root.path());
    write(&root.path().join("named"), "named");
    let file = choose(&environment).unwrap().describe();
    assert_eq!(file.credential, "none");
    assert!(file.expires_at.is_some());
    environment.auth_file = None;
    let key = choose(&environment).unwrap().describe();
    assert_eq!((key.source, key.credential), (Source::LoginKey, "login key"));
    let shown = format!("{environment:?}");
    assert!(!shown.contains("KEY") && !shown.contains("swordfish"));
}

#[test]
fn an_account_that_is_named_counts_before_all_and_the_chosen_one_before_home() {
    let root = tempfile::tempdir().unwrap();
    let mut environment = Environment { auth_file: None, ..everything(root.path()) };
    let accounts = NamedAccounts::of(&environment).unwrap();
    accounts.make().unwrap();
    for name in ["factory", "test"] {
        let written = write(&root.path().join("elsewhere"), name);
        fs::rename(written, accounts.file(name).unwrap()).unwrap();
    }
    for name in ["", "home"] {
        write(&root.path().join(name), if name.is_empty() { "local" } else { name });
    }
    accounts.set_default(Some("test")).unwrap();
    let chosen = |environment: &Environment| {
        let choice = choose(environment).unwrap();
        (choice.endpoint().to_owned(), choice.source().account().map(str::to_owned))
    };
    let at = |name: &str| format!("https://{name}.example.com/v5");

    assert_eq!(chosen(&environment), (at("local"), None));
    environment.account = Some("factory".into());
    assert_eq!(chosen(&environment), (at("factory"), Some("factory".into())));
    environment.auth_file = Some("home/.impt.auth".into());
    let error = choose(&environment).err().unwrap();
    assert_eq!(error.kind, ErrorKind::BadInput, "neither is passed over");
    assert!(error.title.contains("factory") && error.title.contains("home/.impt.auth"));
    environment.account = Some(String::new());
    assert_eq!(chosen(&environment), (at("home"), None));

    environment.auth_file = None;
    fs::remove_file(root.path().join(file::NAME)).unwrap();
    (environment.login_key, environment.user) = (None, None);
    assert_eq!(
        chosen(&environment),
        (at("test"), Some("test".into())),
        "before the home directory"
    );
    fs::remove_file(accounts.file("test").unwrap()).unwrap();
    let error = choose(&environment).err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotSignedIn, "the chosen one is not passed over either");
    assert!(error.detail.unwrap().contains("factory"));
    environment.account = Some("../x".into());
    assert_eq!(choose(&environment).err().unwrap().kind, ErrorKind::BadInput);
}
