//! Guards that a sign-in file carries: what must not be changed with this sign-in.

use serde_json::{Map, Value};

/// The guards of a sign-in file; `impt` leaves members alone that it does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileGuards {
    /// `readOnly`: nothing may be changed.
    pub read_only: bool,
    /// `maxChanges`: the most changes of a run, a number or a share as `2%`.
    pub max_changes: Option<String>,
    /// `protect`: products and device groups in which nothing may be changed.
    pub protect: Vec<String>,
}

impl FileGuards {
    /// Those among the members of a file. One that makes no sense is an error: it must not be passed over.
    pub(crate) fn of(members: &Map<String, Value>) -> Result<Self, String> {
        let wrong = |name: &str, what: &str| Err(format!("its `{name}` is not {what}"));
        let read_only = match members.get("readOnly") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(truth)) => *truth,
            Some(_) => return wrong("readOnly", "true or false"),
        };
        let max_changes = match members.get("maxChanges") {
            None | Some(Value::Null) => None,
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return wrong("maxChanges", "a number or a text"),
        };
        let mut protect = Vec::new();
        match members.get("protect") {
            None | Some(Value::Null) => {}
            Some(Value::Array(entries)) => {
                for entry in entries {
                    match entry.as_str().filter(|text| !text.trim().is_empty()) {
                        Some(text) => protect.push(text.trim().to_owned()),
                        None => return wrong("protect", "a list of texts"),
                    }
                }
            }
            Some(_) => return wrong("protect", "a list of texts"),
        }
        Ok(FileGuards { read_only, max_changes, protect })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_makes_no_sense_is_not_passed_over() {
        let guards = |value: Value| FileGuards::of(value.as_object().unwrap());
        assert_eq!(guards(json!({"endpoint": "e"})), Ok(FileGuards::default()));
        let all = guards(json!({"readOnly": true, "maxChanges": 5, "protect": ["A", "{B}{C}"]}));
        let expected = FileGuards {
            read_only: true,
            max_changes: Some("5".into()),
            protect: vec!["A".into(), "{B}{C}".into()],
        };
        assert_eq!(all, Ok(expected));
        for wrong in [
            json!({"readOnly": "yes"}),
            json!({"maxChanges": []}),
            json!({"protect": "A"}),
            json!({"protect": [""]}),
        ] {
            assert!(guards(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
