//! `imp`, the tools under one name.

use std::os::unix::fs::PermissionsExt;

use tests::{Dir, Sim, command};

/// Puts a program into the directory `bin`, which the tests put on the PATH.
fn program(dir: &Dir, name: &str, script: &str) {
    let path = dir.path().join("bin");
    std::fs::create_dir_all(&path).expect("a directory");
    std::fs::write(path.join(name), format!("#!/bin/sh\n{script}\n")).expect("a file");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path.join(name), mode).expect("its mode");
}

#[test]
fn a_tool_runs_as_if_it_had_been_typed_itself() {
    let sim = Sim::start(&["--devices", "3"]);
    sim.groups(["Bench"]);
    let dir = Dir::signed_in(&sim);
    assert_eq!(
        dir.sh("imp device list").quiet().lines(),
        dir.sh("imp-device list").quiet().lines()
    );
    dir.sh("imp device list | imp device assign --dg Bench").quiet().outcomes("assigned", 3);
    dir.sh("imp device info nobody").code(1).says("imp-device: ");
    dir.sh("imp device list --bogus").code(2).says("imp-device: unexpected argument");
    assert_eq!(
        dir.sh("imp dg -- --version; imp dg --version").stdout().trim(),
        dir.sh("imp-dg --version").stdout().trim()
    );
    // It is the tool then, not a process that waits for it.
    let run = dir.sh("imp device list --patience 1s < /dev/null & wait $!; echo $?").ok();
    assert_eq!(run.lines().last().map(String::as_str), Some("0"), "{run}");
}

#[test]
fn whatever_is_called_so_is_a_tool() {
    let dir = Dir::new();
    program(&dir, "imp-shelf", "echo shelf \"$@\"; exit 7");
    program(&dir, "imp-device", "echo never");
    std::fs::write(dir.path().join("bin/imp-notes.txt"), "").expect("a file");
    let run = dir.sh("PATH=$PWD/bin:$PATH imp shelf -x 'a b'").code(7);
    assert_eq!(run.lines(), ["shelf -x a b"]);
    let run = dir.sh("PATH=$PWD/bin:$PATH imp");
    assert!(run.stdout().contains("/bin/imp-shelf") && !run.stdout().contains("notes"), "{run}");
    // What lies beside imp counts before the PATH.
    let run = dir.sh("PATH=$PWD/bin:$PATH imp device --version").quiet();
    assert!(run.stdout().starts_with("imp-device "), "{run}");
}

#[test]
fn a_misspelt_tool_is_told_as_a_misspelt_verb_is() {
    let dir = Dir::new();
    for script in ["imp devcie list", "imp help devcie"] {
        let run = dir.sh(script).code(2).no_stdout();
        run.says_all(&[
            "imp: unrecognized subcommand 'devcie'",
            "similar",
            "'device'",
            "Usage: imp",
        ]);
    }
    dir.sh("imp complte").code(2).says("'completion'");
    dir.sh("imp ../bin/device").code(2).no_stdout().says("imp: ");
    dir.sh("imp --bogus").code(2).no_stdout().says("imp: unexpected argument '--bogus'");
    let version = dir.sh("imp --version").quiet().stdout();
    assert_eq!(version, dir.sh("imp-device --version").stdout().replace("imp-device", "imp"));
}

#[test]
fn help_is_that_of_the_tool() {
    let dir = Dir::new();
    for (ours, theirs) in [
        ("imp help device assign", "imp-device assign --help"),
        ("imp help dg", "imp-dg --help"),
        ("imp help sim run", "imp-sim run --help"),
        ("imp help doctor", "imp doctor --help"),
        ("imp help", "imp -h"),
    ] {
        assert_eq!(dir.sh(ours).quiet().stdout(), dir.sh(theirs).quiet().stdout(), "{ours}");
    }
}

#[test]
fn alone_it_lists_what_is_there_and_asks_nothing() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in(&sim);
    let first = dir.sh("imp").quiet().stdout();
    assert!(first.contains("not known yet") && first.contains(&sim.entry.endpoint), "{first}");
    assert_eq!(sim.counts().total, 0);
    dir.sh("imp-auth info").ok();
    assert!(dir.sh("imp").quiet().stdout().contains("simuser@example.com"));
    for name in ["auth", "product", "dg", "device", "build", "hook", "change", "log", "sim"] {
        let help = dir.sh(&format!("imp-{name} --help")).quiet().stdout();
        let about = help.lines().next().expect("a line").trim_end_matches('.').to_owned();
        let line = first.lines().find(|line| line.split_whitespace().next() == Some(name));
        assert!(
            line.is_some_and(|line| line.trim_end_matches('.').ends_with(&about)),
            "{name}: {about}\n{first}"
        );
    }
    assert!(Dir::new().sh("imp").quiet().stdout().contains("Not signed in"));
    assert!(command("imp").exists());
}
