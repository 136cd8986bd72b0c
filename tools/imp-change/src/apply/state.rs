//! Whether a thing is as a record says.

use model::change::{BUILD, CURRENT, is_same};
use model::{ErrorKind, Record};
use ops::url::{is_told_as, without_password};
use pipe::Failure;
use serde_json::Value;

/// Whether a thing has all fields of `side`.
pub fn is_as(live: &Record, side: &Record) -> bool {
    differing(live, side).next().is_none()
}

fn differing<'a>(live: &'a Record, side: &'a Record) -> impl Iterator<Item = (&'a str, &'a Value)> {
    side.iter().filter(|(name, value)| {
        let is_so = *name == BUILD || is_same(live.get(name), Some(value));
        !(is_so || *name == URL && is_told_as(cli::text(live, URL), cli::text(side, URL)))
    })
}

/// The field of a webhook that a record may tell without its password.
const URL: &str = "url";

/// Tells a url as it is, where a record tells it without its password: otherwise nothing could be made of it again.
pub fn with_whole_url(side: &mut Record, live: &Record) {
    if side.contains_key(URL) && is_told_as(cli::text(live, URL), cli::text(side, URL)) {
        side.copy(URL, live);
    }
}

/// A thing that is not as the record says that it was: shows both.
pub fn drifted(live: &Record, before: &Record) -> Failure {
    let told = |(name, expected): (&str, &Value)| {
        let found = live.get(name).unwrap_or(&Value::Null);
        let [expected, found] = [expected, found].map(|value| shown(name, value));
        format!("{name} should be {expected}, and is {found}")
    };
    let fields: Vec<String> = differing(live, before).map(told).collect();
    Failure::new(ErrorKind::Drifted, "It is not as it was before").detail(fields.join("; "))
}

/// A value for a message, which shows no password.
fn shown(name: &str, value: &Value) -> Value {
    let hidden = value.as_str().filter(|_| name == URL).and_then(without_password);
    hidden.map_or_else(|| value.clone(), Value::String)
}

/// Refuses a thing of another kind than the record says: groups of all types are found in the same place.
pub fn is_of_kind(live: &Record, kind: &str) -> Result<(), Failure> {
    let found = cli::text(live, "type");
    if found.is_empty() || found == kind {
        return Ok(());
    }
    let title = format!("It is a {found}, and the record says {kind}");
    Err(Failure::new(ErrorKind::Drifted, title).detail("put the type that it has into `kind`"))
}

/// A group that is to be deleted, and has got code since.
pub fn has_new_code(live: &Record, before: &Record) -> bool {
    !is_same(live.get(CURRENT), before.get(CURRENT))
}

/// What is to be sent so that a field is as it was: none of something is an empty one of it.
pub fn to_send(name: &str, value: &Value, other: Option<&Value>) -> Value {
    match (value, other) {
        (Value::Null, Some(Value::String(_))) => "".into(),
        (Value::Null, Some(Value::Array(_))) => Value::Array(Vec::new()),
        (Value::Null, Some(Value::Object(_))) => Record::new().into(),
        (Value::Null, _) if name == "name" || name == "description" => "".into(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_has_drifted_is_shown_with_both_values() {
        let record = |value: Value| serde_json::from_value::<Record>(value).unwrap();
        let live = record(json!({"name": "c", "description": "", "x": 1}));
        assert!(is_as(&live, &record(json!({"description": null, "x": 1, "gone": null}))));
        let before = record(json!({"name": "a", "description": null}));
        assert!(!is_as(&live, &before));
        let said = drifted(&live, &before).detail.unwrap();
        assert_eq!(said, "name should be \"a\", and is \"c\"");
    }

    #[test]
    fn a_url_is_compared_and_shown_without_a_password_that_is_hidden() {
        let url = |url: &str| Record::from_iter([("url".to_owned(), url.into())]);
        let live = url("https://me:pass@host");
        let mut told = url("https://***@host");
        assert!(is_as(&live, &told));
        with_whole_url(&mut told, &live);
        assert_eq!(told, live);
        let said = drifted(&live, &url("https://***@other")).detail.unwrap();
        assert_eq!(said, "url should be \"https://***@other\", and is \"https://***@host\"");
    }

    #[test]
    fn none_is_sent_as_an_empty_one() {
        for (value, other, sent) in [
            (json!(null), json!("x"), json!("")),
            (json!(null), json!(["x"]), json!([])),
            (json!(null), json!({"a": 1}), json!({})),
            (json!(null), json!(1), json!(null)),
            (json!("a"), json!("x"), json!("a")),
        ] {
            assert_eq!(to_send("tags", &value, Some(&other)), sent);
        }
    }
}
