//! What a person sees of logs: messages first, and whole.

use serde_json::json;

use super::{bench, log};

const LONG: &str = "temperature=21.4 humidity=40 pressure=1013 battery=3.1 uptime=86400 free=51234 \
                    queue=0 retries=0 state=idle";

/// The lines of a screen of a width.
fn screen(dir: &tests::Dir, width: u32, script: &str) -> Vec<String> {
    let run = dir.sh_on_terminal(&format!("stty cols {width} rows 40; TZ=UTC {script}"), "").ok();
    run.stdout().lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn a_message_is_wrapped_and_never_cut_and_what_is_constant_is_left_out() {
    let (sim, dir, ids) = bench(1, &[]);
    log(&sim, &ids, "ok");
    log(&sim, &ids, LONG);
    let shown = screen(&dir, 60, &format!("imp-log get -d {}", ids[0]));
    assert!(!shown.join("\n").contains(&ids[0]), "there is one device only: {shown:#?}");
    assert!(!shown.join("\n").contains("development"), "{shown:#?}");
    assert!(shown.iter().all(|line| line.chars().count() <= 60), "{shown:#?}");
    let (time, rest) = shown[0].split_at(8);
    assert!(time.chars().all(|part| part == ':' || part.is_ascii_digit()), "{shown:#?}");
    // The kind of entries is told, because the service has logged something too.
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    assert_eq!(words.remove(0), "server.log");
    let wrapped = shown[1..].iter().take_while(|line| line.starts_with("      "));
    words.extend(wrapped.flat_map(|line| line.split_whitespace()));
    assert_eq!(words.join(" "), LONG);
    // Everything else than a person's screen has records.
    let run = dir.sh(&format!("imp-log get -d {} -z table", ids[0])).quiet();
    assert!(run.stdout().starts_with("DEVICE ID "), "{run}");
    let shown = screen(&dir, 60, &format!("imp-log get -d {} --fields msg", ids[0]));
    assert_eq!(shown[0], "MSG");
}

#[test]
fn of_several_devices_each_line_says_whose_it_is() {
    let (sim, dir, ids) = bench(2, &[]);
    dir.write("names", format!("id,name\n{},left oven\n{},東京\n", ids[0], ids[1]));
    dir.sh("imp-device update --input names").ok();
    log(&sim, &ids, "hello");
    sim.reset();
    let shown = screen(&dir, 80, &format!("imp-log get {} {}", ids[0], ids[1]));
    let hello: Vec<&String> = shown.iter().filter(|line| line.ends_with("hello")).collect();
    assert!(hello[0].contains("  left oven  server.log  "), "{shown:#?}");
    assert!(hello[1].contains("  東京       server.log  "), "{shown:#?}");
    let looked_up = sim.requests().iter().filter(|asked| !asked.path.ends_with("/logs")).count();
    assert!(looked_up <= 3, "names are looked up once a device");
}

#[test]
fn the_time_is_that_of_the_place_and_an_empty_log_is_said() {
    let (sim, dir, ids) = bench(1, &[]);
    let entries = json!({"devices": ids, "text": "here"}).to_string();
    assert_eq!(sim.control("POST", "log", &entries).status, 200);
    let stored = dir.sh(&format!("imp-log get -d {}", ids[0])).quiet().records();
    let stored = stored.iter().find(|entry| entry["msg"] == "here").expect("the entry");
    let minutes = |hour: &str, minute: &str| -> u32 {
        hour.parse::<u32>().expect("hours") * 60 + minute.parse::<u32>().expect("minutes")
    };
    let utc = stored["ts"].as_str().expect("a time");
    let shown = screen(&dir, 80, &format!("TZ=XYZ-5:30 imp-log get -d {}", ids[0]));
    let line = shown.iter().find(|line| line.ends_with("here")).expect("the line");
    let ahead = minutes(&line[..2], &line[3..5]) + 24 * 60 - minutes(&utc[11..13], &utc[14..16]);
    assert_eq!(ahead % (24 * 60), 5 * 60 + 30, "{utc} {line}");
    let shown =
        screen(&dir, 80, &format!("imp-log get -d {} --since 2099-01-01T00:00:00Z", ids[0]));
    assert_eq!(shown, ["imp-log: no log entry found"]);
}

#[test]
fn lines_that_come_later_are_whole_too() {
    let (sim, dir, ids) = bench(1, &[]);
    log(&sim, &ids, "ok");
    let stream = format!("imp-log stream -d {}", ids[0]);
    let script = format!("stty cols 60 rows 40; TZ=UTC timeout -s INT 60 {stream}");
    let running = dir.spawn(&format!("script --quiet --return --command \"{script}\" /dev/null"));
    let shown = |text: &str| running.stdout().contains(text);
    running.wait_for("a first line", || {
        log(&sim, &ids, "first");
        shown("first")
    });
    log(&sim, &ids, LONG);
    running.wait_for("the last word of a long line", || shown("state=idle"));
    assert!(LONG.split(' ').all(shown), "{}", running.stdout());
}
