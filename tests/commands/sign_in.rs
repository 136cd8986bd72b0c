//! Signing in and out: what is asked, what is kept, what is told.

mod asking;
mod file;
mod keyring;
mod names;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use tests::{Dir, Server, Sim, ask};

/// `imp-auth login` of the main account, without the password.
fn login(sim: &Sim) -> String {
    format!("imp-auth login --endpoint {} --user {}", sim.entry.endpoint, sim.entry.user)
}

/// A simulator, and somebody who has its password in the file `pw` and has not signed in.
fn stranger(options: &[&str]) -> (Sim, Dir) {
    let sim = Sim::start(options);
    let dir = Dir::new();
    dir.write("pw", format!("{}\n", sim.entry.password));
    (sim, dir)
}

fn home_file(dir: &Dir) -> PathBuf {
    dir.home().join(".impt.auth")
}

fn read(file: &PathBuf) -> Value {
    let text = fs::read_to_string(file).expect("a sign-in file");
    serde_json::from_str(&text).expect("JSON")
}

fn members(sign_in: &Value) -> Vec<&str> {
    sign_in.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn sign_in_work_look_sign_out() {
    let (sim, dir) = stranger(&["--devices", "3"]);
    dir.sh("imp-device list").code(3).no_stdout().says("imp-auth login");
    let made = dir.sh(&format!("{} --pwd-file pw", login(&sim))).quiet().record();
    let file = home_file(&dir);
    assert_eq!(made["type"], "sign_in");
    assert_eq!(made["endpoint"], sim.entry.endpoint);
    assert_eq!(made["file"], file.to_str().expect("UTF-8"));
    assert_eq!(made["username"], sim.entry.user);
    assert_eq!(made["credential"], "refresh token");
    let kept = read(&file);
    assert_eq!(members(&kept), ["endpoint", "accessToken", "expiresAt", "refreshToken"]);
    assert_eq!(kept["expiresAt"], made["expires_at"]);
    let mode = fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(dir.sh("imp-device list").quiet().records().len(), 3);

    let info = dir.sh("imp-auth info").quiet().record();
    assert_eq!((&info["source"], &info["account_id"]), (&json!("home"), &made["account_id"]));
    assert_eq!((&info["readable_by_others"], &info["not_used"]), (&json!(false), &json!([])));

    let out = dir.sh("imp-auth logout").quiet().record();
    assert_eq!((&out["outcome"], &out["refresh_token_deleted"]), (&json!("removed"), &json!(true)));
    assert!(!file.exists());
    let body = json!({"token": kept["refreshToken"]}).to_string();
    let url = format!("{}/auth/token", sim.entry.endpoint);
    let renewed = ask("POST", &url, &[("content-type", "application/json")], &body);
    assert_eq!(renewed.status, 404, "a copy of the file is of no use");
    dir.sh("imp-auth logout").code(3).no_stdout().says("no sign-in file");
}

#[test]
fn of_several_refresh_tokens_none_is_deleted_by_guessing() {
    let (sim, dir) = stranger(&[]);
    for _ in 0..2 {
        dir.sh(&format!("{} --pwd-file pw", login(&sim))).quiet();
    }
    sim.reset();
    let run = dir.sh("imp-auth logout").ok().says("stays valid at the service");
    assert_eq!(run.record()["refresh_token_deleted"], false);
    let requests = sim.requests();
    assert!(!requests.is_empty() && requests.iter().all(|asked| asked.method != "DELETE"));
}

#[test]
fn signing_out_works_without_the_service() {
    let (mut sim, dir) = stranger(&[]);
    dir.sh(&format!("{} --pwd-file pw", login(&sim))).quiet();
    sim.stop();
    dir.sh("imp-auth logout --patience 1s").ok().says("could not be reached");
    assert!(!home_file(&dir).exists());
}

#[test]
fn a_token_whose_end_no_calendar_shows_lasts_an_hour() {
    for seconds in ["18446744073709551615", "300000000000"] {
        let token = format!(r#"{{"access_token": "T", "expires_in": {seconds}}}"#);
        let server = Server::start(move |asked| {
            let account = r#"{"data": {"type": "account", "id": "me", "attributes": {}}}"#;
            let body = if asked.starts_with("POST") { token.as_str() } else { account };
            let length = body.len();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
        });
        let dir = Dir::new();
        let login = format!("imp-auth login --endpoint {}/v5 --user me --pwd x", server.origin());
        let made = dir.sh(&login).quiet().record();
        assert_eq!(dir.sh("imp-auth info").quiet().record()["expires_at"], made["expires_at"]);
        let in_an_hour = dir.sh("date --utc --date 1hour +%Y-%m-%dT%H").stdout();
        let end = made["expires_at"].as_str().expect("a time");
        assert!(end.starts_with("20") && *end <= *format!("{}:59:60", in_an_hour.trim()), "{end}");
    }
}

#[test]
fn endpoints_that_would_show_the_password_are_refused() {
    let (_sim, dir) = stranger(&[]);
    for (endpoint, why) in [
        ("http://api.example.com/v5", "https://"),
        ("http://127.0.0.1.example.com/v5", "https://"),
        ("https://me:pw@example.com/v5", "user or a password"),
        ("ftp://example.com", "https://"),
    ] {
        let script = format!("imp-auth login --user me --pwd-file pw --endpoint {endpoint}");
        dir.sh(&script).code(2).no_stdout().says(why);
    }
}

#[test]
fn over_https_with_an_authority_of_its_own() {
    let keys = Dir::new();
    let place = keys.path().join("tls");
    let (sim, mut dir) = stranger(&["--tls", place.to_str().expect("UTF-8")]);
    let login = format!("{} --pwd-file pw", login(&sim));
    dir.sh(&login).code(2).no_stdout().says("SSL_CERT_FILE");
    let authority = sim.entry.ca_file.as_ref().expect("its file");
    dir.set("SSL_CERT_FILE", authority.to_str().expect("UTF-8"));
    dir.sh(&login).quiet();
    dir.sh("imp-auth account list").quiet();
}

#[test]
fn no_secret_is_ever_told() {
    let (sim, dir) = stranger(&["--otp", "271828"]);
    let script = format!(
        "{} --pwd-file pw --otp 271828 --trace && cat .impt.auth ~/.impt.auth 2> none | jq -r .accessToken,.refreshToken > secrets
         imp-auth info --trace && imp-auth key create --pwd-file pw --trace > key && imp-auth key list --trace > keys
         imp-auth key delete --lk 0123456789abcdef -q --pwd wrongwrong --trace
         imp-auth key list | imp-auth key update --descr x --pwd wrongwrong --trace
         echo me; imp-auth logout --trace",
        login(&sim)
    );
    let run = dir.sh(&script).ok();
    let told = format!("{}{}", run.stdout(), run.stderr());
    assert!(told.contains("[hidden]") && told.contains("> POST"), "there is a trace{run}");
    let key = read(&dir.path().join("key"))["id"].as_str().expect("a key").to_owned();
    let fixed = [&sim.entry.password, &sim.entry.login_key, "271828", "wrongwrong"];
    let secrets = dir.read("secrets");
    assert_eq!(secrets.lines().count(), 2);
    for secret in secrets.lines().chain(fixed).chain([key.as_str(), "0123456789abcdef"]) {
        assert!(!told.contains(secret), "{secret} was told{run}");
    }
}

#[test]
fn the_file_that_was_just_removed_does_not_count_any_more() {
    let (sim, dir) = stranger(&[]);
    dir.sh(&format!("{} --pwd-file pw --auth-file x.auth", login(&sim))).quiet();
    dir.sh("imp-auth logout --auth-file x.auth").quiet();
}
