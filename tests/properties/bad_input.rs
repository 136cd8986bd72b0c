//! Bad input of every kind. Nothing is lost, nothing stops the other rows, and every error
//! says what happened, to which row, and what to do.

use serde_json::json;
use tests::{Dir, Sim, kinds};

/// A small account, and somebody who is signed in.
fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "20"]);
    sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

/// The first good row after whatever is tried.
const GOOD: &str = "sensor-000005";

#[test]
fn bad_rows_fail_and_the_good_ones_go_on() {
    let (_sim, dir) = account();
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(17 << 20));
    let cases: [(&str, Vec<u8>); 14] = [
        ("not JSON", b"{\"id\": nonsense}\n{\"id\":\"sensor-000005\"}\n".to_vec()),
        ("cut JSON", b"{\"id\":\n{\"id\":\"sensor-000005\"}\n".to_vec()),
        ("a number", b"{\"id\":\"sensor-000005\"}\n17\n".to_vec()),
        ("null", b"{\"id\":\"sensor-000005\"}\nnull\n".to_vec()),
        ("an id that is a number", b"{\"id\":\"sensor-000005\"}\n{\"id\":[1]}\n".to_vec()),
        ("names nothing", b"{\"id\":\"sensor-000005\"}\n{\"label\":\"x\"}\n".to_vec()),
        ("an empty id", b"{\"id\":\"sensor-000005\"}\n{\"id\":\"\"}\n".to_vec()),
        ("not UTF-8", b"{\"id\":\"sensor-000005\"}\n{\"id\":\"\xff\xfe\"}\n".to_vec()),
        ("not UTF-8, bare", b"sensor-000005\nca\xefe\n".to_vec()),
        ("NUL", b"sensor-000005\nx\0y\n".to_vec()),
        ("too many fields", b"id,label\nsensor-000005,x\nsensor-000006,x,y\n".to_vec()),
        ("too few fields", b"id,label\nsensor-000006\nsensor-000005,x\n".to_vec()),
        ("an empty field", b"id,label\n,x\nsensor-000005,x\n".to_vec()),
        ("too long", [long.as_bytes(), b"\n{\"id\":\"sensor-000005\"}\n"].concat()),
    ];
    for (case, text) in cases {
        dir.write("rows", text);
        let run = dir.sh("imp-device info --failed failed --report report --input rows").code(1);
        assert_eq!(run.field("name"), [GOOD], "{case}{run}");
        let failed = dir.failed("failed");
        assert_eq!(kinds(&failed), [("bad_input", 1)].into(), "{case}{run}");
        assert!(run.stderr().contains(&failed[0].source), "{case}{run}");
        assert!(run.stderr().len() < 2000, "{case}: the row itself is not repeated at length");
        assert_eq!(dir.report("report").rows, 2, "{case}");
        // As it stands the file is input; rows that cannot be read stay bad.
        dir.sh("imp-device info --failed again < failed").code(1);
        assert_eq!(dir.failed("again").len(), 1, "{case}");
    }
}

#[test]
fn a_line_of_ten_megabytes_is_a_row_as_any_other() {
    let (_sim, dir) = account();
    let note = "x".repeat(10 << 20);
    dir.write(
        "rows",
        format!("{{\"id\":\"{GOOD}\",\"note\":\"{note}\"}}\n{{\"id\":\"{GOOD}\"}}\n"),
    );
    let run =
        dir.sh("imp-device update --name sensor-000005 --input rows | jq -c '[.outcome, .name]'");
    let as_it_was = "[\"unchanged\",\"sensor-000005\"]";
    assert_eq!(run.quiet().lines(), [as_it_was; 2]);
    dir.write("rows", format!("{note}\n{GOOD}\n"));
    let run = dir.sh("imp-device info --failed failed --input rows").code(1);
    assert_eq!((dir.failed("failed").len(), run.stderr().len() < 2000), (1, true));
}

