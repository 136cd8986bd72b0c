//! The sign-in file: which one counts, what it becomes, and what is never written over.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;

use tests::Port;

use super::{home_file, login, members, read, stranger};

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
    let nobody = Port::reserve();
    let login = "imp-auth login -q --user me --pwd x --patience 1s --endpoint";
    let run = dir.sh(&format!("{login} http://{}/v5", nobody.address())).code(4);
    run.says("could not be reached");
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
    // Written in place again and again, as impt would, and so torn at any moment. By the shell itself:
    // a process that has to be started first may take longer than a torn file is waited for. While
    // others are started, which do nothing, the file is whole.
    let write = "printf %s \"${whole:0:60}\" > .impt.auth; printf %s \"$whole\" > .impt.auth";
    let rest = "for n in 1 2 3; do env true; done";
    let writer = format!("whole=$(< whole); until [ -e end ]; do {write}; {rest}; done");
    let reader = "for n in $(seq 40); do imp-auth account info || break; done; touch end; wait";
    let run = dir.sh(&format!("cp whole .impt.auth; {{ {writer}; }} & {reader}")).quiet();
    assert_eq!(run.records().len(), 40);
    dir.sh("head -c 60 whole > .impt.auth");
    let run = dir.sh("imp-auth account list").code(2).says_all(&[".impt.auth", "imp-auth login"]);
    let token = read(&dir.path().join("whole"))["accessToken"].as_str().map(str::to_owned);
    assert!(!run.stderr().contains(&token.expect("a token")[..8]), "{run}");
}
