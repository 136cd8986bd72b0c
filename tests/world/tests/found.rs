//! What seeds have found, told as it is: a request, and what went wrong with it.

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
