//! Accounts that have a name: made, listed, chosen, used for once, removed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tests::{Dir, Sim};

use super::{login, stranger};

/// Somebody who has the main account as `factory` and the partner's as `partner`.
fn two_accounts() -> (Sim, Dir) {
    let (sim, dir) = stranger(&["--devices", "3"]);
    let run = dir.sh(&format!("{} --pwd-file pw --as factory", login(&sim))).ok();
    let run = run.says_all(&["no account is in use here", "imp-auth use factory"]);
    assert_eq!(run.record()["name"], "factory");
    let partner = format!(
        "imp-auth login --endpoint {} --user partner --pwd partner-password --as partner",
        sim.entry.endpoint
    );
    dir.sh(&partner).ok();
    (sim, dir)
}

fn in_use(listed: &[Value]) -> Vec<(&Value, &Value)> {
    let counts = listed.iter().filter(|sign_in| sign_in["in_use"] == true);
    counts.map(|sign_in| (&sign_in["name"], &sign_in["why"])).collect()
}

#[test]
fn an_account_is_used_by_its_name() {
    let (sim, dir) = two_accounts();
    let accounts = dir.home().join(".config/imp-tools/accounts");
    let mode = |path: &std::path::Path| {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    };
    assert_eq!((mode(&accounts), mode(&accounts.join("factory.auth"))), (0o700, 0o600));
    dir.sh("imp-device list").code(3).no_stdout();
    for command in ["imp-auth info --account factory", "IMP_ACCOUNT=factory imp-auth info"] {
        let info = dir.sh(command).quiet().record();
        assert_eq!((&info["name"], &info["source"]), (&"factory".into(), &"account".into()));
        assert_eq!(info["username"], sim.entry.user);
    }
    assert_eq!(dir.sh("imp-device list --account factory").quiet().records().len(), 3);
    // What is typed wins over the variable; a pipe may lead from one account to the other.
    let info = dir.sh("IMP_ACCOUNT=factory imp-auth info --account partner").quiet().record();
    assert_eq!(info["username"], "partner");
    // A sign-in that has a name is a file of impt.
    let file = accounts.join("factory.auth");
    let info = dir.sh(&format!("imp-auth info --auth-file {}", file.display())).quiet().record();
    assert_eq!(info["username"], sim.entry.user);
}

#[test]
fn the_chosen_account_counts_until_something_nearer_does() {
    let (sim, dir) = two_accounts();
    sim.reset();
    let chosen = dir.sh("imp-auth use factory").quiet().record();
    assert_eq!(chosen["name"], "factory");
    let listed = dir.sh("imp-auth list").quiet().records();
    let names: Vec<&Value> = listed.iter().map(|sign_in| &sign_in["name"]).collect();
    assert_eq!(names, ["factory", "partner"]);
    assert_eq!(listed[1]["username"], "partner", "learnt when it was made");
    assert_eq!(in_use(&listed), [(&"factory".into(), &"imp-auth use chose it".into())]);
    assert_eq!(sim.counts().total, 0, "nothing of this asks the service");
    assert_eq!(dir.sh("imp-auth info").quiet().record()["source"], "use");

    let partner = dir.sh("imp-auth list --account partner").quiet().records();
    let why = "--account or IMP_ACCOUNT names it";
    assert_eq!(in_use(&partner), [(&"partner".into(), &why.into())]);
    dir.sh(&format!("{} --pwd-file pw --local", login(&sim))).quiet();
    let listed = dir.sh("imp-auth list").quiet().records();
    assert_eq!(in_use(&listed), [(&Value::Null, &"it is in the current directory".into())]);
    dir.sh("imp-auth use partner").ok().says("commands here use the local sign-in file");
    dir.sh("imp-auth logout --local").ok().says("commands here use the account partner");

    dir.sh("imp-auth logout --account partner").ok();
    dir.sh("imp-device list").code(3).says("Not signed in");
    dir.sh("imp-auth use factory").quiet();
    dir.sh("imp-auth use --none").ok().says("no sign-in is left that counts here");
    dir.sh("imp-device list").code(3);
}

