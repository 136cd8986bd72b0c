//! The columns of each type, for CSV and for tables.
//!
//! They are fixed, so that the header of a file does not depend on its first record.
//! `man/imp-records.7` lists those of CSV.

use model::{Record, ResourceKind};
use serde_json::Value;

const DEVICE: &[&str] = &[
    "type",
    "id",
    "name",
    "mac_address",
    "agent_id",
    "device_online",
    "devicegroup_id",
    "devicegroup_type",
    "product_id",
    "owner_id",
    "imp_type",
    "swversion",
    "ip_address",
    "rssi",
    "free_memory",
    "agent_running",
    "agent_url",
    "device_state_changed_at",
    "agent_state_changed_at",
    "last_enrolled_at",
    "plan_id",
];
const DEVICE_GROUP: &[&str] = &[
    "type",
    "id",
    "name",
    "description",
    "product_id",
    "owner_id",
    "creator_id",
    "current_deployment_id",
    "min_supported_deployment_id",
    "production_target_id",
    "production_target_type",
    "dut_target_id",
    "dut_target_type",
    "region",
    "load_code_after_blessing",
    "env_vars",
    "created_at",
    "updated_at",
];
const PRODUCT: &[&str] =
    &["type", "id", "name", "description", "owner_id", "creator_id", "created_at", "updated_at"];
const ACCOUNT: &[&str] = &["type", "id", "username", "email", "tier"];
const LOGIN_KEY: &[&str] = &["type", "id", "description", "usages"];
const REFRESH_TOKEN: &[&str] = &["type", "id", "created_at"];
const DEPLOYMENT: &[&str] = &[
    "type",
    "id",
    "sha",
    "description",
    "origin",
    "tags",
    "flagged",
    "devicegroup_id",
    "devicegroup_type",
    "product_id",
    "owner_id",
    "creator_id",
    "flagger_id",
    "created_at",
    "updated_at",
];
const WEBHOOK: &[&str] = &[
    "type",
    "id",
    "url",
    "event",
    "content_type",
    "devicegroup_id",
    "devicegroup_type",
    "product_id",
    "owner_id",
    "creator_id",
    "created_at",
    "updated_at",
];

/// Log entries have various types; `Sink::expect_type` is given `log` for them.
const LOG: &[&str] = &["device_id", "ts", "log_type", "type", "msg"];
/// Events of histories have no type; `Sink::expect_type` is given `history` for them.
const HISTORY: &[&str] = &["device_id", "timestamp", "event", "owner_id", "actor_id", "actor"];
/// Records of `imp-device diff` are rows for other verbs, whatever their type says; `Sink::expect_type` is given
/// `difference` for them.
const DIFFERENCE: &[&str] = &[
    "type",
    "state",
    "source",
    "id",
    "mac_address",
    "name",
    "device_online",
    "devicegroup_id",
    "devicegroup_type",
    "devicegroup_name",
    "product_id",
    "product_name",
    "expected_devicegroup_id",
    "expected_product_id",
    "blessed_at",
    "doubled_of",
];
/// The same for those of `imp-device watch`, with `movement`.
const MOVEMENT: &[&str] = &[
    "type",
    "change",
    "id",
    "mac_address",
    "name",
    "before",
    "after",
    "since",
    "seen_at",
    "incomplete",
    "repeat",
];
const WEBHOOK_EVENT: &[&str] = &[
    "type",
    "id",
    "received_at",
    "event",
    "hook",
    "devicegroup_id",
    "device_id",
    "imp_id",
    "plan_id",
    "token",
    "digest",
    "repeat",
];

const ROLLOUT_EVENT: &[&str] =
    &["type", "event", "at", "wave", "waves", "devices", "moved", "reason"];

const BUILD_ROLLOUT_EVENT: &[&str] = &[
    "type",
    "event",
    "at",
    "wave",
    "waves",
    "devicegroup_id",
    "devicegroup_name",
    "devices",
    "deployed",
    "reason",
];

const SHIFT: &[&str] = &[
    "type",
    "by",
    "name",
    "from",
    "to",
    "blessed",
    "first_pass",
    "doubled",
    "activated",
    "rejected",
    "missing",
    "unexpected",
    "first_pass_percent",
    "per_hour",
    "repeated_calls",
    "minutes",
];

/// What verbs add to records; the second only in a dry run.
pub(super) const MARKS: [&str; 2] = ["outcome", "dry_run"];

