//! The ends of `imp-device rollout`: what is left of a gate, what rows are told, what is said when nobody reads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use tests::{Dir, Server, answer, kinds, wait};

use super::{Fleet, events, wait_for_event};

/// Waits until the process whose id is in the file `pid` has ended.
fn wait_for_its_end(fleet: &Fleet) {
    let stat = format!("/proc/{}/stat", fleet.dir.read("pid").trim());
    let ended = wait::until(wait::LIMIT, || {
        // One that nobody has waited for yet has ended, too.
        std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
    });
    assert!(ended, "it is still there");
}

/// A gate that starts a process which would stay for long, and leaves its id in the file `pid`.
const STARTS: &str = "sleep 1000 & echo $! > pid.new; mv pid.new pid";

#[test]
fn what_a_gate_has_started_ends_with_it() {
    let fleet = Fleet::new();
    fleet.rollout(&format!("--waves 10,100% --gate '{STARTS}'")).ok();
    wait_for_its_end(&fleet);
}

#[test]
fn a_signal_to_the_rollout_reaches_all_of_its_gate() {
    for terminate in [false, true] {
        let fleet = Fleet::new();
        let gate = format!("trap \"echo told > told; exit\" INT TERM; {STARTS}; wait");
        let words = format!("--waves 10,100% --back --gate '{gate}'");
        let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(&words)));
        let pid = fleet.dir.path().join("pid");
        running.wait_for("the gate", || pid.exists());
        if terminate {
            running.terminate();
        } else {
            running.interrupt();
        }
        running.wait().code(if terminate { 143 } else { 130 });
        wait_for_its_end(&fleet);
        assert_eq!(fleet.dir.read("told"), "told\n");
        fleet.are_back("after the signal");
    }
}

#[test]
fn a_gate_ends_with_a_rollout_that_is_killed() {
    for gate in [format!("{STARTS}; wait"), format!("trap \"\" TERM; {STARTS}; wait")] {
        let fleet = Fleet::new();
        let words = format!("--waves 10,100% --gate '{gate}'");
        let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(&words)));
        let pid = fleet.dir.path().join("pid");
        running.wait_for("the gate", || pid.exists());
        running.insist("KILL");
        wait_for_its_end(&fleet);
    }
}

/// The way back may have been noted when devices were still under way.
#[test]
fn what_was_under_way_when_it_turned_back_and_was_killed_goes_back() {
    let fleet = Fleet::new();
    fleet.sim.fault("POST /devicegroups/*/relationships/devices delay=1h");
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line("--waves 10,100% --back")));
    running.wait_for("the devices", || fleet.arrived() == 10);
    running.insist("KILL");
    fleet.sim.no_faults();
    let turned = r#"{"type":"step","event":"back","reason":"it was interrupted"}"#;
    let name = fleet.dir.sh("imp-change list").ok().field("run").remove(0);
    let journal = fleet.dir.home().join(format!("state/imp-tools/changes/{name}.ndjson"));
    fleet.dir.sh(&format!("echo '{turned}' >> {}", journal.display())).quiet();
    let run = fleet.dir.sh("imp-change resume last").code(6);
    fleet.are_back(&run.stderr());
    assert_eq!(fleet.touched(), 10, "{run}");
}

#[test]
fn a_gate_that_ends_in_a_strange_way_fails_and_all_go_back() {
    for (gate, words) in [
        ("kill -9 $$", "the gate ended with signal: 9"),
        ("kill -9 0", "the gate ended with signal: 9"),
        ("kill -STOP $$", "the gate was stopped"),
        ("exec <&-; yes | head -c 300000 >&2; false", "exit status: 1"),
        ("exec >&- 2>&-; false", "exit status: 1"),
    ] {
        let fleet = Fleet::new();
        fleet.rollout(&format!("--waves 10,100% --back --gate '{gate}' <&-")).code(6).says(words);
        fleet.are_back(gate);
    }
}

#[test]
fn a_gate_that_asks_at_the_terminal_is_not_awaited() {
    let fleet = Fleet::new();
    fleet.dir.write("ask.sh", "read answer < /dev/tty");
    let line = Fleet::line("--waves 10,100% --gate \"sh ask.sh\"");
    let run = fleet.dir.sh_on_terminal(&line, "yes\n").code(6);
    assert!(run.stdout().contains("it cannot ask at the terminal"), "{run}");
}

#[test]
fn rows_that_a_signal_came_before_have_one_word() {
    let fleet = Fleet::new();
    let words = "--waves 10,100% --back --failed left.ndjson --gate 'touch judged'";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    running.wait_for("the gate", || fleet.dir.path().join("judged").exists());
    fleet.sim.fault("GET /devices delay=1h");
    running.wait_for("the second wave", || running.stdout().contains("\"wave\":2"));
    running.terminate();
    // What hangs is given up by the client; the way back needs the list.
    fleet.sim.no_faults();
    running.wait().code(143);
    fleet.are_back("after the signal");
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("not_met", 90)].into());
}

