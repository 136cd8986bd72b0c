//! `/accounts/me/login_keys`. Writes need the account's password in a header.

use serde::Serialize;

use super::Call;
use super::answer::{Answer, Resource, SelfLink};
use super::document;
use super::page;
use crate::state::login_keys::LoginKey;
use crate::state::refusal::Refusal;

const DESCRIPTION: usize = 255;

#[derive(Serialize)]
struct Attributes<'a> {
    description: &'a str,
    usages: u64,
}

fn resource<'a>(key: &'a LoginKey, base: &str) -> impl Serialize + use<'a> {
    Resource {
        kind: "login_key",
        id: &key.id,
        links: SelfLink::new(base, "accounts/me/login_keys", &key.id),
        attributes: Attributes { description: &key.description, usages: key.usages },
        relationships: None::<()>,
    }
}

fn check_password(call: &Call<'_>) -> Result<(), Refusal> {
    let password = call.request.header("x-electricimp-password");
    call.sim.state().check_password(call.caller, password)
}

/// The caller's keys.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.request.allow_filters(&[])?;
    let state = call.sim.state();
    let base = call.base();
    page::of_all(call, state.login_keys_of(call.caller), |key| resource(key, &base))
}

/// One key.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut state = call.sim.state();
    let key = state.login_key(call.caller, id)?;
    Ok(Answer::data(200, &resource(key, &call.base())))
}

/// A new key.
pub fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    check_password(call)?;
    let mut sent = document::Resource::to_create(call.request)?;
    sent.expect_type(&["login_key"])?;
    let description = sent.text("description", 0, DESCRIPTION)?.unwrap_or_default();
    sent.nothing_else()?;
    let mut state = call.sim.state();
    let key = state.create_login_key(call.caller, description)?;
    Ok(Answer::data(201, &resource(key, &call.base())))
}

/// Another description.
pub fn update(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().login_key(call.caller, id)?;
    check_password(call)?;
    let mut sent = document::Resource::to_update(call.request, "login_key", |sent| sent == id)?;
    let description = sent.text("description", 0, DESCRIPTION)?;
    sent.nothing_else()?;
    let mut state = call.sim.state();
    let key = state.login_key(call.caller, id)?;
    if let Some(description) = description {
        key.description = description;
    }
    Ok(Answer::data(200, &resource(key, &call.base())))
}

/// Ends a key.
pub fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().login_key(call.caller, id)?;
    check_password(call)?;
    call.sim.state().delete_login_key(call.caller, id)?;
    Ok(Answer::empty())
}
