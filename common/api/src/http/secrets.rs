//! Where secrets stand in requests and answers, so that no line of ours shows them.
//!
//! They are found by name, wherever it stands: members of bodies that hold secrets, and login keys, whose ids are
//! the secret, in paths too. And a service may repeat in its words what it was sent ("login key 7d8e… was not
//! found"), so the keys and the token of a request are looked for in its answer as well.

use std::cell::RefCell;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::AccessToken;
use crate::request::{Request, UNBLESSING_KEY};

/// What stands in the place of a secret that is shown.
pub(crate) const HIDDEN: &str = "[hidden]";
/// As [`plain`] makes them: columns that people name are spelt in many ways.
const MEMBERS: [&str; 13] = [
    "password",
    "pwd",
    "otp",
    "token",
    "key",
    "lk",
    "loginkey",
    "unbond",
    "unbondkey",
    "unblessingkey",
    "logintoken",
    "accesstoken",
    "refreshtoken",
];
const IDS: [&str; 3] = ["login_key", "refresh_token", "logstream"];
const SEGMENTS: [&str; 3] = ["login_keys", "refresh_tokens", "logstream"];

/// Shorter ones are words that somebody has typed in place of a key.
pub(crate) const SHORTEST: usize = 8;

/// A name without what it may be spelt differently in.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Keys and tokens that a request carries: in its headers, its path, or the body of a sign-in. Passwords
/// are left out: no service repeats them, and `the [hidden] is wrong` would tell one that is a word.
pub(crate) fn secrets_of(request: &Request, token: Option<&AccessToken>) -> Vec<String> {
    let member = |name| Some(request.body.as_ref()?.get(name)?.as_str()?.to_owned());
    let members = ["key", "token", "login_token"].into_iter().filter_map(member);
    let keys = request.secret_headers.iter().filter(|(name, _)| *name == UNBLESSING_KEY);
    let headers = token.into_iter().chain(keys.map(|(_, key)| key));
    let in_headers = headers.map(|secret| secret.expose().to_owned());
    let all = members.chain(in_path(request)).chain(in_headers);
    all.filter(|secret| secret.len() >= SHORTEST).collect()
}

/// All of a request that nobody else may know, however short: passwords too.
pub(crate) fn all_of(request: &Request, token: Option<&AccessToken>) -> Vec<String> {
    let headers = token.into_iter().chain(request.secret_headers.iter().map(|(_, value)| value));
    let mut all: Vec<String> = headers.map(|secret| secret.expose().to_owned()).collect();
    all.extend(in_path(request));
    all.extend(request.body.as_ref().map(within).unwrap_or_default());
    all
}

/// What [`replace`] would replace.
pub(crate) fn within(value: &Value) -> Vec<String> {
    let found = RefCell::new(Vec::new());
    let note = |secret: &str| {
        found.borrow_mut().push(secret.to_owned());
        secret.to_owned()
    };
    replace(&mut value.clone(), &note);
    found.into_inner()
}

fn in_path(request: &Request) -> impl Iterator<Item = String> {
    let segments = || request.path.split('/');
    segments()
        .zip(segments().skip(1))
        .filter(|(before, _)| SEGMENTS.contains(before))
        .map(|(_, segment)| decoded(segment))
}

/// `text` without these secrets.
pub(crate) fn hide_all(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
}

/// Puts what `with` makes of them in the place of the secrets in `value`.
pub(crate) fn replace(value: &mut Value, with: &dyn Fn(&str) -> String) {
    match value {
        Value::Object(members) => {
            let kind = members.get("type").and_then(Value::as_str);
            let id_is_secret = kind.is_some_and(|kind| IDS.contains(&kind));
            for (name, member) in members.iter_mut() {
                let secret =
                    MEMBERS.contains(&plain(name).as_str()) || (id_is_secret && name == "id");
                if secret { replace_whole(member, with) } else { replace(member, with) }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| replace(element, with)),
        Value::String(text) if text.contains("://") => *text = replace_in_path(text, with),
        _ => {}
    }
}

/// The texts of `before` that stand otherwise in `after`; of addresses and of `NAME=value` each part that is gone.
pub(crate) fn differing(before: &Value, after: &Value, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let pairs = before.iter().filter_map(|(name, value)| Some((value, after.get(name)?)));
            pairs.for_each(|(before, after)| differing(before, after, found));
        }
        (Value::Array(before), Value::Array(after)) => {
            before.iter().zip(after).for_each(|(before, after)| differing(before, after, found));
        }
        (Value::String(before), Value::String(after)) if before != after => {
            let is_address = !before.contains(char::is_whitespace);
            let parts = before.split(['/', '?', '&', '=', '@', ':']).filter(|_| is_address);
            let gone = parts.filter(|part| part != before && !after.contains(*part));
            let whole = gone.chain([before.as_str()]).filter(|text| !text.is_empty());
            found.extend(whole.map(str::to_owned));
        }
        _ => {}
    }
}

/// The same where all of `value` is secret; that nothing is there may be shown.
pub(crate) fn replace_whole(value: &mut Value, with: &dyn Fn(&str) -> String) {
    match value {
        Value::Null => {}
        Value::Object(members) => members.values_mut().for_each(|it| replace_whole(it, with)),
        Value::Array(elements) => elements.iter_mut().for_each(|it| replace_whole(it, with)),
        Value::String(text) => *text = with(text),
        other => *other = with(&other.to_string()).into(),
    }
}

/// The same for a path, or an address.
pub(crate) fn replace_in_path(path: &str, with: &dyn Fn(&str) -> String) -> String {
    let mut previous = "";
    let shown = path.split('/').map(|part| {
        let secret = SEGMENTS.contains(&previous);
        previous = part;
        let (segment, query) = part.split_at(part.find('?').unwrap_or(part.len()));
        if secret { with(&decoded(segment)) + query } else { part.to_owned() }
    });
    shown.collect::<Vec<_>>().join("/")
}

pub(crate) fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Secret;
    use serde_json::json;

    #[test]
    fn what_the_service_repeats_of_a_secret_is_hidden() {
        let said = "Login key 7d8e/6670aa is not known, the password is wrong";
        let delete = Request::delete("/accounts/me/login_keys/7d8e%2F6670aa")
            .secret_header("x-electricimp-password", Secret::new("password"));
        let sign_in = Request::post("/auth/token").body(json!({"key": "7d8e/6670aa"}));
        for request in [delete, sign_in] {
            let hidden = hide_all(said, &secrets_of(&request, None));
            assert_eq!(hidden, "Login key [hidden] is not known, the password is wrong");
        }
        let typed = Request::post("/auth").body(json!({"id": "me", "password": "password"}));
        assert_eq!(hide_all(said, &secrets_of(&typed, None)), said);
    }

    #[test]
    fn the_token_and_the_unblessing_key_are_hidden_in_what_the_service_repeats() {
        let request =
            Request::get("/devices").secret_header(UNBLESSING_KEY, Secret::new("the-key-1"));
        let secrets = secrets_of(&request, Some(&Secret::new("the-token")));
        assert_eq!(hide_all("the-token, the-key-1?", &secrets), "[hidden], [hidden]?");
    }
}