#[test]
fn messages_have_no_control_characters_whatever_the_rows_have() {
    let (_sim, dir) = account();
    dir.write("evil\u{1b}[31m\n.csv", "id,label\n\u{1b}]0;title\u{7},x\n\"a\nb\",x\n");
    dir.write("rows", "{\"id\":\"\\u001b[2Jx\\r\"}\n");
    for (script, rows) in [("imp-device info --input evil*", 2), ("imp-device info < rows", 1)] {
        let run = dir.sh(script).code(1);
        let odd = |letter: char| letter.is_control() && letter != '\n';
        assert!(!run.stderr().contains(odd), "{:?}", run.stderr());
        let said = run.stderr();
        let named = said.lines().filter(|line| line.starts_with("imp-device: ")).count();
        assert_eq!((named, said.lines().count()), (rows, rows), "a row is one line{run}");
    }
}

#[test]
fn depth_is_no_danger() {
    let (_sim, dir) = account();
    // Of an array the element and its end.
    for (opening, rows) in [("[", 2), ("{\"a\":", 1)] {
        dir.write("deep", opening.repeat(1_000_000));
        let run = dir.sh("imp-device info --input deep --failed failed").code(1).no_stdout();
        assert_eq!(kinds(&dir.failed("failed")), [("bad_input", rows)].into(), "{run}");
    }
}

#[test]
fn what_cannot_be_read_at_all_is_exit_2() {
    let (sim, dir) = account();
    let cases: [(&str, &[u8], &str); 6] = [
        ("wrong columns", b"serial,label\n1,x\n", "serial"),
        ("the same column twice", b"id,ID\nx,y\n", "twice"),
        ("a spreadsheet", b"PK\x03\x04\x14\x00\x06\x00", "spreadsheet"),
        ("compressed", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "compressed"),
        ("UTF-16", b"\xff\xfei\x00d\x00\n\x00", "UTF-16"),
        ("wrong columns, tabs", b"serial\tlabel\n1\tx\n", "serial"),
    ];
    for (case, text, says) in cases {
        dir.write("rows.csv", text);
        let run = dir.sh("imp-device assign --dg A --input rows.csv").code(2).no_stdout();
        let run = run.says_all(&["rows.csv", says]);
        assert_eq!(sim.counts().writes, 0, "{case}{run}");
    }
    dir.sh("imp-device info --input .").code(2).says("directory");
    dir.sh("imp-device info < .").code(2).says("directory");
    dir.sh("imp-device info --input nowhere").code(2).says("nowhere");
    dir.sh("imp-device info --input rows.csv --input nowhere").code(2).says("nowhere");
}

#[test]
fn the_failed_file_must_not_be_an_input_of_the_same_run() {
    let (sim, dir) = account();
    let rows = "sensor-000001\nsensor-000002\n";
    dir.write("rows", rows);
    dir.sh("ln rows hard; ln -s rows soft").quiet();
    for script in [
        "imp-device assign --dg A --input rows --failed rows",
        "imp-device assign --dg A --input ./rows --failed hard",
        "imp-device assign --dg A --input soft --failed rows",
        "imp-device assign --dg A --failed soft < rows",
        "imp-device assign --dg A --failed rows --input - < hard",
        "imp-device info --failed rows --device - < rows",
    ] {
        dir.sh(script).code(2).no_stdout().says("input");
        assert_eq!(dir.read("rows"), rows, "{script}");
    }
    assert_eq!(sim.counts().writes, 0);
    dir.sh("imp-device assign --dg A --input rows --failed nowhere/failed").code(2).says("nowhere");
    // Two terminals are no reason to refuse.
    dir.sh("imp-device info --input rows --failed /dev/null").quiet();
    dir.sh("imp-device info --failed /dev/stderr --input rows").quiet();
}