#[test]
fn without_a_gate_none_passes() {
    let fleet = Fleet::new();
    let run = fleet.rollout("--waves 10,100%").ok();
    assert!(!run.stdout().contains("gate_passed"), "{run}");
    let run = fleet.dir.sh(
        "imp-device rollout --to C --waves 10,100% --max-unavailable 100% --input devices.ndjson",
    );
    assert!(run.ok().stdout().contains("gate_passed"));
}

#[test]
fn that_there_is_no_device_is_said() {
    let fleet = Fleet::new();
    let assign = fleet.dir.sh("printf '' | imp-device assign --dg B");
    let run = fleet.dir.sh("printf '' | imp-device rollout --to B").no_stdout();
    assert_eq!(run.exit_code(), assign.exit_code());
    run.says("no device in the input");
}

#[test]
fn a_wave_that_goes_on_counts_all_of_its_devices() {
    let fleet = Fleet::new();
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line("--waves 10,100% --soak 1h")));
    wait_for_event(&running, "wave_moved");
    running.insist("KILL");
    let run = fleet.dir.sh("imp-change resume last -- --soak 0s").ok();
    assert_eq!(events(&run)[..2], ["wave_begun 1 10", "wave_moved 1 10"]);
    assert_eq!(run.records()[1]["moved"], 10, "{run}");
}

#[test]
fn a_gate_that_fails_in_the_last_wave_is_asked_again() {
    let fleet = Fleet::new();
    fleet.rollout("--waves 100% --gate 'test -e go'").code(6);
    fleet.dir.write("go", "");
    let run = fleet.dir.sh("imp-change resume last").ok();
    assert_eq!(events(&run).last().unwrap(), "done null 100", "{run}");
    fleet.dir.sh("imp-change list --interrupted").no_stdout().ok();
}

#[test]
fn that_nobody_reads_the_events_is_said_and_the_rollout_goes_on() {
    let fleet = Fleet::new();
    let gate = "--gate 'until test -e gone; do sleep 0.01; done'";
    let line = Fleet::line(&format!("--waves 10,100% {gate}"));
    let run = fleet.dir.sh(&format!("{line} | (head -n 1 > first; exec < /dev/null; : > gone)"));
    run.ok().says("stdout was closed; the rollout goes on");
    assert_eq!(fleet.arrived(), 100);
}

/// The group that devices go to there.
const GROUP: &str = "10000000-0000-0000-0000-000000000001";

/// A service with one device, whose list moves too much to be read for so many requests after it was moved.
fn moving_for(requests: usize) -> Server {
    const DEVICE: &str = "5000d8c46a56cfca";
    let (is_moved, pages) = (AtomicBool::new(false), AtomicUsize::new(0));
    let device =
        |id: &str| json!({"type": "device", "id": id, "attributes": {"device_online": true}});
    let page = move |asked: &str| {
        let number = pages.fetch_add(1, Ordering::Relaxed);
        if number >= requests {
            return json!({"data": [device(DEVICE)]});
        }
        // No page has a device in common with the one that was asked for before it.
        let parameter = |name: &str| -> usize {
            let rest = asked.split(name).nth(1).expect("it is asked for");
            let value = rest.split(['=', '&', ' ']).nth(1).expect("a value");
            value.parse().expect("a number")
        };
        let (page, size) = (parameter("number"), parameter("size"));
        let first = 0x5000_0000_0000_0000 + (number % 2 * 100) as u64;
        let ids = (first..first + size as u64).map(|id| device(&format!("{id:016x}")));
        let next = format!("?page[number]={}&page[size]={size}", page + 1);
        json!({"data": ids.collect::<Vec<_>>(), "links": {"next": next}})
    };
    let group = json!({"type": "development_devicegroup", "id": GROUP, "attributes": {}});
    Server::start(move |asked| {
        let body = match asked {
            _ if asked.starts_with("POST") => {
                is_moved.store(true, Ordering::Relaxed);
                return "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_owned();
            }
            _ if asked.contains(DEVICE) => json!({"data": device(DEVICE)}),
            _ if asked.contains("/accounts/") => json!({"data": {"type": "account", "id": "me"}}),
            _ if asked.contains("/devicegroups/") => json!({"data": group}),
            _ if !asked.contains("/devices?") => json!({"data": []}),
            _ if is_moved.load(Ordering::Relaxed) => page(asked),
            _ => json!({"data": [device(DEVICE)]}),
        };
        answer(&body)
    })
}

#[test]
fn a_list_that_moves_while_it_is_judged_is_read_again() {
    // With one request at a time, after eight pages without anything in common it is given up.
    let server = moving_for(8);
    let dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
    let line = format!("imp-device rollout --to {GROUP} --waves 1 --max-unavailable 0 --jobs 1");
    let run = dir.sh(&format!("{line} 5000d8c46a56cfca")).ok();
    assert!(run.stdout().contains("gate_passed"), "{run}");
    let lists = server.seen().iter().filter(|asked| asked.contains("/devices?")).count();
    assert!(lists > 8, "{lists} pages{run}");
}
