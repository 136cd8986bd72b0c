//! What stands in a recording in the place of secrets and, with `--pseudonyms`, of names.
//!
//! Each follows from the text itself and a key that is not in the file: the same text always becomes the same one,
//! nothing has to be kept, and who has the file cannot find a name by trying. Careful that what we tell apart by its
//! form stays of that form: an id, an address in whatever spelling, an agent id. Addresses are permuted, so that no two
//! become one, and the id of a device still ends with its address.

pub(super) mod bodies;
mod forms;
pub(crate) mod schema;
mod targets;
mod values;

use std::sync::{Mutex, MutexGuard, PoisonError};

use model::Secret;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::secrets_in_text::SecretsInText;
use crate::http::proxy::is_this_machine;
use crate::http::secrets::decoded;

/// Before the replacement of a secret; sixteen digits follow.
const SECRET: &str = "secret-";
/// How long a replacement of a secret is.
pub(super) const PLACEHOLDER: usize = SECRET.len() + 16;
/// Schemes of addresses; before another `://` stands a text.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
/// Hosts of the service that everybody knows.
const THEIRS: [&str; 3] = ["api.electricimp.com", "agent.electricimp.com", "electricimp.com"];

/// Makes the replacements.
pub struct Replacement {
    key: [u8; 32],
    pseudonyms: bool,
    /// Secrets of this run, which are replaced in every text.
    known: Mutex<SecretsInText>,
}

impl Replacement {
    /// With a key that nobody else has; names are replaced if `pseudonyms`.
    pub fn new(key: [u8; 32], pseudonyms: bool) -> Self {
        Replacement { key, pseudonyms, known: Mutex::default() }
    }

    /// From now on this is replaced wherever it stands.
    pub fn know(&self, secret: &str) {
        self.known().add(secret, false);
    }

    /// The same for a text that was read as a secret.
    pub fn know_secret(&self, secret: &Secret) {
        self.know(secret.expose());
    }

    /// Replaces all secrets that are known by now, within other texts too.
    pub fn hide(&self, value: &mut Value) {
        self.hide_in_value(value, &SecretsInText::default());
    }

    /// A text without all secrets that are known by now.
    pub fn hidden(&self, text: &str) -> String {
        let mut value = Value::from(text);
        self.hide(&mut value);
        value.as_str().unwrap_or_default().to_owned()
    }

    /// All secrets that are known by now. Who holds them knows of no other meanwhile.
    pub(super) fn known(&self) -> MutexGuard<'_, SecretsInText> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
        // {ACCOUNT}{PRODUCT}; nobody's own account is called so.
        if let Some(parts) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            let own = |part| if part == "me" { "me".to_owned() } else { self.name(part) };
            let parts: Vec<String> = parts.split("}{").map(own).collect();
            return format!("{{{}}}", parts.join("}{"));
        }
        let is_url = |scheme: &str, host: &str| {
            is_scheme(scheme) && !host.contains(|c: char| c.is_whitespace() || c == '@')
        };
        if let Some((scheme, rest)) = text.split_once("://") {
            let (host, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            if is_url(scheme, host) {
                return format!("{scheme}://{}{}", self.host(host), self.target(target));
            }
        }
        self.of_its_form(text)
    }

    /// In the place of a list of names, each by itself.
    pub fn names<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> String {
        names.into_iter().map(|name| self.name(name)).collect::<Vec<_>>().join(",")
    }

    /// In the place of the value of a field: it stays if it says nothing of whose it is.
    pub fn value(&self, field: &str, text: &str) -> String {
        let is_plain = ["true", "false", "null"].contains(&text)
            || (field == "owner" && text == "me")
            || schema::is_plain_in_document(field, text);
        if is_plain { text.to_owned() } else { self.name(text) }
    }

    /// In the place of the name of a member, a column or a variable, unless nobody has chosen it.
    pub fn key(&self, name: &str) -> String {
        if schema::is_name(name) { name.to_owned() } else { self.own_key(name) }
    }

    /// The same of one that somebody has chosen, whatever it is.
    pub fn own_key(&self, name: &str) -> String {
        let is_done = !self.pseudonyms || name.is_empty() || is_replaced(name);
        if is_done { name.to_owned() } else { format!("field_{}", self.letters("field", name, 10)) }
    }

    /// A host, with its port.
    fn host(&self, authority: &str) -> String {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
            _ => (authority, ""),
        };
        if !self.pseudonyms || THEIRS.contains(&host) || is_this_machine(host) {
            return authority.to_owned();
        }
        let colon = if port.is_empty() { "" } else { ":" };
        format!("{}.example{colon}{port}", self.letters("host", host, 10))
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

fn is_scheme(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(text))
}

/// Whether this stands in a recording for a secret.
pub(super) fn is_replaced(text: &str) -> bool {
    text.strip_prefix(SECRET)
        .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests;
