//! The file of `--changes`: what is in it, and when, and which file is not to be lost.

use std::os::unix::fs::PermissionsExt;

use tests::Dir;

#[test]
fn the_file_tells_what_was_done_however_the_command_ended() {
    let dir = Dir::new();
    let run = "imp-sim run --devices 3 --changes plan";
    dir.sh(&format!("{run} -- sh -c 'imp-product create -n P > /dev/null; exit 9'")).code(9);
    assert_eq!(dir.read_lines("plan").len(), 1);
    let mode = std::fs::metadata(dir.path().join("plan")).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600, "it may hold passwords");
    // What no record can tell is counted, and a command that does nothing leaves no old plan behind.
    let stream = "curl -s -X POST $IMPT_ENDPOINT/logstream \
        -H \"Authorization: Bearer $(jq -r .accessToken $IMP_AUTH_FILE)\" > /dev/null";
    dir.write("stream.sh", stream);
    dir.sh(&format!("{run} -- sh stream.sh")).says("no change record says it: 1 log stream").ok();
    assert_eq!(dir.read("plan"), "");
    // What the state cannot be written to is told, and the plan is there.
    let create = "imp-product create -n P";
    dir.sh(&format!("{run} --state no/such/state -- {create}")).code(2).says("no/such/state");
    assert_eq!(dir.read_lines("plan").len(), 1);
    // It is known before the command starts that it cannot be written.
    dir.sh("imp-sim run --changes no/such/plan -- touch started").code(2).says("no/such/plan");
    dir.sh("imp-sim run --changes . -- touch started").code(2).says("it is a directory");
    dir.sh("imp-sim run --changes /dev/full -- imp-product create -n P").code(2).says("/dev/full");
    assert!(!dir.path().join("started").exists());
    let piped = dir.sh("imp-sim run --changes /dev/stdout -- imp-product create -n P -z minimal");
    assert_eq!(piped.ok().lines().len(), 2);
}

#[test]
fn no_file_is_lost_to_a_command_that_cannot_start_or_reads_it() {
    let dir = Dir::new();
    dir.sh("imp-sim run --devices 3 -- imp-product export --all > account; ln account linked").ok();
    dir.sh("ln -s account pointed; mkdir sub; head -c -20 account > cut").ok();
    dir.write("keep", "precious");
    let account = dir.read("account");
    for (options, code, said) in [
        ("--load nowhere --changes keep -- true", 2, "nowhere"),
        ("--load cut --changes keep -- true", 2, "cut:"),
        ("--fault nonsense --changes keep -- true", 2, "nonsense"),
        ("--changes keep -- nowhere", 127, "nowhere"),
        ("--load account --changes account -- true", 2, "the file of --load account"),
        ("--load account --changes linked -- true", 2, "the file of --load account"),
        ("--load pointed --changes sub/../account -- true", 2, "the file of --load pointed"),
        ("--state new --changes ./new -- true", 2, "the file of --state new"),
    ] {
        dir.sh(&format!("imp-sim run {options}")).code(code).says(said);
        assert_eq!((dir.read("keep"), dir.read("account")), ("precious".into(), account.clone()));
    }
    // Nothing is left beside them.
    let names = dir.sh("ls -A | grep -v '^[.]h'").ok().lines().join(" ");
    assert!(!names.contains(".tmp") && !names.contains("new"), "{names}");
    // Stdout is a file: neither writes over what the other has written.
    let create = "imp-product create -n P";
    dir.sh(&format!("{{ echo first; imp-sim run --changes /dev/stdout -- {create}; }} > out")).ok();
    let out = dir.read("out");
    assert!(out.starts_with("first\n") && out.contains(r#""type":"change""#), "{out}");
    assert_eq!(out.lines().count(), 3, "{out}");
}

#[test]
fn a_signal_ends_it_while_it_waits_for_the_other_end_of_a_pipe() {
    let dir = Dir::new();
    dir.sh("mkfifo pipe").ok();
    for option in ["--changes", "--load"] {
        let running = dir.spawn(&format!("echo $$ > pid; exec imp-sim run {option} pipe -- true"));
        let waits = || {
            let pid = std::fs::read_to_string(dir.path().join("pid")).unwrap_or_default();
            let at = format!("/proc/{}/wchan", pid.trim());
            std::fs::read_to_string(at)
                .is_ok_and(|at| at.contains("fifo") || at.contains("wait_for_partner"))
        };
        running.wait_for("that it waits for the other end", waits);
        running.terminate();
        assert_eq!(running.wait().exit_code(), None, "{option}: the signal ended it");
        std::fs::remove_file(dir.path().join("pid")).expect("it was written");
    }
    // With a reader it goes on.
    dir.sh("cat pipe > read & imp-sim run --changes pipe -- imp-product create -n P; wait").ok();
    assert_eq!(dir.read_lines("read").len(), 1);
}

#[test]
fn the_file_has_what_was_done_as_soon_as_it_is_answered() {
    let dir = Dir::new();
    let script =
        "imp-product create -n P > made; wc -l < plan > after; imp-product create -n Q > made";
    dir.write("script.sh", format!("{script}; exec cat"));
    dir.write("plan", "old");
    // Whatever becomes of the simulator.
    let running = dir.spawn_open("exec imp-sim run --changes plan -- sh script.sh");
    running.wait_for("the second product", || dir.read("plan").lines().count() == 2);
    running.insist("KILL");
    assert_eq!((dir.read("after").trim(), dir.read_lines("plan").len()), ("1", 2));
    // It passes on to the command what would end it.
    dir.write("script.sh", "imp-product create -n P > made; kill -TERM $PPID; exec sleep 60");
    dir.sh("imp-sim run --changes plan -- sh script.sh").code(143);
    assert_eq!(dir.read_lines("plan").len(), 1);
}
