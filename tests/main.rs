//! All tests, in one program: what the commands do, what holds whatever happens, the simulator, the
//! manual pages. A new file is listed here, or in the file that has the name of its folder; a test
//! sees to it, because a file that is listed nowhere is never compiled.

/// What each command does, a file a command or a family of verbs.
mod commands {
    mod assign;
    mod assign_options;
    pub(crate) mod build_rollout;
    mod builds;
    pub(crate) mod changes;
    mod completion;
    mod device_and_product;
    mod diff;
    mod doctor;
    pub(crate) mod export;
    mod filters;
    mod groups;
    mod hooks;
    mod import;
    mod info;
    mod login_keys;
    mod logs;
    mod metrics;
    mod packages;
    mod questions;
    mod record;
    mod rehearsed;
    pub(crate) mod rollout;
    mod sign_in;
    mod umbrella;
    mod unassign;
    mod wait;
    mod watch;
    mod whole_groups;
}

/// What holds for every command: input, output, ends, faults, secrets, the limit.
mod properties {
    mod account;
    mod bad_input;
    mod command_line;
    mod damaged_journals;
    mod doubt;
    mod dry_runs;
    mod duplicates;
    mod end_of_run;
    mod exit_codes;
    mod guards;
    mod identifiers;
    mod input;
    mod journals;
    mod killed_build_rollouts;
    mod killed_changes;
    mod killed_rollouts;
    mod killed_watches;
    mod kills;
    mod kills_of_other_verbs;
    mod limits;
    mod lists;
    mod pipes;
    mod plans;
    pub(crate) mod random_faults;
    mod records;
    mod renewal;
    mod request_counts;
    mod resume;
    mod retry;
    mod secrets;
    mod service;
    mod signals;
    mod spreadsheets;
    mod terminal;
    mod transport;
    mod twins;
    mod unchanged;
    mod undo_sequences;
    mod unknown_outcomes;
    mod values;
    mod variants;
}

/// The simulator, asked at its wire as the service would be.
mod simulator {
    mod auth;
    mod bulk;
    mod client;
    mod deployments;
    mod devices;
    mod effects;
    mod factory;
    mod groups;
    mod hardware;
    mod libraries;
    mod line;
    mod logs;
    mod process;
    mod products;
    mod rehearsal;
    mod roles;
    mod streams;
    mod webhooks;
}

/// What is written is true: manual pages, README, the Production Guide.
mod docs {
    mod commands;
    mod cookbook;
    mod dependencies;
    mod manual;
    mod production_guide;
    mod schemas;
}

use std::fs;
use std::path::Path;

#[test]
fn every_file_is_listed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["commands", "properties", "simulator", "docs"] {
        files_are_listed(&here.join(folder), &here.join("main.rs"));
    }
}

/// Each file in `folder` is a module in `list`, and likewise the files in the folders of its name.
fn files_are_listed(folder: &Path, list: &Path) {
    let listed = fs::read_to_string(list).expect("a file of modules");
    for entry in fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8");
        let line = format!("mod {name};");
        let found = listed.lines().any(|one| one.trim().trim_start_matches("pub(crate) ") == line);
        assert!(found, "{} has no line `{line}` for {}", list.display(), path.display());
        if path.with_extension("").is_dir() {
            files_are_listed(&path.with_extension(""), &path);
        }
    }
}
