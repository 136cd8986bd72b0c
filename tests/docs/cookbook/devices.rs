//! The section about devices.

use std::collections::BTreeMap;

use super::{Job, set, text};

/// A file of the MES for a day.
fn finished(job: &Job, day: &str, macs: &[String]) {
    let rows = macs.iter().enumerate().map(|(number, mac)| format!("{number};{mac};ok\n"));
    let file = job.dir.home().join(format!("mes/finished-{day}.csv"));
    let text = format!("Auftrag;MAC-Adresse;Status\n{}", rows.collect::<String>());
    std::fs::write(file, text).expect("the file can be written");
}

/// Types a line of a crontab as cron does: nothing but what cron sets, and no terminal. Gives the exit
/// code and what was mailed.
fn as_cron(job: &Job, path: &str, command: &str) -> (Option<i32>, String) {
    let mail = job.dir.home().join("mail");
    let _not_there_before = std::fs::remove_file(&mail);
    job.dir.write("command", command);
    let line = format!("env -i HOME=\"$HOME\" PATH={path} /bin/sh -c \"$(cat command)\"");
    let run = job.dir.sh(&line).no_stdout();
    (run.exit_code(), std::fs::read_to_string(mail).unwrap_or_default())
}

#[test]
fn move_every_night() {
    let mut job = Job::of("Move every night what the MES has finished");
    let script = job.make_file();
    let crontab = job.text();
    let (path, line) = crontab.split_once('\n').expect("a variable and a job");
    assert_eq!(path, "PATH=/usr/local/bin:/usr/bin:/bin");
    let fields: Vec<&str> = line.split_whitespace().collect();
    let is_time = |field: &&str| field.bytes().all(|byte| b"0123456789*-,/".contains(&byte));
    assert_eq!(fields.iter().take_while(|field| is_time(field)).count(), 5, "{line}");
    // A program of the person who runs the tests must not send mail.
    let commands = tests::command("imp-device");
    let stand_ins = script.with_file_name("stand-ins");
    let local = format!("{}:{}", stand_ins.display(), commands.parent().expect("it").display());
    let path = path.trim_start_matches("PATH=").replace("/usr/local/bin", &local);
    let mail = "#!/bin/sh\n{ printf '%s\\n' \"$@\"; cat; } > \"$HOME/mail\"\n";
    job.dir.sh("mkdir \"$HOME/mes\" \"$HOME/bin/stand-ins\"").quiet();
    std::fs::write(stand_ins.join("mail"), mail).expect("it can be written");
    job.dir.sh("chmod +x \"$HOME/bin/stand-ins/mail\"").quiet();
    let today = job.dir.sh("date +%F").stdout().trim().to_owned();
    let macs = job.field(None, "mac_address");

    finished(&job, &today, &macs[..12]);
    let night = fields[5..].join(" ");
    assert_eq!(as_cron(&job, &path, &night), (Some(0), String::new()));
    assert_eq!(set(job.field(Some("Burn-in"), "mac_address")), set(macs[..12].to_vec()));
    // One row is wrong: the others are moved, and somebody hears of it.
    let mut rows = macs[12..30].to_vec();
    rows[7] = "0c:2a:69".to_owned();
    finished(&job, &today, &rows);
    let (code, mail) = as_cron(&job, &path, &night);
    assert_eq!((code, job.number("Burn-in")), (Some(1), 29));
    let told = [&*format!("-s\n{today}: imp-device ended with 1\nline@example.com\n"), "No MAC"];
    assert!(told.iter().all(|part| mail.contains(part)), "{mail}");
    // A file that was cut off moves nothing.
    finished(&job, &today, &macs[30..33]);
    let (code, mail) = as_cron(&job, &path, &night);
    assert_eq!((code, job.number("Burn-in")), (Some(2), 29));
    assert!(mail.contains("--min-rows"), "{mail}");
    // A night that was missed.
    finished(&job, "2026-11-27", &macs[..40]);
    assert!(super::page().contains("\n.Li move-finished 2026-11-27 ,\n"));
    let (code, mail) = as_cron(&job, &path, "$HOME/bin/move-finished 2026-11-27");
    assert_eq!((code, mail, job.number("Burn-in")), (Some(0), String::new(), 40));
    assert!(job.sim.events().values().all(|device| device.restarts <= 1));
}

