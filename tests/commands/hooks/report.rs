//! The books of a shift: figures whose truth is known, and the page in a browser.

use serde_json::{Value, json};
use tests::{Dir, have, look_at};

/// A line of a journal: a device is blessed so many minutes after six.
fn blessing(number: u64, minute: u64, hook: &str) -> Value {
    let (hour, minute) = (6 + minute / 60, minute % 60);
    json!({
        "type": "webhook_event",
        "id": format!("{number}-{hour}-{minute}"),
        "received_at": format!("2026-11-28T{hour:02}:{minute:02}:00.000Z"),
        "event": "blessing",
        "hook": hook,
        "device_id": device(number),
        "imp_id": device(number),
        "digest": "0",
    })
}

fn device(number: u64) -> String {
    format!("5000d8c4{number:08x}")
}

fn mac(number: u64) -> String {
    let digits = &device(number)[4..];
    let pairs: Vec<&str> = (0..6).map(|pair| &digits[2 * pair..2 * pair + 2]).collect();
    pairs.join(":")
}

fn write(dir: &Dir, name: &str, lines: &[Value]) {
    dir.write(name, lines.iter().map(|line| format!("{line}\n")).collect::<String>());
}

/// Ten devices, one of them twice; a call that was delivered again; an activation; a list of fourteen.
fn shift() -> Dir {
    let mut dir = Dir::new();
    dir.set("TZ", "UTC");
    let mut lines: Vec<Value> =
        (0..10).map(|number| blessing(number, number * 5, "blessing.g1")).collect();
    lines.push(blessing(3, 75, "blessing.g1"));
    let mut again = blessing(9, 45, "blessing.g1");
    (again["id"], again["repeat"]) = (json!("again"), json!(true));
    lines.push(again);
    let mut activated = blessing(2, 100, "blinkup.g1");
    activated["event"] = json!("blinkup");
    lines.push(activated);
    lines.push(json!({"type": "webhook_event", "id": "x", "received_at": "2026-11-28T08:00:00Z",
        "event": "deployment", "hook": "deployment.g1", "digest": "1"}));
    write(&dir, "events.ndjson", &lines);
    let rows = (0..14).map(|number| {
        let fixture = if number % 2 == 0 { "left" } else { "right" };
        format!("SN-{number};{};{fixture}\n", mac(number))
    });
    dir.write("serials.csv", format!("serial;MAC address;fixture\n{}", rows.collect::<String>()));
    let duts: Vec<Value> =
        [4, 11, 12].map(|number| json!({"type": "device", "id": device(number)})).into();
    write(&dir, "duts.ndjson", &duts);
    dir
}

#[test]
fn the_figures_are_what_the_journal_and_the_lists_show() {
    let dir = shift();
    let report = "imp-hook report --journal events.ndjson";
    let alone = dir.sh(report).quiet().records();
    assert_eq!((alone.len(), &alone[1]["minutes"]), (2, &json!(30.0)), "{alone:?}");
    let figures = |record: &Value, names: &[&str]| -> Vec<Value> {
        names.iter().map(|name| record[*name].clone()).collect()
    };
    let counted = ["blessed", "first_pass", "doubled", "activated", "repeated_calls", "rejected"];
    assert_eq!(
        figures(&alone[0], &counted),
        [json!(10), json!(9), json!(1), json!(1), json!(1), Value::Null]
    );
    let times = ["from", "to", "per_hour", "first_pass_percent"];
    let (from, to) = (json!("2026-11-28T06:00:00Z"), json!("2026-11-28T07:40:00Z"));
    // Nine more than the first, in the 75 minutes until one was blessed again.
    assert_eq!(figures(&alone[0], &times), [from, to, json!(7.2), json!(90.0)]);
    let lists = format!("{report} --expected serials.csv --duts duts.ndjson --by fixture");
    let records = dir.sh(&lists).quiet().records();
    let listed = ["name", "blessed", "rejected", "missing", "unexpected", "first_pass_percent"];
    let row = |name: Value, numbers: [i32; 4], percent: f64| -> Vec<Value> {
        [vec![name], numbers.map(Value::from).to_vec(), vec![json!(percent)]].concat()
    };
    let found: Vec<_> = records[..3].iter().map(|record| figures(record, &listed)).collect();
    let expected = [
        row(Value::Null, [10, 2, 2, 0], 75.0),
        row(json!("left"), [5, 1, 1, 0], 83.3),
        row(json!("right"), [5, 1, 1, 0], 66.7),
    ];
    // Numbers 10 and 13 are missing, 11 and 12 rejected.
    assert_eq!(found, expected);
    let hours = dir.sh(&format!("{report} --by hour --gap 1h")).quiet().records();
    assert_eq!(hours[1..].iter().map(|it| it["blessed"].clone()).collect::<Vec<_>>(), [10, 0]);
    assert_eq!(hours[1]["name"], "2026-11-28T06:00:00Z");
}

