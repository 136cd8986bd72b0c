//! Commands that send secrets, or are given some, and what stands for them.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tests::{Dir, Sim};

use super::super::lines;

/// All that must not be in the file.
fn secrets(sim: &Sim, dir: &Dir) -> Vec<String> {
    let mut secrets = vec![
        sim.entry.password.clone(),
        sim.entry.login_key.clone(),
        sim.entry.unbond_key.clone(),
        "wrong-secret-password".to_owned(),
        "wrong-secret-key".to_owned(),
        "fedcba9876543210".to_owned(),
        "proxy-secret".to_owned(),
        "hook-secret".to_owned(),
        "variable-secret".to_owned(),
        "program-secret".to_owned(),
    ];
    let kept: Value = serde_json::from_str(&dir.read(".impt.auth")).expect("a sign-in file");
    let tokens = ["accessToken", "refreshToken"].map(|name| kept[name].as_str());
    secrets.extend(tokens.into_iter().flatten().map(str::to_owned));
    secrets
}

/// A command that sends, or is given, secrets, how it ends, and where in its lines something stands for them.
type Secretive = (&'static str, i32, &'static [(&'static str, &'static str)]);

const KEY_HEADER: &str = "/request_headers/x-electricimp-key";
const PASSWORD_HEADER: &str = "/request_headers/x-electricimp-password";

const COMMANDS: [Secretive; 26] = [
    ("imp-device list", 0, &[("exchange", "/token"), ("recorded_sign_in", "/token")]),
    ("imp-product list", 0, &[("exchange", "/token")]),
    (
        "imp-dg unassign -q -g SimProduction",
        1,
        &[("recorded_run", "/variables/IMP_UNBOND_KEY"), ("exchange", KEY_HEADER)],
    ),
    (
        "imp-dg unassign -q -g SimProduction --unbond=wrong-secret-key",
        1,
        &[("recorded_run", "/command/5"), ("exchange", KEY_HEADER)],
    ),
    ("imp-dg unassign -q -g SimProduction --unbond-file key", 0, &[("exchange", KEY_HEADER)]),
    (
        "imp-dg update -g A --env-variable KEY=variable-secret",
        0,
        &[("recorded_run", "/command/5"), ("exchange", "/body/data/attributes/env_vars/KEY")],
    ),
    ("imp-dg info -g A --full", 0, &[("exchange", "/answer/data/attributes/env_vars/KEY")]),
    (
        "imp-dg update --input groups.csv",
        0,
        &[
            ("recorded_row", "/row/env_variable"),
            ("recorded_row", "/row/note"),
            ("exchange", "/body/data/attributes/env_vars/KEY"),
        ],
    ),
    (
        "imp-build deploy -g A -x code.nut",
        0,
        &[
            ("exchange", "/body/data/attributes/device_code"),
            ("exchange", "/answer/data/attributes/device_code"),
        ],
    ),
    ("imp-build list", 0, &[("exchange", "/answer/data/0/attributes/device_code")]),
    (
        "imp-hook create -g A -e blessing -m json \
         -u 'https://user:hook-secret@hooks.example/hook-secret?key=hook-secret'",
        0,
        &[
            ("recorded_run", "/command/9"),
            ("exchange", "/body/data/attributes/url"),
            ("exchange", "/answer/data/attributes/url"),
        ],
    ),
    (
        "imp-hook create --input hooks.csv",
        0,
        &[("recorded_row", "/row/url"), ("recorded_row", "/row/webhook_url")],
    ),
    ("imp-hook list", 0, &[("exchange", "/answer/data/0/attributes/url")]),
    ("imp-auth key list --fields description", 0, &[("exchange", "/answer/data/0/id")]),
    (
        "imp-auth key create --pwd wrong-secret-password",
        1,
        &[("recorded_run", "/command/4"), ("exchange", PASSWORD_HEADER)],
    ),
    (
        "imp-auth key create --pwd-file password > new",
        0,
        &[("exchange", PASSWORD_HEADER), ("exchange", "/answer/data/id")],
    ),
    (
        "imp-auth key delete -q --input keys.txt --pwd-file password",
        1,
        &[("recorded_row", "/row/id"), ("exchange", "/target")],
    ),
    (
        "imp-auth key delete -q --input keys.csv --pwd-file password",
        1,
        &[("recorded_row", "/row/id"), ("exchange", "/target")],
    ),
    ("imp-auth key delete -q --pwd-file password < keys.txt", 1, &[("recorded_row", "/row/id")]),
    (
        "imp-auth key delete -q -k fedcba9876543210 --pwd-file password",
        1,
        &[("recorded_run", "/command/5"), ("exchange", "/target")],
    ),
    (
        "imp-auth key delete -q \"$(jq -r .id new)\" --pwd-file password",
        0,
        &[("recorded_run", "/command/4"), ("exchange", "/target")],
    ),
    (
        "imp-auth login -lqwwrong-secret-password --user simuser --patience 1s --endpoint http://127.0.0.1:9/v5",
        4,
        &[("recorded_run", "/command/2"), ("exchange", "/body/password")],
    ),
    (
        "mkdir empty && cd empty && IMP_RECORD=../bug.ndjson IMPT_ENDPOINT=$ENDPOINT \
         IMPT_LOGINKEY=fedcba9876543210 imp-device list",
        3,
        &[("recorded_run", "/variables/IMPT_LOGINKEY"), ("exchange", "/body/key")],
    ),
    (
        "imp-auth login --as other -q --user simuser --pwd-file password --endpoint $ENDPOINT",
        0,
        &[
            ("exchange", "/body/password"),
            ("exchange", "/answer/access_token"),
            ("exchange", "/answer/refresh_token"),
            ("recorded_sign_in", "/token"),
        ],
    ),
    ("imp-auth token list --fields created_at", 0, &[("exchange", "/answer/data/0/id")]),
    (
        "imp-log stream --dg B --timeout 1s",
        0,
        &[("exchange", "/answer/data/id"), ("exchange", "/target")],
    ),
];

