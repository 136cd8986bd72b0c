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

use crate::limits::Verdict;
use crate::sim::{RateKey, Sim};
use crate::state::ids::{Id, Timestamp};
use crate::state::refusal::Refusal;
use crate::variants::Variants;
use answer::Answer;
use path::Path;
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
    pub unblessing: Cell<Option<Verdict>>,
}

impl Call<'_> {
    /// The answers to open questions.
    pub fn variants(&self) -> &Variants {
        &self.sim.settings.variants
    }

    /// The absolute address of a path.
    pub fn link(&self, target: &str) -> String {
        if self.variants().link_host_foreign {
            format!("https://api.invalid{target}")
        } else {
            format!("{}{target}", self.request.origin)
        }
    }

    /// The absolute address of the API.
    pub fn base(&self) -> String {
        self.link("/v5")
    }
}

/// Calls the handler of an address and method.
pub fn dispatch(call: &Call<'_>, path: Path<'_>) -> Result<Answer, Refusal> {
    match (call.request.method.as_str(), path) {
        ("GET", Path::Accounts) => accounts::list(call),
        ("GET", Path::Account(id)) => accounts::get(call, id),
        ("GET", Path::Capabilities(id)) => accounts::capabilities(call, id),
        ("GET", Path::RefreshTokens) => accounts::refresh_tokens(call),
        ("DELETE", Path::RefreshToken(id)) => accounts::delete_refresh_token(call, id),
        ("GET", Path::LoginKeys) => login_keys::list(call),
        ("POST", Path::LoginKeys) => login_keys::create(call),
        ("GET", Path::LoginKey(id)) => login_keys::get(call, id),
        ("PATCH", Path::LoginKey(id)) => login_keys::update(call, id),
        ("DELETE", Path::LoginKey(id)) => login_keys::delete(call, id),
        ("GET", Path::Products) => products::list(call),
        ("POST", Path::Products) => products::create(call),
        ("GET", Path::Product(id)) => products::get(call, id),
        ("PATCH", Path::Product(id)) => products::update(call, id),
        ("DELETE", Path::Product(id)) => products::delete(call, id),
        ("GET", Path::Groups) => groups::list(call),
        ("POST", Path::Groups) => groups::create(call),
        ("GET", Path::Group(id)) => groups::get(call, id),
        ("PATCH", Path::Group(id)) => groups::update(call, id),
        ("DELETE", Path::Group(id)) => groups::delete(call, id),
        ("POST", Path::GroupRestart(id)) => groups::restart(call, id, false),
        ("POST", Path::GroupConditionalRestart(id)) => groups::restart(call, id, true),
        ("POST", Path::GroupDevices(id)) => members::add(call, id),
        ("DELETE", Path::GroupDevices(id)) => members::remove(call, id),
        ("PUT", Path::GroupMinSupported(id)) => groups::set_min_supported(call, id),
        ("GET", Path::Devices) => devices::list(call),
        ("GET", Path::Device(id)) => devices::get(call, id),
        ("PATCH", Path::Device(id)) => devices::update(call, id),
        ("DELETE", Path::Device(id)) => devices::delete(call, id),
        ("POST", Path::DeviceRestart(id)) => devices::restart(call, id, false),
        ("POST", Path::DeviceConditionalRestart(id)) => devices::restart(call, id, true),
        ("GET", Path::DeviceLogs(id)) => logs::logs(call, id),
        ("GET", Path::DeviceHistory(id)) => logs::history(call, id),
        _ => dispatch_code(call, path),
    }
}

/// Code, and what tells about running code: logs and webhooks.
fn dispatch_code(call: &Call<'_>, path: Path<'_>) -> Result<Answer, Refusal> {
    match (call.request.method.as_str(), path) {
        ("GET", Path::Deployments) => deployments::list(call),
        ("POST", Path::Deployments) => deployments::create(call),
        ("GET", Path::Deployment(id)) => deployments::get(call, id),
        ("PATCH", Path::Deployment(id)) => deployments::update(call, id),
        ("DELETE", Path::Deployment(id)) => deployments::delete(call, id),
        ("GET", Path::Libraries) => libraries::list(call),
        ("POST", Path::Libraries) => libraries::create(call),
        ("GET", Path::Library(id)) => libraries::get(call, id),
        ("PATCH", Path::Library(id)) => libraries::update(call, id),
        ("POST", Path::Versions(id)) => libraries::create_version(call, id),
        ("GET", Path::Version(id, version)) => libraries::get_version(call, id, version),
        ("PATCH", Path::Version(id, version)) => libraries::update_version(call, id, version),
        ("GET", Path::Webhooks) => webhooks::list(call),
        ("POST", Path::Webhooks) => webhooks::create(call),
        ("GET", Path::Webhook(id)) => webhooks::get(call, id),
        ("PATCH", Path::Webhook(id)) => webhooks::update(call, id),
        ("DELETE", Path::Webhook(id)) => webhooks::delete(call, id),
        ("POST", Path::LogStreams) => log_streams::create(call),
        ("PUT", Path::LogStreamDevice(id, device)) => log_streams::add(call, id, device),
        ("DELETE", Path::LogStreamDevice(id, device)) => log_streams::remove(call, id, device),
        (method, _) => Err(Refusal::method(method)),
    }
}
