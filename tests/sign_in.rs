//! Signing in and out: what is asked, what is kept, what is told.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use serde_json::{Value, json};
use tests::{Dir, Sim, ask};

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
    assert!(sim.requests().iter().all(|asked| asked.method != "DELETE"));
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
fn secrets_come_from_files_stdin_and_the_terminal() {
    let (sim, dir) = stranger(&[]);
    dir.sh(&format!("{} --pwd-file - --auth-file a < pw", login(&sim))).quiet();
    let key = &sim.entry.login_key;
    let by_key = format!("imp-auth login --endpoint {} --lk-file", sim.entry.endpoint);
    let run = dir.sh(&format!("echo {key} | {by_key} - --auth-file b")).quiet();
    assert_eq!(run.record()["credential"], "login key");
    assert_eq!(read(&dir.path().join("b"))["loginKey"], *key);
    let asked = format!("imp-auth login --endpoint {}", sim.entry.endpoint);
    let answers = [("user name at", &*sim.entry.user), ("Password of", &*sim.entry.password)];
    let shown = dir.converse(&asked, &answers).ok().stdout();
    assert!(!shown.contains(&sim.entry.password), "what is typed is not shown: {shown}");
    for empty in ["--pwd-file /dev/null", "--pwd-file -", "--pwd-file missing"] {
        dir.sh(&format!("{} {empty} --auth-file c", login(&sim))).code(2).no_stdout();
    }
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let (sim, dir) = stranger(&[]);
    sim.reset();
    dir.sh(&login(&sim)).code(2).says("--pwd-file");
    dir.sh("imp-auth login").code(2).says("--lk-file");
    let mut dir = dir;
    dir.set("IMPT_USER", &sim.entry.user);
    dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    dir.sh("imp-auth account list").code(3).says("IMPT_PASSWORD");
    assert_eq!(sim.counts().total, 0);
}

#[test]
fn ctrl_c_answers_every_question() {
    let (sim, dir) = stranger(&["--otp", "123456"]);
    let asks = format!("imp-auth login --endpoint {}", sim.entry.endpoint);
    let password = login(&sim);
    let code = format!("{password} --pwd {}", sim.entry.password);
    for (command, question) in
        [(&asks, "user name at"), (&password, "Password of"), (&code, "One-time password for")]
    {
        let script = format!("trap : INT; {command}; echo code $?; stty -a");
        let run = dir.converse(&script, &[(question, "\u{3}")]).ok();
        let shown = run.stdout();
        assert!(shown.contains("code 130") && !shown.contains("no terminal"), "{run}");
        assert!(shown.contains(" echo "), "the terminal shows again what is typed{run}");
        assert!(!home_file(&dir).exists());
    }
}

#[test]
fn a_wrong_password_is_refused_and_changes_nothing() {
    let (sim, dir) = stranger(&[]);
    dir.sh(&format!("{} --pwd nonsense", login(&sim))).code(3).says("Invalid Credentials");
    assert!(!home_file(&dir).exists());
    dir.sh(&format!("{} --pwd-file pw", login(&sim))).quiet();
    let before = read(&home_file(&dir));
    dir.sh(&format!("{} --pwd nonsense", login(&sim))).code(3).no_stdout();
    assert_eq!(read(&home_file(&dir)), before);
    let key = format!("imp-auth login -q --endpoint {} --lk 0123456789abcdef", sim.entry.endpoint);
    let run = dir.sh(&key).code(3).no_stdout();
    assert!(!run.stderr().contains("0123456789abcdef"), "{run}");
}

