//! The HTTP layer of the API: decode a request, ask the state, encode the answer. Rules live in
//! `state`; what is here is the wire.

pub mod accounts;
pub mod answer;
pub mod auth;
pub mod decide;
pub mod deployments;
pub mod devices;
pub mod document;
pub mod groups;
pub mod libraries;
pub mod log_streams;
pub mod login_keys;
pub mod logs;
pub mod members;
pub mod page;
pub mod path;
pub mod products;
pub mod request;
pub mod webhooks;

use std::cell::Cell;
use std::fmt::Display;

use crate::limits::RateStatus;
use crate::sim::{RateKey, Sim};
use crate::state::State;
use crate::state::ids::{Id, Timestamp};
use crate::state::refusal::Refusal;
use crate::variants::Variants;
use answer::Answer;
use request::Request;

/// A request of somebody who is signed in.
pub struct Call<'a> {
    /// The simulator.
    pub sim: &'a Sim,
    /// The request.
    pub request: &'a Request,
    /// The account that asks.
    pub caller: Id,
    /// Whose rate limit counts.
    pub rate_key: RateKey,
    /// When the service looked at the request.
    pub now: Timestamp,
    /// By a fault rule, so many devices of a batch fail with this status.
    pub part: Option<(usize, u16)>,
    /// Set when the limit of unblessing refused the request.
    pub unblessing: Cell<Option<RateStatus>>,
}

impl Call<'_> {
    /// The answers to open questions.
    pub fn variants(&self) -> &Variants {
        &self.sim.settings.variants
    }

    /// Scheme and host of links.
    fn origin(&self) -> &str {
        if self.variants().link_host_foreign { "https://api.invalid" } else { &self.request.origin }
    }

    /// The absolute address of a path.
    pub fn link(&self, target: &str) -> String {
        format!("{}{target}", self.origin())
    }

    /// The absolute address of one thing in a collection.
    pub fn link_to(&self, collection: &str, id: impl Display) -> String {
        format!("{}/v5/{collection}/{id}", self.origin())
    }

    /// Whether a list shows what `owner` owns. What collaborators own is there only if a filter
    /// names it (`named`).
    pub fn lists(&self, state: &State, owner: Id, named: bool) -> bool {
        let shared = named || self.variants().shared_lists_all;
        self.caller == owner || (shared && state.sees(self.caller, owner))
    }
}

/// Calls the handler of an address and method.
pub fn dispatch(call: &Call<'_>, path: &[&str]) -> Result<Answer, Refusal> {
    match (call.request.method.as_str(), path) {
        ("GET", ["accounts"]) => accounts::list(call),
        ("GET", ["accounts", id]) => accounts::get(call, id),
        ("GET", ["accounts", id, "capabilities"]) => accounts::capabilities(call, id),
        ("GET", ["accounts", "me", "refresh_tokens"]) => accounts::refresh_tokens(call),
        ("DELETE", ["accounts", "me", "refresh_tokens", id]) => {
            accounts::delete_refresh_token(call, id)
        }
        ("GET", ["accounts", "me", "login_keys"]) => login_keys::list(call),
        ("POST", ["accounts", "me", "login_keys"]) => login_keys::create(call),
        ("GET", ["accounts", "me", "login_keys", id]) => login_keys::get(call, id),
        ("PATCH", ["accounts", "me", "login_keys", id]) => login_keys::update(call, id),
        ("DELETE", ["accounts", "me", "login_keys", id]) => login_keys::delete(call, id),
        ("GET", ["products"]) => products::list(call),
        ("POST", ["products"]) => products::create(call),
        ("GET", ["products", id]) => products::get(call, id),
        ("PATCH", ["products", id]) => products::update(call, id),
        ("DELETE", ["products", id]) => products::delete(call, id),
        ("GET", ["devicegroups"]) => groups::list(call),
        ("POST", ["devicegroups"]) => groups::create(call),
        ("GET", ["devicegroups", id]) => groups::get(call, id),
        ("PATCH", ["devicegroups", id]) => groups::update(call, id),
        ("DELETE", ["devicegroups", id]) => groups::delete(call, id),
        ("POST", ["devicegroups", id, "restart"]) => groups::restart(call, id, false),
        ("POST", ["devicegroups", id, "conditional_restart"]) => groups::restart(call, id, true),
        ("POST", ["devicegroups", id, "relationships", "devices"]) => members::add(call, id),
        ("DELETE", ["devicegroups", id, "relationships", "devices"]) => members::remove(call, id),
        ("PUT", ["devicegroups", id, "relationships", "min_supported_deployment"]) => {
            groups::set_min_supported(call, id)
        }
        ("GET", ["devices"]) => devices::list(call),
        ("GET", ["devices", id]) => devices::get(call, id),
        ("PATCH", ["devices", id]) => devices::update(call, id),
        ("DELETE", ["devices", id]) => devices::delete(call, id),
        ("POST", ["devices", id, "restart"]) => devices::restart(call, id, false),
        ("POST", ["devices", id, "conditional_restart"]) => devices::restart(call, id, true),
        ("GET", ["devices", id, "logs"]) => logs::logs(call, id),
        ("GET", ["devices", id, "history"]) => logs::history(call, id),
        _ => dispatch_code(call, path),
    }
}

/// Code, and what tells about running code: logs and webhooks.
fn dispatch_code(call: &Call<'_>, path: &[&str]) -> Result<Answer, Refusal> {
    match (call.request.method.as_str(), path) {
        ("GET", ["deployments"]) => deployments::list(call),
        ("POST", ["deployments"]) => deployments::create(call),
        ("GET", ["deployments", id]) => deployments::get(call, id),
        ("PATCH", ["deployments", id]) => deployments::update(call, id),
        ("DELETE", ["deployments", id]) => deployments::delete(call, id),
        ("GET", ["libraries"]) => libraries::list(call),
        ("POST", ["libraries"]) => libraries::create(call),
        ("GET", ["libraries", id]) => libraries::get(call, id),
        ("PATCH", ["libraries", id]) => libraries::update(call, id),
        ("POST", ["libraries", id, "versions"]) => libraries::create_version(call, id),
        ("GET", ["libraries", id, "versions", version]) => {
            libraries::get_version(call, id, version)
        }
        ("PATCH", ["libraries", id, "versions", version]) => {
            libraries::update_version(call, id, version)
        }
        ("GET", ["webhooks"]) => webhooks::list(call),
        ("POST", ["webhooks"]) => webhooks::create(call),
        ("GET", ["webhooks", id]) => webhooks::get(call, id),
        ("PATCH", ["webhooks", id]) => webhooks::update(call, id),
        ("DELETE", ["webhooks", id]) => webhooks::delete(call, id),
        ("POST", ["logstream"]) => log_streams::create(call),
        ("PUT", ["logstream", id, device]) => log_streams::add(call, id, device),
        ("DELETE", ["logstream", id, device]) => log_streams::remove(call, id, device),
        (method, _) => Err(Refusal::method(method)),
    }
}
