//! What a recording never has in it: secrets and, with `--pseudonyms`, what is the account's own.

use serde_json::Value;
use tests::{Dir, Server, Sim};

use super::{assert_same, lines, twice};

mod commands;
mod own;
mod planted;

#[test]
fn a_short_secret_is_in_no_text_that_repeats_it() {
    // It says everything that it was sent, as some servers do in their error pages.
    let server = Server::start(|first| {
        let sent = if first.ends_with("/auth") { "4711" } else { "tok9" };
        let said = format!("the pin7 of {sent}; pin77 is not; x%20pin7");
        let body = serde_json::json!({"errors": [
            {"status": "400", "title": first, "detail": said, "meta": {"said": "pin7"}}]});
        format!("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{body}")
    });
    let mut dir = Dir::new();
    let end = "2999-01-01T00:00:00.000Z";
    let endpoint = format!("{}/v5", server.origin());
    dir.write(
        ".impt.auth",
        serde_json::json!({"endpoint": endpoint, "accessToken": "tok9", "expiresAt": end})
            .to_string(),
    );
    dir.write("key", "pin7");
    dir.write("rows.csv", "device_id,note\n40000c2a69050d62,it is pin7\n");
    dir.set("IMP_RECORD", "bug.ndjson");
    dir.sh("imp-device unassign -q --unbond-file key --input rows.csv").code(1);
    dir.sh("imp-dg unassign -q -g pin7 --unbond pin7").code(1);
    dir.sh(&format!("imp-auth login -lq --user u --pwd pin7 --otp 4711 -e {endpoint}")).code(3);
    let text = dir.read("bug.ndjson");
    for secret in ["pin7 ", "pin7\"", "%20pin7", "tok9;", "4711;"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("pin77 is not"), "{text}");
    assert_eq!(lines(&dir, "recorded_end").len(), 3);
}

/// What tells whose account it is.
#[test]
fn the_commands_of_a_script_replace_alike_and_another_file_otherwise() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    let list = "imp-device list --pseudonyms > seen";
    let ids = |file: &str| {
        let text = dir.read(file);
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let answers = lines.filter(|line| line["answer"]["data"][0]["type"] == "device");
        answers.map(|line| line["answer"]["data"][0]["id"].clone()).collect::<Vec<Value>>()
    };
    for file in ["a", "a", "b"] {
        dir.sh(&format!("{list} --record {file}")).quiet();
    }
    let (a, b) = (ids("a"), ids("b"));
    assert_eq!(a.len(), 2);
    assert!(a[0] == a[1] && a[0] != b[0], "{a:?} {b:?}");
    // A day later the key is gone.
    dir.sh("rm ../home/cache/imp-tools/recordings/*").quiet();
    dir.sh(&format!("{list} --record a")).ok().says("others stand for the same secrets");
    assert_ne!(ids("a")[0], ids("a")[2]);
}

#[test]
fn the_commands_of_a_pipeline_replace_alike_in_a_file_that_both_may_begin() {
    let sim = Sim::start(&["--devices", "2"]);
    let dir = Dir::signed_in(&sim);
    for _ in 0..20 {
        dir.sh("export IMP_RECORD=bug.ndjson; imp-device list | imp-device info > seen").quiet();
        let exchanges = lines(&dir, "exchange");
        let tokens: std::collections::BTreeSet<String> =
            exchanges.iter().map(|it| it["token"].to_string()).collect();
        assert_eq!((lines(&dir, "recorded_end").len(), tokens.len()), (2, 1), "{tokens:?}");
        dir.sh("rm bug.ndjson").quiet();
    }
}

#[test]
fn a_token_that_is_renewed_is_told_from_the_old_one() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    sim.expire_tokens();
    let (recorded, replayed) = twice(&dir, "imp-device list");
    assert_same(&recorded, &replayed);
    let exchanges = lines(&dir, "exchange");
    let statuses: Vec<Value> = exchanges.iter().map(|it| it["status"].clone()).collect();
    assert_eq!(statuses[..3], [401, 200, 200], "{statuses:?}");
    assert_ne!(exchanges[0]["token"], exchanges[2]["token"]);
    assert_eq!(exchanges[1]["answer"]["access_token"], exchanges[2]["token"]);
}
