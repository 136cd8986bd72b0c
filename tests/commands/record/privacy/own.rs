//! Pseudonyms: nothing of the account is in the file, and it can be replayed.

use tests::{Dir, Sim};

fn own(sim: &Sim) -> Vec<String> {
    let mut own: Vec<String> =
        ["simuser", "Ovens", "Bench-7", "Über 9/b", "spare"].map(String::from).into();
    for name in ["id", "mac_address", "name", "agent_id", "agent_url", "serial_number"] {
        own.extend(sim.field(name).into_iter().filter(|value| !value.is_empty()));
    }
    for kind in ["accounts", "products", "devicegroups"] {
        own.extend(sim.all(kind).iter().filter_map(|it| it["id"].as_str().map(str::to_owned)));
    }
    own
}

const SCRIPT: &str = "
imp-dg list -p Ovens
imp-device list --limit 150 | imp-device assign --dg Bench-7 --jobs 1 --batch 100
imp-device update -d sensor-000001 --name 'Über 9/b' --plan
imp-device info -d sensor-000002 --full
imp-device list --dg Bench-7 | wc -l
imp-device info -d '{simuser}{Ovens}'
imp-product info '{simuser}{Ovens}'
imp-auth account info simuser
";

#[test]
fn with_pseudonyms_nothing_of_the_account_is_in_the_file_and_it_can_be_replayed() {
    let mut sim = Sim::start(&["--devices", "200", "--production", "20", "--rate-limit", "40"]);
    sim.groups(["Bench-7", "B"]);
    let mut dir = Dir::signed_in(&sim);
    dir.set("IMP_PSEUDONYMS", "yes");
    sim.fault("GET /devices 429 every=4");
    dir.write("script", SCRIPT);
    let recorded = dir.sh("IMP_RECORD=bug.ndjson bash script");
    let own = own(&sim);
    let text = dir.read("bug.ndjson");
    for name in &own {
        assert!(!text.contains(name.as_str()), "{name} is in it");
        assert!(!text.to_lowercase().contains(&name.to_lowercase().replace(':', "")), "{name}");
    }
    assert!(own.len() > 600, "{}", own.len());
    sim.stop();
    // The commands as the file tells them, put together as they were.
    let shown = dir.sh("imp-sim replay bug.ndjson").quiet().stdout();
    let typed: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    let of = |words: &str| {
        let found = typed.iter().find(|line| line.starts_with(words));
        (*found.unwrap_or_else(|| panic!("{words}: {shown}"))).to_owned()
    };
    let script = [
        of("imp-dg list"),
        format!("{} | {}", of("imp-device list --limit 150"), of("imp-device assign")),
        of("imp-device update"),
        of("imp-device info"),
        format!("{} | wc -l", of("imp-device list --dg")),
    ];
    dir.write("script", script.join("\n"));
    // All but the last ones.
    let replayed = dir.sh("imp-sim replay --speed 10 bug.ndjson -- bash script").ok();
    let replayed = replayed.says("; recorded commands not given: ");
    let of_devices = |lines: &[String]| -> usize {
        lines.iter().filter(|line| line.contains("\"outcome\":\"assigned\"")).count()
    };
    assert_eq!(of_devices(&recorded.lines()), 150, "{recorded}");
    assert_eq!(of_devices(&replayed.lines()), 150, "{replayed}");
    assert!(replayed.lines().iter().any(|line| line.trim() == "150"), "{replayed}");
    assert!(!replayed.stderr().contains("; not recorded: "), "{replayed}");
}
