//! A service that fails or hangs, for some devices or for all of them.

use std::time::Duration;

use serde_json::json;
use tests::kinds;
use tests::wait::timed;

use super::{act, all_offline};

#[test]
fn an_unreachable_service_ends_it_and_the_rows_are_kept() {
    let (sim, dir, _) = all_offline("3");
    sim.fault("GET /devices 503");
    dir.sh("imp-device wait --online --patience 1 --failed left.ndjson < devices.ndjson").code(4);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("not_attempted", 3)].into());
}

#[test]
fn the_deadline_counts_also_while_the_service_is_away() {
    let (sim, dir, _) = all_offline("3");
    for fault in ["503", "429", "cut=middle", "delay=30s"] {
        sim.reset();
        sim.fault(&format!("GET /devices/** {fault}"));
        let wait = "imp-device wait --online --timeout 2s --patience 3s --failed left.ndjson";
        let (took, run) = timed(|| dir.sh(&format!("{wait} < devices.ndjson")).code(4));
        // A process that starts on a busy machine may take its time, a request that is waited for takes 30 s.
        assert!(took < Duration::from_secs(10), "{fault}: {took:?}");
        run.says_all(&["the time is over: 0 of 3 rows", "no look was answered: "]);
        let left = dir.failed("left.ndjson");
        assert_eq!(kinds(&left), [("not_met", 3)].into(), "{fault}");
        let why = left[0].error.detail.clone().expect("why");
        assert!(why.starts_with("nobody has looked at it: "), "{why}");
    }
}

#[test]
fn an_outage_at_the_end_is_told_as_such() {
    let (sim, dir, _) = all_offline("3");
    let wait = "imp-device wait --online --every 100ms --timeout 6s --failed left.ndjson";
    let waiting = dir.spawn(&format!("{wait} < devices.ndjson"));
    waiting.wait_for("two looks", || sim.counts().total > 8);
    sim.fault("GET /devices/** 503");
    let run = waiting.wait().code(6);
    run.says_all(&["the last look was ", " s before the end: ", "HTTP 503"]);
    let why = dir.failed("left.ndjson")[0].error.detail.clone().expect("why");
    assert!(why.starts_with("it is offline, as it was looked at "), "{why}");
    assert!(why.contains("HTTP 503"), "{why}");
}

#[test]
fn a_device_that_fails_or_hangs_holds_up_no_other() {
    // In so large an account each is asked for by itself.
    let (sim, dir, ids) = all_offline("250");
    act(&sim, "online", &json!([ids[0]]));
    let devices = format!("{} {}", ids[1], ids[0]);
    for fault in ["500", "delay=30s"] {
        sim.fault(&format!("GET /devices/{} {fault}", ids[1]));
        let wait = "imp-device wait --timeout 20s --every 1s --failed left.ndjson";
        for (what, code) in [
            ("--online --at-least 1", 0),
            ("--offline --fail-if 'online>0'", 1),
            ("--online --at-least 1 --stable 1s", 0),
        ] {
            let held_up = fault == "delay=30s" && what.contains("stable");
            if !held_up {
                let (took, run) = timed(|| dir.sh(&format!("{wait} {what} {devices}")).code(code));
                // What fails is tried for 20 s, and what hangs is waited for 5 s.
                assert!(took < Duration::from_secs(5), "{fault}, {what}: {took:?}");
                assert_eq!(run.stdout().lines().count(), usize::from(code == 0), "{fault}, {what}");
                assert_eq!(kinds(&dir.failed("left.ndjson")).get("not_attempted"), None);
            }
        }
        sim.reset();
    }
    // It is known of the one, so the time is over, and not the service out of reach.
    sim.fault(&format!("GET /devices/{} 500", ids[1]));
    let wait = "imp-device wait --offline --timeout 2s --every 1s --failed left.ndjson";
    let run = dir.sh(&format!("{wait} {devices}")).code(6);
    run.says("the last look could not show 1 row: ");
    let left = dir.failed("left.ndjson");
    let why = |number: usize| left[number].error.detail.clone().expect("why");
    assert!(why(0).starts_with("nobody has looked at it: "), "{}", why(0));
    assert_eq!(why(1), "it is online");
}

#[test]
fn a_page_that_fails_holds_up_no_row_of_the_others() {
    let (sim, dir, _) = all_offline("450");
    sim.fault("GET /devices 500 after=3");
    let wait = "imp-device wait --offline --at-least 10 --timeout 20s --every 1s";
    let (took, _) = timed(|| dir.sh(&format!("{wait} < devices.ndjson")).code(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
}
