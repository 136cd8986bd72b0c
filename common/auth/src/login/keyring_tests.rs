use std::sync::Arc;

use model::ErrorKind;
use serde_json::{Value, json};

use super::tests::{Scene, by_key, by_password};
use super::*;
use crate::log_out;
use crate::tests::{FakeKeyring, at, interaction};
use crate::{TokenSource, choose};

fn with_keyring() -> (Interaction, Arc<FakeKeyring>) {
    let keyring = Arc::new(FakeKeyring::default());
    (Interaction { keyring: keyring.clone(), ..interaction(&[]).0 }, keyring)
}

fn in_keyring(login: Login) -> Login {
    Login { keyring: true, ..login }
}

fn file(scene: &Scene) -> Value {
    scene.read(".impt.auth")
}

fn secrets(keyring: &FakeKeyring) -> Vec<Value> {
    let kept = keyring.0.lock().unwrap();
    kept.values().map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[test]
fn the_file_has_the_entry_and_the_keyring_the_secret() {
    let scene = Scene::new();
    let (interaction, keyring) = with_keyring();
    let made = log_in(&in_keyring(by_password()), &scene.environment, &scene.service, &interaction);
    let made = made.unwrap();
    let kept = file(&scene);
    let members: Vec<&str> = kept.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["endpoint", "accessToken", "expiresAt", "keyring"]);
    assert_eq!(secrets(&keyring), [json!({"refreshToken": "R0"})]);
    let choice = choose(&scene.environment).unwrap();
    assert_eq!(choice.describe().credential, "keyring");
    assert_eq!(choice.identity(&choice.sign_in), made.identity, "what is learnt of it is found");

    // Another sign-in has an entry of its own, and the first one's goes.
    log_in(&in_keyring(by_key()), &scene.environment, &scene.service, &interaction).unwrap();
    assert_eq!(secrets(&keyring), [json!({"loginKey": "KEY"})]);
    assert_ne!(file(&scene)["keyring"], kept["keyring"]);
    log_out(&Destination::Usual, &scene.environment, &interaction).unwrap();
    assert!(secrets(&keyring).is_empty());
}

#[test]
fn what_the_keyring_does_not_take_goes_into_the_file() {
    let scene = Scene::new();
    let (interaction, shown) = interaction(&[]);
    log_in(&in_keyring(by_password()), &scene.environment, &scene.service, &interaction).unwrap();
    assert_eq!(file(&scene)["refreshToken"], "R0");
    assert!(shown.lock().unwrap()[0].contains("there is none"));
    assert_eq!(choose(&scene.environment).unwrap().describe().credential, "refresh token");
}

#[test]
fn a_renewal_fetches_the_secret_and_leaves_it_where_it_is() {
    let scene = Scene::new();
    let (interaction, keyring) = with_keyring();
    log_in(&in_keyring(by_password()), &scene.environment, &scene.service, &interaction).unwrap();
    scene.service.inside().valid.push("R0".into());
    let session = |interaction: &Interaction| {
        let choice = choose(&scene.environment).unwrap();
        TokenSource::new(choice, &scene.environment, scene.service.clone(), interaction.clone())
    };
    let token = session(&interaction).token_at(at(7200)).unwrap();
    assert_eq!(token.expose(), file(&scene)["accessToken"].as_str().unwrap());
    assert_eq!(file(&scene).get("refreshToken"), None);
    assert_eq!(secrets(&keyring), [json!({"refreshToken": "R0"})]);

    // Without it the sign-in has ended, and what to do is said.
    keyring.0.lock().unwrap().clear();
    let error = session(&interaction).token_at(at(20_000)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSignedIn);
    assert!(error.detail.unwrap().contains("without --keyring"));
}

#[test]
fn a_new_refresh_token_leaves_the_login_key_beside_it() {
    let scene = Scene::new();
    let (with_keyring, keyring) = with_keyring();
    let with_code = Interaction { ask: interaction(&["123456"]).0.ask, ..with_keyring.clone() };
    scene.service.inside().wants_one_time_password = true;
    scene.service.inside().valid.push("R0".into());
    log_in(&in_keyring(by_key()), &scene.environment, &scene.service, &with_code).unwrap();
    assert_eq!(secrets(&keyring), [json!({"refreshToken": "R0", "loginKey": "KEY"})]);

    scene.service.inside().rotates = true;
    let renew = |interaction: &Interaction, time| {
        let choice = choose(&scene.environment).unwrap();
        let service = scene.service.clone();
        let session = TokenSource::new(choice, &scene.environment, service, interaction.clone());
        scene.service.inside().now = at(time);
        session.token_at(at(time)).unwrap();
    };
    renew(&with_keyring, 7200);
    let count = scene.service.asked().len();
    let expected = json!({"refreshToken": format!("R{count}"), "loginKey": "KEY"});
    assert_eq!(secrets(&keyring), [expected]);
    assert_eq!(file(&scene).get("loginKey"), None);

    // A keyring that gives and does not take: then all of it goes into the file.
    let locked = Interaction { keyring: Arc::new(ReadOnly(keyring)), ..with_keyring };
    renew(&locked, 14_400);
    let count = scene.service.asked().len();
    let kept = file(&scene);
    assert_eq!(
        (&kept["refreshToken"], &kept["loginKey"]),
        (&json!(format!("R{count}")), &json!("KEY"))
    );
}

/// A keyring that has been locked against changes.
struct ReadOnly(Arc<FakeKeyring>);

impl crate::Keyring for ReadOnly {
    fn read(&self, entry: &str) -> Result<Option<Secret>, String> {
        self.0.read(entry)
    }

    fn write(&self, _entry: &str, _secret: &Secret) -> Result<(), String> {
        Err("it takes nothing".to_owned())
    }

    fn remove(&self, _entry: &str) -> Result<(), String> {
        Err("it takes nothing".to_owned())
    }
}
