//! `imp-device metrics`: the fleet counted as Prometheus reads it, and the file for node_exporter.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::Value;
use tests::{DEVELOPMENT, Dir, Sim};

/// Pages are asked for ahead: so many more than there are, at most.
const AHEAD: u64 = 7;

/// What the samples of a metric add up to whose labels have all of `labels` in them.
fn sum(text: &str, name: &str, labels: &[&str]) -> u64 {
    let of = |line: &&str| line.split(['{', ' ']).next() == Some(name);
    let labelled = |line: &&str| labels.iter().all(|label| line.contains(label));
    let value = |line: &str| line.rsplit(' ').next().expect("a value").parse::<u64>();
    text.lines().filter(of).filter(labelled).map(|line| value(line).expect("a number")).sum()
}

#[test]
fn the_counts_are_those_of_the_account_and_cost_a_listing() {
    let sim = Sim::start(&["--devices", "950", "--production", "300"]);
    let [bench] = sim.groups(["Bench"]);
    let dir = Dir::signed_in(&sim);
    let unassigned = dir.sh("imp-device list --unassigned").quiet().field("id");
    sim.put(&bench, &unassigned[..40]);
    sim.reset();
    let devices = dir.sh("imp-device list").quiet().records();
    let listed = sim.counts();
    sim.reset();
    let text = dir.sh("imp-device metrics | tee metrics").quiet().stdout();
    let asked = sim.counts();
    let of_devices = asked.kind("GET /devices");
    assert_eq!(asked.total, of_devices, "{asked:?}");
    assert!(of_devices <= listed.total + AHEAD, "{asked:?}, listed: {listed:?}");
    dir.sh("promtool check metrics < metrics").quiet().no_stdout();
    check_counts(&devices, &text);
    let group = format!("devicegroup_id=\"{bench}\"");
    assert_eq!(sum(&text, "imp_devices", &[&group]), 40);
    // The filters are those of the list.
    let text = dir.sh("imp-device metrics --dg Bench --online").quiet().stdout();
    let online = dir.sh("imp-device list --dg Bench --online").quiet().lines().len() as u64;
    assert_eq!(sum(&text, "imp_devices", &[]), online);
    assert!(text.ends_with("# EOF\n"), "{text}");
}

/// What the text says is what the list said.
fn check_counts(devices: &[Value], text: &str) {
    let count = |is: &dyn Fn(&Value) -> bool| devices.iter().filter(|one| is(one)).count() as u64;
    let total = |name: &str, labels: &[&str]| sum(text, name, labels);
    assert_eq!(total("imp_devices", &[]), devices.len() as u64);
    let online = count(&|device| device["device_online"] == true);
    assert_eq!(total("imp_devices_online", &[]), online);
    assert_eq!(total("imp_devices_offline", &[]), devices.len() as u64 - online);
    assert_eq!(
        total("imp_devices_offline_for", &["at_least=\"90d\""]),
        count(&|device| {
            device["device_online"] == false && device["device_state_changed_at"].is_string()
        })
    );
    let blessed = count(&|device| device["devicegroup_type"] == "production_devicegroup");
    assert!(blessed > 0);
    assert_eq!(total("imp_devices_unblessed", &[]), devices.len() as u64 - blessed);
    let never = count(&|device| device["last_enrolled_at"].is_null());
    assert_eq!(total("imp_devices_never_enrolled", &[]), never);
    let kind = devices[0]["imp_type"].as_str().expect("a type");
    let same = count(&|device| device["imp_type"] == kind);
    assert_eq!(total("imp_devices", &[&format!("imp_type=\"{kind}\"")]), same);
    let version = devices[0]["swversion"].as_str().expect("a version");
    let release = version.split(" - ").nth(1).expect("a release");
    let is_same =
        |device: &Value| device["swversion"].to_string().contains(&format!("- {release} -"));
    assert_eq!(total("imp_devices", &[&format!("swversion=\"{release}\"")]), count(&is_same));
}

#[test]
fn names_may_be_anything() {
    let sim = Sim::start(&["--devices", "6"]);
    let product = sim.product("Öfen \"2\"\\n");
    let group = sim.group(&product, DEVELOPMENT, "line\none {a=\"b\"} 1 \\ 🔥");
    sim.put(&group, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    let text = dir.sh("imp-device metrics --group-names | tee metrics").quiet().stdout();
    dir.sh("promtool check metrics < metrics").quiet().no_stdout();
    let labels = [
        r#"product_name="Öfen \"2\"\\n""#,
        r#"devicegroup_name="line\none {a=\"b\"} 1 \\ 🔥""#,
        &format!("devicegroup_id=\"{group}\""),
    ];
    assert_eq!(sum(&text, "imp_devicegroup_info", &labels), 1, "{text}");
    for form in ["-z ndjson", "-z json", "--fields id"] {
        dir.sh(&format!("imp-device metrics {form}")).code(2).no_stdout().says("--output");
    }
}

#[test]
fn the_file_is_replaced_as_a_whole_or_stays() {
    let sim = Sim::start(&["--devices", "120"]);
    let dir = Dir::signed_in(&sim);
    let script = "mkdir -p out; umask 077; imp-device metrics --textfile out/imp.prom";
    let metadata = || dir.path().join("out/imp.prom").metadata().expect("it is there");
    dir.sh(script).quiet().no_stdout();
    let first = dir.read("out/imp.prom");
    assert_eq!(sum(&first, "imp_devices", &[]), 120);
    assert_eq!(metadata().permissions().mode() & 0o777, 0o644);
    // Who has the old one open reads it to its end.
    sim.add_devices(30);
    dir.sh(&format!("mkdir -p out; exec 3<out/imp.prom; {script}; cat <&3 > old")).quiet();
    assert_eq!(dir.read("old"), first);
    let second = dir.read("out/imp.prom");
    assert_eq!(sum(&second, "imp_devices", &[]), 150);
    // Through a link, and with nothing else left in the folder.
    dir.sh("ln -s out/imp.prom link; imp-device metrics --textfile link").quiet();
    assert!(dir.path().join("link").is_symlink());
    assert_eq!(metadata().permissions().mode() & 0o777, 0o644);
    dir.sh("ln -s out/new.prom new; imp-device metrics --textfile new").quiet();
    assert!(dir.path().join("new").is_symlink(), "also one that led nowhere yet");
    dir.sh(
        "diff <(grep -v timestamp out/new.prom) <(grep -v timestamp out/imp.prom); rm out/new.prom",
    )
    .quiet();
    let inode = metadata().ino();
    sim.fault("GET /devices 500");
    dir.sh(&format!("{script} --patience 0s")).code(4).no_stdout();
    dir.sh("imp-device metrics --patience 0s").code(4).no_stdout();
    assert_eq!(metadata().ino(), inode, "half a fleet takes no place");
    assert_eq!(dir.sh("ls -A out").quiet().stdout(), "imp.prom\n");
    sim.no_faults();
    // Nothing is printed, so it does not matter who reads that.
    let piped = "imp-device metrics --textfile piped.prom | true; echo ${PIPESTATUS[0]}";
    assert_eq!(dir.sh(piped).quiet().stdout(), "0\n");
    assert_eq!(sum(&dir.read("piped.prom"), "imp_devices", &[]), 150);
    sim.reset();
    for file in ["out", "missing/imp.prom", "/dev/null"] {
        let run = dir.sh(&format!("imp-device metrics --textfile {file}")).code(2).no_stdout();
        run.says(file);
    }
    assert_eq!(sim.counts().total, 0, "it is said before anything is asked for");
}
