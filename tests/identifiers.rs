//! What a person may type for a thing: ids, names, and texts that are no id at all.

use tests::{Dir, Sim};

#[test]
fn an_endless_identifier_makes_no_endless_message() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    dir.write("long", "x".repeat(100_000));
    for script in [
        "sed 's/.*/{\"name\":\"&\"}/' long | imp-device info",
        "imp-dg info -g \"$(cat long)\"",
        "imp-dg info -g \"{x}{y}{z}{$(cat long)}\"",
        "imp-device list | imp-device assign --dg \"$(cat long)\"",
    ] {
        let run = dir.sh(script);
        let said = run.stderr();
        assert!(run.exit_code() != Some(0) && said.contains("…`"), "{run}");
        assert!(said.len() < 1000, "{} bytes{run}", said.len());
    }
}
