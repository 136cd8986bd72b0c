//! `/accounts` and the caller's refresh tokens.

use serde_json::{Value, json};

use super::Call;
use super::answer::{self, Answer};
use super::page;
use crate::state::State;
use crate::state::accounts::Account;
use crate::state::ids::Id;
use crate::state::refusal::Refusal;
use crate::state::tokens::Refresh;

fn resource(call: &Call<'_>, account: &Account) -> Value {
    let tier = if account.production { "enterprise" } else { "free" };
    let attributes = json!({"username": account.username, "email": account.email, "tier": tier});
    answer::resource(call, "account", "accounts", account.id, attributes, Value::Null)
}

fn token_resource(call: &Call<'_>, token: &Refresh) -> Value {
    let (collection, attributes) =
        ("accounts/me/refresh_tokens", json!({"created_at": token.created_at}));
    answer::resource(call, "refresh_token", collection, token.id, attributes, Value::Null)
}

/// The caller and the accounts it collaborates on.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.request.allow_filters(&[])?;
    let state = call.sim.state();
    let visible = state.visible_accounts(call.caller);
    let accounts = visible.iter().filter_map(|id| state.accounts.get(id));
    page::of_all(call, accounts, |account| resource(call, account))
}

/// One account, by id or `me`.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    let account = visible(&state, call.caller, id)?;
    Ok(Answer::data(200, &resource(call, account)))
}

/// Undocumented by the service; the shape is our guess.
pub fn capabilities(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    let account = visible(&state, call.caller, id)?;
    let attributes = json!({"production": account.production});
    let data = json!({"type": "capabilities", "id": account.id, "attributes": attributes});
    Ok(Answer::data(200, &data))
}

fn visible<'s>(state: &'s State, caller: Id, id: &str) -> Result<&'s Account, Refusal> {
    let wanted = if id == "me" { Some(caller) } else { id.parse().ok() };
    wanted
        .filter(|&wanted| state.sees(caller, wanted))
        .and_then(|wanted| state.accounts.get(&wanted))
        .ok_or_else(|| Refusal::not_found("Account", id))
}

/// The caller's refresh tokens, without the secrets.
pub fn refresh_tokens(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.request.allow_filters(&[])?;
    let state = call.sim.state();
    let own = state.tokens.refresh.iter().filter(|token| token.account == call.caller);
    page::of_all(call, own, |token| token_resource(call, token))
}

/// Ends a refresh token.
pub fn delete_refresh_token(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().delete_refresh(call.caller, id)?;
    Ok(Answer::empty())
}