/// The columns of a CSV file of records of this type.
pub fn csv(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "device" => DEVICE,
        "product" => PRODUCT,
        "account" => ACCOUNT,
        "login_key" => LOGIN_KEY,
        "refresh_token" => REFRESH_TOKEN,
        "deployment" => DEPLOYMENT,
        "webhook" => WEBHOOK,
        "webhook_event" => WEBHOOK_EVENT,
        "shift" => SHIFT,
        "log" => LOG,
        "history" => HISTORY,
        "difference" => DIFFERENCE,
        "rollout_event" => ROLLOUT_EVENT,
        "build_rollout_event" => BUILD_ROLLOUT_EVENT,
        "movement" => MOVEMENT,
        kind if ResourceKind::DeviceGroup.types().contains(&kind) => DEVICE_GROUP,
        _ => return None,
    })
}

/// The columns of a table of devices.
const DEVICE_TABLE: [(&str, &str); 6] = [
    ("id", "ID"),
    ("name", "NAME"),
    ("mac_address", "MAC ADDRESS"),
    ("device_online", "ONLINE"),
    ("devicegroup_id", "GROUP"),
    ("product_id", "PRODUCT"),
];

/// The columns of a table of what happened in a rollout.
const ROLLOUT_TABLE: [(&str, &str); 6] = [
    ("at", "AT"),
    ("event", "EVENT"),
    ("wave", "WAVE"),
    ("devices", "DEVICES"),
    ("moved", "MOVED"),
    ("reason", "REASON"),
];

/// The columns of a table of what happened in the rollout of a build.
const BUILD_ROLLOUT_TABLE: [(&str, &str); 7] = [
    ("at", "AT"),
    ("event", "EVENT"),
    ("wave", "WAVE"),
    ("devicegroup_name", "GROUP"),
    ("devices", "DEVICES"),
    ("deployed", "DEPLOYED"),
    ("reason", "REASON"),
];

/// The columns of a table of device groups.
const DEVICE_GROUP_TABLE: [(&str, &str); 5] = [
    ("id", "ID"),
    ("name", "NAME"),
    ("type", "TYPE"),
    ("product_id", "PRODUCT"),
    ("description", "DESCRIPTION"),
];

/// The columns of a table of deployments.
const DEPLOYMENT_TABLE: [(&str, &str); 7] = [
    ("id", "ID"),
    ("sha", "SHA"),
    ("description", "DESCRIPTION"),
    ("tags", "TAGS"),
    ("flagged", "FLAGGED"),
    ("devicegroup_id", "GROUP"),
    ("created_at", "CREATED"),
];

/// The columns of a table of differences.
const DIFFERENCE_TABLE: [(&str, &str); 7] = [
    ("state", "STATE"),
    ("id", "ID"),
    ("name", "NAME"),
    ("mac_address", "MAC ADDRESS"),
    ("devicegroup_id", "GROUP"),
    ("product_id", "PRODUCT"),
    ("source", "ROW"),
];

/// The columns of a table of changes of devices.
const MOVEMENT_TABLE: [(&str, &str); 6] = [
    ("seen_at", "SEEN"),
    ("change", "CHANGE"),
    ("id", "ID"),
    ("name", "NAME"),
    ("before", "BEFORE"),
    ("after", "AFTER"),
];

/// The columns of a table of runs.
const RUN_TABLE: [(&str, &str); 8] = [
    ("run", "RUN"),
    ("at", "BEGAN"),
    ("rows", "ROWS"),
    ("done", "DONE"),
    ("failed", "FAILED"),
    ("open", "OPEN"),
    ("state", "STATE"),
    ("command", "COMMAND"),
];

/// The columns of a table of changes.
const CHANGE_TABLE: [(&str, &str); 5] =
    [("verb", "VERB"), ("id", "ID"), ("name", "NAME"), ("before", "BEFORE"), ("after", "AFTER")];

/// The columns of a table of records of this type, each with its heading.
fn table(kind: &str) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match kind {
        "device" => &DEVICE_TABLE,
        "product" => &[("id", "ID"), ("name", "NAME"), ("description", "DESCRIPTION")],
        "account" => &[("id", "ID"), ("username", "USERNAME"), ("email", "EMAIL")],
        "login_key" => &[("id", "ID"), ("description", "DESCRIPTION"), ("usages", "USED")],
        "refresh_token" => &[("id", "ID"), ("created_at", "CREATED")],
        "deployment" => &DEPLOYMENT_TABLE,
        "webhook" => &[
            ("id", "ID"),
            ("event", "EVENT"),
            ("url", "URL"),
            ("content_type", "CONTENT TYPE"),
            ("devicegroup_id", "GROUP"),
        ],
        "sign_in" => &[
            ("name", "NAME"),
            ("email", "ACCOUNT"),
            ("in_use", "IN USE"),
            ("endpoint", "ENDPOINT"),
            ("credential", "CREDENTIAL"),
            ("expires_at", "EXPIRES"),
            ("file", "FILE"),
        ],
        "webhook_event" => &[
            ("received_at", "RECEIVED"),
            ("event", "EVENT"),
            ("hook", "HOOK"),
            ("device_id", "DEVICE"),
            ("repeat", "REPEAT"),
        ],
        "device_difference" => &DIFFERENCE_TABLE,
        "device_change" => &MOVEMENT_TABLE,
        "rollout_event" => &ROLLOUT_TABLE,
        "build_rollout_event" => &BUILD_ROLLOUT_TABLE,
        "run" => &RUN_TABLE,
        "change" => &CHANGE_TABLE,
        kind if ResourceKind::DeviceGroup.types().contains(&kind) => &DEVICE_GROUP_TABLE,
        _ => return None,
    })
}

