//! `imp-auth key`, `imp-auth token` and `imp-auth account`, as parts of pipelines.

use tests::{Dir, Sim, told};

/// A simulator, and somebody who is signed in and has the password in the file `pw`.
fn owner(options: &[&str]) -> (Sim, Dir) {
    let sim = Sim::start(options);
    let dir = Dir::signed_in(&sim);
    dir.write("pw", format!("{}\n", sim.entry.password));
    (sim, dir)
}

#[test]
fn keys_are_made_described_and_deleted_by_pipe() {
    let (sim, dir) = owner(&[]);
    let made = dir.sh("imp-auth key create --descr one --pwd-file pw").quiet().record();
    assert_eq!(
        (made["type"].as_str(), made["description"].as_str()),
        (Some("login_key"), Some("one"))
    );
    assert_eq!(made["outcome"], "created");
    dir.sh("imp-auth key create --pwd-file - < pw").quiet();
    assert_eq!(dir.sh("imp-auth key list").quiet().records().len(), 3);
    assert_eq!(dir.sh("imp-auth key list --limit 1").quiet().records().len(), 1);
    let unused = "imp-auth key list | jq 'select(.usages == 0)'";
    dir.sh(&format!("{unused} | imp-auth key update --descr unused --pwd-file pw"))
        .quiet()
        .outcomes("updated", 2);
    let key = made["id"].as_str().expect("a key");
    let info = dir.sh(&format!("imp-auth key info --lk {key}")).quiet().record();
    assert_eq!(info["description"], "unused");
    // The key signs in.
    dir.sh(&format!(
        "imp-auth login --endpoint {} --lk {key} --auth-file by-key && imp-auth info --auth-file by-key",
        sim.entry.endpoint
    ))
    .quiet();
    dir.sh(&format!("{unused} | imp-auth key delete --confirmed --pwd-file pw"))
        .quiet()
        .outcomes("deleted", 1);
    dir.sh(&format!(
        "printf 'lk,descr\\n{key},from a table\\n' | imp-auth key update --pwd-file pw"
    ))
    .quiet()
    .outcomes("updated", 1);
    let left = dir.sh("imp-auth key list --fields description -z csv").quiet();
    assert!(left.lines().contains(&"from a table".to_owned()), "{left}");
}

#[test]
fn a_wrong_password_fails_the_row_and_is_no_lost_sign_in() {
    for status in ["403", "401"] {
        let (sim, dir) = owner(&["--variant", &format!("password-status={status}")]);
        dir.sh("imp-auth key create --pwd-file pw").quiet();
        sim.reset();
        let delete = "imp-auth key delete --confirmed --failed failed";
        let run = dir.sh(&format!("imp-auth key list | {delete} --pwd nonsense")).code(1);
        run.no_stdout().says("Is the password right?");
        let failed = dir.failed("failed");
        assert_eq!(told(&failed), [("stdin:1", "refused"), ("stdin:2", "refused")]);
        assert_eq!(sim.counts().renewals, 0, "the token was good");
        dir.sh("imp-auth key create --pwd nonsense").code(1).no_stdout();
        // What failed is input as it stands; one of them is the key of the sign-in itself.
        dir.sh("cp failed again; imp-auth key delete -q --input again --pwd-file pw")
            .quiet()
            .outcomes("deleted", 2);
        sim.expire_tokens();
        dir.sh("imp-auth key create --pwd-file pw").code(3).no_stdout();
    }
}

#[test]
fn a_token_that_ends_meanwhile_is_renewed_and_the_key_is_made_once() {
    for status in ["403", "401"] {
        let (sim, dir) = owner(&["--variant", &format!("password-status={status}")]);
        sim.expire_tokens();
        dir.sh("imp-auth key create --pwd-file pw").quiet().outcomes("created", 1);
        assert_eq!(dir.sh("imp-auth key list").quiet().records().len(), 2);
    }
}