#[test]
fn one_time_passwords() {
    let (sim, dir) = stranger(&["--otp", "123456"]);
    let login = format!("{} --pwd-file pw", login(&sim));
    dir.sh(&login).code(3).says_all(&["one-time password", "--otp"]);
    dir.sh(&format!("{login} --otp 000000")).code(3).says("Invalid Credentials");
    dir.sh(&format!("{login} --otp 123456")).quiet();
    let shown = dir.converse(&login, &[("One-time password for", "123456")]).ok().stdout();
    assert!(!shown.contains("123456"), "{shown}");
    // Where they are wanted of login keys too, the login token in the refusal is used.
    let (sim, dir) = stranger(&["--otp", "123456", "--variant", "login-key-otp=needed"]);
    let endpoint = &sim.entry.endpoint;
    let key = format!("imp-auth login --endpoint {endpoint} --lk {}", sim.entry.login_key);
    dir.sh(&format!("{key} --otp 123456")).quiet();
    dir.sh(&key).code(3).says_all(&["one-time password", "--otp"]);
}

#[test]
fn a_one_time_password_that_nobody_can_be_asked_for_is_no_refusal() {
    let (sim, dir) = stranger(&["--otp", "123456", "--variant", "login-key-otp=needed"]);
    let key = format!("IMPT_LOGINKEY={}", sim.entry.login_key);
    let password = format!("IMPT_USER={} IMPT_PASSWORD={}", sim.entry.user, sim.entry.password);
    for credential in [key, password] {
        let endpoint = &sim.entry.endpoint;
        let script = format!("{credential} IMPT_ENDPOINT={endpoint} imp-device list");
        let run = dir.sh(&script).code(3).no_stdout().says_all(&["one-time password", "--otp"]);
        for wrong in ["the service says", "does not accept", "another login key", "correct"] {
            assert!(!run.stderr().contains(wrong), "{run}");
        }
    }
}

#[test]
fn the_sign_in_of_another_account_is_not_replaced_unasked() {
    let (sim, dir) = stranger(&[]);
    let login = format!("{} --pwd-file pw", login(&sim));
    dir.sh(&login).quiet();
    dir.sh(&login).quiet();
    let file = home_file(&dir);
    let before = read(&file);
    let partner = format!(
        "imp-auth login --endpoint {} --user partner --pwd partner-password",
        sim.entry.endpoint
    );
    sim.reset();
    dir.sh(&partner).code(2).no_stdout().says_all(&[&sim.entry.user, "--confirmed"]);
    let run = dir.sh_on_terminal(&partner, "n\n").code(2);
    assert!(run.stdout().contains("holds a sign-in of simuser@example.com"), "{run}");
    assert_eq!((read(&file), sim.counts().total), (before, 0), "nothing was sent");
    dir.sh_on_terminal(&partner, "y\n").ok();
    let info = dir.sh("imp-auth info").quiet().record();
    assert_eq!(info["username"], "partner");
    dir.sh(&format!("{login} --confirmed")).quiet();
    // A key of the same account is no other account; nobody knows that yet, so it is asked.
    let key =
        format!("imp-auth login --endpoint {} --lk {}", sim.entry.endpoint, sim.entry.login_key);
    dir.sh(&key).code(2);
    dir.sh(&format!("{key} --confirmed")).quiet();
    dir.sh(&key).quiet();
    dir.write("diary", "dear diary");
    dir.sh(&format!("{login} --auth-file diary")).code(2).says("no sign-in file");
    assert_eq!(dir.read("diary"), "dear diary");
}

#[test]
fn a_temporary_sign_in_ends_once_and_for_all_rows() {
    let (sim, dir) = stranger(&["--devices", "20"]);
    let run = dir.sh(&format!("{} --pwd-file pw --temp --local", login(&sim))).quiet();
    assert_eq!(run.record()["credential"], "none");
    let kept = read(&dir.path().join(".impt.auth"));
    assert_eq!(members(&kept), ["endpoint", "accessToken", "expiresAt"]);
    dir.sh("imp-device list > devices").quiet();
    sim.expire_tokens();
    let run = dir.sh("imp-device info --input devices --failed failed").code(3).no_stdout();
    let said = run.stderr();
    assert_eq!(said.matches("was temporary and has ended").count(), 1, "{run}");
    assert_eq!(dir.failed("failed").len(), 20);
    let info = dir.sh("imp-auth info").code(3).record();
    assert_eq!(info["username"], sim.entry.user, "who it was is still known");
    dir.sh("imp-auth logout --local").quiet();
}

