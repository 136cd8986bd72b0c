//! `/webhooks`.

use hyper::Uri;
use hyper::http::uri::Authority;
use serde_json::{Value, json};

use super::Call;
use super::answer::{self, Answer, Related, related_group};
use super::document;
use super::page;
use crate::state::State;
use crate::state::hooks::{ContentType, Hook, HookEvent};
use crate::state::refusal::Refusal;

const URL: usize = 2000;

fn resource(call: &Call<'_>, state: &State, hook: &Hook) -> Value {
    let attributes = json!({
        "url": hook.url,
        "event": hook.event,
        "content_type": hook.content_type,
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
    });
    let product = state.groups.get(&hook.group).map(|group| Related::product(group.product));
    let relationships = json!({
        "owner": Related::account(hook.owner),
        "creator": Related::account(hook.creator),
        "product": product,
        "devicegroup": related_group(state, hook.group),
    });
    answer::resource(call, "webhook", "webhooks", hook.id, attributes, relationships)
}

/// Webhooks, oldest first.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.request.allow_filters(&["devicegroup.id"])?;
    let group = call.request.filter("devicegroup.id")?;
    let state = call.sim.state();
    let hooks = state.hooks.values().filter(|hook| {
        call.lists(&state, hook.owner, group.is_some()) && group.is_none_or(|id| hook.group.is(id))
    });
    page::of_all(call, hooks, |hook| resource(call, &state, hook))
}

/// One webhook.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    let hook = state.hook(call.caller, id)?;
    Ok(Answer::data(200, &resource(call, &state, hook)))
}

/// A new webhook.
pub fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut sent = document::Resource::to_create(call.request)?;
    sent.expect_type(&["webhook"])?;
    let group = sent.required_relationship("devicegroup")?;
    let url = url(&mut sent)?.ok_or_else(|| Refusal::required("url"))?;
    let event = sent.word("event", URL, "blessing, blinkup or deployment")?;
    let event: HookEvent = event.ok_or_else(|| Refusal::required("event"))?;
    let content_type = content_type(&mut sent)?.unwrap_or(ContentType::Json);
    sent.nothing_else()?;
    let mut state = call.sim.state();
    let group = (group.kind.as_str(), group.id.as_str());
    let id = state.create_hook(call.caller, group, (url, event, content_type), call.now)?;
    Ok(Answer::data(201, &resource(call, &state, &state.hooks[&id])))
}

/// Another address or content type.
pub fn update(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().hook(call.caller, id)?;
    let mut sent = document::Resource::to_update(call.request, "webhook", |sent| sent == id)?;
    let (url, content_type) = (url(&mut sent)?, content_type(&mut sent)?);
    sent.nothing_else()?;
    let mut state = call.sim.state();
    let hook = state.writable_hook(call.caller, id)?;
    if let Some(url) = url {
        hook.url = url;
    }
    hook.content_type = content_type.unwrap_or(hook.content_type);
    hook.updated_at = call.now;
    let hook = state.hook(call.caller, id)?;
    Ok(Answer::data(200, &resource(call, &state, hook)))
}

/// Ends a webhook.
pub fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut state = call.sim.state();
    let id = state.writable_hook(call.caller, id)?.id;
    state.hooks.shift_remove(&id);
    Ok(Answer::empty())
}

fn url(sent: &mut document::Resource) -> Result<Option<String>, Refusal> {
    let Some(url) = sent.text("url", 0, URL)? else {
        return Ok(None);
    };
    let parsed: Option<Uri> = url.parse().ok();
    let called = parsed.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.authority().is_some_and(has_possible_port)
    });
    if called { Ok(Some(url)) } else { Err(Refusal::url()) }
}

/// A port that is too great is none to the parser.
fn has_possible_port(authority: &Authority) -> bool {
    let text = authority.as_str();
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    text == authority.host() || text.ends_with(':') || authority.port().is_some()
}

fn content_type(sent: &mut document::Resource) -> Result<Option<ContentType>, Refusal> {
    let words = "application/json or application/x-www-form-urlencoded";
    sent.word("content_type", URL, words)
}
