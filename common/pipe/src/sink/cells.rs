//! What a value looks like in a table.
//!
//! Names come from outside and may contain anything, so no control character gets into a cell.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::time::SystemTime;

use model::identifier::is_uuid;
use model::text::one_line;
use model::{Record, ResourceKind};
use serde_json::Value;

use super::cell;
use super::columns::kind;
use super::names::NameLookup;

/// Characters of an id and of a sha on a terminal, if that tells ids apart.
const SHORT_ID: usize = 8;
const SHORT_SHA: usize = 12;
/// Ids that are compared; those of a longer list get no longer any more.
const COMPARED: usize = 20_000;
/// Columns of change records with the fields of a thing.
const STATES: [&str; 2] = ["before", "after"];
/// Columns of truth values, which CSV gives as text.
const TRUTHS: [&str; 5] =
    ["device_online", "agent_running", "flagged", "load_code_after_blessing", "dry_run"];

/// The text of a field. `now` on a terminal, where what is long is shortened.
pub(super) fn shown(
    record: &Record,
    field: &str,
    names: &NameLookup,
    now: Option<SystemTime>,
) -> String {
    let mut value = names.value(record, field);
    if value.is_null()
        && let Some(given) = as_given(record, field)
    {
        value = given.clone();
    }
    let text = match &value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if TRUTHS.contains(&field) && text == "true" => "yes".to_owned(),
        Value::String(text) if TRUTHS.contains(&field) && text == "false" => "no".to_owned(),
        Value::String(text) if field == "type" => group_type(text),
        Value::String(sha) if field == "sha" && now.is_some() => {
            sha.chars().take(SHORT_SHA).collect()
        }
        Value::String(time) if field.ends_with("_at") || field == "at" => {
            now.and_then(|now| ago(time, now)).unwrap_or_else(|| time.clone())
        }
        Value::String(id) => names.of(record, field).unwrap_or_else(|| id.clone()),
        Value::Array(words) if !words.is_empty() && words.iter().all(Value::is_string) => {
            words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Value::Array(words) if words.is_empty() => String::new(),
        Value::Object(state) if STATES.contains(&field) => {
            let state = state.clone().into();
            match told_by_change(record, &state) {
                Some(field) => shown(&state, field, names, now),
                None => state_in_short(&state, names, now),
            }
        }
        other => cell(other),
    };
    one_line(&text)
}

/// The only field that a change of a device is about, which the change itself names.
fn told_by_change<'a>(record: &Record, state: &'a Record) -> Option<&'a str> {
    let is_of_device = kind(record) == Some("device_change");
    let mut fields = state.keys().filter(|_| is_of_device);
    let first = fields.next()?;
    (first == "devicegroup_id" || fields.next().is_none()).then_some(first)
}

/// The fields of a change: the types of references say nothing to a person.
fn state_in_short(state: &Record, names: &NameLookup, now: Option<SystemTime>) -> String {
    let told = state.iter().filter(|(name, _)| !name.ends_with("_type"));
    let told = told.map(|(name, value)| match value {
        Value::Null => format!("{name}: none"),
        _ => format!("{name}: {}", shown(state, name, names, now)),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What the row was named by, in a column of the user's own spelling: `mac` for `mac_address`, `device` for
/// an id.
fn as_given<'a>(record: &'a Record, field: &str) -> Option<&'a Value> {
    let kind = record.get("type").and_then(Value::as_str)?;
    let columns = ResourceKind::of_type(kind)?.columns();
    let spellings = match field {
        "id" => columns.get(1)?,
        _ => columns.iter().find(|spellings| spellings[0] == field)?,
    };
    let has_value = |value: &&Value| value.as_str().is_some_and(|text| !text.is_empty());
    spellings.iter().find_map(|name| record.get(name).filter(has_value))
}

/// A device group's type as it is typed on the command line; any other type as it is.
fn group_type(kind: &str) -> String {
    match kind.strip_suffix("_devicegroup") {
        Some(short) => short.replace("factoryfixture", "factory").replace('_', "-"),
        None => kind.to_owned(),
    }
}

/// How long ago a time of the service was, in its largest unit: `3m ago`, `in 2h`; `None` if it is no
/// time. Clocks differ, so that what is less than a minute ahead is `now`.
pub fn ago(time: &str, now: SystemTime) -> Option<String> {
    let time = humantime::parse_rfc3339_weak(time).ok()?;
    Some(match now.duration_since(time) {
        Ok(passed) => format!("{} ago", in_largest_unit(passed.as_secs())),
        Err(ahead) if ahead.duration().as_secs() < 60 => "now".to_owned(),
        Err(ahead) => format!("in {}", in_largest_unit(ahead.duration().as_secs())),
    })
}

fn in_largest_unit(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How much of ids has to be shown so that they can be told apart. Ids of devices are not
/// shortened: all begin with the same digits, those of their maker.
pub(super) struct ShortIds {
    seen: BTreeSet<String>,
    length: usize,
}

impl ShortIds {
    pub(super) fn new() -> ShortIds {
        ShortIds { seen: BTreeSet::new(), length: SHORT_ID }
    }

    /// Takes note of what is in a column of ids.
    pub(super) fn see(&mut self, id: &str) {
        if !is_uuid(id) || self.seen.contains(id) || self.seen.len() >= COMPARED {
            return;
        }
        let before = self.seen.range::<str, _>((Unbounded, Excluded(id))).next_back();
        let after = self.seen.range::<str, _>((Excluded(id), Unbounded)).next();
        let common = before.into_iter().chain(after).map(|other| common_start(id, other)).max();
        self.length = self.length.max(common.unwrap_or(0) + 1);
        self.seen.insert(id.to_owned());
    }

    /// The id as it is shown; what is no such id stays whole.
    pub(super) fn short<'a>(&self, id: &'a str) -> &'a str {
        if is_uuid(id) { &id[..self.length.min(id.len())] } else { id }
    }
}

