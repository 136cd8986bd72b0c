//! A recording of a run in which much went wrong gives the same when it is replayed: a command of each tool.

use tests::{Dir, Run, Sim};

use super::said;

/// Commands and what goes wrong for each: the rules of the simulator, how it ends.
const RUNS: [(&str, &[&str], i32); 12] = [
    (
        "imp-auth key list --fields description",
        &["GET /accounts/me/login_keys 429 times=2", "* /** delay=40ms"],
        0,
    ),
    ("imp-auth account list --patience 0s", &["GET /accounts 502 body=html"], 4),
    (
        "imp-product list",
        &["GET /products cut=middle times=1", "GET /products 500 after=1 times=1"],
        0,
    ),
    ("imp-product create -n New --patience 1s", &["POST /products cut=after"], 1),
    (
        "imp-dg info -g A --full",
        &["GET /devicegroups/** 503 body=empty times=1", "GET /devices 429 times=1"],
        0,
    ),
    (
        "imp-device list --limit 120 | imp-device assign --dg A --batch 50 --jobs 1",
        &["GET /devices 429 times=2", "POST /devicegroups/*/relationships/devices part=3"],
        1,
    ),
    (
        "imp-device update -d sensor-000001 --name 'Oven 7'",
        &["PATCH /devices/* cut=before times=1"],
        0,
    ),
    ("imp-device info -d sensor-000002 --patience 1s", &["GET /devices/* delay=1h"], 4),
    ("imp-build deploy -g A -x code.nut", &["POST /deployments 504 body=message times=1"], 1),
    (
        "imp-hook create -g A -e blessing -m json -u https://h.example/",
        &["POST /webhooks 500 times=1"],
        1,
    ),
    (
        "imp-log get -d sensor-000003",
        &["GET /devices/*/logs cut=middle times=1", "GET /devices/*/logs 429 after=1 times=2"],
        0,
    ),
    ("imp-change apply -q --input changes.ndjson", &["PATCH /products/* 429 times=2"], 0),
];

/// All that was said, without the moments.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let number = bare.trim_end_matches(|c: char| c.is_ascii_lowercase());
        bare.len() > number.len() && number.parse::<f64>().is_ok()
    };
    let words = text.split(' ').map(|word| if is_time(word) { "TIME" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn assert_alike(recorded: &Run, replayed: &Run) {
    assert_eq!(recorded.stdout(), replayed.stdout(), "{recorded}{replayed}");
    let texts = (without_times(&recorded.stderr()), without_times(&said(replayed)));
    assert_eq!(texts.0, texts.1, "{recorded}{replayed}");
    assert_eq!(recorded.exit_code(), replayed.exit_code(), "{recorded}{replayed}");
    for trouble in ["not recorded", "not asked for"] {
        assert!(!replayed.stderr().contains(trouble), "{recorded}{replayed}");
    }
}

#[test]
fn a_faulty_run_of_each_tool_is_the_same_when_it_is_replayed() {
    let mut sim = Sim::start(&["--devices", "130"]);
    sim.groups(["A", "B"]);
    let changes = Dir::signed_in(&sim);
    changes.sh("imp-product update -p Ovens -s other > seen").quiet();
    let changes = changes.sh("imp-change show last | imp-change reverse").quiet().stdout();
    let mut troubles = Vec::new();
    for (command, rules, code) in RUNS {
        // With a pace of its own.
        let dir = Dir::signed_in(&sim);
        dir.write("code.nut", "server.log(1);\n");
        dir.write("changes.ndjson", &changes);
        sim.no_faults();
        rules.iter().for_each(|rule| sim.fault(rule));
        let recorded = dir.sh(&format!("set -o pipefail; export IMP_RECORD=bug.ndjson; {command}"));
        if recorded.exit_code() != Some(code) {
            troubles.push(format!("{recorded}"));
        }
        let applied = sim.faults_applied();
        if applied.contains(&0) {
            troubles.push(format!("{applied:?} of {rules:?}{recorded}"));
        }
        dir.write("script", format!("set -o pipefail; {command}"));
        let replayed = dir.sh("imp-sim replay bug.ndjson -- bash script");
        assert_alike(&recorded, &replayed);
    }
    sim.stop();
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}