/// The columns of a CSV file that begins with this record. `expected` is the type of records that
/// say none, `added` the fields that the user added, which come last.
pub(super) fn for_csv(record: &Record, expected: Option<&str>, added: &[String]) -> Vec<String> {
    let stated = kind(record)
        .and_then(csv)
        .or_else(|| expected.and_then(csv))
        .map(|names| names.iter().map(|name| (*name).to_owned()));
    let mut columns = with_marks(stated.map_or_else(|| own(record), Iterator::collect), record);
    let added: Vec<&String> = added.iter().filter(|name| !columns.contains(name)).collect();
    columns.extend(added.into_iter().cloned());
    columns
}

/// The fields and headings of a table that begins with this record. `expected` is the type of records
/// that say none: rows of a list of the user's own, whose columns come behind.
pub(super) fn for_table(record: &Record, expected: Option<&str>) -> Vec<(String, String)> {
    let said = kind(record);
    let expected = expected.filter(|_| said.is_none());
    let stated = said.or(expected).and_then(table).unwrap_or_default();
    let mut fields: Vec<String> = stated.iter().map(|(field, _)| (*field).to_owned()).collect();
    if stated.is_empty() || expected.is_some() {
        // Of a type that has no table of its own, all fields are columns.
        let known = expected.filter(|_| !stated.is_empty()).and_then(csv).unwrap_or_default();
        fields.extend(own(record).into_iter().filter(|name| !known.contains(&name.as_str())));
    }
    let heading = |field: &str| {
        let stated = stated.iter().find(|(name, _)| *name == field);
        stated.map_or_else(|| self::heading(field), |(_, heading)| (*heading).to_owned())
    };
    let fields = with_marks(fields, record).into_iter();
    fields.map(|field| (field.clone(), heading(&field))).collect()
}

/// The heading of a field that was chosen with `--fields`, or is not ours.
pub(super) fn heading(field: &str) -> String {
    field.to_uppercase().replace('_', " ")
}

pub(super) fn kind(record: &Record) -> Option<&str> {
    record.get("type").and_then(Value::as_str)
}

fn own(record: &Record) -> Vec<String> {
    record.keys().filter(|name| !MARKS.contains(name)).map(str::to_owned).collect()
}

/// All records of a verb have its marks, or none has.
fn with_marks(mut fields: Vec<String>, record: &Record) -> Vec<String> {
    let marks = MARKS.iter().filter(|mark| record.contains_key(mark));
    fields.extend(marks.map(|mark| (*mark).to_owned()));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::is_identifier_column;

    #[test]
    fn every_kind_has_columns_and_can_be_read_back() {
        for kind in ResourceKind::ALL.iter().flat_map(|target| target.types()) {
            let columns = csv(kind).unwrap_or_else(|| panic!("{kind}"));
            assert_eq!(columns[..2], ["type", "id"], "{kind}");
            assert!(columns.iter().any(|column| is_identifier_column(column)));
            for (field, _) in table(kind).unwrap_or_else(|| panic!("{kind}")) {
                assert!(columns.contains(field), "{kind}: {field}");
            }
        }
    }

    #[test]
    fn the_manual_lists_the_columns_of_csv() {
        let page = include_str!("../../../../man/imp-records.7");
        let words: Vec<&str> = page.split([' ', '\n']).collect();
        for kind in ResourceKind::ALL.iter().map(|target| target.types()[0]) {
            let columns = csv(kind).unwrap_or_else(|| panic!("{kind}"));
            let stated = |start: usize| {
                let words = words[start..].iter().filter(|word| !matches!(**word, ".Cm" | ","));
                words.zip(columns).all(|(word, column)| word == column)
            };
            assert!((0..words.len()).any(stated), "{kind}");
        }
    }
}