#[test]
fn keep_a_book() {
    let mut job = Job::of("Keep a book of what comes and goes");
    let crontab = job.text();
    let (_, line) = crontab.trim().split_once("*/10 * * * *").expect("every ten minutes");
    job.dir.sh(line).no_stdout().ok();
    let devices = job.devices(Some("Shipped"));
    let ids: Vec<String> = devices.iter().map(|device| text(device, "id")).collect();
    for (what, some) in [
        ("online", &ids[..3]),
        ("offline", &ids[..3]),
        ("online", &ids[..1]),
        ("offline", &ids[..1]),
    ] {
        let body = serde_json::json!({ "devices": some }).to_string();
        job.sim.control("POST", what, &body);
        job.dir.sh(line).no_stdout().quiet();
    }
    let counted = job.type_next().lines();
    let name = |device: &serde_json::Value| {
        Some(text(device, "name"))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| text(device, "id"))
    };
    assert_eq!(counted[0].trim(), format!("2 {}", name(&devices[0])));
    let others = counted[1..].iter().map(|line| line.trim().to_owned());
    assert_eq!(set(others), set(devices[1..3].iter().map(|device| format!("1 {}", name(device)))));
}

#[test]
fn list_what_has_been_offline() {
    let mut job = Job::of("List what has been offline for more than a week");
    let ours = job.sim.devices().into_iter().filter(|it| it["devicegroup_id"].is_string());
    let silent: Vec<_> = ours.filter(|it| it["device_online"] == false).collect();
    let table = job.type_next().lines();
    let shown = table[1..].iter().map(|line| line[..17].to_owned());
    assert_eq!(set(shown), set(silent.iter().map(|device| text(device, "mac_address"))));
    let (bench, shipped) = (job.group("Bench"), job.group("Shipped"));
    let in_group = |id: &str| silent.iter().filter(|it| it["devicegroup_id"] == id).count();
    let counts = job.type_next().lines();
    let counts: Vec<&str> = counts.iter().flat_map(|line| line.split_whitespace()).collect();
    let [bench, shipped] = [in_group(&bench).to_string(), in_group(&shipped).to_string()];
    assert_eq!(counts, [&*bench, "Bench", &*shipped, "Shipped"]);
}

#[test]
fn name_devices() {
    let mut job = Job::of("Name devices from a spreadsheet");
    let macs = job.field(Some("Bench"), "mac_address");
    let head = b"Aufkleber;MAC-Adresse\r\n".to_vec();
    let rows = [("Ofen 1", &macs[0]), ("K\u{fc}hlung", &macs[1])].map(|(name, mac)| {
        let row = format!("{name};{mac}\r\n");
        row.chars().map(|it| u8::try_from(u32::from(it)).expect("Latin-1")).collect::<Vec<u8>>()
    });
    job.dir.write("stickers.csv", [head, rows.concat()].concat());
    let plan = job.type_next().stdout();
    assert!(plan.contains("name: K\u{fc}hlung"), "{plan}");
    assert!(job.sim.writes().is_empty());
    job.type_next().quiet();
    let names = job.field(Some("Bench"), "name");
    assert_eq!(names[..2], ["Ofen 1", "K\u{fc}hlung"]);
    assert_eq!(job.sim.writes().len(), 2);
}

#[test]
fn compare_a_delivery_note() {
    let mut job = Job::of("Compare a delivery note with the account");
    let there = job.devices(None);
    let mac = |number: usize| text(&there[number], "mac_address");
    let rows = [mac(0), mac(1).to_uppercase(), "0c:2a:69:ff:ff:ff".into(), "0c:2a".into(), mac(2)];
    job.dir.write_column("devices.csv", "MAC Address", &rows);
    job.type_next();
    let run = job.type_next();
    let lines = run.lines();
    assert!(lines[0].starts_with("devices.csv:4\tResource Not Found\t0c:2a:69:ff:ff:ff"), "{run}");
    assert!(lines[1].starts_with("devices.csv:5\t"), "{run}");
    let others = there[3..].iter().map(|device| text(device, "id"));
    assert_eq!(set(lines[2..].to_vec()), set(others));
}

#[test]
fn put_right_what_failed() {
    let mut job = Job::of("Put right what failed, and feed it in again");
    let mut macs = job.field(None, "mac_address");
    macs.truncate(20);
    let right = set(macs.clone());
    for row in [4, 11] {
        macs[row].replace_range(..1, "o");
    }
    job.dir.write_column("devices.csv", "mac_address", &macs);
    job.type_next().outcomes("assigned", 18);
    let run = job.type_next();
    assert_eq!(run.lines().iter().filter(|line| line.starts_with("devices.csv:")).count(), 2);
    assert!(set(job.field(Some("Bench"), "mac_address")).is_superset(&right));
    assert_eq!((job.dir.read("again.ndjson"), job.sim.restarts()), (String::new(), 20));
}

