//! Every crate that is not ours has its reasons in `imp-internals(7)`, and none has that is not used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::manual::pages;

#[test]
fn every_dependency_is_in_the_table() {
    let page = pages::read("man/imp-internals.7");
    let lines = pages::section(&page, "DEPENDENCIES");
    let items = lines.iter().filter_map(|line| line.strip_prefix(".It Li "));
    let told: BTreeSet<&str> = items.flat_map(|names| names.split(" , ")).collect();
    let used: BTreeSet<String> = manifests().iter().flat_map(|path| not_ours(path)).collect();
    assert!(used.len() > 30, "{used:?}");
    assert_eq!(told, used.iter().map(String::as_str).collect());
}

/// The manifests of the workspace's members.
fn manifests() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let members = ["common", "tools"].iter().flat_map(|folder| {
        let entries = std::fs::read_dir(top.join(folder)).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path().join("Cargo.toml"))
    });
    members.chain([top.join("tests/Cargo.toml"), top.join("tests/world/Cargo.toml")]).collect()
}

/// The crates in the sections of dependencies that are no folder of the workspace.
fn not_ours(manifest: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(manifest).expect("a manifest");
    let mut is_wanted = false;
    let mut names = BTreeSet::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix('[') {
            is_wanted = title.trim_end_matches(']').ends_with("dependencies");
        } else if is_wanted && !line.starts_with('#') && !line.contains("path =") {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if !name.is_empty() && !OURS.contains(&name) {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// What lies in `common/`.
const OURS: [&str; 8] = ["api", "auth", "cli", "command_tree", "model", "ops", "pipe", "simulated"];
