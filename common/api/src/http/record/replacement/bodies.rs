//! Bodies of requests and answers, and the rows that a command reads.
//!
//! Careful about whose members they are: in a document of the service a `state` is one of its words; in a row it is
//! a column that somebody has named so.

use serde_json::{Map, Value};

use super::values::{is_secret_column, is_telling, values_in};
use super::{Replacement, SecretsInText, is_scheme, schema};
use crate::http::secrets;

/// Members, and columns however they are spelt, of which all is secret.
const WHOLE: [&str; 5] = ["devicecode", "agentcode", "envvars", "envvariable", "envvariables"];

/// Whose members they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    /// Of the service's document, whose links begin so.
    Document(&'a str),
    /// Of what it says of an error.
    Error(&'a str),
    /// Of a row, which people have made.
    Row,
}

impl Replacement {
    /// Replaces what is in a body; `endpoint` is where links lead to.
    pub(crate) fn in_body(&self, body: &mut Value, endpoint: &str) {
        self.in_place(body, Place::Document(endpoint));
    }

    /// Replaces what is in a row. What it has as a secret may stand in other columns, and in what is sent for it: from
    /// now on it is replaced there too.
    pub fn in_record(&self, record: &mut Value) {
        let (credentials, others) = (secrets::within(record), self.secrets_of(record, Place::Row));
        credentials.iter().filter(|it| is_telling(it)).for_each(|secret| self.know(secret));
        for (name, member) in record.as_object().into_iter().flatten() {
            if is_whole(name) || is_secret_column(name) {
                values_in(member).iter().for_each(|value| self.know(value));
            }
        }
        self.in_place(record, Place::Row);
        self.hide_in_value(record, &SecretsInText::new(&credentials, &others));
    }

    /// The secrets in a body, and parts of addresses among them: all of what is replaced without pseudonyms that a
    /// service may repeat.
    pub(crate) fn secrets_in(&self, body: &Value) -> Vec<String> {
        // No text begins so.
        let mut found = self.secrets_of(body, Place::Document("\n"));
        for name in ["device_code", "agent_code"] {
            let code = body.pointer(&format!("/data/attributes/{name}")).and_then(Value::as_str);
            // A compiler quotes what it does not understand.
            let texts = code.into_iter().flat_map(|code| code.split('"').skip(1).step_by(2));
            found.extend(texts.filter(|text| !text.is_empty()).map(str::to_owned));
        }
        found
    }

    fn secrets_of(&self, body: &Value, place: Place<'_>) -> Vec<String> {
        let mut replaced = body.clone();
        Replacement::new(self.key, false).in_place(&mut replaced, place);
        let mut found = Vec::new();
        secrets::differing(body, &replaced, &mut found);
        found
    }

    fn in_place(&self, body: &mut Value, place: Place<'_>) {
        secrets::replace(body, &|secret| self.secret(secret));
        self.in_value(body, place);
    }

    fn in_value(&self, value: &mut Value, place: Place<'_>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    self.in_member(name, member, place);
                }
                self.rename(members, |name| self.key(name));
            }
            Value::Array(elements) => elements.iter_mut().for_each(|it| self.in_value(it, place)),
            Value::String(text) => *text = self.of_text(text, place),
            _ => {}
        }
    }

    fn in_member(&self, name: &str, member: &mut Value, place: Place<'_>) {
        let plain = secrets::plain(name);
        match (place, member) {
            // Programs and their variables hold keys of other services.
            (_, member) if is_whole(name) => self.whole(&plain, member),
            (Place::Row, member) if is_secret_column(name) => {
                secrets::replace_whole(member, &|secret| self.secret(secret));
            }
            (_, Value::String(text)) if is_address(&plain) && !place.is_link(text) => {
                *text = self.url(text);
            }
            (_, member) if !self.pseudonyms => self.in_value(member, place.within(name)),
            (Place::Error(_), Value::String(text)) if name == "title" && schema::is_title(text) => {
            }
            (Place::Error(_) | Place::Document(_), Value::String(text))
                if ["detail", "message", "title"].contains(&name) =>
            {
                *text = self.words(text);
            }
            (Place::Row, Value::String(text)) if schema::is_plain_in_record(name, text) => {}
            (Place::Error(_) | Place::Document(_), Value::String(text))
                if schema::is_plain_in_document(name, text) => {}
            (_, Value::Number(number)) if place == Place::Row || !schema::is_name(name) => {
                *number = self.number(number);
            }
            (_, member) => self.in_value(member, place.within(name)),
        }
    }

    /// All of it, and the names of variables with pseudonyms.
    fn whole(&self, name: &str, member: &mut Value) {
        match member {
            // As a table or a command line has them.
            Value::String(text) if !name.ends_with("code") => *text = self.variables(text),
            _ => secrets::replace_whole(member, &|secret| self.secret(secret)),
        }
        if let Value::Object(members) = member {
            self.rename(members, |name| self.own_key(name));
        }
    }

    /// In the place of variables, `NAME=VALUE` or JSON: the same with other values, that it can be given again.
    pub fn variables(&self, text: &str) -> String {
        match (serde_json::from_str(text), text.split_once('=')) {
            (Ok(mut object @ Value::Object(_)), _) => {
                self.whole("", &mut object);
                object.to_string()
            }
            (_, Some((name, value))) if !name.trim_start().starts_with(['{', '[']) => {
                format!("{}={}", self.own_key(name), self.secret(value))
            }
            _ => self.secret(text),
        }
    }

    fn rename(&self, members: &mut Map<String, Value>, other: impl Fn(&str) -> String) {
        if self.pseudonyms {
            let all = std::mem::take(members);
            members.extend(all.into_iter().map(|(name, member)| (other(&name), member)));
        }
    }

    fn of_text(&self, text: &str, place: Place<'_>) -> String {
        match place {
            Place::Document(endpoint) | Place::Error(endpoint) if place.is_link(text) => {
                format!("{{endpoint}}{}", self.target(&text[endpoint.len()..]))
            }
            _ if has_credentials(text) => self.url(text),
            Place::Row if is_of_others(text) => self.url(text),
            _ => self.name(text),
        }
    }
}

