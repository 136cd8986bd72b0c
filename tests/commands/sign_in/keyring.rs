//! `imp-auth login --keyring`, with a real Secret Service on a bus of its own, and without one.

use serde_json::Value;
use tests::{Dir, Run, Sim};

use super::{login, members, read, stranger};

/// Runs the script in a session that has a keyring whose password has been given.
fn with_keyring(dir: &Dir, script: &str) -> Run {
    dir.write("session", format!(
        "printf %s keyring-password | gnome-keyring-daemon --unlock --components=secrets > daemon\n{script}"
    ));
    dir.sh("dbus-run-session -- sh -e session")
}

fn kept(dir: &Dir) -> Value {
    read(&dir.home().join(".config/imp-tools/accounts/factory.auth"))
}

fn login_as_factory(sim: &Sim) -> String {
    format!("{} --pwd-file pw --as factory --keyring", login(sim))
}

/// A keyring of this directory's own.
fn keep_keyring_in(dir: &mut Dir) {
    // The daemon's socket; the service would take the user's own else.
    let runtime = dir.home();
    dir.set("XDG_RUNTIME_DIR", runtime.to_str().expect("UTF-8"));
    dir.set("XDG_DATA_HOME", runtime.join("data").to_str().expect("UTF-8"));
}

#[test]
fn the_secret_lies_in_the_keyring_and_renews_the_token_from_there() {
    let (sim, mut dir) = stranger(&["--devices", "3"]);
    keep_keyring_in(&mut dir);
    let made = with_keyring(&dir, &login_as_factory(&sim)).ok().record();
    assert_eq!(made["credential"], "keyring");
    assert_eq!(members(&kept(&dir)), ["endpoint", "accessToken", "expiresAt", "keyring"]);

    sim.expire_tokens();
    let listed = with_keyring(&dir, "imp-device list --account factory").ok();
    assert_eq!(listed.records().len(), 3);
    assert_eq!(members(&kept(&dir)).len(), 4, "the file has no secret after a renewal either");
    let before = kept(&dir)["keyring"].as_str().map(str::to_owned).expect("an entry");
    let secret = with_keyring(&dir, &format!("imp-auth keyring read {before}")).ok().stdout();
    assert!(secret.contains("refreshToken"), "{secret}");
    let out = with_keyring(&dir, "imp-auth logout --account factory").ok().record();
    assert_eq!(out["refresh_token_deleted"], true, "it was fetched for that");
    with_keyring(&dir, &format!("imp-auth keyring read {before}")).code(1).no_stdout();
}

#[test]
fn a_renewal_with_a_new_refresh_token_keeps_the_login_key() {
    let variants = ["login-key-otp=needed", "refresh-answer=new-refresh-token"];
    let [otp, rotates] = variants.map(|variant| ["--variant", variant]);
    let options = [["--otp", "123456"], otp, rotates].concat();
    let (sim, mut dir) = stranger(&options);
    keep_keyring_in(&mut dir);
    dir.write("key", &sim.entry.login_key);
    let login = "imp-auth login --lk-file key --otp 123456 --as factory --keyring --endpoint";
    with_keyring(&dir, &format!("{login} {}", sim.entry.endpoint)).ok();
    let entry = kept(&dir)["keyring"].as_str().map(str::to_owned).expect("an entry");
    let in_keyring = || -> Value {
        let run = with_keyring(&dir, &format!("imp-auth keyring read {entry}")).ok();
        serde_json::from_str(&run.stdout()).expect("JSON")
    };
    let first = in_keyring();
    for _ in 0..2 {
        sim.expire_tokens();
        with_keyring(&dir, "imp-device list --account factory").ok();
    }
    let last = in_keyring();
    assert_eq!(last["loginKey"], sim.entry.login_key);
    assert!(last["refreshToken"].is_string() && last["refreshToken"] != first["refreshToken"]);
    assert_eq!(members(&kept(&dir)), ["endpoint", "accessToken", "expiresAt", "keyring"]);
}

#[test]
fn without_a_keyring_the_secret_goes_into_the_file_and_that_is_said() {
    let (sim, dir) = stranger(&[]);
    let script = format!("DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere {}", login_as_factory(&sim));
    let made = dir.sh(&script).ok().says("the keyring does not take the secret");
    assert_eq!(made.record()["credential"], "refresh token");
    assert!(kept(&dir)["refreshToken"].is_string());
    sim.expire_tokens();
    dir.sh("imp-auth info --account factory").ok();
}

#[test]
fn a_keyring_that_waits_for_its_password_is_waited_for_three_seconds() {
    let (sim, dir) = stranger(&[]);
    // A bus on which the service has been started and never answers.
    dir.write(
        "silent.service",
        "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sleep 60\n",
    );
    dir.write(
        "bus.conf",
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><servicedir>SERVICES</servicedir>\
         <policy context=\"default\"><allow send_destination=\"*\"/><allow own=\"*\"/></policy></busconfig>",
    );
    let script = format!(
        "sed -i \"s|SERVICES|$PWD|\" bus.conf; dbus-run-session --config-file=bus.conf -- {}",
        login_as_factory(&sim)
    );
    let run = dir.sh(&script).ok().says("does not answer within 3 seconds");
    assert_eq!(run.record()["credential"], "refresh token");
}
