//! What a person sees who waits at a terminal, and what a script never does.

use tests::{Dir, Sim};

#[test]
fn progress_comes_after_silence_and_tells_what_is_left() {
    let sim = Sim::start(&["--devices", "40", "--latency", "300ms"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list > all").quiet();
    let run = dir.sh_on_terminal("imp-device info --input all --jobs 2 > /dev/null", "").ok();
    let shown = run.stdout();
    assert!(shown.contains(" of 40 devices · "), "{run}");
    assert!(shown.contains(" left"), "{run}");
    assert!(shown.contains("40 rows: 40 ok"), "{run}");
    // A list that goes to a file, and the first answer of a slow service.
    sim.fault("GET /** delay=1s");
    let run = dir.sh_on_terminal("imp-device list > list", "").ok();
    assert!(run.stdout().contains("waiting for the service"), "{run}");
    // Nobody looks: nothing is drawn.
    dir.sh("imp-device list > list").quiet();
}

#[test]
fn what_is_empty_is_said_to_a_person_and_to_nobody_else() {
    let sim = Sim::start(&["--devices", "3"]);
    sim.groups(["Bench"]);
    let dir = Dir::signed_in(&sim);
    dir.write("none", "");
    for (script, said) in [
        ("imp-device list --dg Bench", "no device found"),
        ("imp-hook list", "no webhook found"),
        ("imp-device info --input none", "there was no device to work on"),
    ] {
        let run = dir.sh_on_terminal(script, "").ok();
        assert!(run.stdout().contains(said), "{run}");
        dir.sh(script).quiet().no_stdout();
    }
}

#[test]
fn colours_are_for_terminals_that_have_them() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-product create -n P && imp-dg create -n G -p P && imp-device list | imp-device assign -g G").ok();
    dir.write("rows", "sensor-000001\nnobody\n");
    let restart = "imp-device restart --dry-run --input rows";
    let run = dir.sh_on_terminal(&format!("TERM=xterm {restart}"), "").code(1);
    assert!(run.stdout().contains("\u{1b}[32mrestarted\u{1b}[0m"), "{run}");
    assert!(run.stdout().contains("\u{1b}[31mrows:2: No device"), "{run}");
    for plain in ["TERM=dumb", "TERM=xterm NO_COLOR=1"] {
        let run = dir.sh_on_terminal(&format!("{plain} {restart}"), "").code(1);
        assert!(!run.stdout().contains("\u{1b}[3"), "{plain}{run}");
    }
    let run = dir
        .sh_on_terminal("export TERM=xterm; imp-device info sensor-000001; imp-dg list -x", "")
        .code(2);
    let id = sim.field("id").remove(1);
    assert!(run.stdout().contains(&format!("  \u{1b}[2m{id}\u{1b}[0m")), "{run}");
    assert!(run.stdout().contains("imp-dg: \u{1b}[31munexpected argument"), "{run}");
    let run = dir.sh(&format!("TERM=xterm {restart} -z table")).code(1);
    assert!(!format!("{run}").contains("\u{1b}["), "{run}");
}