#[test]
fn an_eleventh_key_is_refused() {
    let (_sim, dir) = owner(&[]);
    dir.sh("for key in 2 3 4 5 6 7 8 9 10; do imp-auth key create --pwd-file pw || exit; done")
        .quiet()
        .outcomes("created", 9);
    dir.sh("imp-auth key create --pwd-file pw").code(1).no_stdout().says("Account Limit Reached");
}

#[test]
fn deleting_asks_and_shows_only_beginnings() {
    let (sim, dir) = owner(&[]);
    let key = &sim.entry.login_key;
    let delete = format!("imp-auth key delete --lk {key} --pwd-file pw");
    sim.reset();
    dir.sh(&delete).code(2).no_stdout().says_all(&["login key", "--confirmed"]);
    assert_eq!(sim.writes().len(), 0);
    let run = dir.sh_on_terminal(&delete, "n\n").code(2);
    let shown = run.stdout();
    assert!(shown.contains(&format!("{}…", &key[..4])) && !shown.contains(key.as_str()), "{run}");
    assert!(shown.contains("simuser@example.com"), "{run}");
    assert_eq!(sim.writes().len(), 0);
    // The password is asked for when it is needed, after the question.
    let asked = format!("imp-auth key delete --lk {key} --fields outcome");
    let question = "Password of account simuser@example.com";
    let run = dir.converse(&asked, &[("Go on?", "y"), (question, &sim.entry.password)]).ok();
    let shown = run.stdout();
    assert!(!shown.contains(key.as_str()) && !shown.contains(&sim.entry.password), "{run}");
    assert_eq!(dir.sh("imp-auth key list").quiet().records().len(), 0);
}

#[test]
fn messages_tell_no_key() {
    let (sim, dir) = owner(&["--devices", "1"]);
    let unknown = "fedcba9876543210";
    let run = dir.sh(&format!("imp-auth key info --lk {unknown} --lk {}", sim.entry.login_key));
    let run = run.code(1).says("fedc…");
    assert!(!run.stderr().contains(unknown), "{run}");
    assert_eq!(run.records().len(), 1);
    // Not in other commands either, which are given keys by mistake.
    let run = dir.sh("imp-auth key list | imp-device info").code(1).no_stdout();
    assert!(!run.stderr().contains(&sim.entry.login_key), "{run}");
    dir.sh("imp-device list | imp-auth key info").code(1).says("No login key");
}

#[test]
fn a_password_is_wanted_only_where_it_is_needed() {
    let (sim, mut dir) = owner(&[]);
    let all = "imp-auth key list | imp-auth key";
    dir.sh("imp-auth key create").code(2).says_all(&["--pwd-file", "IMPT_PASSWORD"]);
    dir.sh(&format!("{all} delete -q")).code(2).says("IMPT_PASSWORD");
    dir.sh(&format!("{all} delete -q --pwd-file -")).code(2).says("stdin");
    dir.sh("imp-auth key delete -q --pwd-file pw").code(2).says("--lk");
    sim.reset();
    let run = dir.sh(&format!("{all} delete --dry-run")).ok().says("simuser@example.com");
    assert_eq!(run.outcomes("deleted", 1).record()["dry_run"], true);
    let run = dir.sh(&format!("{all} update --descr x --dry-run")).ok();
    assert_eq!(run.record()["description"], "x");
    dir.sh("imp-auth key create --dry-run --descr x").ok().outcomes("created", 1);
    assert_eq!(sim.writes().len(), 0);
    dir.sh(&format!("{all} delete --dry-run 2> said | imp-auth key delete -q --pwd-file pw"))
        .code(1)
        .says("dry run");
    dir.set("IMPT_PASSWORD", &sim.entry.password);
    dir.sh("imp-auth key create").quiet();
    dir.sh("imp-auth key update --lk x").code(2).says("--descr");
    assert_eq!(dir.sh(&format!("{all} delete -q")).quiet().records().len(), 2);
    dir.sh(&format!("{all} delete -q")).quiet().no_stdout();
}