#[test]
fn identifiers_with_characters_that_mean_something_in_a_path() {
    let (sim, dir) = account();
    dir.write("rows", "a/b\nc?d=e\n../products\n#f\n%2e%2e\nsensor-000001\n");
    for verb in ["info", "assign --dg A", "unassign", "restart", "update --name x"] {
        let run = dir.sh(&format!("imp-device {verb} --failed failed < rows")).code(1);
        let failed = dir.failed("failed");
        let missing = failed.iter().filter(|row| row.error.kind == "not_found").count();
        assert_eq!(missing, 5, "{verb}{run}");
    }
    let requests = sim.requests();
    assert!(!requests.is_empty());
    for asked in requests {
        assert!(!asked.path.contains("a/b") && !asked.query.contains("d=e"), "{asked:?}");
        assert!(asked.path.starts_with("/devices") || asked.path.starts_with("/devicegroups"));
    }
    // A device that is really called so is found.
    let id = &sim.field("id")[7];
    sim.api(
        "PATCH",
        &format!("/devices/{id}"),
        &json!({"data": {"type": "device", "id": id, "attributes": {"name": "a/b?c"}}}),
    );
    let run = dir.sh("imp-device info --device 'a/b?c'").quiet();
    assert_eq!(run.record()["id"], *id);
    dir.sh("imp-dg info --dg 'x/y?z'").code(1);
    dir.sh("imp-product info --product '../devices'").code(1);
}

#[test]
fn what_a_spreadsheet_does_to_addresses_gets_an_error_that_names_it() {
    let (sim, dir) = account();
    dir.write(
        "devices.csv",
        "mac_address,note\n2.34E+15,a\n\"2,34E+15\",b\n12345678901,c\n0c:2a:69,d\n1.2E+11,e\n",
    );
    let run = dir.sh("imp-device assign --dg A --input devices.csv --failed failed").code(1);
    run.no_stdout().says("spreadsheet");
    let failed = dir.failed("failed");
    assert_eq!(kinds(&failed), [("bad_input", 5)].into(), "{failed:?}");
    let damaged = failed.iter().filter(|row| {
        let error = &row.error;
        format!("{} {:?}", error.title, error.detail).contains("spreadsheet")
    });
    assert_eq!(damaged.count(), 4);
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn records_of_another_kind() {
    let (_sim, dir) = account();
    dir.sh("imp-device list | imp-device assign --dg A > devices").quiet();
    // A device tells its group; a group tells no device.
    let run = dir.sh("imp-dg info < devices | jq -r .name | sort -u").quiet();
    assert_eq!(run.lines(), ["A"]);
    let run = dir.sh("imp-product info < devices | jq -r .name | sort -u").quiet();
    assert_eq!(run.lines(), ["Ovens"]);
    // Products of collaborators are listed too.
    for (script, rows) in
        [("imp-dg list | imp-device info", 1), ("imp-product list | imp-device unassign", 2)]
    {
        let run = dir.sh(&format!("{script} --failed failed")).code(1).no_stdout();
        assert_eq!(kinds(&dir.failed("failed")), [("wrong_type", rows)].into(), "{run}");
    }
}

#[test]
fn the_same_error_is_told_three_times_and_then_counted() {
    let (_sim, dir) = account();
    let rows: String = (0..100).map(|row| format!("{{\"id\":\"nobody-{row}\"}}\n")).collect();
    dir.write("rows", format!("{rows}{{\"label\":1}}\n{{\"id\":\"{GOOD}\"}}\n"));
    let script = "imp-device info --input rows";
    let run = dir.sh(&format!("{script} --failed failed")).code(1);
    assert_eq!(run.field("name"), [GOOD], "{run}");
    assert_eq!(run.stderr().lines().count(), 5, "three, the other kind, and the count{run}");
    let run = run.says("rows:3: ").says("… and 97 more: No device …");
    assert!(!run.stderr().contains("nobody-3"), "{run}");
    assert_eq!(kinds(&dir.failed("failed")), [("not_found", 100), ("bad_input", 1)].into());
    // Without the file it is said how to get at the others, and with -v there are no others.
    dir.sh(script).code(1).says("--failed FILE keeps the rows that fail");
    let run = dir.sh(&format!("{script} -v --failed failed")).code(1).says("nobody-99");
    assert!(!run.stderr().contains("more:"), "{run}");
    run.says("102 rows: 1 ok, 0 unchanged, 101 failed")
        .says("failed: 100 No device …, 1 Nothing names the device; the rows are in failed");
}
