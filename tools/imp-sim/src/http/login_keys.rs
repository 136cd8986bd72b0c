//! `/accounts/me/login_keys`. Writes need the account's password in a header.

use serde_json::{Value, json};

use super::Call;
use super::answer::{self, Answer};
use super::document;
use super::page;
use crate::state::login_keys::LoginKey;
use crate::state::refusal::Refusal;

const DESCRIPTION: usize = 255;

fn resource(call: &Call<'_>, key: &LoginKey) -> Value {
    let attributes = json!({"description": key.description, "usages": key.usages});
    let collection = "accounts/me/login_keys";
    answer::resource(call, "login_key", collection, &key.id, attributes, Value::Null)
}

fn check_password(call: &Call<'_>) -> Result<(), Refusal> {
    let password = call.request.header("x-electricimp-password");
    call.sim.state().check_password(call.caller, password)
}

/// The caller's keys.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.request.allow_filters(&[])?;
    let state = call.sim.state();
    page::of_all(call, state.login_keys_of(call.caller), |key| resource(call, key))
}

/// One key.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut state = call.sim.state();
    let key = state.login_key(call.caller, id)?;
    Ok(Answer::data(200, &resource(call, key)))
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
    Ok(Answer::data(201, &resource(call, key)))
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
    Ok(Answer::data(200, &resource(call, key)))
}

/// Ends a key.
pub fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().login_key(call.caller, id)?;
    check_password(call)?;
    call.sim.state().delete_login_key(call.caller, id)?;
    Ok(Answer::empty())
}