fn common_start(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100 * 86_400);
        for (seconds, expected) in [
            (0, "0s ago"),
            (59, "59s ago"),
            (60, "1m ago"),
            (3600, "1h ago"),
            (7300, "2h ago"),
            (47 * 3600, "47h ago"),
            (48 * 3600, "2d ago"),
            (180_000, "2d ago"),
            (-5, "now"),
            (-90, "in 1m"),
        ] {
            let seconds = u64::try_from(100 * 86_400 - seconds).unwrap();
            let time =
                humantime::format_rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(ago(&time.to_string(), now).as_deref(), Some(expected));
        }
        assert_eq!(ago("soon", now), None);
    }

    #[test]
    fn ids_are_as_long_as_it_takes_to_tell_them_apart() {
        let mut ids = ShortIds::new();
        let one = "4e264cef-3316-cdfa-7f39-7a5d458994b3";
        ids.see(one);
        ids.see(one);
        assert_eq!(ids.short(one), "4e264cef");
        ids.see("4e264cef-3317-cdfa-7f39-7a5d458994b3");
        ids.see("00000000-3317-cdfa-7f39-7a5d458994b3");
        assert_eq!(ids.short(one), "4e264cef-3316");
        assert_eq!(ids.short("5000d8c46a56cfca"), "5000d8c46a56cfca");
    }

    #[test]
    fn words_for_tags_and_truths() {
        let record = json!({"tags": ["gold", "v2"], "flagged": "false", "device_online": "true",
            "name": "true", "sha": "0123456789abcdef", "env_vars": {}});
        let record: &Record = &record.as_object().unwrap().clone().into();
        let shown = |field| shown(record, field, &NameLookup::default(), None);
        assert_eq!(shown("tags"), "gold, v2");
        assert_eq!((shown("flagged"), shown("device_online")), ("no".into(), "yes".into()));
        assert_eq!((shown("name"), shown("sha")), ("true".into(), "0123456789abcdef".into()));
        let now = Some(SystemTime::UNIX_EPOCH);
        let given = json!({"type": "device", "mac": "0c:2a:69:05:0d:62", "device": "oven-7"});
        let given = Record::from(given.as_object().unwrap().clone());
        let given = |field| super::shown(&given, field, &NameLookup::default(), None);
        assert_eq!(
            (given("mac_address"), given("id")),
            ("0c:2a:69:05:0d:62".into(), "oven-7".into())
        );
        assert_eq!(given("agent_id"), "");
        let moved = json!({"type": "device_change", "change": "assigned",
            "before": {"devicegroup_id": null}, "after": {"devicegroup_id": "B", "product_id": "P"}});
        let moved = Record::from(moved.as_object().unwrap().clone());
        let moved = |field| super::shown(&moved, field, &NameLookup::default(), None);
        assert_eq!((moved("before"), moved("after")), ("".into(), "B".into()));
        let short = super::shown(record, "sha", &NameLookup::default(), now);
        assert_eq!(short, "0123456789ab");
    }
}
