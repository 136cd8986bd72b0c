//! The command line as people type it, in every tool.

use tests::{Dir, Sim};

#[test]
fn things_are_named_without_an_option_where_a_verb_takes_one_kind() {
    let sim = Sim::start(&["--devices", "5"]);
    sim.groups(["Bench"]);
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("imp-device info sensor-000001 -d sensor-000002").quiet();
    assert_eq!(run.field("name"), ["sensor-000002", "sensor-000001"], "{run}");
    dir.sh("imp-device assign sensor-000003 --dg Bench").quiet().outcomes("assigned", 1);
    assert_eq!(dir.sh("imp-dg info Bench").quiet().field("name"), ["Bench"]);
    // A verb that takes code, builds and groups cannot know what is meant.
    for script in
        ["imp-build deploy code.nut", "imp-build copy RC1 --dg Bench", "imp-build run Bench"]
    {
        dir.sh(script).code(2).no_stdout().says("it is not clear what");
    }
}

#[test]
fn the_spellings_of_impt_and_of_other_tools_name_ours() {
    let sim = Sim::start(&["--devices", "5"]);
    let dir = Dir::signed_in(&sim);
    for script in [
        "imp-device ls --limit 1",
        "imp-device -z ndjson --jobs 2 list --limit 1",
        "imp-device show -device sensor-000000",
        "imp-device get -device=sensor-000000",
        "imp-device rm sensor-000000 --dry-run -confirmed 2> /dev/null",
    ] {
        assert_eq!(dir.sh(script).quiet().field("name"), ["sensor-000000"], "{script}");
    }
    dir.sh("imp-dg ls -dg-type fixture").quiet().no_stdout();
    // What has a meaning already keeps it.
    dir.sh("imp-device info -dsensor-000000").quiet();
}

#[test]
fn errors_about_the_command_line_begin_as_all_others_do() {
    let dir = Dir::new();
    for (script, name) in [
        ("imp-device list --bogus", "imp-device: unexpected argument"),
        ("imp-dg nonsense", "imp-dg: unrecognized subcommand"),
        ("imp-log get --page-size x", "imp-log: invalid value"),
    ] {
        let run = dir.sh(script).code(2).no_stdout();
        assert!(run.stderr().starts_with(name), "{run}");
    }
}

#[test]
fn candidates_can_be_typed() {
    let sim = Sim::start(&["--devices", "1"]);
    for product in ["Ovens", "Grills"] {
        let product = sim.product(product);
        sim.group(&product, "development_devicegroup", "Bench");
    }
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("imp-dg info --dg Bench").code(1).says("2 device groups are called `Bench`");
    let run = run.says("{Ovens}{Bench}").says("{Grills}{Bench}");
    assert!(run.stderr().contains("name one by its path or id"), "{run}");
    dir.sh("imp-dg info \"{Ovens}{Bench}\"").quiet();
}
