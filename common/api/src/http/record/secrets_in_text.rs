//! Secrets that stand within other texts: a service may repeat what it was sent, and a row may have it in another
//! column.
//!
//! Careful about short ones, which may stand anywhere by chance: they count only as whole words. What is a secret by
//! chance only, such as the value `on` of a variable, is short in the words of an error alone.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::replacement::{PLACEHOLDER, Replacement, is_replaced, schema};
use crate::http::secrets::SHORTEST;

/// What is looked for: secrets as they may be written, in the order of that, so that one among thousands is found at
/// once.
#[derive(Default)]
pub(crate) struct SecretsInText(Vec<Form>);

/// A secret as it may be written.
struct Form {
    text: String,
    secret: String,
    in_errors_only: bool,
}

/// Where a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Error,
}

impl SecretsInText {
    /// Credentials are looked for whatever their length; of the others short ones only in errors.
    pub(crate) fn new(credentials: &[String], others: &[String]) -> Self {
        let mut all = SecretsInText::default();
        credentials.iter().for_each(|secret| all.add(secret, false));
        others.iter().for_each(|secret| all.add(secret, secret.len() < SHORTEST));
        all
    }

    /// Looks for one more, in all texts or in the words of an error alone.
    pub(super) fn add(&mut self, secret: &str, in_errors_only: bool) {
        for text in forms(secret) {
            match self.0.binary_search_by(|form| form.text.cmp(&text)) {
                Ok(known) => self.0[known].in_errors_only &= in_errors_only,
                Err(at) => {
                    self.0.insert(at, Form { text, secret: secret.to_owned(), in_errors_only });
                }
            }
        }
    }

    /// The longest of those that `counts` with which this begins.
    fn begin_of(&self, text: &str, counts: impl Fn(&Form) -> bool) -> Option<&Form> {
        let mut text = text.as_bytes();
        loop {
            // Whatever this begins with does not come after it, and is no longer than what it shares with the nearest.
            let before = self.0.partition_point(|form| form.text.as_bytes() <= text);
            let nearest = &self.0[before.checked_sub(1)?];
            let pairs = nearest.text.bytes().zip(text);
            let shared = pairs.take_while(|(one, other)| one == *other).count();
            let is_whole = shared == nearest.text.len();
            if is_whole && counts(nearest) {
                return Some(nearest);
            }
            text = &text[..shared.checked_sub(usize::from(is_whole))?];
        }
    }
}

/// Looks for two sets, of which the other one goes on growing.
struct Search<'a> {
    sets: [&'a SecretsInText; 2],
    replacement: &'a Replacement,
}

impl Replacement {
    /// Replaces these and all that is known by now in all texts; words that say nothing stay, by which a command
    /// knows what it reads.
    pub(super) fn hide_in_value(&self, value: &mut Value, secrets: &SecretsInText) {
        let search = Search { sets: [secrets, &self.known()], replacement: self };
        search.walk(value, "", Place::Anywhere);
    }

    /// The same of a text that somebody else has written.
    pub(super) fn hide_in_words(&self, text: &str, secrets: &SecretsInText) -> String {
        let search = Search { sets: [secrets, &self.known()], replacement: self };
        search.of_text(text, Place::Error)
    }

    /// The same of a path with its query.
    pub(super) fn hide_in_target(&self, target: &str, secrets: &SecretsInText) -> String {
        Search { sets: [secrets, &self.known()], replacement: self }.of_target(target)
    }
}

impl Search<'_> {
    /// Of a path with its query, below `{endpoint}` or not.
    fn of_target(&self, target: &str) -> String {
        let mut result = String::new();
        for piece in target.split_inclusive(['/', '?', '&', '=']) {
            let word = piece.trim_end_matches(['/', '?', '&', '=']);
            let is_ours = schema::is_name(word) || schema::is_word(word) || word == "{endpoint}";
            let other = if is_ours { word.to_owned() } else { self.of_text(word, Place::Anywhere) };
            result += &other;
            result += &piece[word.len()..];
        }
        result
    }

    fn walk(&self, value: &mut Value, name: &str, place: Place) {
        match value {
            Value::Object(members) => {
                let all = std::mem::take(members);
                members.extend(all.into_iter().map(|(name, mut member)| {
                    let place = if name == "errors" { Place::Error } else { place };
                    self.walk(&mut member, &name, place);
                    let known = schema::is_name(&name);
                    (if known { name } else { self.of_text(&name, place) }, member)
                }));
            }
            Value::Array(elements) => {
                elements.iter_mut().for_each(|it| self.walk(it, name, place));
            }
            Value::String(text) if schema::is_plain_in_document(name, text) => {}
            Value::String(text) if text.starts_with("{endpoint}") => {
                *text = self.of_target(text);
            }
            Value::String(text) => *text = self.of_text(text, place),
            _ => {}
        }
    }

    fn of_text(&self, text: &str, place: Place) -> String {
        // Long ones first, in which short ones may stand.
        let long = outside_placeholders(text, |part| self.replaced(part, place, false));
        outside_placeholders(&long, |part| self.replaced(part, place, true))
    }

    fn replaced(&self, text: &str, place: Place, short: bool) -> String {
        let (mut result, mut begin) = (String::new(), 0);
        for (at, _) in text.char_indices() {
            if at < begin || (short && !is_border(&text[begin..at], true)) {
                continue;
            }
            let rest = &text[at..];
            let counts = |form: &Form| {
                (place == Place::Error || !form.in_errors_only)
                    && (form.text.len() < SHORTEST) == short
                    && (!short || is_border(&rest[form.text.len()..], false))
            };
            let found = self.sets.iter().filter_map(|set| set.begin_of(rest, counts));
            if let Some(form) = found.max_by_key(|form| form.text.len()) {
                result += &text[begin..at];
                result += &self.replacement.secret(&form.secret);
                begin = at + form.text.len();
            }
        }
        result + &text[begin..]
    }
}

