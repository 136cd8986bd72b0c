//! `imp-sim run` with a shell, at a terminal: what a person is told, and where they are.

use serde_json::Value;
use tests::{Background, Dir, Run};

/// Types lines at the prompt of the shell, each when the prompt is there.
fn at_the_prompt(dir: &Dir, command: &str, lines: &[&str]) -> Run {
    let mut conversation: Vec<_> = lines.iter().map(|line| ("(imp-sim) ", *line)).collect();
    conversation.push(("(imp-sim) ", "exit"));
    dir.converse(command, &conversation).ok()
}

#[test]
fn a_person_is_told_what_this_is_and_the_prompt_is_marked() {
    let mut dir = Dir::new();
    dir.set("PS1", "> ");
    let script = ["imp-device list --dg Bench | wc -l", "ls"];
    for shell in ["bash", "sh"] {
        let run = at_the_prompt(&dir, &format!("imp-sim run --example -- {shell}"), &script);
        let shown = run.stdout();
        for part in [
            "nothing reaches the real service",
            "Ovens: Shipped (250), DUTs, Fixtures, Bench (100), Burn-in",
            "350 in groups, 100 in none",
            "type in a second terminal:  . /",
            "exit or Ctrl-D ends shell and service",
            "devices.csv  key.txt  returns.csv",
        ] {
            assert!(shown.contains(part), "{shell} lacks {part}: {shown}");
        }
        assert!(shown.lines().any(|line| line.trim() == "100"), "{shown}");
        let (greeting, _) = shown.split_once("(imp-sim) ").expect("a prompt");
        let wide = greeting.lines().find(|line| line.trim_end().chars().count() > 80);
        assert_eq!(wide, None);
    }
}

#[test]
fn who_has_settings_of_their_own_keeps_them() {
    let dir = Dir::new();
    let rc = "PS1='mine> '\nalias own='echo \"own alias\"'\n";
    std::fs::write(dir.home().join(".bashrc"), rc).expect("a home");
    let run = dir.converse(
        "imp-sim run -- bash",
        &[("(imp-sim) mine> ", "own"), ("own alias\r\n", "exit 7")],
    );
    let run = run.code(7);
    assert!(run.stdout().contains("Nothing     is there yet"), "{run}");
}

/// What is said between two marks, once it is there.
fn between(running: &Background, begin: &str, end: &str) -> String {
    let find = || {
        let text = running.stdout();
        let (_, rest) = text.split_once(begin)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    running.wait_for(begin, || find().is_some());
    find().unwrap_or_default()
}

#[test]
fn a_second_terminal_reaches_the_same_service() {
    let dir = Dir::new();
    let terminal = "script --quiet --return --command 'imp-sim run --devices 7 -- bash' /dev/null";
    let mut first = dir.spawn_open(terminal);
    let file = between(&first, "in a second terminal:  ", "\r\n");
    let second = "imp-product create --name Toasters; imp-device list | wc -l; echo \"$PS1\"";
    let run = dir.sh(&format!("PS1='> '\n{file}\n{second}")).ok();
    assert_eq!(run.lines()[1..], ["7", "(imp-sim) > "]);
    first.type_line("imp-product list -z minimal");
    let made: Value = serde_json::from_str(&run.lines()[0]).expect("a record");
    let id = made["id"].as_str().expect("an id");
    first.wait_for("the product of the second", || first.stdout().contains(id));
    first.type_line("exit");
    first.wait().ok();
    let path = file.trim_start_matches(". ");
    assert!(!std::path::Path::new(path).exists(), "nothing is left of it");
}

#[test]
fn what_is_no_shell_of_a_person_is_told_nothing() {
    let dir = Dir::new();
    for command in ["true", "bash -c true", "sh"] {
        dir.sh(&format!("imp-sim run --example -- {command}")).quiet().no_stdout();
    }
    let run = dir.sh_on_terminal("imp-sim run --example -- true", "");
    assert_eq!(run.ok().stdout(), "");
    dir.write("script", "#!/bin/sh\ncat returns.csv | wc -l\n");
    dir.sh("chmod +x script").ok();
    let run = dir.sh("imp-sim run --example -- ./script").quiet();
    assert_eq!(run.stdout().trim(), "7");
    dir.sh("imp-sim run --example --devices 5 -- true").code(2);
}
