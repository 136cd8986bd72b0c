//! `/accounts` and the caller's refresh tokens.

use serde::Serialize;
use serde_json::json;

use super::Call;
use super::answer::{Answer, Resource, SelfLink};
use super::page;
use crate::state::State;
use crate::state::accounts::Account;
use crate::state::ids::{Id, Timestamp};
use crate::state::refusal::Refusal;
use crate::state::tokens::Refresh;

#[derive(Serialize)]
struct AccountAttributes<'a> {
    username: &'a str,
    email: &'a str,
    tier: &'static str,
}

#[derive(Serialize)]
struct RefreshAttributes {
    created_at: Timestamp,
}

fn resource<'a>(account: &'a Account, base: &str) -> impl Serialize + use<'a> {
    let tier = if account.production { "enterprise" } else { "free" };
    Resource {
        kind: "account",
        id: account.id,
        links: SelfLink::new(base, "accounts", &account.id),
        attributes: AccountAttributes { username: &account.username, email: &account.email, tier },
        relationships: None::<()>,
    }
}

fn token_resource(token: &Refresh, base: &str) -> impl Serialize + use<> {
    Resource {
        kind: "refresh_token",
        id: token.id,
        links: SelfLink::new(base, "accounts/me/refresh_tokens", &token.id),
        attributes: RefreshAttributes { created_at: token.created_at },
        relationships: None::<()>,
    }
}

/// The caller and the accounts it collaborates on.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.request.allow_filters(&[])?;
    let state = call.sim.state();
    let visible = state.visible_accounts(call.caller);
    let accounts = visible.iter().filter_map(|id| state.accounts.get(id));
    let base = call.base();
    page::of_all(call, accounts, |account| resource(account, &base))
}

/// One account, by id or `me`.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    let account = visible(&state, call.caller, id)?;
    Ok(Answer::data(200, &resource(account, &call.base())))
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
    let base = call.base();
    page::of_all(call, own, |token| token_resource(token, &base))
}

/// Ends a refresh token.
pub fn delete_refresh_token(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().delete_refresh(call.caller, id)?;
    Ok(Answer::empty())
}
