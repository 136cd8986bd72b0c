//! Every record that a test sees is checked against the schema that its tool prints.
//!
//! Careful about what is no record of a tool: what `jq` has made of one, or a part of it that --fields asked for. Our
//! own records are checked more strictly than a consumer may: a field that is not described is a mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::commands::{TOOLS, command};
use crate::script;

/// Of these every field is ours.
const OURS: [&str; 11] = [
    "failed_row",
    "report",
    "run",
    "row",
    "failed",
    "sign_in",
    "check",
    "command",
    "refused_call",
    "listener",
    "device_change",
];

/// What the tools say of their records.
struct Schemas {
    /// Of each type of records.
    validators: BTreeMap<String, Validator>,
    /// The types that each tool prints.
    printed: BTreeMap<&'static str, BTreeSet<String>>,
}

static SCHEMAS: OnceLock<Schemas> = OnceLock::new();

/// The schema that a tool prints of all its records.
///
/// # Panics
/// When it prints none.
pub fn schema_of(tool: &str) -> Value {
    let printed = Command::new(command(tool)).arg("schema").env_clear().output();
    let printed = printed.expect("the tool can be started");
    assert!(printed.status.success(), "{tool} schema: {printed:?}");
    serde_json::from_slice(&printed.stdout).expect("one JSON document")
}

/// The types of records that a tool prints, as its schema says.
///
/// # Panics
/// When it has another form.
pub fn types_in(schema: &Value) -> BTreeSet<String> {
    let references = schema["anyOf"].as_array().expect("the types that are printed");
    let name = |reference: &Value| {
        let name = reference["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/"));
        name.expect("a reference to a type").to_owned()
    };
    references.iter().map(name).collect()
}

fn schemas() -> &'static Schemas {
    SCHEMAS.get_or_init(|| {
        let documents = TOOLS.map(|tool| (tool, schema_of(tool)));
        let printed = documents.iter().map(|(tool, schema)| (*tool, types_in(schema))).collect();
        let mut validators = BTreeMap::new();
        for (_, schema) in &documents {
            let definitions = schema["$defs"].as_object().expect("the schemas of its types");
            for name in definitions.keys() {
                validators.entry(name.clone()).or_insert_with(|| validator(name, schema));
            }
        }
        Schemas { validators, printed }
    })
}

/// The validator of a type within the schema of a tool.
fn validator(name: &str, schema: &Value) -> Validator {
    let mut schema = schema.clone();
    let fields = schema.as_object_mut().expect("an object");
    fields.remove("anyOf");
    fields.insert("$ref".into(), format!("#/$defs/{name}").into());
    if OURS.contains(&name) {
        close(&mut schema["$defs"][name]);
    }
    jsonschema::validator_for(&schema).expect("a schema of the dialect that it names")
}

/// No object in it may have more fields than are described.
fn close(schema: &mut Value) {
    if let Some(more) = schema.get_mut("additionalProperties") {
        *more = false.into();
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(close),
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The type of a record: the name of its schema.
fn type_of(record: &Value) -> Option<&str> {
    let has = |names: &[&str]| names.iter().all(|name| record.get(name).is_some());
    match record["type"].as_str() {
        Some(kind @ ("change" | "sign_in")) => Some(kind),
        _ if has(&["outcome"]) => Some("result"),
        _ if has(&["device_id", "ts", "msg"]) => Some("log"),
        Some(kind) if kind.ends_with("_devicegroup") => Some("devicegroup"),
        Some(kind) => Some(kind),
        None if has(&["error", "input"]) => Some("failed_row"),
        None if has(&["rows", "unchanged"]) => Some("report"),
        None if has(&["address", "url"]) => Some("listener"),
        None if has(&["device_id", "timestamp"]) => Some("history"),
        None => None,
    }
}

/// What is wrong with a record that a tool has printed, if it is known which.
fn mistake(record: &Value, tool: Option<&str>) -> Option<String> {
    let schemas = schemas();
    let name = type_of(record).unwrap_or("no type");
    let Some(validator) = schemas.validators.get(name) else {
        return Some(format!("no schema describes a record of {name}"));
    };
    if let Some(tool) = tool
        && !schemas.printed[tool].contains(name)
    {
        return Some(format!("the schema of {tool} has no {name}"));
    }
    let error = validator.iter_errors(record).next()?;
    Some(format!("it is no {name} by its schema, at `{}`: {error}", error.instance_path()))
}

/// Checks records of whichever tool.
///
/// # Panics
/// When one is not as its schema says.
#[track_caller]
pub(crate) fn check<'a>(records: impl IntoIterator<Item = &'a Value>) {
    for record in records {
        if let Some(mistake) = mistake(record, None) {
            panic!("{mistake}\n{record}");
        }
    }
}

/// Checks the records on the stdout of a script, where they come from our tools alone. Gives what is wrong.
pub(crate) fn mistake_in_output(typed: &str, stdout: &[u8]) -> Option<String> {
    if !stdout.trim_ascii_start().starts_with(b"{") && !stdout.trim_ascii_start().starts_with(b"[")
    {
        return None;
    }
    let tools = script::printing_tools(typed)?;
    let tool = TOOLS.into_iter().find(|tool| tools.iter().eq([tool]));
    records_in(stdout)
        .iter()
        .find_map(|record| mistake(record, tool).map(|mistake| format!("{mistake}\n{record}")))
}

/// The objects in lines of JSON, or in one array. What is cut is none.
fn records_in(stdout: &[u8]) -> Vec<Value> {
    if let Ok(Value::Array(records)) = serde_json::from_slice(stdout) {
        return records;
    }
    let lines = stdout.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{"));
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_known_by_what_it_has() {
        for (record, name) in [
            (json!({"type": "device", "id": "d"}), Some("device")),
            (json!({"type": "device", "id": "d", "outcome": "assigned"}), Some("result")),
            (json!({"type": "change", "outcome": "assigned"}), Some("change")),
            (json!({"type": "dut_devicegroup"}), Some("devicegroup")),
            (json!({"device_id": "d", "ts": "t", "type": "status", "msg": ""}), Some("log")),
            (json!({"error": {}, "input": {}, "source": "stdin:1"}), Some("failed_row")),
            (json!({"id": "d"}), None),
        ] {
            assert_eq!(type_of(&record), name, "{record}");
        }
    }

    #[test]
    fn what_is_not_described_is_a_mistake() {
        let check =
            json!({"type": "check", "check": "c", "result": "ok", "found": "", "advice": ""});
        assert_eq!(mistake(&check, Some("imp")), None);
        assert!(mistake(&check, Some("imp-device")).is_some(), "it is printed by imp alone");
        for (field, value) in [("result", json!("good")), ("found", json!(1)), ("more", json!(1))] {
            let mut wrong = check.clone();
            wrong[field] = value;
            assert!(mistake(&wrong, None).is_some(), "{wrong}");
        }
        let device = json!({"type": "device", "id": "d", "rssi": -60, "new_in_the_service": [1]});
        assert_eq!(mistake(&device, None), None, "the service may send more");
        assert!(mistake(&json!({"type": "device", "id": "d", "rssi": "strong"}), None).is_some());
        assert!(mistake(&json!({"type": "toaster", "id": "t"}), None).is_some());
    }
}