#[test]
fn none_but_the_account_in_use_is_signed_out() {
    let (sim, mut dir) = two_accounts();
    let sign_in = format!("{} --pwd-file pw", login(&sim));
    dir.sh(&sign_in).quiet();
    dir.sh("imp-auth use partner").quiet();
    dir.sh(&format!("{sign_in} --local")).quiet();
    let is_there = |file: &str| dir.sh(&format!("test -s {file}")).exit_code() == Some(0);
    let home = "~/.impt.auth";
    let of = |name: &str| format!("~/.config/imp-tools/accounts/{name}.auth");

    let out = dir.sh("imp-auth logout").ok();
    let out =
        out.says_all(&["signed out of the local sign-in file", "here use the account partner"]);
    assert_eq!(
        (&out.record()["name"], &out.record()["username"]),
        (&Value::Null, &sim.entry.user.as_str().into())
    );
    assert!(!is_there(".impt.auth") && is_there(&of("partner")));

    let out = dir.sh("imp-auth logout").ok();
    let out = out.says_all(&["signed out of the account partner", ".impt.auth"]);
    assert_eq!(
        (&out.record()["name"], &out.record()["username"]),
        (&"partner".into(), &"partner".into())
    );
    assert!(
        out.record()["file"].as_str().is_some_and(|file| file.ends_with("accounts/partner.auth"))
    );
    assert!(!is_there(&of("partner")) && is_there(&of("factory")) && is_there(home));

    // What a variable holds cannot be removed, and nothing goes in its place.
    dir.set("IMPT_LOGINKEY", &sim.entry.login_key);
    dir.sh("imp-auth logout").code(2).no_stdout().says_all(&["IMPT_LOGINKEY", "unset it"]);
    dir.sh("test -s ~/.impt.auth; IMPT_LOGINKEY= imp-auth logout").ok();
    let gone = dir.sh("IMPT_LOGINKEY= imp-auth logout").code(3).no_stdout();
    gone.says("There is no sign-in file");
    dir.sh("test -s ~/.config/imp-tools/accounts/factory.auth").quiet();
}

#[test]
fn a_name_that_is_none_is_told_with_those_that_are() {
    let (sim, dir) = two_accounts();
    let missing = dir.sh("imp-device list --account factroy").code(3).no_stdout();
    missing.says_all(&["\"factroy\"", "factory, partner", "imp-auth login --as factroy"]);
    dir.sh("imp-auth use factroy").code(3).no_stdout().says("factory, partner");
    for name in ["../factory", ".x", "''", "'a b'"] {
        dir.sh(&format!("{} --pwd-file pw --as {name}", login(&sim))).code(2).no_stdout();
    }
    dir.sh("imp-device list --account x --auth-file y").code(2).says("cannot be used with");
    let both = "IMP_ACCOUNT=factory IMP_AUTH_FILE=some.auth imp-device list";
    dir.sh(both).code(2).no_stdout().says_all(&["factory", "some.auth", "IMP_ACCOUNT"]);

    // A broken file is listed with what is wrong, and keeps nobody from the others.
    let file = dir.home().join(".config/imp-tools/accounts/broken.auth");
    fs::write(file, "dear diary").expect("it can be written");
    let listed = dir.sh("imp-auth list").quiet().records();
    assert!(listed[0]["problem"].as_str().is_some_and(|text| text.contains("cannot be used")));
    assert_eq!(
        listed[0].as_object().map(serde_json::Map::len),
        listed[1].as_object().map(serde_json::Map::len)
    );
    dir.sh("imp-device list --account broken").code(2).says("imp-auth login --auth-file");
}

#[test]
fn fifty_commands_of_an_account_renew_it_once() {
    let (sim, dir) = two_accounts();
    sim.expire_tokens();
    sim.reset();
    dir.sh("seq 50 | xargs -P 10 -I N imp-auth info --account factory --output minimal > out").ok();
    let renewals =
        sim.requests().iter().filter(|request| request.path.ends_with("/auth/token")).count();
    assert_eq!(renewals, 1);
}

#[test]
fn a_choice_that_cannot_be_read_is_not_passed_over() {
    let (sim, dir) = two_accounts();
    dir.sh(&format!("{} --pwd-file pw", login(&sim))).quiet();
    dir.sh("imp-auth use partner").quiet();
    let choice = dir.home().join(".config/imp-tools/account");
    for broken in ["", "../partner\n"] {
        fs::write(&choice, broken).expect("it can be written");
        dir.sh("imp-device list").code(2).no_stdout().says("imp-auth use");
    }
    dir.sh("imp-auth use factory").quiet();
    // One that cannot be used is not chosen.
    let file = dir.home().join(".config/imp-tools/accounts/broken.auth");
    fs::write(file, "dear diary").expect("it can be written");
    dir.sh("imp-auth use broken").code(2).no_stdout();
    assert_eq!(dir.sh("imp-auth info").quiet().record()["name"], "factory");
    // Neither of two that are named is removed or written over.
    dir.sh("cp ~/.impt.auth other.auth").quiet();
    let both = "IMP_ACCOUNT=factory IMP_AUTH_FILE=other.auth";
    dir.sh(&format!("{both} imp-auth logout")).code(2).no_stdout();
    dir.sh(&format!("{both} {} --pwd-file pw -q", login(&sim))).code(2).no_stdout();
    dir.sh("test -s other.auth").quiet();
}
