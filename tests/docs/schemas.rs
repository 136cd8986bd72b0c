//! The schemas of the records, kept as `tests/docs/schemas/TYPE.json`: a change that breaks programs which read the
//! records needs a new version, and each change is seen in a review.

mod compatibility;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use compatibility::breaks;
use serde_json::Value;
use tests::{Dir, schema_of, types_in};

use super::manual::pages;

/// How the kept copies are renewed.
const RENEW: &str = "sh tests/docs/schemas/renew.sh";

/// The tools that print records.
fn tools() -> Vec<String> {
    let pages = pages::of_clients();
    pages.iter().map(|page| page.trim_end_matches(".1").to_owned()).collect()
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas")
}

/// The kept copies by their types.
fn kept_schemas() -> BTreeMap<String, Value> {
    let paths = std::fs::read_dir(kept()).expect("the kept schemas");
    let paths = paths.map(|entry| entry.expect("a file").path());
    let is_schema = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    paths
        .filter(is_schema)
        .map(|path| {
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8").to_owned();
            let text = std::fs::read_to_string(&path).expect("the file can be read");
            (name, serde_json::from_str(&text).expect("JSON"))
        })
        .collect()
}

/// The schema of each type, as the tools print it, and the types that each tool prints, a line a tool.
fn found() -> (BTreeMap<String, Value>, String) {
    let dir = Dir::new();
    let (mut schemas, mut tools_and_types) = (BTreeMap::new(), String::new());
    for tool in tools() {
        let types: Vec<String> = types_in(&schema_of(&tool)).into_iter().collect();
        tools_and_types.push_str(&format!("{tool}: {}\n", types.join(" ")));
        for name in types {
            let text = dir.sh(&format!("{tool} schema {name}")).quiet().stdout();
            let schema: Value = serde_json::from_str(&text).expect("one JSON document");
            let known = schemas.entry(name.clone()).or_insert_with(|| schema.clone());
            assert_eq!(*known, schema, "{name} is the same in every tool");
        }
    }
    (schemas, tools_and_types)
}

#[test]
fn what_programs_rely_on_changes_with_the_version_only() {
    let (kept_schemas, (found, tools)) = (kept_schemas(), found());
    let mut broken = Vec::new();
    for (name, old) in &kept_schemas {
        match found.get(name) {
            None => broken.push(format!("{name}: it is not printed any more")),
            Some(new) if new["version"] == old["version"] => {
                broken.extend(breaks(old, new).into_iter().map(|what| format!("{name}: {what}")));
            }
            Some(_) => {}
        }
    }
    let kept_tools = pages::read("tests/docs/schemas/tools.txt");
    for line in kept_tools.lines().filter(|line| !tools.lines().any(|new| new == *line)) {
        let (tool, types) = line.split_once(": ").expect("a tool and its types");
        let new = tools.lines().find_map(|new| new.strip_prefix(tool)).unwrap_or_default();
        let new: BTreeSet<&str> = new.trim_start_matches(": ").split(' ').collect();
        let gone = types.split(' ').filter(|name| found.contains_key(*name) && !new.contains(name));
        broken.extend(gone.map(|name| format!("{tool} does not print {name} any more")));
    }
    assert!(
        broken.is_empty(),
        "this breaks programs that read the records: take it back, or raise VERSION in \
         common/model/src/schema.rs and then: {RENEW}\n{broken:#?}"
    );
    let differ: Vec<&String> = found
        .keys()
        .chain(kept_schemas.keys())
        .filter(|name| found.get(*name) != kept_schemas.get(*name))
        .collect();
    assert!(
        differ.is_empty() && tools == kept_tools,
        "if this is meant, renew the kept copies: {RENEW}\ndiffer: {differ:#?}\n{tools}"
    );
}

#[test]
fn a_schema_is_one_of_the_dialect_that_it_names_and_is_called_by_name_and_version() {
    let (schemas, _) = found();
    let documents = schemas.into_iter().chain(tools().into_iter().map(|tool| {
        let schema = schema_of(&tool);
        (tool, schema)
    }));
    for (name, schema) in documents {
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        let id = format!("urn:imp-tools:schema:{}:{name}", schema["version"]);
        assert_eq!((schema["$id"].as_str(), schema["title"].as_str()), (Some(&*id), Some(&*name)));
    }
}

#[test]
fn a_type_that_is_not_there_is_told_with_those_that_are() {
    let dir = Dir::new();
    dir.sh("imp-log schema device")
        .code(2)
        .no_stdout()
        .says_all(&["invalid value 'device'", "log, gap, failed_row, report"]);
    // A group goes by what stands in its record, too.
    let types = ["devicegroup", "pre_dut_devicegroup"];
    let [one, other] = types.map(|name| dir.sh(&format!("imp-dg schema {name}")).quiet().stdout());
    assert_eq!(one, other);
    let offered = dir.sh("imp complete fish -- imp-dg schema dev").quiet().lines();
    assert!(offered[1].starts_with("devicegroup\t") && offered.len() == 2, "{offered:?}");
    dir.sh("imp-device schema > /dev/full").code(2).says("cannot write to stdout");
    dir.sh("imp-device schema | head -1").code(0);
}