#[test]
fn a_part_of_a_journal_and_a_pipe_are_read_and_a_bad_line_is_said() {
    let dir = shift();
    let period = "--since 2026-11-28T06:10:00Z --before 2026-11-28T06:30:00Z";
    let run = dir.sh(&format!("imp-hook report --journal - {period} < events.ndjson")).quiet();
    assert_eq!(run.record()["blessed"], 4);
    // Twice the same file is the same shift.
    let twice = "imp-hook report --journal events.ndjson --journal events.ndjson";
    assert_eq!(dir.sh(twice).quiet().records()[0]["blessed"], 10);
    let torn =
        "{ cat events.ndjson; echo '{\"type\":\"webh'; } | imp-hook report --journal - -z csv";
    let run = dir.sh(torn).code(1).says("stdin:15");
    assert!(run.stdout().starts_with("type,by,name,from,to,blessed"), "{run}");
    dir.write("names.csv", "device\noven-7\n");
    let run = dir.sh("imp-hook report --journal events.ndjson --expected names.csv").code(1);
    run.says("names.csv:2: Neither a device id nor a MAC address");
    dir.sh("imp-hook report --journal nowhere --html page.html").code(2).no_stdout();
    assert!(!dir.path().join("page.html").exists());
    let nowhere = "imp-hook report --journal events.ndjson --html nowhere/page.html";
    dir.sh(nowhere).code(2).no_stdout();
    let to_stdout = dir.sh("imp-hook report --journal events.ndjson --html -").code(2).no_stdout();
    to_stdout.says("--html: name a file");
    assert!(!dir.path().join("-").exists());
    dir.sh("imp-hook report").code(2).no_stdout();
    let period = "--since 2026-11-28T08:00:00Z --before 2026-11-28T07:00:00Z";
    let swapped = format!("imp-hook report --journal events.ndjson {period}");
    dir.sh(&swapped).code(2).no_stdout().says("--since is not before --before");
    // A line that stands still is told while the shift goes on.
    let idle = "imp-hook report --journal events.ndjson --since 2026-11-28T06:00:00Z";
    let gaps = dir.sh(idle).quiet().records();
    let last = gaps.last().expect("a gap");
    assert_eq!(
        (&last["type"], &last["from"]),
        (&json!("shift_gap"), &json!("2026-11-28T07:15:00Z"))
    );
    let table = dir.sh("imp-hook report --journal events.ndjson -z table").quiet().stdout();
    let gap = table.lines().find(|line| line.starts_with("shift_gap")).expect("a gap");
    assert!(table.contains(" MINUTES ") && gap.contains(" 30.0"), "{table}");
}

#[test]
fn the_page_never_replaces_what_it_is_made_of() {
    let dir = shift();
    let before = dir.read("events.ndjson");
    let line = "ln -sf events.ndjson link; imp-hook report --journal events.ndjson --html";
    for page in ["link", "events.ndjson"] {
        dir.sh(&format!("{line} {page}")).no_stdout().says("--html would replace").code(2);
    }
    assert_eq!(dir.read("events.ndjson"), before);
}

#[test]
fn a_person_sees_bars_that_fit_the_screen() {
    let dir = shift();
    let screen = |columns: usize, options: &str| -> Vec<String> {
        let report = "imp-hook report --journal events.ndjson --expected serials.csv";
        let script = format!("stty cols {columns} rows 50; {report} {options}");
        let shown = dir.sh_on_terminal(&script, "").ok().stdout();
        shown.lines().map(|line| line.trim_end().to_owned()).collect()
    };
    for columns in [80, 120] {
        for by in ["", "--by fixture", "--by group"] {
            let shown = screen(columns, by);
            assert!(shown.iter().all(|line| line.chars().count() <= columns), "{shown:#?}");
            let bars: Vec<&String> = shown.iter().filter(|line| line.contains('█')).collect();
            assert!(!bars.is_empty() && bars.iter().all(|bar| bar.contains('%')), "{shown:#?}");
        }
    }
    let shown = screen(80, "");
    assert_eq!(shown[0], "Shift 2026-11-28 06:00 – 07:40");
    assert!(shown.contains(&"first-pass yield  90.0 % at most".to_owned()), "{shown:#?}");
    assert!(shown.contains(&"  06:45 – 07:15  30 min".to_owned()), "{shown:#?}");
}

/// More of everything than a page has room for, and names that are no good.
#[test]
fn the_page_fits_a_phone_and_a_sheet_and_loads_nothing() {
    if !have(&["chromium"]) {
        return;
    }
    let mut dir = Dir::new();
    dir.set("TZ", "UTC");
    let name = |number: u64| match number % 20 {
        0 => "<script>alert(1)</script><img src=http://192.0.2.1/x>".to_owned(),
        1 => "a-name-without-a-blank-that-is-longer-than-the-screen-of-a-phone-is-wide".to_owned(),
        other => format!("Station {other} of the second hall, at the window"),
    };
    let mut minute = 0;
    let lines: Vec<Value> = (0..600)
        .map(|number| {
            minute += if number % 30 == 29 { 12 } else { 1 };
            let mut line = blessing(number, minute, "blessing.g1");
            line["fixture"] = json!(name(number));
            line
        })
        .collect();
    write(&dir, "events.ndjson", &lines);
    dir.write("page.html", "old");
    dir.sh("imp-hook report --journal events.ndjson --html page.html").quiet();
    for width in [390, 1200] {
        let looked = look_at(&dir, "page.html", width);
        assert_eq!(looked.width, u64::from(width), "{looked:#?}");
        assert!(looked.requests.is_empty() && looked.console.is_empty(), "{looked:#?}");
        assert_eq!((looked.sheets, looked.drawings), (1, 14), "{looked:#?}");
        for text in ["<script>alert(1)</script>", "600", "12 min", "06:01", "100.0 %"] {
            assert!(looked.text.contains(text), "{text}: {looked:#?}");
        }
    }
    let files = dir.sh("ls -A | grep -v -e frame -e profile -e page.pdf").ok().lines();
    assert_eq!(files, ["events.ndjson", "page.html"], "nothing is left beside it");
}
