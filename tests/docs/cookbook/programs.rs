//! The section about other programs, each of which is run.

use serde_json::Value;

use tests::have;

use super::{Job, set, text};

#[test]
fn duckdb() {
    if !have(&["duckdb"]) {
        return;
    }
    let mut job = Job::of("Ask in SQL: DuckDB");
    let table = job.type_next().stdout();
    let ours = job.sim.devices().into_iter().filter(|it| it["devicegroup_id"].is_string());
    let of_type = ours.filter(|device| device["imp_type"] == "imp004m").count();
    let row = table.lines().find(|line| line.contains("imp004m")).expect("a row");
    assert!(row.split_whitespace().any(|cell| cell == of_type.to_string()), "{row}");
    let macs = job.field(None, "mac_address");
    let strangers = ["0c:2a:69:ff:ff:01".to_owned()];
    job.dir.write_column("devices.csv", "mac_address", &[&macs[..7], &strangers].concat());
    job.type_next();
    let assigned = job.dir.read_lines("assigned.ndjson");
    assert_eq!(set(assigned.iter().map(|it| it["outcome"].to_string())).len(), 1);
    assert_eq!((assigned.len(), job.number("Bench")), (7, 107));
}

#[test]
fn miller() {
    if !have(&["mlr"]) {
        return;
    }
    let mut job = Job::of("Count and reshape: Miller");
    let macs = job.field(Some("Bench"), "mac_address");
    let row = |(number, mac): (usize, &String)| {
        let result = if number % 3 == 0 { "fail" } else { "pass" };
        format!("{number};{mac};{result}\n")
    };
    let rows: String = macs[..12].iter().enumerate().map(row).collect();
    job.dir.write("results.csv", format!("serial;mac_address;result\n{rows}"));
    job.type_next();
    assert_eq!((job.dir.read_lines("passed.ndjson").len(), job.number("Burn-in")), (8, 8));
    let counted = job.type_next().lines();
    let sum = counted[1..].iter().filter_map(|line| line.split_whitespace().last());
    let sum: usize = sum.map(|number| number.parse::<usize>().expect("a number")).sum();
    // Some devices do not tell their type.
    assert!((340..=350).contains(&sum), "{counted:?}");
}

#[test]
fn nushell() {
    if !have(&["nu"]) {
        return;
    }
    let mut job = Job::of("Look around: nushell");
    let mut bench = job.devices(Some("Bench"));
    bench.retain(|device| device["name"].is_string());
    let shown = job.type_next().stdout();
    assert!(shown.contains("mac_address") && shown.contains("rssi"), "{shown}");
    job.type_next();
    let weak = set(job.field(Some("Burn-in"), "mac_address"));
    assert_eq!(weak.len(), 5);
    assert!(weak.iter().all(|mac| shown.contains(mac)), "{weak:?}: {shown}");
}

#[test]
fn visidata() {
    if !have(&["vd"]) {
        return;
    }
    let mut job = Job::of("Choose by hand: VisiData");
    let script = job.text();
    job.dir.write("typed", format!("export TERM=xterm\nstty rows 40 cols 120\n{script}"));
    let terminal = "script --quiet --return --command 'bash -e typed' /dev/null";
    let mut running = job.dir.spawn_open(terminal);
    let mut seen = 0;
    // To the column of the types; select those like the first; open and save them; end.
    for (shown, keys) in [
        ("100 rows", "c"),
        ("column name regex:", "imp_type\r"),
        ("\"imp_type\"", ","),
        ("selected", "\""),
        ("_selectedref", "\u{13}"),
        ("save to:", "\u{b}chosen.jsonl\r"),
        ("saving 1 sheets", ""),
    ] {
        running.wait_for(shown, || {
            let place = running.stdout()[seen..].find(shown);
            seen += place.map_or(0, |place| place + shown.len());
            place.is_some()
        });
        running.type_text(keys);
    }
    let saved = || job.dir.path().join("chosen.jsonl").exists();
    running.wait_for("the file", saved);
    running.type_text("gq");
    running.close_stdin();
    running.wait().ok();
    let of_type = |device: &&Value| device["imp_type"] == "imp004m";
    let moved = job.devices(Some("Burn-in"));
    let chosen = job.dir.read_lines("chosen.jsonl");
    assert!(!chosen.is_empty() && moved.iter().all(|device| of_type(&device)));
    assert_eq!(
        set(moved.iter().map(|it| text(it, "id"))),
        set(chosen.iter().map(|it| text(it, "id")))
    );
    assert!(job.devices(Some("Bench")).iter().all(|device| !of_type(&device)));
}

#[test]
fn gnu_parallel() {
    if !have(&["parallel"]) {
        return;
    }
    let mut job = Job::of("Start many at once: GNU parallel");
    job.type_next();
    for (group, number) in [("Bench", 100), ("Burn-in", 0), ("Shipped", 250)] {
        assert_eq!(job.dir.read_lines(&format!("{group}.ndjson")).len(), number, "{group}");
    }
    job.dir.write("key", &job.sim.entry.login_key);
    for account in ["factory", "service"] {
        let login = format!("imp-auth login --endpoint {}", job.sim.entry.endpoint);
        job.dir.sh(&format!("{login} --lk-file key --as {account}")).ok();
    }
    job.type_next();
    let lists = ["factory.devices", "service.devices"].map(|file| job.dir.read(file));
    assert_eq!((lists[0].lines().count(), &lists[0]), (450, &lists[1]));
}
