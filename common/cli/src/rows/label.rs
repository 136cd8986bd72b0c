//! What a row is called in messages; of a secret only its beginning.

use model::{Record, ResourceKind};
use pipe::Failure;
use serde_json::Value;

/// `devices.csv:17: 0c:2a:69:00:00:01: Not found …`
pub(super) fn sentence(failure: &Failure, input: &Record, noun: &str, source: &str) -> String {
    let text = failure.sentence();
    let label = label(input, noun);
    match label {
        Some(label) if label.len() < 6 || !text.contains(&label) => {
            format!("{source}: {label}: {text}")
        }
        _ => format!("{source}: {text}"),
    }
}

/// What a person would call the record, of which the verb takes it for a `noun`. Of a login key and a
/// refresh token, which are secrets, only the beginning is told.
pub fn label(record: &Record, noun: &str) -> Option<String> {
    let named = ["id", "device", "mac_address", "agent_id", "name", "text"]
        .iter()
        .find_map(|name| record.get(name)?.as_str().filter(|text| !text.is_empty()))?;
    let kind = record.get("type").and_then(Value::as_str).and_then(ResourceKind::of_type);
    let is_named = |of: ResourceKind| noun == of.noun() || kind == Some(of);
    if ResourceKind::ALL.into_iter().any(|kind| kind.is_secret() && is_named(kind)) {
        return Some(format!(
            "{}…",
            model::text::one_line(&named.chars().take(4).collect::<String>())
        ));
    }
    Some(model::text::one_line(&named.chars().take(60).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use model::ErrorKind;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_never_told_whole() {
        let record = |value: Value| serde_json::from_value::<Record>(value).unwrap();
        let key = "7d8e6670aa285e9d";
        for (noun, row) in [
            ("login key", record(json!({ "id": key }))),
            ("device", record(json!({"type": "login_key", "id": key}))),
            ("refresh token", record(json!({ "id": key }))),
        ] {
            assert_eq!(label(&row, noun).as_deref(), Some("7d8e…"));
            let failure = Failure::new(ErrorKind::NotFound, "Not Found");
            assert_eq!(sentence(&failure, &row, noun, "stdin:1"), "stdin:1: 7d8e…: Not Found");
        }
        assert_eq!(label(&record(json!({ "id": key })), "device").as_deref(), Some(key));
    }
}
