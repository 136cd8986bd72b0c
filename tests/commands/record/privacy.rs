//! What a recording never has in it: secrets and, with `--pseudonyms`, what is the account's own.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tests::{Dir, Server, Sim};

use super::{assert_same, lines, twice};

mod planted;

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
fn own(sim: &Sim) -> Vec<String> {
    let mut own: Vec<String> =
        ["simuser", "Ovens", "Bench-7", "Über 9/b", "spare"].map(String::from).into();
    for name in ["id", "mac_address", "name", "agent_id", "agent_url", "serial_number"] {
        own.extend(sim.field(name).into_iter().filter(|value| !value.is_empty()));
    }
    for kind in ["accounts", "products", "devicegroups"] {
        own.extend(sim.all(kind).iter().filter_map(|it| it["id"].as_str().map(str::to_owned)));
    }
    own
}

const SCRIPT: &str = "
imp-dg list -p Ovens
imp-device list --limit 150 | imp-device assign --dg Bench-7 --jobs 1 --batch 100
imp-device update -d sensor-000001 --name 'Über 9/b' --plan
imp-device info -d sensor-000002 --full
imp-device list --dg Bench-7 | wc -l
imp-device info -d '{simuser}{Ovens}'
imp-product info '{simuser}{Ovens}'
imp-auth account info simuser
";

#[test]
fn with_pseudonyms_nothing_of_the_account_is_in_the_file_and_it_can_be_replayed() {
    let mut sim = Sim::start(&["--devices", "200", "--production", "20", "--rate-limit", "40"]);
    sim.groups(["Bench-7", "B"]);
    let mut dir = Dir::signed_in(&sim);
    dir.set("IMP_PSEUDONYMS", "yes");
    sim.fault("GET /devices 429 every=4");
    dir.write("script", SCRIPT);
    let recorded = dir.sh("IMP_RECORD=bug.ndjson bash script");
    let own = own(&sim);
    let text = dir.read("bug.ndjson");
    for name in &own {
        assert!(!text.contains(name.as_str()), "{name} is in it");
        assert!(!text.to_lowercase().contains(&name.to_lowercase().replace(':', "")), "{name}");
    }
    assert!(own.len() > 600, "{}", own.len());
    sim.stop();
    // The commands as the file tells them, put together as they were.
    let shown = dir.sh("imp-sim replay bug.ndjson").quiet().stdout();
    let typed: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    let of = |words: &str| {
        let found = typed.iter().find(|line| line.starts_with(words));
        (*found.unwrap_or_else(|| panic!("{words}: {shown}"))).to_owned()
    };
    let script = [
        of("imp-dg list"),
        format!("{} | {}", of("imp-device list --limit 150"), of("imp-device assign")),
        of("imp-device update"),
        of("imp-device info"),
        format!("{} | wc -l", of("imp-device list --dg")),
    ];
    dir.write("script", script.join("\n"));
    let replayed = dir.sh("imp-sim replay --speed 10 bug.ndjson -- bash script").ok();
    let of_devices = |lines: &[String]| -> usize {
        lines.iter().filter(|line| line.contains("\"outcome\":\"assigned\"")).count()
    };
    assert_eq!(of_devices(&recorded.lines()), 150, "{recorded}");
    assert_eq!(of_devices(&replayed.lines()), 150, "{replayed}");
    assert!(replayed.lines().iter().any(|line| line.trim() == "150"), "{replayed}");
    assert!(!replayed.stderr().contains("; not recorded: "), "{replayed}");
}

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