/// As it is, in an address, and in JSON that is a text.
fn forms(secret: &str) -> Vec<String> {
    let escaped = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let quoted = Value::from(secret).to_string();
    let quoted = quoted[1..quoted.len() - 1].to_owned();
    let mut texts = vec![secret.to_owned(), escaped, quoted];
    texts.dedup();
    texts.retain(|text| !text.is_empty() && !is_replaced(text));
    texts
}

/// What was replaced before is left alone: a password may be a part of how we write it.
fn outside_placeholders(text: &str, replace: impl Fn(&str) -> String) -> String {
    let (mut result, mut begin) = (String::new(), 0);
    for (at, _) in text.match_indices("secret-") {
        let end = at + PLACEHOLDER;
        if at >= begin && text.get(at..end).is_some_and(is_replaced) {
            result += &replace(&text[begin..at]);
            result += &text[at..end];
            begin = end;
        }
    }
    result + &replace(&text[begin..])
}

/// Whether a word may begin after, or end before, this. An escaped sign is none of a word.
fn is_border(beside: &str, is_before: bool) -> bool {
    let sign = if is_before { beside.chars().next_back() } else { beside.chars().next() };
    let bytes = beside.as_bytes();
    let is_escape = is_before
        && bytes.len() >= 3
        && bytes[bytes.len() - 3] == b'%'
        && bytes[bytes.len() - 2..].iter().all(u8::is_ascii_hexdigit);
    is_escape || sign.is_none_or(|sign| !sign.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The placeholders as `X`, but for one that was there before.
    fn shown(text: &str) -> String {
        let (mut result, mut begin) = (String::new(), 0);
        for (at, _) in text.match_indices("secret-") {
            if text.get(at..at + PLACEHOLDER).is_some_and(|it| is_replaced(it) && it != BEFORE) {
                result = result + &text[begin..at] + "X";
                begin = at + PLACEHOLDER;
            }
        }
        result + &text[begin..]
    }

    const BEFORE: &str = "secret-0123456789abcdef";

    fn sought(credentials: &[&str], others: &[&str]) -> SecretsInText {
        let all = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        SecretsInText::new(&all(credentials), &all(others))
    }

    fn replaced_in(credentials: &[&str], others: &[&str], mut value: Value) -> Value {
        let replacement = Replacement::new([7; 32], false);
        replacement.hide_in_value(&mut value, &sought(credentials, others));
        serde_json::from_str(&shown(&value.to_string())).unwrap()
    }

    #[test]
    fn a_short_secret_is_replaced_where_it_is_a_word() {
        let value = json!({"name": "the ox is on, box", "type": "device", "ox": 1});
        let found = replaced_in(&["ox", "device"], &["on"], value);
        assert_eq!(found, json!({"name": "the X is on, box", "type": "device", "X": 1}));
        let said =
            json!({"errors": [{"title": "on", "status": "400", "detail": "B is on, not online"}]});
        let found = replaced_in(&["400"], &["on"], said);
        assert_eq!(
            found["errors"][0],
            json!({"title": "X", "status": "400", "detail": "B is X, not online"})
        );
    }

    #[test]
    fn a_secret_is_found_however_it_is_written() {
        let value =
            json!({"a": "xa%22b%2Fcdefghy", "b": r#"{"k":"a\"b/cdefgh"}"#, "c": "a\"b/cdefghi"});
        let found = replaced_in(&["a\"b/cdefgh"], &[], value);
        assert_eq!(found, json!({"a": "xXy", "b": r#"{"k":"X"}"#, "c": "Xi"}));
    }

    #[test]
    fn what_was_replaced_before_stays() {
        let text = "secret-0123456789abcdef and secret, 0123456789abcdef";
        let found = replaced_in(&["secret", "0123456789abcdef"], &[], json!(text));
        assert_eq!(found, "secret-0123456789abcdef and X, X");
    }

    #[test]
    fn the_words_of_a_path_stay() {
        let found = Replacement::new([7; 32], false).hide_in_target(
            "{endpoint}/devices/Oven?page[size]=id&x=a%20Oven",
            &sought(&["devices", "id", "Oven"], &[]),
        );
        assert_eq!(shown(&found), "{endpoint}/devices/X?page[size]=id&x=a%20X");
    }

    #[test]
    fn the_longest_one_counts_and_one_that_others_begin_with_is_found() {
        let all = ["abcdefgh", "abcdefghij", "abcdefgz9", "abcdefghi-klmnop"];
        for (text, wanted) in [
            ("abcdefgh", "X"),
            ("1abcdefghi2", "1Xi2"),
            ("abcdefghij", "X"),
            ("abcdefghi-klm", "Xi-klm"),
            ("abcdefghi-klmnop", "X"),
            ("abcdefgz abcdefgz9abcdefgh", "abcdefgz XX"),
            ("abcdefg", "abcdefg"),
        ] {
            assert_eq!(replaced_in(&all, &[], json!(text)), wanted);
        }
        let found = replaced_in(&["ab", "a b", "abcdefgh"], &[], json!("a b ab abcdefgh abc ab-a"));
        assert_eq!(found, "X X X abc X-a");
    }
}
