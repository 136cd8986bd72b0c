//! Exit codes: what a script can branch on, the same in every tool.

use serde_json::json;
use tests::{Background, Dir, Sim, kinds};

/// For each tool: a command that reads, one that works on rows, and a row that fails.
const TOOLS: [[&str; 3]; 4] = [
    ["imp-device list", "imp-device info", "nobody"],
    ["imp-dg list", "imp-dg info", "nothing"],
    ["imp-product list", "imp-product info", "nothing"],
    ["imp-auth account list", "imp-auth account info", "nobody"],
];

fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "150"]);
    sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

#[test]
fn zero_when_all_is_done_or_nothing_was_to_do() {
    let (_sim, dir) = account();
    for [list, work, _] in TOOLS {
        dir.sh(list).quiet();
        dir.sh(&format!("{list} | {work}")).quiet();
        dir.sh_with(work, "").quiet().no_stdout();
        let tool = list.split(' ').next().expect("a word");
        for told in ["--help", "--version", "-h"] {
            assert!(dir.sh(&format!("{tool} {told}")).quiet().stdout().contains(tool));
        }
        dir.sh(&format!("{work} --help")).quiet();
    }
}

#[test]
fn one_when_a_record_failed() {
    let (_sim, dir) = account();
    for [list, work, nothing] in TOOLS {
        let script = format!("({list} | head -1; echo '{{\"id\":\"{nothing}\"}}') | {work}");
        let run = dir.sh(&script).code(1);
        assert_eq!(run.records().len(), 1, "{script}{run}");
        assert_eq!(run.stderr().lines().count(), 1, "one sentence{run}");
    }
}

#[test]
fn two_when_it_could_not_run() {
    let (sim, dir) = account();
    for [list, work, _] in TOOLS {
        let tool = list.split(' ').next().expect("a word");
        for wrong in [
            tool.to_owned(),
            format!("{tool} nonsense"),
            format!("{list} --nonsense"),
            format!("{list} -z nonsense"),
            format!("{list} --jobs 0"),
            format!("{list} --patience soon"),
            format!("{work} --input nowhere"),
            format!("{work} --failed nowhere/failed < .impt.auth"),
        ] {
            let run = dir.sh(&wrong).code(2).no_stdout();
            assert!(!run.stderr().is_empty(), "{run}");
        }
    }
    assert_eq!(sim.counts().writes, 0);
    // Configuration.
    for (content, says) in [
        ("{", ".impt.auth"),
        ("{}", ".impt.auth"),
        (
            "{\"endpoint\":\"http://example.com/v5\",\"accessToken\":\"x\",\"expiresAt\":\"2999-01-01T00:00:00.000Z\"}",
            "https",
        ),
        (
            "{\"endpoint\":\"ftp://127.0.0.1/v5\",\"accessToken\":\"x\",\"expiresAt\":\"2999-01-01T00:00:00.000Z\"}",
            "ftp",
        ),
        (
            "{\"endpoint\":\"no sense\",\"accessToken\":\"x\",\"expiresAt\":\"2999-01-01T00:00:00.000Z\"}",
            "no sense",
        ),
    ] {
        let dir = Dir::new();
        dir.write(".impt.auth", content);
        for [list, ..] in TOOLS {
            dir.sh(list).code(2).no_stdout().says(says);
        }
    }
}

#[test]
fn three_when_not_signed_in() {
    let dir = Dir::new();
    for [list, work, _] in TOOLS {
        dir.sh(list).code(3).no_stdout().says("imp-auth login");
        dir.sh_with(work, "x\n").code(3).no_stdout().says("imp-auth login");
    }
    // With a sign-in that the service does not take.
    let sim = Sim::start(&["--devices", "5"]);
    let mut dir = Dir::new();
    dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    dir.set("IMPT_LOGINKEY", "0123456789abcdef");
    for [list, ..] in TOOLS {
        dir.sh(list).code(3).no_stdout();
    }
    let dir = Dir::new();
    let content = json!({"endpoint": sim.entry.endpoint, "accessToken": "old",
        "expiresAt": "2020-01-01T00:00:00.000Z"});
    dir.write(".impt.auth", content.to_string());
    dir.sh("imp-device list").code(3).no_stdout();
}

#[test]
fn three_once_when_the_sign_in_ends_in_the_middle_of_a_run() {
    let (sim, dir) = account();
    let ids = sim.field("id");
    dir.write_column("ids", "id", &ids);
    // A token that is refused, and no way to another.
    sim.fault("POST /auth/token 404");
    sim.fault("GET /devices/* 401 after=20");
    let run =
        dir.sh("imp-device info --jobs 1 --input ids --failed failed --report report").code(3);
    assert_eq!(run.records().len(), 20);
    let said = run.stderr();
    let told =
        said.lines().filter(|line| line.contains("sign in again with `imp-auth login")).count();
    assert_eq!((told, said.lines().count()), (1, 2), "once, and how many rows are left{run}");
    let failed = dir.failed("failed");
    assert_eq!(failed.len(), 130);
    let first = failed.iter().filter(|row| row.error.kind == "not_signed_in").count();
    let rest = failed.iter().filter(|row| row.error.kind == "not_attempted").count();
    assert_eq!((first, rest), (1, 129));
    assert_eq!(dir.report("report").exit, 3);
}

#[test]
fn four_when_the_service_is_away() {
    let (mut sim, dir) = account();
    sim.stop();
    for [list, work, nothing] in TOOLS {
        dir.sh(&format!("{list} --patience 0s")).code(4).no_stdout();
        dir.write("failed", "");
        dir.sh_with(&format!("{work} --patience 0s --failed failed"), nothing).code(4).no_stdout();
        assert_eq!(kinds(&dir.failed("failed")), [("unreachable", 1)].into());
    }
}

#[test]
fn interrupted_is_130_and_terminated_143() {
    let (sim, dir) = account();
    sim.fault("* /** delay=1h");
    for [list, work, nothing] in TOOLS {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            // A signal counts only from the moment on that it is listened for: the process has sent a
            // request of its own, and what is in flight is not one that an earlier process left behind.
            let interrupt = |background: Background| {
                let waiting = "it waits for an answer";
                background.wait_for(waiting, || sim.counts().in_flight == 1);
                background.insist(signal).code(code).no_stdout();
                sim.wait_until_idle();
            };
            interrupt(dir.spawn(&format!("exec {list} --patience 10m")));
            let mut working = dir.spawn_open(&format!("exec {work} --patience 10m"));
            working.type_line(nothing);
            working.close_stdin();
            interrupt(working);
        }
    }
}

#[test]
fn the_first_that_applies() {
    // 3 before 1: rows that fail and a sign-in that ends.
    let (sim, dir) = account();
    sim.fault("POST /auth/token 404");
    sim.fault("GET /devices/* 401 after=2");
    let rows = "40000c2a69ffffff\n0c:2a:69:ff:ff:ff\n40000c2a69fffffe\nx\n";
    dir.write("rows", rows);
    dir.sh("imp-device info --jobs 1 --input rows").code(3);
    // 2 before 1: an input that cannot be read after rows that failed.
    let (_sim, dir) = account();
    dir.write("rows", "nobody\n");
    dir.sh("mkdir folder; imp-device info --input rows --input folder").code(2);
    dir.write("wrong.csv", "serial,label\n1,2\n");
    dir.sh("imp-device info --input rows --input wrong.csv --failed failed").code(2);
    // 4 before 1.
    let (sim, dir) = account();
    sim.fault("GET /devices/* 503 after=1");
    dir.write("rows", rows);
    dir.sh("imp-device info --jobs 1 --patience 0s --input rows").code(4);
}
