//! From a call to a record: what happened, to which device, by which hook. Pure.
//!
//! Careful to lose nothing: members of the body keep their names, and one that would hide a member of
//! ours gets another name instead. A call with the right path is taken whenever its body can be read,
//! whatever its content type says, because the service may not send it again.

use clap::ValueEnum;
use hyper::StatusCode;
use model::Record;
use model::record::MOST_FIELDS;
use model::schema::Kind::{Anything, Text, Time, Truth, Words, WordsOf};
use model::schema::{Field, RecordType};
use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::hook::Event;

/// The `type` of the records.
pub const TYPE: &str = "webhook_event";

/// What the record of an event holds, besides the members of the call's body.
pub static WEBHOOK_EVENT: RecordType = RecordType {
    name: TYPE,
    about: "A call of a webhook. Members of its body have their own names.",
    fields: &[
        Field::new("type", Words(&[TYPE]), "What the record is.").required(),
        Field::new("id", Text, "What tells it from all others.").required(),
        Field::new("received_at", Time, "When it was received.").required(),
        Field::new("event", WordsOf(Event::words), "What has happened; null if it is not known.")
            .required()
            .or_null(),
        Field::new("hook", Text, "The end of the path that was called.").required(),
        Field::new("devicegroup_id", Text, "The group, where the path tells it."),
        Field::new("device_id", Anything, "Of the body: the device."),
        Field::new("imp_id", Anything, "Of the body: the module that was blessed."),
        Field::new("plan_id", Anything, "Of the body: the plan of the end user."),
        Field::new("token", Anything, "Of the body: the token of the end user's BlinkUp."),
        Field::new("digest", Text, "The digest of hook and body.").required(),
        Field::new("repeat", Truth, "True if a call of this digest came before."),
    ],
};

/// The members that we set ourselves; others come from the body.
const RESERVED: [&str; 8] =
    ["type", "id", "received_at", "event", "hook", "devicegroup_id", "digest", "repeat"];

/// What tells calls apart: the hook and the body.
pub type Digest = u128;

/// The digest of a call.
pub fn digest(hook: &str, body: &[u8]) -> Digest {
    let whole = Sha256::new().chain_update(hook).chain_update([0]).chain_update(body).finalize();
    whole.iter().take(16).fold(0, |digest, byte| digest << 8 | Digest::from(*byte))
}

/// A digest as it stands in a record.
pub fn hex(digest: Digest) -> String {
    format!("{digest:032x}")
}

/// A digest read from a record.
pub fn from_hex(text: &str) -> Option<Digest> {
    Digest::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)
}