impl Place<'_> {
    /// The same for what a member of this name holds.
    fn within(self, name: &str) -> Self {
        match self {
            Place::Document(endpoint) if name == "errors" => Place::Error(endpoint),
            place => place,
        }
    }

    /// Whether the text leads to the service.
    fn is_link(self, text: &str) -> bool {
        let (Place::Document(endpoint) | Place::Error(endpoint)) = self else { return false };
        text.strip_prefix(endpoint).is_some_and(|rest| rest.starts_with(['/', '?']))
    }
}

/// What variables are set to in a body.
pub(crate) fn values_of_variables(body: &Value) -> Vec<String> {
    match body {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| match name.as_str() {
                "env_vars" => values_in(member),
                _ => values_of_variables(member),
            })
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(values_of_variables).collect(),
        _ => Vec::new(),
    }
}

/// A member of which all is secret.
fn is_whole(name: &str) -> bool {
    WHOLE.contains(&secrets::plain(name).as_str())
}

/// `url`, `Webhook URL`; that of an agent is no secret.
fn is_address(plain: &str) -> bool {
    (plain.ends_with("url") || plain.ends_with("uri")) && plain != "agenturl"
}

/// `https://user:password@host`, wherever it stands.
fn has_credentials(text: &str) -> bool {
    let rests = text.match_indices("://").map(|(at, sign)| &text[at + sign.len()..]);
    let is_end = |c: char| c.is_whitespace() || "/?#".contains(c);
    rests.map(|rest| rest.split(is_end).next().unwrap_or_default()).any(|host| host.contains('@'))
}

/// An address that is none of the service's, whose path may be a secret.
fn is_of_others(text: &str) -> bool {
    let scheme = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
    scheme.is_some_and(|(_, rest)| {
        let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
        !super::THEIRS.contains(&host)
    })
}
