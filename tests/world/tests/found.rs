//! What seeds have found, told as it is: a request, and what went wrong with it.

use std::collections::BTreeSet;
use std::time::Duration;

use simulated::{Ended, Reply};
use world::{Command, Machine};

/// A machine with a product `P` and a group `Bench`.
fn machine() -> Machine {
    let machine = Machine::new(1, &["--devices", "3"], Duration::from_millis(30));
    let made =
        machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
    assert_eq!(made.exit, Some(0), "{made:?}");
    machine
}

/// Runs a command, of whose changes each is answered with half of the answer, under the status of all of it.
fn with_half_answers(machine: &Machine, line: &str) -> Ended {
    let service = machine.service();
    machine.accidents(Some(Box::new(move |_, request| {
        let is_change = request.method != "GET" && !request.target.contains("/auth");
        match service.ask(request) {
            Reply::Answer { status, headers, mut body, after } if is_change => {
                body.truncate(body.len() / 2);
                Some(Reply::Answer { status, headers, body, after })
            }
            reply => Some(reply),
        }
    })));
    machine.run(&Command::new(line))
}

#[test]
fn a_change_that_half_an_answer_came_to_is_looked_at() {
    let machine = machine();
    let id = machine.devices()[0]["id"].as_str().unwrap().to_owned();
    let ended = with_half_answers(&machine, &format!("imp-device update --device {id} --name new"));
    assert_eq!((ended.exit, ended.stdout.lines().count()), (Some(0), 1), "{ended:?}");
    assert_eq!(machine.devices()[0]["name"], "new");
}

#[test]
fn what_was_made_may_have_been_made_when_half_an_answer_came() {
    let machine = machine();
    let failed = machine.file("failed");
    let ended =
        with_half_answers(&machine, &format!("imp-product create --name Q --failed {failed}"));
    let is_there = machine.lines("products").iter().any(|product| product["name"] == "Q");
    let in_doubt = machine.read("failed").contains("unknown_outcome");
    assert!(is_there && (ended.exit == Some(0) || in_doubt), "{ended:?}");
}

/// The id in a record.
fn id(record: &serde_json::Value) -> String {
    record["id"].as_str().expect("an id").to_owned()
}

/// Runs what `command` makes of the ids of 350 devices, while another client takes `number` of them away, those at
/// `place` in the list, before the request `at`; gives how it ended, the ids that it printed, and those of devices
/// that were there throughout.
fn meanwhile(
    command: impl Fn(&Machine, &[String]) -> Command,
    at: u64,
    place: usize,
    number: usize,
) -> (Ended, Vec<String>, BTreeSet<String>) {
    let machine = Machine::new(at, &["--devices", "350"], Duration::from_millis(30));
    let made =
        machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
    assert_eq!(made.exit, Some(0), "{made:?}");
    let devices: Vec<String> = machine.devices().iter().map(id).collect();
    let command = command(&machine, &devices);
    let (service, away) = (machine.service(), devices[place..place + number].to_vec());
    machine.accidents(Some(Box::new(move |request, _| {
        if request == at {
            for device in &away {
                service.by_owner("DELETE", &format!("/v5/devices/{device}"), None);
            }
        }
        None
    })));
    let ended = machine.run(&command);
    machine.accidents(None);
    let printed = ended
        .stdout
        .lines()
        .map(|line| id(&serde_json::from_str(line).expect("a record")))
        .collect();
    (ended, printed, machine.devices().iter().map(id).collect())
}

#[test]
fn what_is_read_is_read_again_when_half_an_answer_came() {
    let machine = machine();
    let id = machine.devices()[0]["id"].as_str().unwrap().to_owned();
    for line in ["imp-device list", "imp-dg list", &format!("imp-device info --device {id}")] {
        let service = machine.service();
        let mut halved = BTreeSet::new();
        machine.accidents(Some(Box::new(move |_, request| {
            let is_first = halved.insert(request.target.clone());
            match service.ask(request) {
                Reply::Answer { status, headers, mut body, after } if is_first => {
                    body.truncate(body.len() / 2);
                    Some(Reply::Answer { status, headers, body, after })
                }
                reply => Some(reply),
            }
        })));
        let ended = machine.run(&Command::new(line));
        assert_eq!((ended.exit, ended.stderr.as_str()), (Some(0), ""), "{line}: {ended:?}");
    }
}

#[test]
fn a_list_that_never_holds_still_says_so() {
    let machine = Machine::new(1, &["--devices", "350"], Duration::from_millis(30));
    let service = machine.service();
    machine.accidents(Some(Box::new(move |number, request| match service.ask(request) {
        // Each page has devices of its own.
        Reply::Answer { status, headers, body, after } if request.target.contains("/devices") => {
            let text = String::from_utf8(body).unwrap();
            let body = text.replace("\"id\":\"4", &format!("\"id\":\"{:x}", number % 16)).into();
            Some(Reply::Answer { status, headers, body, after })
        }
        reply => Some(reply),
    })));
    let ended = machine.run(&Command::new("imp-device list --jobs 2"));
    assert_eq!(ended.exit, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("changed too much while it was read"), "{ended:?}");
    assert!(machine.requests().0 < 40);
}

#[test]
fn a_list_misses_nothing_when_something_is_taken_away_meanwhile() {
    for jobs in [1, 8] {
        for (place, number) in [(0, 1), (99, 1), (150, 70), (5, 150)] {
            for at in 3..7 {
                let list = |_: &Machine, _: &[String]| {
                    Command::new(&format!("imp-device list --jobs {jobs}"))
                };
                let (ended, listed, throughout) = meanwhile(list, at, place, number);
                let case = format!("{jobs} jobs, {number} from {place} at request {at}: {ended:?}");
                assert_eq!(ended.exit, Some(0), "{case}");
                let once: BTreeSet<String> = listed.iter().cloned().collect();
                assert_eq!(once.len(), listed.len(), "{case}");
                assert!(throughout.is_subset(&once), "{case}");
            }
        }
    }
}

#[test]
fn what_the_list_of_a_move_has_missed_is_asked_for_by_itself() {
    for at in 3..8 {
        let assign = |machine: &Machine, devices: &[String]| {
            let rows = machine.file("rows");
            machine.write("rows", &format!("device_id\n{}\n", devices[10..].join("\n")));
            Command::new(&format!("imp-device assign --dg Bench --jobs 1 --input {rows}"))
        };
        // Those that go are none of the rows.
        let (ended, assigned, throughout) = meanwhile(assign, at, 0, 3);
        assert_eq!(ended.exit, Some(0), "at request {at}: {ended:?}");
        assert_eq!(assigned.len(), 340, "{ended:?}");
        assert!(assigned.iter().all(|device| throughout.contains(device)));
    }
}
