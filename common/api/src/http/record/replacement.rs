//! What stands in a recording in the place of secrets and, with `--pseudonyms`, of names.
//!
//! Each follows from the text itself and a key that is not in the file: the same text always becomes the same one,
//! nothing has to be kept, and who has the file cannot find a name by trying. Careful that what we tell apart by its
//! form stays of that form: an id, an address in whatever spelling, an agent id. Addresses are permuted, so that no two
//! become one, and the id of a device still ends with its address.

mod forms;

use model::ResourceKind;
use percent_encoding::percent_encode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::http::proxy::is_this_machine;
use crate::http::secrets::{self, decoded};
use crate::request::{QUERY, segment};

/// Before the replacement of a secret; sixteen digits follow.
const SECRET: &str = "secret-";
/// What stands in the place of the service's words about one thing.
const WORDS: &str = "(words of the service, replaced)";
/// Members, and columns however they are spelt, of which all is secret.
const WHOLE: [&str; 5] = ["devicecode", "agentcode", "envvars", "envvariable", "envvariables"];
/// Values that have these names say nothing of whose they are. Those of times end with `_at`.
const KEPT: [&str; 12] = [
    "type",
    "status",
    "code",
    "title",
    "ts",
    "state",
    "imp_type",
    "swversion",
    "content_type",
    "event",
    "token_type",
    "scope",
];
/// The words of paths; what else stands there is an id.
const OF_PATHS: [&str; 23] = [
    "",
    "v5",
    "accounts",
    "me",
    "auth",
    "token",
    "devices",
    "devicegroups",
    "products",
    "deployments",
    "webhooks",
    "libraries",
    "login_keys",
    "refresh_tokens",
    "logstream",
    "logs",
    "history",
    "relationships",
    "restart",
    "conditional_restart",
    "product",
    "production_target",
    "min_supported_deployment",
];

/// Makes the replacements.
pub struct Replacement {
    key: [u8; 32],
    pseudonyms: bool,
}

impl Replacement {
    /// With a key that nobody else has; names are replaced if `pseudonyms`.
    pub fn new(key: [u8; 32], pseudonyms: bool) -> Self {
        Replacement { key, pseudonyms }
    }

    /// Whether names are replaced.
    pub fn has_pseudonyms(&self) -> bool {
        self.pseudonyms
    }

    /// In the place of a secret.
    pub fn secret(&self, text: &str) -> String {
        match is_replaced(text) || text.is_empty() {
            true => text.to_owned(),
            false => format!("{SECRET}{}", &self.digits("secret", text, 16)),
        }
    }

