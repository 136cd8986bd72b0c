//! `imp doctor`: what works, what does not, and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tests::{Dir, Port, Run, Sim};

/// The result and what was found of a check.
fn check(run: &Run, name: &str) -> (String, String) {
    let records = run.records();
    let found = records.iter().find(|record| record["check"] == name);
    let found = found.unwrap_or_else(|| panic!("no check {name}{run}"));
    let text = |field: &str| found[field].as_str().expect("a text").to_owned();
    if text("result") != "ok" {
        assert!(!text("advice").is_empty(), "{found}");
    }
    (text("result"), text("found"))
}

fn result(run: &Run, name: &str) -> String {
    check(run, name).0
}

#[test]
fn where_everything_works_all_is_ok() {
    let sim = Sim::start(&["--rate-limit", "40"]);
    let mut dir = Dir::signed_in(&sim);
    dir.set("https_proxy", "http://me:secret@proxy.example.com:3128");
    let run = dir.sh("imp doctor").quiet();
    let bad = |record: &&Value| record["result"] != "ok";
    assert_eq!(run.records().iter().find(bad), None, "{run}");
    assert_eq!(check(&run, "account").1, "simuser@example.com");
    assert!(check(&run, "limit").1.starts_with("40 requests a second"), "{run}");
    assert!(check(&run, "sign-in").1.contains("the local sign-in file"), "{run}");
    assert!(check(&run, "proxy").1.contains("https_proxy is set"), "{run}");
    assert!(!run.stdout().contains("secret"), "{run}");
    assert_eq!(sim.counts().total, 1);
    let table = dir.sh_on_terminal("imp doctor", "").ok().stdout();
    assert!(table.contains("sign-in") && !table.contains("{\""), "{table}");
    let array = dir.sh("imp doctor -z json").quiet().stdout();
    assert!(array.starts_with('['), "{array}");
}

#[test]
fn who_is_not_signed_in_is_told_so_and_the_service_is_looked_at_all_the_same() {
    let sim = Sim::start(&[]);
    let mut dir = Dir::new();
    dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    let run = dir.sh("imp doctor").code(1);
    assert_eq!(result(&run, "sign-in"), "failed");
    assert_eq!(result(&run, "endpoint"), "ok");
    dir.write(".impt.auth", "no JSON");
    assert_eq!(result(&dir.sh("imp doctor").code(1), "sign-in"), "failed");
}

#[test]
fn a_sign_in_that_is_refused_or_open_to_others_is_told() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in_at(&sim.entry.endpoint);
    let run = dir.sh("imp doctor").code(1);
    assert_eq!(result(&run, "account"), "failed");
    let dir = Dir::signed_in(&sim);
    let file = dir.path().join(".impt.auth");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("its mode");
    let run = dir.sh("imp doctor").ok();
    assert_eq!(result(&run, "sign-in"), "warning");
    // A token that the service does not take any more is renewed.
    sim.expire_tokens();
    assert_eq!(result(&dir.sh("imp doctor").ok(), "account"), "ok");
}

#[test]
fn a_service_that_is_not_there_or_not_trusted_is_told() {
    let port = Port::reserve();
    let dir = Dir::signed_in_at(&format!("http://{}/v5", port.address()));
    let run = dir.sh("imp doctor --patience 4s").code(1);
    assert_eq!(result(&run, "endpoint"), "failed");
    assert_eq!(result(&run, "clock"), "warning");
    let place = tempfile::tempdir().expect("a directory");
    let sim = Sim::start(&["--tls", place.path().to_str().expect("UTF-8")]);
    let mut dir = Dir::signed_in_at(&sim.entry.endpoint);
    let run = dir.sh("imp doctor").code(1);
    assert_eq!(result(&run, "certificate"), "failed");
    let authority = sim.entry.ca_file.clone().expect("a file");
    dir.set("SSL_CERT_FILE", authority.to_str().expect("UTF-8"));
    let run = dir.sh("imp doctor").code(1);
    let (result, found) = check(&run, "certificate");
    assert!(result == "ok" && found.contains("SSL_CERT_FILE"), "{run}");
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in_at(sim.entry.endpoint.trim_end_matches("/v5"));
    let run = dir.sh("imp doctor").code(1);
    assert_eq!(check(&run, "account").0, "failed");
}

#[test]
fn directories_that_others_get_into_and_tools_of_several_versions_are_told() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in(&sim);
    let cache = dir.home().join("cache/imp-tools");
    fs::create_dir_all(&cache).expect("a directory");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).expect("its mode");
    fs::create_dir_all(dir.home().join("state")).expect("a directory");
    fs::write(dir.home().join("state/imp-tools"), "").expect("a file");
    // A tool of another version beside imp.
    let told = json!({"name": "imp-log", "version": "0.0.1"});
    dir.write("old", format!("#!/bin/sh\necho '{told}'\n"));
    let old = "mkdir bin; cp $(command -v imp) $(command -v imp-dg) bin/; install old bin/imp-log";
    dir.sh(old).quiet();
    let run = dir.sh("PATH=$PWD/bin:/usr/bin:/bin imp doctor").code(1);
    assert_eq!(result(&run, "cache directory"), "warning");
    assert_eq!(result(&run, "state directory"), "failed");
    let (result, found) = check(&run, "versions");
    assert!(result == "warning" && found.contains("0.0.1: log"), "{run}");
    assert!(check(&run, "missing tools").1.contains("device"), "{run}");
}

#[test]
fn a_page_is_as_wide_as_the_terminal_and_broken_between_words_only() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    // Without a tool of another version there is nothing to do.
    dir.sh("mkdir -p ~/.local/state/imp-tools; chmod 755 ~/.local/state/imp-tools").quiet();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for script in ["imp doctor", "imp", "imp-auth info"] {
        let at = |width: usize| {
            let run = dir.sh_on_terminal(&format!("stty rows 24 cols {width}; {script}"), "").ok();
            run.stdout().replace('\r', "")
        };
        let widest = at(500);
        for width in [120, 80, 40] {
            let page = at(width);
            // What a check took or found may differ, not how much is told.
            assert_eq!(words(&page).len(), words(&widest).len(), "{page}\n{widest}");
            for line in page.lines() {
                // Alone on its line is only what has no blanks.
                let is_narrow = line.chars().count() <= width;
                assert!(is_narrow || words(line).len() == 1, "{width}: {line}");
            }
        }
        let asked =
            dir.sh_on_terminal(&format!("stty rows 24 cols 200; COLUMNS=60 {script}"), "").ok();
        let asked = asked.stdout();
        let is_narrow = |line: &str| line.trim_end().chars().count() <= 60;
        assert!(asked.lines().all(|line| is_narrow(line) || words(line).len() == 1), "{asked}");
    }
    // What is piped is whole.
    let whole = dir.sh("COLUMNS=20 imp | cat").quiet().stdout();
    assert!(
        whole.contains("  device   Devices of impCentral, one or many thousands at once"),
        "{whole}"
    );
}
