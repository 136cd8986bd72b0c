//! The units in `tools/imp/systemd`, and the jobs that use them, under a systemd of their own; see
//! `under_systemd.sh`.

use std::path::{Path, PathBuf};

use tests::{Dir, Port, have, skipped};

use super::{Job, set, text};

/// What `under_systemd.sh` needs, all of which but systemd is on every Linux.
const PROGRAMS: [&str; 4] = ["/lib/systemd/systemd", "systemctl", "unshare", "findmnt"];

fn units() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/imp/systemd")
}

/// Writes the units into a directory, with the paths and the port of this test.
fn write_units(dir: &Dir, commands: &str, port: &Port) {
    dir.sh("mkdir units").quiet();
    for unit in std::fs::read_dir(units()).expect("there are units") {
        let path = unit.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let here = dir.path();
        let text = text.replace("/usr/bin/imp-", &format!("{commands}/imp-"));
        let text = text.replace("127.0.0.1:8070", &port.address());
        let text = text.replace("/etc/default/", &format!("{}/", here.display()));
        dir.write(&format!("units/{name}"), text);
    }
}

/// Types a script where systemd runs, and gives what it printed.
fn under_systemd(job: &Job, script: &str) -> Vec<String> {
    let control = &job.sim.entry.control;
    let start = format!("set -eo pipefail\ncd {}\n", job.dir.path().display());
    job.dir.write("typed", format!("{start}export IMP_SIM_CONTROL={control}\n{script}"));
    let contained = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook/under_systemd.sh");
    let commands = tests::command("imp-hook");
    let commands = commands.parent().expect("they lie in a directory");
    let line = format!(
        "sh {} \"$PWD/units\" {} \"$PWD/typed\" \"$PWD/output\" || {{ cat output; exit 1; }}",
        contained.display(),
        commands.display()
    );
    job.dir.sh(&line).ok();
    job.dir.read("output").lines().map(str::to_owned).collect()
}

/// Whether it can be done here. Who is not root cannot make a machine of their own.
fn possible() -> bool {
    let is_root = Dir::new().sh("id -u").stdout().trim() == "0";
    have(&PROGRAMS) && (is_root || skipped("the test is not run by root"))
}

/// A shift, in the middle of which the receiver is killed.
const SHIFT: &str = r#"
work() {
    imp-sim line --fixture Fixtures --duts 10 --seed "$1" > /dev/null
    until [ "$(curl -s "$IMP_SIM_CONTROL/counts" | jq .calls_pending)" = 0 ]; do sleep 0.1; done
}
process() { systemctl show --property MainPID --value imp-hook; }
work 1
killed=$(process)
kill -9 "$killed"
until [ "$(process)" != "$killed" ] && systemctl is-active --quiet imp-hook; do sleep 0.1; done
work 2
"#;

#[test]
fn work_a_shift() {
    if !possible() {
        return;
    }
    let mut job = Job::of("Work a shift with webhooks under systemd");
    let port = Port::reserve();
    write_units(&job.dir, "/run/imp-commands", &port);
    let add = "imp-sim add --imp-type imp005 | imp-device assign --dg Fixtures --input -";
    job.dir.sh(add).quiet();
    job.rename("https://hooks.example.com", format!("http://{}", port.address()));
    let (begin, count) = (job.text(), job.text());
    let end = "systemctl stop imp-hook; systemctl show --property Result --value imp-hook";
    let who = "stat --format %A:%U /var/lib/imp-hook/events.ndjson";
    let output = under_systemd(&job, &format!("{begin}{SHIFT}{count}{who}\n{end}\n"));
    let last: Vec<&str> = output.iter().rev().take(3).map(|line| line.trim()).collect();
    assert_eq!(last[0], "success", "{output:#?}");
    assert_eq!(last[2], "20", "{output:#?}");
    // Its user is there only as long as it runs.
    assert!(last[1].starts_with("-rw-------:") && !last[1].ends_with(":root"), "{output:#?}");
}

#[test]
fn a_list_every_morning() {
    if !possible() {
        return;
    }
    let mut job = Job::of("Have a list made every morning by systemd");
    write_units(&job.dir, "/run/imp-commands", &Port::reserve());
    job.dir.write("line3.key", &job.sim.entry.login_key);
    job.rename("/etc/default/", format!("{}/", job.dir.path().display()));
    job.rename(
        "IMPT_LOGINKEY",
        format!("IMPT_ENDPOINT={}\\nIMPT_LOGINKEY", job.sim.entry.endpoint),
    );
    let typed = job.text();
    let next = "systemctl show --property NextElapseUSecRealtime --value imp-offline.timer";
    let list = "cat /var/lib/imp-offline/offline.csv";
    let output = under_systemd(&job, &format!("{typed}{next}\n{list}\n"));
    let header = output.iter().position(|line| line.starts_with("type,id,")).expect("a list");
    assert!(output[header - 1].contains(" 05:3"), "{:?}", output[header - 1]);
    let devices = job.sim.devices().into_iter().filter(|it| it["device_online"] == false);
    let ids = output[header + 1..].iter().map(|line| line.split(',').nth(1).expect("an id"));
    assert_eq!(set(ids.map(str::to_owned)), set(devices.map(|device| text(&device, "id"))));
}

#[test]
fn the_units_are_sound() {
    if !have(&["systemd-analyze"]) {
        return;
    }
    let dir = Dir::new();
    let commands = tests::command("imp-hook");
    let commands = commands.parent().expect("they lie in a directory").to_str().expect("UTF-8");
    write_units(&dir, commands, &Port::reserve());
    dir.sh("systemd-analyze verify --man=no units/*").quiet();
    // Of 100, which is a service that may do anything.
    let security = "systemd-analyze security --offline=yes --threshold=20 --no-pager";
    dir.sh(&format!("{security} units/*.service > security")).ok();
}
