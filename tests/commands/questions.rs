//! Questions at a terminal name what is about to go so that a person can judge it, and a no is one line.

use tests::{Dir, Run, Sim};

/// The product Ovens with the group Bench, which has devices, a build and a webhook; production beside it.
fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "30", "--production", "3"]);
    let dir = Dir::signed_in(&sim);
    dir.write("empty", "");
    dir.sh("imp-dg create -n Bench -p Ovens -c").quiet();
    dir.sh("imp-device list --limit 120 | jq -c \"select(.devicegroup_id == null)\" > free")
        .quiet();
    dir.sh("head -n 12 free | imp-device assign --dg Bench > bench").quiet();
    dir.sh("imp-build deploy -g Bench -x empty -y empty --tag v1 > build").quiet();
    dir.sh("imp-hook create -g Bench -e blinkup -u https://a.example/hook > hook").quiet();
    sim.reset();
    (sim, dir)
}

/// What is shown when the answer is no. Nothing is written then.
fn asked(sim: &Sim, dir: &Dir, script: &str) -> String {
    let run = dir.sh_on_terminal(script, "n\n").code(2);
    let shown = run.stdout().replace('\r', "");
    assert_eq!(sim.counts().writes, 0, "{script}");
    let after: Vec<&str> =
        shown.split("[y/N]").nth(1).expect("a question").trim().lines().collect();
    let said: Vec<&&str> = after.iter().filter(|line| line.contains("imp-")).collect();
    assert!(said.len() == 1 && said[0].contains("not confirmed"), "{script}: {shown}");
    shown
}

fn text(run: &Run, name: &str) -> String {
    run.field(name).remove(0)
}

#[test]
fn devices_are_named_with_address_and_group() {
    let (sim, dir) = account();
    let id = text(&dir.sh("head -n 1 bench"), "id");
    let mac = text(&dir.sh(&format!("imp-device info -d {id}")), "mac_address");
    let named = format!("({id}), {mac}, in Bench\n");
    let shown = asked(&sim, &dir, "imp-device remove --force --input bench");
    for line in ["remove 12 devices", &named, "\n  … and 2 more\n", "out of their groups"] {
        assert!(shown.contains(line), "{line}{shown}");
    }
    let shown = asked(&sim, &dir, &format!("imp-device remove -d {mac}"));
    assert!(shown.contains(&named) && shown.contains("Only BlinkUp"), "{shown}");
    let unassign = "imp-device list --dg SimProduction | imp-device unassign --unbond x";
    let shown = asked(&sim, &dir, unassign);
    assert!(shown.contains("unbless 3 production devices"), "{shown}");
    assert!(shown.contains(", in SimProduction\n"), "{shown}");
}

#[test]
fn other_things_are_named_with_what_they_belong_to() {
    let (sim, dir) = account();
    let group = text(&dir.sh("imp-dg info -g Bench"), "id");
    let build = text(&dir.sh("cat build"), "id");
    let hook = text(&dir.sh("cat hook"), "id");
    let url = "https://a.example/hook";
    for (script, line, more) in [
        (format!("imp-build delete -b {build}"), format!("  {build} (v1), "), " ago, of Bench\n"),
        (
            format!("imp-hook delete --wh {hook}"),
            format!("  {hook}, blinkup to {url}, "),
            ", of Bench\n",
        ),
        (
            "imp-dg delete -f -g Bench".to_owned(),
            format!("  Bench ({group}), development, of Ovens\n"),
            "and for that\n  unassign 12 devices",
        ),
        (
            "imp-product delete -f -p Ovens".to_owned(),
            "  Ovens (".to_owned(),
            "  delete 1 device group\n",
        ),
    ] {
        let shown = asked(&sim, &dir, &script);
        assert!(shown.contains(&line) && shown.contains(more), "{script}: {line} {more} {shown}");
    }
    // Without --force the builds of an empty group go with it.
    dir.sh("imp-device unassign --input bench").quiet();
    sim.reset();
    let shown = asked(&sim, &dir, "imp-dg delete -g Bench");
    assert!(shown.contains("and with that\n  delete 1 deployment"), "{shown}");
}

#[test]
fn production_groups_are_asked_for_at_a_terminal_only() {
    let (sim, dir) = account();
    dir.write("two.csv", "dg\nBench\nSimProduction\n");
    let build = text(&dir.sh("cat build"), "id");
    for (verb, to_do) in [
        ("imp-dg restart".to_owned(), "restart 1 production group"),
        ("imp-build deploy -x empty -y empty".to_owned(), "deploy to 1 production group"),
        ("imp-build run -x empty -y empty".to_owned(), "deploy to and restart 1 production group"),
        (format!("imp-build copy -b {build}"), "deploy to 1 production group"),
    ] {
        sim.reset();
        let shown = asked(&sim, &dir, &format!("{verb} --input two.csv"));
        assert!(shown.contains(to_do), "{shown}");
        assert!(shown.contains("production, of SimProduct: 3 devices\n"), "{shown}");
        // Nobody is asked about other groups, nor about a rehearsal, nor when it was confirmed before.
        for calm in ["-g Bench", "--input two.csv --dry-run", "--input two.csv -q"] {
            let run = dir.sh_on_terminal(&format!("{verb} {calm}"), "").ok();
            assert!(!run.stdout().contains("Go on?"), "{verb} {calm}: {run}");
        }
        let run = dir.sh_on_terminal(&format!("{verb} --input two.csv"), "y\n").ok();
        assert!(run.stdout().contains("SimProduct"), "{run}");
        // A job of the night goes on as ever.
        let writes = sim.counts().writes;
        dir.sh(&format!("{verb} --input two.csv")).quiet();
        assert!(sim.counts().writes > writes, "{verb}");
    }
}
