//! A command that is replayed is signed in as it was: as the same account, with tokens that end when they ended.

use serde_json::{Value, json};
use tests::{Dir, Server, Sim};

use super::{assert_same, lines, said, twice};

#[test]
fn an_account_that_was_known_before_the_recording_is_the_same_again() {
    let mut sim = Sim::start(&["--devices", "1"]);
    sim.product("Spare");
    let dir = Dir::signed_in(&sim);
    // Learnt, and kept.
    dir.sh("imp-auth info > seen").quiet();
    let plan = "imp-product delete -p Spare --plan";
    let (recorded, replayed) = twice(&dir, plan);
    let whose = format!("account {}@example.com at ", sim.entry.user);
    for run in [&recorded, &replayed] {
        run.clone().code(5).says(&whose);
    }
    assert_eq!(recorded.stdout(), replayed.stdout());
    let asked = lines(&dir, "exchange");
    assert!(asked.iter().all(|it| it["target"] != "/accounts/me"), "{asked:?}");
    // With pseudonyms it is somebody else.
    dir.sh(&format!("{plan} --pseudonyms --record other.ndjson > seen")).code(5);
    sim.stop();
    let text = dir.read("other.ndjson");
    let account = lines(&dir, "recorded_sign_in")[0]["account"].clone();
    for own in ["id", "email", "username"].map(|name| account[name].as_str().expect("a text")) {
        assert!(!text.contains(own), "{own}");
    }
    let shown = dir.sh("imp-sim replay other.ndjson").quiet().stdout();
    let typed = shown.lines().find_map(|line| line.strip_prefix("$ ")).expect("a command");
    let replayed = dir.sh(&format!("imp-sim replay other.ndjson -- {typed}")).code(5);
    let (_, said) = text.split_once("\"email\":\"").expect("an address");
    let (email, _) = said.split_once('"').expect("its end");
    replayed.says(&format!("account {email} at "));
}

#[test]
fn an_account_that_was_not_known_is_not_made_up() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list --record bug.ndjson > seen").quiet();
    assert_eq!(lines(&dir, "recorded_sign_in")[0].get("account"), None);
    dir.sh("imp-sim replay bug.ndjson -- imp-product list --owner me")
        .code(9)
        .says("not in the recording: GET /accounts/me");
}

#[test]
fn a_script_that_signs_in_finds_what_it_has_made() {
    let mut sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::new();
    dir.write("password", &sim.entry.password);
    let login = format!(
        "imp-auth login -q --user simuser --pwd-file password -e {} > seen",
        sim.entry.endpoint
    );
    for (sign_in, list) in [
        (format!("{login} --as bench"), "imp-device list --account bench"),
        (format!("{login} --as bench"), "IMP_ACCOUNT=bench imp-device list"),
        (format!("{login} --as bench && imp-auth use bench > seen"), "imp-device list"),
        (format!("{login} --account bench"), "imp-device list --account bench"),
        (login.clone(), "imp-device list"),
        (format!("{login} --auth-file mine"), "imp-device list --auth-file mine"),
        (format!("{login} --local"), "imp-device list"),
    ] {
        dir.write("script", format!("{sign_in}\n{list}\n{list} --limit 1"));
        let recorded = dir.sh("IMP_RECORD=bug.ndjson bash script").ok();
        dir.sh("rm -rf ../home/.config ../home/.impt.auth .impt.auth mine").quiet();
        let replayed = dir.sh("imp-sim replay bug.ndjson -- bash script").ok();
        assert_eq!(recorded.lines(), replayed.lines(), "{recorded}{replayed}");
        assert!(!replayed.stderr().contains("not asked for"), "{replayed}");
        dir.sh("rm bug.ndjson; ls -A . ../home | sort > left; ! grep -E 'auth|config|mine' left")
            .quiet();
    }
    sim.stop();
}

