//! Paths and queries of the service.

use model::ResourceKind;
use percent_encoding::percent_encode;

use super::{Replacement, decoded, schema};
use crate::http::secrets;
use crate::request::{QUERY, segment};

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

impl Replacement {
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
        let escaped = |text: &str| percent_encode(text.as_bytes(), QUERY).to_string();
        let other = |text: &str| escaped(&self.name(&decoded(text)));
        let Some((name, value)) = pair.split_once('=') else { return other(pair) };
        let known = decoded(name);
        let is_ours = is_parameter(&known);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let says_nothing = match known.as_str() {
            "page[number]" | "page[size]" => is_number(value),
            "format" => ["json", "text"].contains(&value),
            "filter[flagged]" => ["true", "false", "any"].contains(&value),
            _ => {
                ["null", "true", "false", "me"].contains(&value)
                    || ResourceKind::DeviceGroup.types().contains(&value)
            }
        };
        let name = if is_ours { name.to_owned() } else { escaped(&self.own_key(&known)) };
        let value = if says_nothing { value.to_owned() } else { other(value) };
        format!("{name}={value}")
    }
}

/// `format`, `page[size]`, `filter[owner.id]`
fn is_parameter(name: &str) -> bool {
    name.split(['[', '.', ']']).all(|part| part.is_empty() || schema::is_name(part))
}
