//! What of a record by itself the service is known to refuse.

use cli::text;
use model::change::LOADS_CODE;
use model::{GroupType, Record, ResourceKind};
use serde_json::Value;

use super::super::builds;
use super::super::file::kind_of;

/// Characters of the name and of the description of a product or group (imp-service(7), section 2.5).
const NAME: usize = 80;
const DESCRIPTION: usize = 255;
/// Characters of a key, and bytes, of the variables of a group (imp-service(7), section 7.4).
const KEY: usize = 100;
const VARIABLES: usize = 16_000;
/// Characters of all tags of a build (imp-service(7), section 10.3).
const TAGS: usize = 500;
/// What webhooks are called for, and how (imp-service(7), section 12.1).
const EVENTS: [&str; 3] = ["blessing", "blinkup", "deployment"];
const CONTENT_TYPES: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

/// A sort of values: the fields that have it, what it is, and what it is called.
type Sort = (&'static [&'static str], fn(&Value) -> bool, &'static str);

const SORTS: [Sort; 4] = [
    (
        &["name", "description", "region", "origin", "url", "event", "content_type"],
        Value::is_string,
        "a text",
    ),
    (&["flagged", LOADS_CODE], Value::is_boolean, "true or false"),
    (
        &["tags"],
        |value| value.as_array().is_some_and(|tags| tags.iter().all(Value::is_string)),
        "a list of texts",
    ),
    (&["env_vars"], Value::is_object, "an object"),
];

/// The value of a field. Null and an empty text say nothing.
fn value<'a>(record: &'a Record, name: &str) -> Option<&'a Value> {
    record.get(name).filter(|value| !value.is_null() && **value != "")
}

/// What is wrong with a record.
pub fn faults(record: &Record) -> Vec<String> {
    let found = match kind_of(record) {
        Some(ResourceKind::Product) => vec![named(record), description(record)],
        Some(ResourceKind::DeviceGroup) => vec![
            named(record),
            description(record),
            for_production(record, "region", |value| value.is_string()),
            for_production(record, LOADS_CODE, |value| *value == Value::Bool(false)),
            variables(record),
        ],
        Some(ResourceKind::Deployment) => vec![code(record), tags(record)],
        Some(ResourceKind::Webhook) => vec![
            needed(record, "url"),
            url(record),
            needed(record, "event"),
            word(record, "event", &EVENTS),
            word(record, "content_type", &CONTENT_TYPES),
        ],
        _ => Vec::new(),
    };
    wrong_sorts(record).into_iter().chain(found.into_iter().flatten()).collect()
}

fn wrong_sorts(record: &Record) -> Vec<String> {
    let wrong = |(names, is_it, called): &Sort| {
        let of_sort = |name: &&&str| value(record, name).is_some_and(|value| !is_it(value));
        let names: Vec<&&str> = names.iter().filter(of_sort).collect();
        names.into_iter().map(|name| format!("its {name} should be {called}")).collect()
    };
    SORTS.iter().flat_map::<Vec<String>, _>(wrong).collect()
}

fn needed(record: &Record, name: &str) -> Option<String> {
    value(record, name).is_none().then(|| format!("its {name} is missing"))
}

fn named(record: &Record) -> Option<String> {
    needed(record, "name").or_else(|| too_long(record, "name", NAME))
}

fn description(record: &Record) -> Option<String> {
    too_long(record, "description", DESCRIPTION)
}

fn too_long(record: &Record, name: &str, most: usize) -> Option<String> {
    let has = text(record, name).chars().count();
    (has > most).then(|| format!("its {name} has {has} characters, and may have {most}"))
}

/// What only groups of blessed devices have (imp-service(7), section 7.3).
fn for_production(record: &Record, name: &str, counts: fn(&Value) -> bool) -> Option<String> {
    let is_blessed = GroupType::of_api(text(record, "type")).is_some_and(GroupType::is_blessed);
    let is_set = value(record, name).is_some_and(counts);
    (is_set && !is_blessed).then(|| format!("only production groups have a {name}"))
}

/// Variables can be secrets, so only their keys are told.
fn variables(record: &Record) -> Option<String> {
    let variables = value(record, "env_vars")?.as_object()?;
    let is_key = |key: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        key.len() <= KEY
            && key.starts_with(|first: char| first.is_ascii_alphabetic())
            && key.bytes().all(is_part)
    };
    for (key, value) in variables {
        let called = model::text::quoted(key);
        if !is_key(key) {
            return Some(format!(
                "its env_vars have the key {called}: a key begins with a letter, and has up to \
                 {KEY} letters, digits and _"
            ));
        }
        if !value.is_string() && !value.is_number() {
            return Some(format!("{called} of its env_vars should be a text or a number"));
        }
    }
    let has = serde_json::to_vec(variables).map_or(0, |json| json.len());
    (has > VARIABLES).then(|| format!("its env_vars have {has} bytes, and may have {VARIABLES}"))
}

fn code(build: &Record) -> Option<String> {
    let lacks = !builds::is_known(build);
    lacks.then(|| "its code is not in the input, as `imp-product export` prints it".to_owned())
}

fn tags(build: &Record) -> Option<String> {
    let tags = value(build, "tags")?.as_array()?;
    let tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-*.".contains(&byte);
    if let Some(tag) = tags.iter().find(|tag| !tag.bytes().all(is_part)) {
        let tag = model::text::quoted(tag);
        let parts = "a tag is made of letters, digits, _, -, * and .";
        return Some(format!("its tags have {tag}: {parts}"));
    }
    let has: usize = tags.iter().map(|tag| tag.len()).sum();
    (has > TAGS).then(|| format!("its tags have {has} characters, and may have {TAGS}"))
}

fn url(hook: &Record) -> Option<String> {
    let url = value(hook, "url")?.as_str()?;
    if ops::url::hides_password(url) {
        let hidden = ops::url::HIDDEN;
        return Some(format!(
            "in place of {hidden} the input needs the user and the password of its url"
        ));
    }
    let is_web = url.split_once("://").is_some_and(|(scheme, rest)| {
        ["http", "https"].iter().any(|web| web.eq_ignore_ascii_case(scheme)) && !rest.is_empty()
    });
    (!is_web).then(|| "its url should begin with http:// or https:// and a host".to_owned())
}

fn word(record: &Record, name: &str, words: &[&str]) -> Option<String> {
    let (last, first) = words.split_last()?;
    let told = value(record, name)?.as_str()?;
    let is_wrong = !words.contains(&told);
    is_wrong.then(|| format!("its {name} should be {} or {last}", first.join(", ")))
}
