//! Secrets that stand within other texts: a service may repeat what it was sent, and a row may have it in another
//! column.
//!
//! Careful about short ones, which may stand anywhere by chance: they count only as whole words. What is a secret by
//! chance only, such as the value `on` of a variable, is short in the words of an error alone.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::replacement::{PLACEHOLDER, is_replaced, schema};
use crate::http::secrets::SHORTEST;

/// What is looked for.
#[derive(Default)]
pub(crate) struct SecretsInText {
    forms: Vec<Form>,
}

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
    pub(crate) fn new(credentials: Vec<String>, others: Vec<String>) -> Self {
        let others = others.into_iter().map(|it| (it.len() < SHORTEST, it));
        let all = credentials.into_iter().map(|it| (false, it)).chain(others);
        let mut forms: Vec<Form> = all.flat_map(|(only, secret)| forms(&secret, only)).collect();
        // A longer one may have a shorter one in it.
        forms.sort_by(|a, b| {
            (b.text.len(), &a.text, a.in_errors_only).cmp(&(
                a.text.len(),
                &b.text,
                b.in_errors_only,
            ))
        });
        forms.dedup_by(|a, b| a.text == b.text);
        SecretsInText { forms }
    }

    /// Replaces them in all texts; words that say nothing stay, by which a command knows what it reads.
    pub(crate) fn replace_in_value(&self, value: &mut Value, with: &dyn Fn(&str) -> String) {
        if !self.forms.is_empty() {
            self.walk(value, "", Place::Anywhere, with);
        }
    }

    /// The same of a text that somebody else has written.
    pub(crate) fn replace_in_words(&self, text: &str, with: &dyn Fn(&str) -> String) -> String {
        self.of_text(text, Place::Error, with)
    }

    /// The same of a path with its query, below `{endpoint}` or not.
    pub(crate) fn replace_in_target(&self, target: &str, with: &dyn Fn(&str) -> String) -> String {
        let mut result = String::new();
        for piece in target.split_inclusive(['/', '?', '&', '=']) {
            let word = piece.trim_end_matches(['/', '?', '&', '=']);
            let is_ours = schema::is_name(word) || schema::is_word(word) || word == "{endpoint}";
            let other =
                if is_ours { word.to_owned() } else { self.of_text(word, Place::Anywhere, with) };
            result += &other;
            result += &piece[word.len()..];
        }
        result
    }

    fn walk(&self, value: &mut Value, name: &str, place: Place, with: &dyn Fn(&str) -> String) {
        match value {
            Value::Object(members) => {
                let all = std::mem::take(members);
                members.extend(all.into_iter().map(|(name, mut member)| {
                    let place = if name == "errors" { Place::Error } else { place };
                    self.walk(&mut member, &name, place, with);
                    let known = schema::is_name(&name);
                    (if known { name } else { self.of_text(&name, place, with) }, member)
                }));
            }
            Value::Array(elements) => {
                elements.iter_mut().for_each(|it| self.walk(it, name, place, with));
            }
            Value::String(text) if schema::is_plain_in_document(name, text) => {}
            Value::String(text) if text.starts_with("{endpoint}") => {
                *text = self.replace_in_target(text, with);
            }
            Value::String(text) => *text = self.of_text(text, place, with),
            _ => {}
        }
    }

    fn of_text(&self, text: &str, place: Place, with: &dyn Fn(&str) -> String) -> String {
        let count = |form: &&Form| place == Place::Error || !form.in_errors_only;
        let mut text = text.to_owned();
        for form in self.forms.iter().filter(count) {
            if text.len() >= form.text.len() && text.contains(&form.text) {
                let other = with(&form.secret);
                text = outside_placeholders(&text, |part| replaced(part, &form.text, &other));
            }
        }
        text
    }
}

/// As it is, in an address, and in JSON that is a text.
fn forms(secret: &str, in_errors_only: bool) -> Vec<Form> {
    let escaped = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let quoted = Value::from(secret).to_string();
    let quoted = quoted[1..quoted.len() - 1].to_owned();
    let mut texts = vec![secret.to_owned(), escaped, quoted];
    texts.dedup();
    texts.retain(|text| !text.is_empty() && !is_replaced(text));
    let form = |text| Form { text, secret: secret.to_owned(), in_errors_only };
    texts.into_iter().map(form).collect()
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

fn replaced(text: &str, secret: &str, other: &str) -> String {
    if secret.len() >= SHORTEST {
        return text.replace(secret, other);
    }
    let (mut result, mut begin) = (String::new(), 0);
    for (at, _) in text.match_indices(secret) {
        let end = at + secret.len();
        if is_border(&text[..at], true) && is_border(&text[end..], false) {
            result += &text[begin..at];
            result += other;
            begin = end;
        }
    }
    result + &text[begin..]
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

    fn replaced_in(credentials: &[&str], others: &[&str], mut value: Value) -> Value {
        let all = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        SecretsInText::new(all(credentials), all(others))
            .replace_in_value(&mut value, &|_| "X".into());
        value
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
        let sought = SecretsInText::new(vec!["devices".into(), "id".into(), "Oven".into()], vec![]);
        let found = sought
            .replace_in_target("{endpoint}/devices/Oven?page[size]=id&x=a%20Oven", &|_| "X".into());
        assert_eq!(found, "{endpoint}/devices/X?page[size]=id&x=a%20X");
    }
}
