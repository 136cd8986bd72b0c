//! `imp-sim line`: a shift on one assembly line.
//!
//! Each device comes to the fixture, is enrolled by factory BlinkUp, tests itself, and asks to be
//! blessed or is set aside. What is printed follows from the options and the simulator's seed.

use serde_json::json;

use super::Pace;
use super::client::Control;
use super::options::LineOptions;
use crate::console;
use crate::state::random::Random;

/// Works the shift.
pub async fn work(options: &LineOptions, control: &mut Control) -> anyhow::Result<()> {
    let passes = passes(options.duts, options.fail, options.seed);
    let pace = Pace::start(options.rate);
    let mut blessed = 0;
    for (dut, &pass) in (1..).zip(&passes) {
        pace.wait_for(dut - 1).await;
        let enrolled = control.post("blinkup", &json!({"fixture": options.fixture})).await?;
        let device = enrolled.first().cloned().unwrap_or_default();
        let id = &device["device_id"];
        let (mac, group) = (&device["mac_address"], &device["devicegroup_id"]);
        console::line(json!({
            "event": "enrolled", "dut": dut, "device_id": id, "mac_address": mac,
            "fixture": options.fixture, "devicegroup_id": group,
        }))?;
        console::line(json!({"event": "tested", "dut": dut, "device_id": id, "passed": pass}))?;
        let result = control.post("bless", &json!({"device": id, "pass": pass})).await?;
        let group = result.first().map(|result| result["devicegroup_id"].clone());
        let event = if pass { "blessed" } else { "rejected" };
        blessed += usize::from(pass);
        console::line(
            json!({"event": event, "dut": dut, "device_id": id, "devicegroup_id": group}),
        )?;
    }
    let (duts, rejected) = (passes.len(), passes.len() - blessed);
    console::message(format_args!("{duts} devices: {blessed} blessed, {rejected} rejected"));
    Ok(())
}

/// Who passes: exactly the share that does, in an order that follows from the seed.
fn passes(duts: u64, fail: f64, seed: u64) -> Vec<bool> {
    let rejects = (duts as f64 * fail / 100.0).round() as u64;
    let mut passes: Vec<bool> = (0..duts).map(|number| number >= rejects).collect();
    let mut random = Random::new(seed, 8);
    for last in (1..passes.len()).rev() {
        let other = usize::try_from(random.below(last as u64 + 1)).unwrap_or_default();
        passes.swap(last, other);
    }
    passes
}

#[cfg(test)]
mod tests {
    use super::passes;

    #[test]
    fn exactly_the_share_fails_and_the_seed_says_who() {
        let first = passes(500, 2.0, 1);
        assert_eq!(first.iter().filter(|pass| !**pass).count(), 10);
        assert_eq!(first, passes(500, 2.0, 1));
        assert_ne!(first, passes(500, 2.0, 2));
        assert!(first[..10].contains(&true), "they are spread");
        assert_eq!(passes(0, 50.0, 1), [false; 0]);
    }
}
