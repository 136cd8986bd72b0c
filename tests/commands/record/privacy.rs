//! What a recording never has in it: secrets and, with `--pseudonyms`, what is the account's own.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tests::{Dir, Sim};

use super::{assert_same, lines, twice};

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

/// Commands that send, or are given, secrets of all kinds.
const COMMANDS: [&str; 22] = [
    "imp-device list",
    "imp-dg unassign -q -g SimProduction",
    "imp-dg unassign -q -g SimProduction --unbond=wrong-secret-key",
    "imp-dg unassign -q -g SimProduction --unbond-file key",
    "imp-dg update -g A --env-variable KEY=variable-secret",
    "imp-dg info -g A --full",
    "imp-build deploy -g A -x code.nut",
    "imp-build list --full -z json",
    "imp-hook create -g A -e blessing -m json \
     -u 'https://user:hook-secret@hooks.example/hook-secret?key=hook-secret'",
    "imp-hook list",
    "imp-auth key list --fields description",
    "imp-auth key create --pwd wrong-secret-password",
    "imp-auth key create --pwd-file password > new",
    "imp-auth key delete -q --input keys.txt --pwd-file password",
    "imp-auth key delete -q --input keys.csv --pwd-file password",
    "imp-auth key delete -q --pwd-file password < keys.txt",
    "imp-auth login -lqwwrong-secret-password --user simuser --patience 1s --endpoint http://127.0.0.1:9/v5",
    "imp-dg update --input groups.csv",
    "imp-auth key delete -q -k fedcba9876543210 --pwd-file password",
    "imp-auth key delete -q \"$(jq -r .id new)\" --pwd-file password",
    "IMPT_LOGINKEY=fedcba9876543210 IMP_RECORD=bug.ndjson imp-device list --auth-file nowhere",
    "imp-auth token list --fields description",
];

/// The files that the commands read.
fn write_files(sim: &Sim, dir: &Dir) {
    dir.write("password", &sim.entry.password);
    dir.write("key", &sim.entry.unbond_key);
    dir.write("keys.txt", "fedcba9876543210\n");
    dir.write("keys.csv", "Login Key,Was\nfedcba9876543210,fedcba9876543210\n");
    dir.write("groups.csv", "dg,env_variable\nB,KEY=variable-secret\n");
    dir.write("code.nut", "local key = \"program-secret\";\n");
}

#[test]
fn no_secret_of_a_run_is_in_the_file() {
    let sim = Sim::start(&["--devices", "5", "--production", "3", "--token-life", "4m"]);
    sim.groups(["A", "B"]);
    let mut dir = Dir::signed_in(&sim);
    write_files(&sim, &dir);
    dir.set("IMP_UNBOND_KEY", "wrong-secret-key");
    dir.set("https_proxy", "http://me:proxy-secret@proxy.example:3128");
    dir.set("IMP_RECORD", "bug.ndjson");
    let mut before = secrets(&sim, &dir);
    for command in COMMANDS {
        dir.sh(&format!("( {command} ) > out; true"));
        before.extend(secrets(&sim, &dir));
    }
    let created: Value = serde_json::from_str(&dir.read("new")).expect("a login key");
    before.push(created["id"].as_str().expect("an id").to_owned());
    let text = dir.read("bug.ndjson");
    for secret in before {
        assert!(!text.contains(&secret), "{secret} is in it");
    }
    assert!(lines(&dir, "exchange").len() > 20 && text.contains("sensor-000001"), "{text}");
    // The same secret has one replacement, another one another.
    let tokens = lines(&dir, "exchange")
        .into_iter()
        .filter_map(|it| it["token"].as_str().map(str::to_owned));
    let tokens: std::collections::BTreeSet<String> = tokens.collect();
    assert!((1..=3).contains(&tokens.len()), "{tokens:?}");
    let mode = std::fs::metadata(dir.path().join("bug.ndjson")).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
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