#[test]
fn a_keyring_and_whatever_else_is_kept_are_those_of_the_replay() {
    let sim = Sim::start(&["--devices", "2"]);
    sim.groups(["A", "B"]);
    let mut dir = Dir::new();
    // What would be the keyring of the person notes that it was asked.
    dir.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    dir.write("password", &sim.entry.password);
    let login = format!(
        "imp-auth login -q --keyring --user simuser --pwd-file password -e {}",
        sim.entry.endpoint
    );
    let change = "imp-device list | imp-device assign --dg A";
    dir.write("script", format!("{login} > seen\n{change}\nimp-change list"));
    dir.sh("IMP_RECORD=bug.ndjson bash script").says("the keyring does not take the secret");
    dir.sh("cp -r ../home ../before && mkdir mine").quiet();
    // Also where somebody names it.
    let home = dir.home();
    let home = home.display();
    let named = format!(
        "env HOME={home} XDG_CONFIG_HOME={home}/.config XDG_STATE_HOME={home}/state \
         XDG_CACHE_HOME={home}/cache IMP_JOURNAL=$PWD/mine bash script"
    );
    for command in ["bash script", &named] {
        let replayed = dir.sh(&format!("imp-sim replay bug.ndjson -- {command}")).ok();
        assert!(!replayed.stderr().contains("keyring"), "{replayed}");
        assert_eq!(replayed.stdout().matches("\"outcome\":\"assigned\"").count(), 2, "{replayed}");
        // The journal of the change, and of no other.
        assert_eq!(replayed.stdout().matches("\"type\":\"run\"").count(), 1, "{replayed}");
        dir.sh("diff -r ../before ../home && ! ls mine | grep .").quiet();
    }
    let keep = "echo s3cret | imp-auth keyring write e && imp-auth keyring read e | cat && \
        imp-auth keyring remove e && ! imp-auth keyring read e | grep .";
    dir.write("script", format!("set -o pipefail; {keep}"));
    let kept = dir.sh("imp-sim replay bug.ndjson -- bash script").code(9);
    let kept = kept.says("that of the command was 0");
    assert_eq!(kept.stdout().trim(), "s3cret");
}

#[test]
fn a_token_that_ended_in_the_middle_is_renewed_in_the_middle_again() {
    let options = ["--devices", "700", "--token-life", "4s", "--latency", "700ms"];
    let sim = Sim::start(&options);
    let dir = Dir::signed_in(&sim);
    let (recorded, replayed) = twice(&dir, "imp-device list --jobs 1");
    assert_eq!(recorded.records().len(), 700, "{recorded}");
    let renewed = lines(&dir, "exchange");
    assert!(renewed.iter().any(|it| it["target"] == "/auth/token"), "{renewed:?}");
    assert!(renewed.iter().all(|it| it["status"] == 200), "ahead of its end: {renewed:?}");
    assert_same(&recorded, &replayed);
    assert!(!replayed.stderr().contains("not asked for"), "{replayed}");
}

#[test]
fn a_clock_that_goes_wrong_goes_wrong_by_as_much() {
    // Two hours behind.
    let server = Server::start(|_| {
        let account =
            json!({"data": {"type": "account", "id": "a", "attributes": {"username": "me"}}});
        let body = account.to_string();
        format!(
            "HTTP/1.1 200 OK\r\ndate: Sun, 01 Jan 2023 00:00:00 GMT\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    let dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
    let of_clock = |run: &tests::Run| -> Vec<Value> {
        let checks = run.records().into_iter();
        checks.filter(|it| it["check"].as_str().is_some_and(|it| it.contains("clock"))).collect()
    };
    let recorded = dir.sh("imp doctor --record bug.ndjson; true").ok();
    assert!(!of_clock(&recorded).is_empty(), "{recorded}");
    assert_eq!(lines(&dir, "exchange")[0]["headers"]["date"], "Sun, 01 Jan 2023 00:00:00 GMT");
    let replayed = dir.sh("imp-sim replay bug.ndjson -- imp doctor; true");
    assert_eq!(of_clock(&recorded), of_clock(&replayed), "{recorded}{replayed}");
}

#[test]
fn an_answer_that_is_null_is_not_one_that_is_empty() {
    for body in ["null", "", "{}", "[]", "\"\""] {
        let server = Server::start(move |_| {
            let length = body.len();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
        });
        let dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
        let (recorded, replayed) =
            twice(&dir, "imp-device info -d 40000c2a69050d62 --trace --patience 0s");
        let shown = |text: String| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with("> ")).map(str::to_owned).collect()
        };
        assert_eq!(shown(recorded.stderr()), shown(said(&replayed)), "{body}");
        assert_eq!(recorded.exit_code(), replayed.exit_code(), "{body}");
        let (name, text) = match body {
            "" => ("answer_text", json!("")),
            _ => ("answer", serde_json::from_str(body).expect("JSON")),
        };
        let line = lines(&dir, "exchange").remove(0);
        assert_eq!((line.get(name), body.is_empty()), (Some(&text), line.get("answer").is_none()));
    }
}