#[test]
fn accounts() {
    let (sim, dir) = owner(&[]);
    let all = dir.sh("imp-auth account list").quiet();
    assert_eq!(all.field("username"), [sim.entry.user.as_str(), "partner"]);
    let mine = dir.sh("imp-auth account info").quiet().record();
    assert_eq!(mine, all.records()[0]);
    for name in ["me", "simuser", "simuser@example.com", mine["id"].as_str().expect("an id")] {
        let found = dir.sh(&format!("imp-auth account info --user {name}")).quiet();
        assert_eq!(found.record(), mine, "{name}");
    }
    let piped = dir.sh("imp-auth account list | imp-auth account info").quiet();
    assert_eq!(piped.records(), all.records());
    dir.sh("printf 'email\\npartner@example.com\\n' | imp-auth account info").quiet();
    dir.sh("true | imp-auth account info").quiet().no_stdout();
    let run = dir.sh("imp-auth account info -u nobody -u me --failed failed").code(1);
    assert_eq!(run.record(), mine);
    assert_eq!(told(&dir.failed("failed")), [("--user", "not_found")]);
    dir.sh("imp-auth account list | head -0").quiet();
}

#[test]
fn what_an_account_may_do_is_said_before_and_after() {
    let (sim, dir) = owner(&[]);
    let whole = dir.sh("imp-auth account info --full").quiet().record();
    assert_eq!(whole["capabilities"], serde_json::json!({"production": true}));
    let theirs = "imp-auth account list | imp-auth account info --full";
    assert_eq!(dir.sh(theirs).quiet().records().len(), 2);
    sim.fault("GET /accounts/*/capabilities 404");
    assert!(dir.sh("imp-auth account info --full").quiet().record()["capabilities"].is_null());
    sim.no_faults();
    let dir = Dir::new();
    dir.write("pw", "free-password\n");
    let endpoint = &sim.entry.endpoint;
    dir.sh(&format!("imp-auth login --endpoint {endpoint} --user free --pwd-file pw")).ok();
    dir.sh("imp-product create --name Mine").ok();
    let create = "imp-dg create --name Shipped --dg-type production --product Mine";
    dir.sh(create).code(1).says_all(&["Invalid Permission", "`imp-auth account info --full` says"]);
}

#[test]
fn refresh_tokens_are_listed_and_revoked() {
    let (sim, dir) = owner(&[]);
    let login = "imp-auth login --user simuser --pwd-file pw --confirmed --auth-file";
    for file in ["one", "two"] {
        dir.sh(&format!("{login} {file} --endpoint {}", sim.entry.endpoint)).ok();
    }
    let all = dir.sh("imp-auth token list").quiet();
    let ids = all.field("id");
    let last = ids.last().expect("a token");
    assert!(all.field("created_at").iter().all(|time| time.ends_with('Z')), "{all}");
    let planned = dir.sh(&format!("imp-auth token delete --plan {last}")).code(5);
    assert_eq!(planned.record()["id"], format!("{}…", &last[..4]), "it may be a secret");
    let foreseen = dir.sh(&format!("imp-auth token delete --dry-run {}", &last[..8])).ok();
    foreseen.outcomes("deleted", 1);
    dir.sh("imp-auth token delete --dry-run -t 0123456789abcdef").code(1).says("0123…: ");
    assert_eq!(dir.sh("imp-auth token list").quiet().field("id"), ids);
    dir.sh(&format!("imp-auth token delete -t {last}")).code(2).says("--confirmed").no_stdout();
    let twice = format!(
        "imp-auth token list | tail -1 | imp-auth token revoke -q && \
                         imp-auth token delete -q -t {last} --failed failed"
    );
    dir.sh(&twice).code(1);
    assert_eq!(told(&dir.failed("failed")), [("--token", "not_found")]);
    assert_eq!(dir.sh("imp-auth token list").quiet().field("id"), ids[..ids.len() - 1]);
    sim.expire_tokens();
    dir.sh("imp-auth info --auth-file two").code(3).says("sign in again");
    dir.sh("imp-auth info --auth-file one").ok();
}