/// Reads a body, JSON or urlencoded.
///
/// # Errors
/// 400 when it cannot be read, 415 when it claims to be something else altogether.
pub fn body(content_type: Option<&str>, body: &[u8]) -> Result<Record, StatusCode> {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    if body.trim_ascii_start().first() == Some(&b'{') {
        let record: Option<Record> = serde_json::from_slice(body).ok();
        return record.filter(|record| record.len() <= MOST_FIELDS).ok_or(StatusCode::BAD_REQUEST);
    }
    match kind.as_str() {
        "application/x-www-form-urlencoded" | "" => urlencoded(body),
        kind if kind.ends_with("json") => Err(StatusCode::BAD_REQUEST),
        _ => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

fn urlencoded(body: &[u8]) -> Result<Record, StatusCode> {
    let body = body.trim_ascii();
    let mut pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    if pairs.clone().count() > MOST_FIELDS {
        return Err(StatusCode::BAD_REQUEST);
    }
    // The library would put something in the place of what is not UTF-8, and the event would not be what was sent.
    if percent_decode(body).decode_utf8().is_err() || !pairs.all(|pair| pair.contains(&b'=')) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let value = Value::from(value);
        match fields.get_mut(&*name) {
            None => _ = fields.insert(name.into_owned(), value),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    let is_one = (1..=MOST_FIELDS).contains(&fields.len())
        && fields.keys().all(|name| Record::may_have(name));
    if is_one { Ok(fields.into()) } else { Err(StatusCode::BAD_REQUEST) }
}

/// The record of an event, without its mark as a repeat. `hook` is the name at the end of the path:
/// `EVENT`, `EVENT.GROUP` or anything else.
pub fn record(id: String, received_at: String, hook: &str, digest: Digest, body: Record) -> Record {
    let (first, group) = hook.split_once('.').unwrap_or((hook, ""));
    let mut record = Record::new();
    record.insert("type", TYPE.into());
    record.insert("id", id.into());
    record.insert("received_at", received_at.into());
    let event =
        Event::from_str(first, false).map(Event::word).ok().or_else(|| event_by_members(&body));
    record.insert("event", event.map_or(Value::Null, Value::from));
    record.insert("hook", hook.into());
    if !group.is_empty() {
        record.insert("devicegroup_id", group.into());
    }
    // A resource in the body refers to itself as others would.
    let kind = body.get("type").and_then(Value::as_str).unwrap_or("body").to_owned();
    // Members that keep their names come first, so that none of them has to give way to a renamed one.
    let (kept, renamed): (Vec<_>, Vec<_>) =
        body.into_iter().partition(|(name, _)| name != "id" && !RESERVED.contains(&name.as_str()));
    record.extend(kept);
    for (name, value) in renamed {
        let name = if name == "id" { format!("{kind}_id") } else { name };
        record.insert(&free_name(&record, name), value);
    }
    record.insert("digest", hex(digest).into());
    record
}

/// The name, or one with so many `body_` in front that it hides nothing.
fn free_name(record: &Record, mut name: String) -> String {
    while RESERVED.contains(&name.as_str()) || record.contains_key(&name) {
        name.insert_str(0, "body_");
    }
    name
}

/// The event that a body belongs to (imp-service(7), section 12.2), for hooks whose name does not
/// say it.
fn event_by_members(body: &Record) -> Option<&'static str> {
    let has = |name: &str| body.contains_key(name);
    match () {
        () if !has("device_id") => None,
        () if has("imp_id") => Some("blessing"),
        () if has("plan_id") || has("token") => Some("blinkup"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ResourceKind;
    use pipe::Row;
    use serde_json::json;

    fn of(hook: &str, kind: Option<&str>, text: &str) -> Value {
        let digest = digest(hook, text.as_bytes());
        let body = body(kind, text.as_bytes()).unwrap();
        let mut record = record("1".into(), "now".into(), hook, digest, body);
        record.remove("digest");
        Value::from(record)
    }

    #[test]
    fn both_forms_give_the_same_record() {
        let expected = json!({"type":"webhook_event","id":"1","received_at":"now","event":"blessing",
            "hook":"blessing.g1","devicegroup_id":"g1","device_id":"5000d8c46a56cfca","imp_id":"5000d8c4"});
        let json = r#"{"device_id":"5000d8c46a56cfca","imp_id":"5000d8c4"}"#;
        let form = "device_id=5000d8c46a56cfca&imp_id=5000d8c4";
        assert_eq!(of("blessing.g1", Some("application/json; charset=utf-8"), json), expected);
        assert_eq!(of("blessing.g1", Some("application/x-www-form-urlencoded"), form), expected);
        assert_eq!(of("blessing.g1", None, json), expected);
        assert_eq!(of("blessing.g1", Some("text/plain"), json), expected);
    }

    #[test]
    fn a_hook_of_any_name_tells_its_event_by_the_body() {
        assert_eq!(of("line7", None, r#"{"device_id":"d","imp_id":"i"}"#)["event"], "blessing");
        assert_eq!(
            of("line7", None, r#"{"device_id":"d","plan_id":"p","token":"t"}"#)["event"],
            "blinkup"
        );
        assert_eq!(of("line7", None, "{}")["event"], Value::Null);
    }

    #[test]
    fn nothing_in_a_body_hides_what_is_ours() {
        let record = of(
            "deployment",
            None,
            r#"{"type":"deployment","id":"d1","event":"x","repeat":true,"sha":"s"}"#,
        );
        assert_eq!(record["type"], "webhook_event");
        assert_eq!(record["deployment_id"], "d1");
        assert_eq!(
            (&record["body_type"], &record["body_event"]),
            (&json!("deployment"), &json!("x"))
        );
        assert_eq!((&record["sha"], &record["body_repeat"]), (&json!("s"), &json!(true)));
        assert_eq!(record["repeat"], Value::Null);
        let of = |hook: &str, text: &str, names: [&str; 2]| {
            let record = of(hook, None, text);
            names.map(|name| record[name].as_str().unwrap_or_default().to_owned())
        };
        let group = r#"{"type":"devicegroup","id":"OTHER"}"#;
        let names = ["devicegroup_id", "body_devicegroup_id"];
        assert_eq!(of("deployment.GROUP1", group, names), ["GROUP1", "OTHER"]);
        assert_eq!(of("deployment", group, names), ["", "OTHER"], "the group of a hook is ours");
        for device in [
            r#"{"type":"device","id":"AAA","device_id":"BBB"}"#,
            r#"{"device_id":"BBB","id":"AAA","type":"device"}"#,
        ] {
            assert_eq!(of("x", device, ["device_id", "body_device_id"]), ["BBB", "AAA"]);
        }
        let both = r#"{"type":"x","body_type":"y"}"#;
        assert_eq!(of("x", both, ["body_type", "body_body_type"]), ["y", "x"]);
    }

    #[test]
    fn the_device_of_an_event_is_found_by_other_commands() {
        let event = of("blessing", None, r#"{"device_id":"5000d8c46a56cfca","imp_id":"i"}"#);
        let record = serde_json::from_value(event).unwrap();
        let row = Row { record, source: "stdin:1".into() };
        assert_eq!(row.identifier(ResourceKind::Device, &[]).unwrap().text, "5000d8c46a56cfca");
    }

    #[test]
    fn bad_bodies_are_refused() {
        for (kind, text, status) in [
            (Some("application/json"), "[1]", 400),
            (Some("application/json"), "", 400),
            (Some("application/json"), "{\"a\":", 400),
            (Some("application/json"), "{} {}", 400),
            (Some("application/x-www-form-urlencoded"), "", 400),
            (Some("application/x-www-form-urlencoded"), "novalue", 400),
            (Some("application/x-www-form-urlencoded"), "a=%ff", 400),
            (None, "a=1&%24serde_json%3A%3Aprivate%3A%3ANumber=1", 400),
            (Some("text/xml"), "<a/>", 415),
        ] {
            let refused = Err(StatusCode::from_u16(status).unwrap());
            assert_eq!(body(kind, text.as_bytes()), refused, "{text}");
        }
        let form = body(None, b"a=1&a=2&b=x+y%20z%3D&a=3").unwrap();
        assert_eq!(Value::from(form), json!({"a":["1","2","3"],"b":"x y z="}));
    }

    #[test]
    fn nobody_waits_for_a_body_of_very_many_members() {
        let members = |pair: fn(usize) -> String, between: &str| {
            (0..=MOST_FIELDS).map(pair).collect::<Vec<_>>().join(between)
        };
        let form = members(|number| format!("{number}=1"), "&");
        let json = format!("{{{}}}", members(|number| format!("\"{number}\":1"), ","));
        for text in [form, json] {
            assert_eq!(body(None, text.as_bytes()), Err(StatusCode::BAD_REQUEST));
        }
    }

    #[test]
    fn digests_survive_their_spelling() {
        let one = digest("a", b"b");
        assert_eq!(from_hex(&hex(one)), Some(one));
        assert_ne!(one, digest("ab", b""));
        assert_eq!(from_hex("é000000000000000000000000000000"), None);
    }
}
