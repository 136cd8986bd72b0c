//! Values that are secrets, although nothing but the name of their column or variable says so.

use serde_json::Value;

use super::bodies::values_of_variables;
use super::{Replacement, schema};
use crate::http::secrets::plain;

/// Shorter values are passed over in other texts: they stand everywhere by chance.
const TELLING: usize = 4;
/// Within the name of a column, in whatever spelling.
const WITHIN: [&str; 20] = [
    "password",
    "passwort",
    "kennwort",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "loginkey",
    "privatekey",
    "accesskey",
    "accesscode",
    "credential",
    "bearer",
    "connectionstring",
    "environment",
    "variable",
    "proxy",
    "webhook",
];
/// Words of such a name: within another word they are nothing.
const ALONE: [&str; 19] = [
    "pass",
    "pwd",
    "pin",
    "puk",
    "psk",
    "pw",
    "key",
    "keys",
    "env",
    "vars",
    "cookie",
    "auth",
    "authorization",
    "jwt",
    "session",
    "signature",
    "private",
    "cert",
    "seed",
];
/// Names that we have too, but that no verb reads from a row.
const OURS_TOO: [&str; 2] = ["auth", "credential"];

impl Replacement {
    /// From now on what a variable is set to is replaced too: `NAME=VALUE`, JSON, or the value alone.
    pub fn know_values(&self, given: &str) {
        values_in(&Value::from(given)).iter().for_each(|value| self.know(value));
    }

    /// The same of all variables in a body or a record, however deep.
    pub fn know_variables_of(&self, body: &Value) {
        values_of_variables(body).iter().for_each(|value| self.know(value));
    }
}

/// All texts and numbers in what variables are set to, also in JSON that is a text, that are telling.
pub(super) fn values_in(given: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(given, &mut found);
    found.retain(|value| is_telling(value));
    found
}

/// Whether it tells something wherever it stands.
pub(super) fn is_telling(value: &str) -> bool {
    value.chars().count() >= TELLING && !is_common(value)
}

fn collect(given: &Value, found: &mut Vec<String>) {
    match given {
        Value::Object(members) => members.values().for_each(|it| collect(it, found)),
        Value::Array(elements) => elements.iter().for_each(|it| collect(it, found)),
        Value::String(text) => match serde_json::from_str::<Value>(text.trim()) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => collect(&inner, found),
            _ => {
                let value = text.split_once('=').filter(|(name, _)| is_variable(name));
                if let Some((_, value)) = value {
                    collect(&value.into(), found);
                }
                found.push(text.clone());
            }
        },
        Value::Number(number) => found.push(number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}

/// Whether it may be the name before the sign of `NAME=VALUE`.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

fn is_common(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["true", "false", "null", "none"].contains(&value.as_str())
        || schema::is_word(&value)
        || schema::is_name(&value)
}

/// A column that has a secret in it by its name, unless it is one of ours.
pub(super) fn is_secret_column(name: &str) -> bool {
    let plain = plain(name);
    let is_ours = schema::is_name(name) && !OURS_TOO.contains(&plain.as_str());
    !is_ours
        && (WITHIN.iter().any(|word| plain.contains(word))
            || words(name).any(|word| ALONE.contains(&word.as_str())))
}

/// `wifi_psk`, `Wifi PSK` and `wifiPsk` are two words each.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut parted = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if was_lower && c.is_uppercase() {
            parted.push(' ');
        }
        was_lower = c.is_lowercase();
        parted.push(c);
    }
    let words = parted.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    words.collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_column_is_secret_by_a_word_in_its_name_and_not_by_a_part_of_one() {
        let secret = "api token, Wifi PSK, wifiPsk, PIN, pin_code, private-key, AWS key, connectionString, env, \
            MY_VARS, DB credentials, our webhook, http_proxy, secret7, pass, wifiPass, auth, \
            Authorization, credential, jwt, Session ID, signature, private, access_code, cert, seed, \
            Passwort, WLAN-Kennwort";
        for name in secret.split(", ") {
            assert!(is_secret_column(name), "{name}");
        }
        let plain = "shipping, spin, keyboard, webhook_id, token_type, envelope, serial, note, author, passed, \
            first_pass, compass, certified, seeds, privately";
        for name in plain.split(", ") {
            assert!(!is_secret_column(name), "{name}");
        }
    }

    #[test]
    fn values_are_found_in_all_forms_in_which_variables_are_set() {
        for (given, wanted) in [
            (json!("A=my word"), vec!["my word", "A=my word"]),
            (
                json!(r#"{"A":"hunter2","B":{"C":[81234]},"D":true,"E":"on"}"#),
                vec!["hunter2", "81234"],
            ),
            (json!({"A": r#"{"B":"hunter2"}"#}), vec!["hunter2"]),
            (json!("hunter2"), vec!["hunter2"]),
            (json!("true"), vec![]),
        ] {
            let mut found = values_in(&given);
            found.sort_by_key(|it| wanted.iter().position(|wanted| wanted == it));
            assert_eq!(found, wanted, "{given}");
        }
    }
}
