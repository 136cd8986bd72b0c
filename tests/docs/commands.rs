//! The tree of all verbs and options, kept as `tests/docs/commands.txt` so that a review sees each change.

use std::path::Path;

use super::manual::pages;
use tests::Dir;

#[test]
fn the_verbs_and_options_are_those_that_were_reviewed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.jq");
    let script = format!("imp commands | jq --raw-output --from-file {}", here.display());
    let found = Dir::new().sh(&script).quiet().stdout();
    let kept = pages::read("tests/docs/commands.txt");
    let (found, kept): (Vec<&str>, Vec<&str>) = (found.lines().collect(), kept.lines().collect());
    let added: Vec<_> = found.iter().filter(|line| !kept.contains(line)).collect();
    let gone: Vec<_> = kept.iter().filter(|line| !found.contains(line)).collect();
    assert!(
        found == kept,
        "if this is meant: imp commands | jq -rf tests/docs/commands.jq > tests/docs/commands.txt\n\
         added: {added:#?}\ngone: {gone:#?}"
    );
}

#[test]
fn the_version_and_every_tool_are_told_in_each_form() {
    let dir = Dir::new();
    let tools = dir.sh("imp commands | jq -r 'select(.version).command'").quiet().lines();
    assert_eq!(tools.len(), 10, "{tools:?}");
    let number = dir.sh("imp commands -z json | jq length").quiet().stdout();
    assert!(number.trim().parse::<u32>().is_ok_and(|number| number > 80), "{number}");
    assert!(dir.sh("imp commands --fields command").quiet().lines().len() > 80);
}
