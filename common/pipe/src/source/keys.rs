//! Finds a key that stands twice in one JSON object, of which a reader silently drops the first value.
//!
//! Reading is not slowed down: the keys of the text, which are its colons outside of strings, are
//! counted, and only if there are more than in the value is one looked for.

use std::collections::HashSet;
use std::fmt;

use model::text::quoted;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// Says which key stands twice in `text`, which was read as `value`.
pub(super) fn key_twice(value: &Value, text: &[u8]) -> Option<String> {
    if in_text(text) == in_value(value) {
        return None;
    }
    let Keys(keys) = serde_json::from_slice(text).unwrap_or_default();
    let mut seen = HashSet::new();
    let twice = keys.iter().find(|key| !seen.insert(key.as_str()));
    Some(twice.map_or_else(|| "it stands in an inner object".to_owned(), |key| quoted(key)))
}

fn in_text(text: &[u8]) -> usize {
    let (mut keys, mut in_string, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b':' if !in_string => keys += 1,
            _ => {}
        }
    }
    keys
}

fn in_value(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(in_value).sum::<usize>(),
        Value::Array(elements) => elements.iter().map(in_value).sum(),
        _ => 0,
    }
}

/// All keys of an object, also those that stand twice.
#[derive(Default)]
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twice(text: &str) -> Option<String> {
        key_twice(&serde_json::from_str(text).expect("JSON"), text.as_bytes())
    }

    #[test]
    fn a_key_twice_is_found_at_any_depth() {
        for once in [r#"{"a":1,"b":{"a":":\":"},"c":[{"a":{}},"\\"]}"#, "{}", r#""a:b""#, "[]"] {
            assert_eq!(twice(once), None, "{once}");
        }
        assert_eq!(twice(r#"{"b":1,"a":1,"a":1}"#).as_deref(), Some("`a`"));
        assert_eq!(twice(r#"{"a":1,"\u0061":2}"#).as_deref(), Some("`a`"));
        assert!(twice(r#"{"b":[{"a":1,"a":2}]}"#).is_some_and(|said| said.contains("inner")));
    }
}