/// The files that the commands read.
fn write_files(sim: &Sim, dir: &Dir) {
    dir.write("password", &sim.entry.password);
    dir.write("key", &sim.entry.unbond_key);
    dir.write("keys.txt", "fedcba9876543210\n");
    dir.write("keys.csv", "Login Key,Was\nfedcba9876543210,fedcba9876543210\n");
    dir.write("groups.csv", "dg,env_variable,note\nB,KEY=variable-secret,variable-secret\n");
    let hook = "https://user:hook-secret@hooks.example/T0";
    dir.write(
        "hooks.csv",
        format!("dg,url,event,mime,Webhook URL\nB,{hook},blessing,json,{hook}\n"),
    );
    dir.write("code.nut", "local key = \"program-secret\";\n");
}

/// What stands where, in lines of one kind.
fn found(lines: &[Value], kind: &str, place: &str) -> Vec<String> {
    let of_kind = lines.iter().filter(|line| line["type"] == kind);
    of_kind.filter_map(|line| Some(line.pointer(place)?.as_str()?.to_owned())).collect()
}

/// What is not as it should be with a command: how it ends, and what stands for secrets in its lines.
fn troubles_of(dir: &Dir, (command, code, places): &Secretive) -> Vec<String> {
    let before = std::fs::read(dir.path().join("bug.ndjson")).map_or(0, |text| text.len());
    let run = dir.sh(&format!("{{ {command}; }} > out"));
    let mut troubles = Vec::new();
    if run.exit_code() != Some(*code) {
        troubles.push(format!("it should end with {code}{run}"));
    }
    let text = dir.read("bug.ndjson");
    let of_run: Vec<Value> =
        text[before..].lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for (kind, place) in *places {
        let found = found(&of_run, kind, place);
        if !found.iter().any(|text| text.contains("secret-")) {
            troubles.push(format!("{command}: {kind} {place}: {found:?}"));
        }
    }
    troubles
}

#[test]
fn no_secret_of_a_run_is_in_the_file() {
    let sim = Sim::start(&["--devices", "5", "--production", "3", "--token-life", "4m"]);
    let [_, group] = sim.groups(["A", "B"]);
    sim.put(&group, &sim.field("id")[..1]);
    let mut dir = Dir::signed_in(&sim);
    write_files(&sim, &dir);
    dir.set("ENDPOINT", &sim.entry.endpoint);
    dir.set("IMP_UNBOND_KEY", "wrong-secret-key");
    dir.set("https_proxy", "http://me:proxy-secret@proxy.example:3128");
    dir.set("IMP_RECORD", "bug.ndjson");
    let mut before = secrets(&sim, &dir);
    let mut troubles = Vec::new();
    for secretive in &COMMANDS {
        troubles.extend(troubles_of(&dir, secretive));
        before.extend(secrets(&sim, &dir));
    }
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
    let created: Value = serde_json::from_str(&dir.read("new")).expect("a login key");
    before.push(created["id"].as_str().expect("an id").to_owned());
    let text = dir.read("bug.ndjson");
    for secret in before {
        assert!(!text.contains(&secret), "{secret} is in it");
    }
    assert!(text.contains("sensor-000001"), "{text}");
    let proxy = &lines(&dir, "recorded_run")[0]["variables"]["https_proxy"];
    assert!(proxy.as_str().expect("a proxy").starts_with("http://secret-"), "{proxy}");
    // The same secret has one replacement, another one another.
    let own = lines(&dir, "exchange").into_iter().take(3);
    let tokens: std::collections::BTreeSet<String> =
        own.map(|it| it["token"].to_string()).collect();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    let mode = std::fs::metadata(dir.path().join("bug.ndjson")).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}
