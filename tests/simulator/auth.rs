//! Sign-in, renewal, tokens and login keys over HTTP.

use super::client::{JSON_API, Sim};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

#[test]
fn sign_in_gives_the_four_keys_in_their_order() {
    let sim = Sim::start(&[]);
    let body = json!({"id": "simuser@example.com", "password": "simuser-password"});
    let answer = sim.auth("/auth", &body, &[]).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let tokens = answer.json();
    let keys: Vec<&String> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_token", "expires_in", "expires_at", "refresh_token"]);
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["access_token"].as_str().unwrap().len(), 140);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert!(refresh.len() == 64 && refresh.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn wrong_credentials_and_wrong_bodies_are_refused() {
    let sim = Sim::start(&[]);
    let wrong = (401, "PX100".to_owned(), "Invalid Credentials".to_owned());
    for (id, password) in [("simuser", "wrong"), ("nobody", "simuser-password")] {
        let body = json!({"id": id, "password": password});
        assert_eq!(sim.auth("/auth", &body, &[]).unwrap().error(), wrong);
    }
    let no_token = sim.raw("GET", "/v5/accounts/me", &[], b"").unwrap();
    assert_eq!(no_token.error(), wrong);
    assert_eq!(no_token.header("x-ratelimit-limit"), None);
    let other_token = sim.ask_as("none", "GET", "/devices", &NOTHING, &[]).unwrap();
    assert_eq!(other_token.error(), wrong);
    let body = json!({"id": "simuser", "password": "simuser-password"}).to_string();
    let headers = [("content-type", JSON_API)];
    assert_eq!(sim.raw("POST", "/v5/auth", &headers, body.as_bytes()).unwrap().status, 415);
    for body in [json!({"id": "simuser"}), json!([]), json!({"id": 1, "password": "x"})] {
        assert_eq!(sim.auth("/auth", &body, &[]).unwrap().error().0, 400);
    }
    let both = json!({"token": "a", "key": "b"});
    assert_eq!(sim.auth("/auth/token", &both, &[]).unwrap().error().0, 400);
}

#[test]
fn renewal_takes_a_refresh_token_or_a_login_key() {
    let sim = Sim::start(&[]);
    let body = json!({"id": "simuser", "password": "simuser-password"});
    let first = sim.auth("/auth", &body, &[]).unwrap().json()["refresh_token"].clone();
    let key = sim.entry["login_key"].clone();
    for body in [json!({"token": first}), json!({"key": key})] {
        let tokens = sim.auth("/auth/token", &body, &[]).unwrap().json();
        assert!(tokens.get("refresh_token").is_none());
        let token = tokens["access_token"].as_str().unwrap();
        let answer = sim.ask_as(token, "GET", "/accounts/me", &NOTHING, &[]).unwrap();
        assert_eq!(answer.json()["data"]["attributes"]["username"], "simuser");
    }
    let path = format!("/accounts/me/login_keys/{}", key.as_str().unwrap());
    assert_eq!(sim.get(&path).json()["data"]["attributes"]["usages"], 1);
    for _ in 0..5 {
        sim.auth("/auth", &body, &[]).unwrap();
    }
    let dropped = sim.auth("/auth/token", &json!({"token": first}), &[]).unwrap();
    assert_eq!(dropped.error().0, 404);
    assert_eq!(sim.get("/accounts/me/refresh_tokens").ids().len(), 5);
}

#[test]
fn a_deleted_refresh_token_ends_but_its_access_tokens_do_not() {
    let sim = Sim::start(&[]);
    let ids = sim.get("/accounts/me/refresh_tokens").ids();
    let path = format!("/accounts/me/refresh_tokens/{}", ids[0]);
    assert_eq!(sim.api("DELETE", &path, &NOTHING).status, 204);
    assert_eq!(sim.api("DELETE", &path, &NOTHING).status, 404);
    assert_eq!(sim.get("/accounts/me").status, 200);
}

#[test]
fn one_time_passwords_take_two_steps() {
    let sim = Sim::start(&["--otp", "123456"]);
    let body = json!({"id": "simuser", "password": "simuser-password"});
    let first = sim.auth("/auth", &body, &[]).unwrap();
    assert_eq!((first.error().0, first.error().1.as_str()), (403, "PX200"));
    let meta = first.json()["errors"][0]["meta"].clone();
    assert!(meta["expires_at"].is_string());
    let body = json!({"login_token": meta["login_token"]});
    let wrong = sim.auth("/auth", &body, &[("x-electricimp-otp-token", "654321")]).unwrap();
    assert_eq!(wrong.error().1, "PX100");
    let right = [("x-electricimp-otp-token", "123456")];
    assert!(sim.auth("/auth", &body, &right).unwrap().json()["refresh_token"].is_string());
    assert_eq!(sim.auth("/auth", &body, &right).unwrap().status, 401);
    let key = json!({"key": sim.entry["login_key"]});
    assert_eq!(sim.auth("/auth/token", &key, &[]).unwrap().status, 200);
}

#[test]
fn login_keys_need_the_password_and_end_at_ten() {
    let sim = Sim::start(&[]);
    let body = json!({"data": {"type": "login_key", "attributes": {}}});
    let path = "/accounts/me/login_keys";
    assert_eq!(sim.api("POST", path, &body).error().0, 403);
    let password = [("x-electricimp-password", "simuser-password")];
    let create = || sim.ask_as(&sim.token, "POST", path, &body, &password).unwrap();
    let key = create().id();
    assert!(key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    for _ in 0..8 {
        assert_eq!(create().status, 201);
    }
    assert_eq!(create().error().2, "Account Limit Reached");

    let one = format!("{path}/{key}");
    let body =
        json!({"data": {"type": "login_key", "id": key, "attributes": {"description": "d"}}});
    let updated = sim.ask_as(&sim.token, "PATCH", &one, &body, &password).unwrap();
    assert_eq!(updated.json()["data"]["attributes"], json!({"description": "d", "usages": 0}));
    let deleted = sim.ask_as(&sim.token, "DELETE", &one, &NOTHING, &password).unwrap();
    assert_eq!(deleted.status, 204);
    assert_eq!(sim.get(&one).status, 404);
    assert!(!sim.control("GET", "/requests", "").contains(&key), "a key is a secret");
}

#[test]
fn tokens_end_when_told_and_when_their_life_is_over() {
    let sim = Sim::start(&[]);
    sim.control("POST", "/expire-tokens", "");
    assert_eq!(sim.get("/accounts/me").status, 401);
    let short = Sim::start(&["--token-life", "0s"]);
    assert_eq!(short.get("/accounts/me").status, 401);
}

#[test]
fn variants_of_renewal() {
    let sim = Sim::start(&[
        "--variant",
        "unknown-token-status=401",
        "--variant",
        "refresh-answer=new-refresh-token",
        "--variant",
        "error-status=number",
    ]);
    let unknown = sim.auth("/auth/token", &json!({"key": "0123456789abcdef"}), &[]).unwrap();
    assert_eq!(unknown.json()["errors"][0]["status"], 401);
    let body = json!({"id": "simuser", "password": "simuser-password"});
    let old = json!({"token": sim.auth("/auth", &body, &[]).unwrap().json()["refresh_token"]});
    let new = sim.auth("/auth/token", &old, &[]).unwrap().json()["refresh_token"].clone();
    assert_eq!(sim.auth("/auth/token", &old, &[]).unwrap().status, 401);
    assert_eq!(sim.auth("/auth/token", &json!({ "token": new }), &[]).unwrap().status, 200);
}

#[test]
fn an_access_token_may_be_tied_to_an_address() {
    let sim = Sim::start(&["--variant", "token-address=same"]);
    assert_eq!(sim.get("/accounts/me").status, 200);
    let elsewhere = sim.me_from_elsewhere(&sim.token).error();
    assert_eq!(elsewhere, (401, "PX100".into(), "Invalid Credentials".into()));
    let sim = Sim::start(&[]);
    assert_eq!(sim.me_from_elsewhere(&sim.token).status, 200);
}