#[test]
fn find_doubles() {
    let mut job = Job::of("Find doubles");
    let bench = job.devices(Some("Bench"));
    let spare = bench.iter().filter(|device| device["name"] == "spare");
    let doubles = job.type_next().field("mac_address");
    assert_eq!(set(doubles), set(spare.map(|device| text(device, "mac_address"))));
    let mac = text(&bench[3], "mac_address");
    let other = text(&bench[4], "mac_address");
    let rows = [&mac, &other, &mac.replace(':', "").to_uppercase()];
    job.dir.write_column("twice.csv", "mac_address", &rows);
    let run = job.type_next();
    assert_eq!(run.lines(), [format!("{}\ttwice.csv:2", rows[2])], "{run}");
}

#[test]
fn move_from_group_to_group() {
    let mut job = Job::of("Move devices from group to group");
    let back: Vec<_> = job.devices(Some("Bench"));
    let back = back.iter().filter(|it| it["imp_type"] == "imp005" && it["device_online"] == true);
    let back = set(back.map(|device| text(device, "id")));
    job.type_next();
    assert_eq!(set(job.field(Some("Bench"), "id")), back);
    assert_eq!(job.number("Burn-in"), 100 - back.len());
    job.type_next();
    assert_eq!((job.number("Bench"), job.number("Burn-in")), (0, 100));
}

#[test]
fn restart_in_waves() {
    let mut job = Job::of("Restart in waves");
    job.preamble = "sleep() { echo \"$1\" >> slept; }";
    let shipped = job.devices(Some("Shipped"));
    let online = shipped.iter().filter(|device| device["device_online"] == true).count();
    let script = job.text();
    // The second wave fails for one device.
    job.sim.fault("POST /devices/*/restart 409 after=60 times=1");
    let typed = format!("set -e\n{}\n", job.preamble);
    job.dir.sh(&format!("{typed}{script}")).ok();
    let waves = online.div_ceil(50);
    let left = || job.dir.sh("ls wave-?? 2> /dev/null | wc -l").stdout().trim().to_owned();
    assert_eq!((left(), job.dir.read("slept")), ((waves - 1).to_string(), "60\n".to_owned()));
    // The same loop goes on; the 49 others of that wave restart again.
    let at = script.find("for wave").expect("the loop");
    job.dir.sh(&format!("{typed}{}", &script[at..])).ok();
    assert_eq!((left(), job.sim.restarts()), ("0".to_owned(), online as u64 + 49));
}

#[test]
fn make_a_spreadsheet_and_read_it_back() {
    let mut job = Job::of("Make a spreadsheet, and read it back");
    job.type_next();
    let sheet = job.dir.read("bench.csv");
    assert!(sheet.starts_with("\u{feff}id;name;mac_address;"), "{sheet}");
    job.dir.write("bench.csv", sheet.replace(";sensor-000007;", ";Ofen 7;"));
    let id = text(&job.devices(Some("Bench"))[7], "id");
    let record = job.type_next().record();
    assert_eq!((text(&record, "id"), text(&record, "name")), (id, "Ofen 7".to_owned()));
    assert_eq!((job.dir.failed("unnamed.ndjson").len(), job.sim.writes().len()), (10, 1));
}

#[test]
fn feed_a_dashboard() {
    let mut job = Job::of("Feed a dashboard");
    let script = job.text();
    job.dir.sh(&script).quiet();
    let shown: serde_json::Value =
        serde_json::from_str(&job.dir.read("groups.json")).expect("JSON");
    let mut numbers = BTreeMap::new();
    for (name, group) in shown["groups"].as_object().expect("groups") {
        numbers.insert(name.as_str(), group["devices"].as_u64());
    }
    let of = |name| (name, Some(job.number(name) as u64));
    let all = ["Bench", "Burn-in", "DUTs", "Fixtures", "Shipped"].map(of);
    assert_eq!(numbers, all.into());
    let online = job.devices(Some("Bench")).iter().filter(|it| it["device_online"] == true).count();
    assert_eq!(shown["groups"]["Bench"]["online"], online);
    // The old file stays where the service cannot be reached.
    let before = job.dir.read("groups.json");
    job.sim.stop();
    let patient = script.replace("imp-dg list", "imp-dg list --patience 0s");
    job.dir.sh(&patient).code(4);
    assert_eq!(job.dir.read("groups.json"), before);
}