#[test]
fn what_comes_first_is_said() {
    let (sim, mut dir) = stranger(&[]);
    let login = format!("{} --pwd-file pw", login(&sim));
    dir.sh(&format!("{login} --local")).quiet();
    dir.sh(&login).ok().says("still use the local sign-in file");
    let info = dir.sh("imp-auth info").quiet().record();
    assert_eq!(info["source"], "local");
    assert_eq!(info["not_used"].as_array().map(Vec::len), Some(1));
    dir.sh("imp-auth logout --local").ok().says("commands here use the sign-in file");
    dir.set("IMPT_LOGINKEY", &sim.entry.login_key);
    dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    assert_eq!(dir.sh("imp-auth info").quiet().record()["source"], "IMPT_LOGINKEY");
    dir.sh("imp-auth login -q --user me --pwd x --patience 1s --endpoint http://127.0.0.1:1/v5")
        .code(4)
        .says("could not be reached");
    dir.set("IMP_AUTH_FILE", home_file(&dir).to_str().expect("UTF-8"));
    assert_eq!(dir.sh("imp-auth info").quiet().record()["source"], "auth-file");
    dir.set("IMP_AUTH_FILE", "missing");
    dir.sh("imp-auth info").code(2).says("missing");
    dir.sh("imp-auth login --local --auth-file x").code(2);
}

#[test]
fn a_file_of_impt_is_renewed_in_its_form_and_place() {
    let (sim, dir) = stranger(&[]);
    dir.sh(&format!("{} --pwd-file pw", login(&sim))).quiet();
    let file = home_file(&dir);
    let mut kept = read(&file);
    kept["expiresAt"] = "2020-01-01T00:00:00.000Z".into();
    kept["later"] = json!({"b": 1, "a": [2]});
    // As impt leaves it: readable for all, on one line; here behind a link as well.
    let real = dir.path().join("real");
    fs::write(&real, kept.to_string()).expect("it can be written");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).expect("it is ours");
    fs::remove_file(&file).expect("it is there");
    symlink(&real, &file).expect("a link");
    sim.reset();
    dir.sh("imp-auth account list").quiet();
    assert_eq!(sim.counts().renewals, 1);
    let renewed = read(&real);
    assert!(file.is_symlink());
    assert_eq!(members(&renewed), members(&kept));
    assert_eq!(
        (&renewed["later"], &renewed["refreshToken"]),
        (&kept["later"], &kept["refreshToken"])
    );
    assert_ne!(renewed["accessToken"], kept["accessToken"]);
    assert_eq!(fs::metadata(&real).expect("it is there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_torn_file_is_waited_for_and_a_broken_one_is_an_error() {
    let (sim, dir) = stranger(&[]);
    dir.sh(&format!("{} --pwd-file pw --auth-file whole", login(&sim))).quiet();
    // Written in place again and again, as impt would, and so torn at any moment.
    let writer = "until [ -e end ]; do head -c 60 whole > .impt.auth; cat whole > .impt.auth; done";
    let reader = "for n in $(seq 40); do imp-auth account info || break; done; touch end; wait";
    let run = dir.sh(&format!("cp whole .impt.auth; {writer} & {reader}")).quiet();
    assert_eq!(run.records().len(), 40);
    dir.sh("head -c 60 whole > .impt.auth");
    let run = dir.sh("imp-auth account list").code(2).says_all(&[".impt.auth", "imp-auth login"]);
    let token = read(&dir.path().join("whole"))["accessToken"].as_str().map(str::to_owned);
    assert!(!run.stderr().contains(&token.expect("a token")[..8]), "{run}");
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
