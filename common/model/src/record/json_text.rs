//! JSON looked at as text: what can be said of a value without reading it.

use std::borrow::Cow;

use super::read::KEYS_OF_THE_LIBRARY;

/// JSON without the spaces and line ends between its parts.
pub(super) fn compact(json: &str) -> Cow<'_, str> {
    if !json.bytes().any(|byte| byte.is_ascii_whitespace()) {
        return Cow::Borrowed(json);
    }
    let (mut in_string, mut escaped) = (false, false);
    let kept = json.chars().filter(|character| {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = in_string,
            '"' => in_string = !in_string,
            ' ' | '\t' | '\r' | '\n' => return in_string,
            _ => {}
        }
        true
    });
    Cow::Owned(kept.collect())
}

/// The keys of a text of JSON: its colons outside of strings.
pub(super) fn keys_in_text(text: &str) -> usize {
    outside_of_strings(text).filter(|byte| *byte == b':').count()
}

/// Whether the library takes an object in it for something of its own.
pub(super) fn has_key_of_the_library(json: &str) -> bool {
    if !json.contains(KEYS_OF_THE_LIBRARY) && !json.contains("\\u") {
        return false;
    }
    let mut rest = json;
    while let Some((_, string)) = rest.split_once('"') {
        let mut escaped = false;
        let end = string.find(|character| {
            let ends = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            ends
        });
        let (text, after) = string.split_at(end.unwrap_or(string.len()));
        rest = after.get(1..).unwrap_or_default();
        let is_key = rest.trim_start().starts_with(':');
        if is_key && unescaped(text).starts_with(KEYS_OF_THE_LIBRARY) {
            return true;
        }
    }
    false
}

fn unescaped(text: &str) -> Cow<'_, str> {
    match text.contains('\\') {
        true => {
            serde_json::from_str(&format!("\"{text}\"")).map_or(Cow::Borrowed(text), Cow::Owned)
        }
        false => Cow::Borrowed(text),
    }
}

/// How deep an object or a list is nested.
pub(super) fn depth_of(json: &str) -> usize {
    let (mut deepest, mut depth) = (0, 0_usize);
    for byte in outside_of_strings(json) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The bytes of JSON that stand in no string.
fn outside_of_strings(json: &str) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    json.bytes().filter(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ => {}
        }
        !in_string
    })
}
