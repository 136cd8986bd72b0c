//! `kill -9` of `imp-device watch` at moments that a seed decides: each net change is in the file once, whole, and in
//! its order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Value, json};
use tests::wait::{let_pass, timed};
use tests::{Dir, Sim, asked_for};

use super::random_faults::Random;

/// So many that it takes a while to print them.
const DEVICES: &str = "1500";
const WATCH: &str =
    "imp-device watch --all --state fleet.state --once --share 100% >> changes.ndjson";

/// The field that changes tell of, by device.
type View = BTreeMap<String, BTreeMap<String, Value>>;

/// What is watched of the devices, by the service.
fn view(sim: &Sim) -> View {
    let devices = sim.devices().into_iter();
    devices
        .map(|device| {
            let fields = ["device_online", "devicegroup_id", "name"];
            let fields = fields.map(|field| (field.to_owned(), device[field].clone()));
            (device["id"].as_str().expect("an id").to_owned(), fields.into())
        })
        .collect()
}

/// Takes a change into the view of who reads it, in which everything has to be as it was before the change.
fn take(view: &mut View, change: &Value) {
    let device = view.get_mut(change["id"].as_str().expect("an id")).expect("it is known");
    let (before, after) = (&change["before"], &change["after"]);
    for (field, value) in after.as_object().expect("an object") {
        let Some(known) = device.get_mut(field) else { continue };
        assert_eq!(*known, before[field], "told twice, or lost: {change}");
        known.clone_from(value);
    }
    assert!(change.get("repeat").is_none(), "{change}");
}

/// Something changes with many devices.
fn change(sim: &Sim, random: &mut Random, ids: &[String], group: &str) {
    let mut some = |most: u64| {
        let first = random.below(ids.len() as u64 - most) as usize;
        ids[first..first + most as usize].to_vec()
    };
    for (what, most) in [("offline", 700), ("online", 700), ("offline", 200)] {
        sim.control("POST", what, &json!({"devices": some(most)}).to_string());
    }
    sim.put(group, &some(50));
    let renamed = some(1).remove(0);
    let name = format!("oven-{}", random.below(1000));
    let data = json!({"type": "device", "id": renamed, "attributes": {"name": name}});
    let answer = sim.api("PATCH", &format!("/devices/{renamed}"), &json!({ "data": data }));
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// What a kill waits for: the file of the state is being written, or something has been printed. Then it waits a little
/// more, by a loop of so many turns.
const MOMENTS: [&str; 2] = ["-e fleet.state.new", "changes.ndjson -nt mark"];
const MOST_TURNS: u64 = 4000;

/// Begins a watch and kills it somewhen; whether it had not ended before.
fn kill(dir: &Dir, random: &mut Random, whole: Duration) -> bool {
    if random.below(4) == 0 {
        let killed = dir.spawn(&format!("exec {WATCH}"));
        let part = random.below(1000);
        let_pass(Duration::from_micros(whole.as_micros() as u64 * part / 1000));
        return killed.insist("KILL").exit_code().is_none();
    }
    let moment = MOMENTS[random.below(2) as usize];
    let turns = random.below(MOST_TURNS);
    let script = format!(
        "touch mark; {WATCH} & while kill -0 $! 2> kill && ! [[ {moment} ]]; do :; done; \
         for ((turn = 0; turn < {turns}; turn++)); do :; done; \
         kill -9 $! 2> kill; wait $!; echo $? > code"
    );
    dir.sh(&script);
    dir.read("code").trim() == "137"
}

/// Kills watches at these moments, and gives how many of them had not ended, and how many of those had something to
/// print that may not have been printed.
fn kill_at(moments: Range<u64>) -> (u64, u64) {
    let sim = Sim::start(&["--devices", DEVICES]);
    let [first, second] = sim.groups(["A", "B"]);
    let ids = sim.field("id");
    let dir = Dir::signed_in(&sim);
    let mut told = view(&sim);
    dir.sh(WATCH).ok();
    let (whole, _) = timed(|| dir.sh(WATCH).ok());
    let (mut kills, mut in_between) = (0, 0);
    for moment in moments {
        let mut random = Random(moment.wrapping_mul(0x9e37).wrapping_add(1));
        change(&sim, &mut random, &ids, if moment % 2 == 0 { &first } else { &second });
        kills += u64::from(kill(&dir, &mut random, whole));
        in_between += u64::from(dir.read("fleet.state").contains("\"type\":\"device_change\""));
    }
    dir.sh(WATCH).ok();
    for change in dir.read_lines("changes.ndjson") {
        take(&mut told, &change);
    }
    assert_eq!(told, view(&sim));
    (kills, in_between)
}

/// `IMP_WATCH_KILLS=0..500 cargo test -p tests --test main -- --nocapture killed_watches` tries as many moments.
#[test]
fn each_net_change_is_printed_once_whenever_it_is_killed() {
    match asked_for("IMP_WATCH_KILLS") {
        Some(moments) => at_moments(moments),
        None => _ = kill_at(0..10),
    }
}

#[expect(clippy::disallowed_macros, reason = "the figures are for who asked for them")]
#[expect(clippy::print_stderr, reason = "the figures are for who asked for them")]
fn at_moments(moments: Range<u64>) {
    let (kills, in_between) = kill_at(moments.clone());
    eprintln!(
        "{moments:?}: {kills} kills, {in_between} of them before it was known that all is printed"
    );
    assert!(kills > 0 && (moments.end - moments.start < 50 || in_between > 0));
}