    /// In the place of the address of a server that is not the service: who it is stays, but for a pseudonym;
    /// credentials, path and query may be secrets. It may have no scheme, as of a proxy.
    pub fn url(&self, text: &str) -> String {
        let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let scheme = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
        let (scheme, rest) = text.split_at(scheme.map_or(0, |(scheme, _)| scheme.len() + 3));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let user = if user.is_empty() { String::new() } else { self.secret(user) + "@" };
        let path = if path.len() < 2 { path.to_owned() } else { format!("/{}", self.secret(path)) };
        // What is no port belongs to a password with a slash in it.
        let port = host.rsplit_once(':').map_or("0", |(_, port)| port);
        let is_host = host.chars().all(|c| c.is_alphanumeric() || ".-_:[]".contains(c))
            && !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit() || byte == b']');
        let host = if is_host || host.is_empty() { self.host(host) } else { self.secret(host) };
        format!("{scheme}{user}{host}{path}")
    }

    /// In the place of an address of the service, which is no secret unless there is more in it.
    pub fn endpoint(&self, text: &str) -> String {
        if text.contains(['@', '?', '#']) { self.url(text) } else { self.name(text) }
    }

    /// In the place of a name, an id, an address: itself, unless there are pseudonyms.
    pub fn name(&self, text: &str) -> String {
        if !self.pseudonyms || text.is_empty() || is_replaced(text) {
            return text.to_owned();
        }
        // {ACCOUNT}{PRODUCT}
        if let Some(parts) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            let parts: Vec<String> = parts.split("}{").map(|part| self.name(part)).collect();
            return format!("{{{}}}", parts.join("}{"));
        }
        let is_url = |scheme: &str, host: &str| {
            scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && !host.contains(|c: char| c.is_whitespace() || c == '@')
        };
        if let Some((scheme, rest)) = text.split_once("://") {
            let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            if is_url(scheme, host) {
                return format!("{scheme}://{}{}", self.host(host), self.target(target));
            }
        }
        self.of_its_form(text)
    }

    /// A host, with its port.
    fn host(&self, authority: &str) -> String {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
            _ => (authority, ""),
        };
        let is_theirs = host == "electricimp.com" || host.ends_with(".electricimp.com");
        if !self.pseudonyms || is_theirs || is_this_machine(host) {
            return authority.to_owned();
        }
        let colon = if port.is_empty() { "" } else { ":" };
        format!("{}.example{colon}{port}", self.letters("host", host, 10))
    }

    /// A path with its query.
    pub(crate) fn target(&self, target: &str) -> String {
        let target = secrets::replace_in_path(target, &|secret| self.secret(secret));
        if !self.pseudonyms {
            return target;
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let of_path = |part: &str| match OF_PATHS.contains(&part) {
            true => part.to_owned(),
            false => segment(&self.name(&decoded(part))),
        };
        let path = path.split('/').map(of_path).collect::<Vec<_>>().join("/");
        if query.is_empty() {
            return path;
        }
        let query: Vec<String> = query.split('&').map(|pair| self.in_query(pair)).collect();
        format!("{path}?{}", query.join("&"))
    }

    fn in_query(&self, pair: &str) -> String {
        let other =
            |text: &str| percent_encode(self.name(&decoded(text)).as_bytes(), QUERY).to_string();
        let Some((name, value)) = pair.split_once('=') else { return other(pair) };
        let known = decoded(name);
        let is_kept = known.starts_with("page[") || known == "format";
        if is_kept || ResourceKind::DeviceGroup.types().contains(&value) {
            return pair.to_owned();
        }
        format!("{name}={}", other(value))
    }

    /// Replaces what is in a body; `endpoint` is where links lead to.
    pub(crate) fn in_body(&self, body: &mut Value, endpoint: &str) {
        secrets::replace(body, &|secret| self.secret(secret));
        self.in_value(body, endpoint);
    }

    /// The secrets in a body, and parts of addresses among them: all of what is replaced without pseudonyms that a
    /// service may repeat.
    pub(crate) fn secrets_in(&self, body: &Value) -> Vec<String> {
        let mut replaced = body.clone();
        Replacement { key: self.key, pseudonyms: false }.in_body(&mut replaced, "\n");
        let mut found = Vec::new();
        secrets::differing(body, &replaced, &mut found);
        found
    }

    /// The same in a record, where links are as good as any text.
    pub fn in_record(&self, record: &mut Value) {
        // No text begins so.
        self.in_body(record, "\n");
    }

    fn in_value(&self, value: &mut Value, endpoint: &str) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    self.in_member(name, member, endpoint);
                }
            }
            Value::Array(elements) => {
                elements.iter_mut().for_each(|it| self.in_value(it, endpoint));
            }
            Value::String(text) => {
                let rest = text.strip_prefix(endpoint);
                *text = match rest.filter(|rest| rest.starts_with(['/', '?'])) {
                    Some(rest) => format!("{{endpoint}}{}", self.target(rest)),
                    None => self.name(text),
                };
            }
            _ => {}
        }
    }

    fn in_member(&self, name: &str, member: &mut Value, endpoint: &str) {
        match (name, member) {
            // Programs and their variables hold keys of other services.
            (name, member) if WHOLE.contains(&secrets::plain(name).as_str()) => {
                secrets::replace_whole(member, &|secret| self.secret(secret));
            }
            (name, Value::String(text))
                if secrets::plain(name) == "url" && !text.starts_with(endpoint) =>
            {
                *text = self.url(text);
            }
            ("detail" | "message", Value::String(text)) if self.pseudonyms => {
                WORDS.clone_into(text);
            }
            (name, Value::String(_)) if KEPT.contains(&name) || name.ends_with("_at") => {}
            (_, member) => self.in_value(member, endpoint),
        }
    }

    /// A body that is no JSON: with pseudonyms only its form is kept.
    pub(crate) fn text(&self, text: &str) -> String {
        let hidden = |c: char| if c.is_alphanumeric() { 'x' } else { c };
        if self.pseudonyms { text.chars().map(hidden).collect() } else { text.to_owned() }
    }

    /// So many hexadecimal digits that follow from `text`; `purpose` keeps them apart from others of the same text.
    fn digits(&self, purpose: &str, text: &str, count: usize) -> String {
        let mut digits = String::new();
        for block in 0_u64.. {
            if digits.len() >= count {
                break;
            }
            let mut hash = Sha256::new_with_prefix(self.key);
            hash.update(block.to_le_bytes());
            hash.update(purpose);
            hash.update([0]);
            hash.update(text);
            digits.extend(hash.finalize().iter().map(|byte| format!("{byte:02x}")));
        }
        digits.truncate(count);
        digits
    }

    fn letters(&self, purpose: &str, text: &str, count: usize) -> String {
        let digits = self.digits(purpose, text, 4 * count);
        let letter = |at: usize| {
            let number = u32::from_str_radix(&digits[4 * at..4 * at + 4], 16).unwrap_or_default();
            char::from(b'a' + (number % 26) as u8)
        };
        (0..count).map(letter).collect()
    }
}

fn is_replaced(text: &str) -> bool {
    text.strip_prefix(SECRET)
        .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests;
