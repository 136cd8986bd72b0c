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
