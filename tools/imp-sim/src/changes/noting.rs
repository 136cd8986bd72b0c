//! What a request is about, and what it did: the only place that knows which requests change what.

use std::collections::HashSet;

use serde_json::Value;

use super::Noun;
use super::thing::{Change, Thing};
use crate::http::answer::Answer;
use crate::http::{Call, document};
use crate::state::State;
use crate::state::refusal::Refusal;

const LOG_STREAMS: Noun = ["log stream", "log streams"];
const SECRETS: Noun = ["change of a login key or token", "changes of login keys or tokens"];
const LIBRARIES: Noun = ["change of a library", "changes of libraries"];
const OTHERS: Noun = ["change by another account", "changes by other accounts"];

/// Lets `act` serve the request, and notes what that changes, if changes are noted.
pub fn noting(
    call: &Call<'_>,
    path: &[&str],
    act: impl FnOnce() -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    if call.request.method == "GET" {
        return act();
    }
    let Some(mut changes) = call.sim.changes() else { return act() };
    let method = call.request.method.as_str();
    let before = things(call, &call.sim.state(), path);
    let answer = act()?;
    let state = call.sim.state();
    let changed = changed(call, &state, path, before);
    let is_main_account = state.accounts.get_index_of(&call.caller) == Some(0);
    match left_out(method, path) {
        Some(what) => changes.leave_out(what),
        None if is_main_account => changes.note(verb(method, path), &changed),
        None if changed.is_empty() => {}
        None => changes.leave_out(OTHERS),
    }
    Ok(answer)
}

/// What no change record tells of.
fn left_out(method: &str, path: &[&str]) -> Option<Noun> {
    match (method, path) {
        ("POST", ["logstream"]) => Some(LOG_STREAMS),
        (_, ["accounts", ..]) => Some(SECRETS),
        (_, ["libraries", ..]) => Some(LIBRARIES),
        _ => None,
    }
}

/// The word for what a request does, as the verbs of the tools are called.
fn verb(method: &str, path: &[&str]) -> &'static str {
    match (method, path) {
        (_, [.., "restart" | "conditional_restart"]) => "restart",
        ("POST", [.., "devices"]) => "assign",
        ("DELETE", [.., "devices"]) => "unassign",
        ("POST", ["deployments"]) => "deploy",
        ("POST", _) => "create",
        ("DELETE", ["devices", _]) => "remove",
        ("DELETE", _) => "delete",
        _ => "update",
    }
}

/// The things that a request may change, as they are: of one that makes something, what it makes that for.
fn things(call: &Call<'_>, state: &State, path: &[&str]) -> Vec<Thing> {
    let named = match (call.request.method.as_str(), path) {
        (_, [_, _, "relationships", "devices"]) => return places(call, state),
        ("DELETE", ["devicegroups", id]) => return with_all_that_goes(state, id),
        ("POST", ["deployments"]) => thing(call, state, "devicegroups", &group_of_new(call)),
        (_, [collection, id, ..]) => thing(call, state, collection, id),
        _ => None,
    };
    named.into_iter().collect()
}

/// A thing by the collection that it is in and what names it there.
fn thing(call: &Call<'_>, state: &State, collection: &str, id: &str) -> Option<Thing> {
    if collection == "devices" {
        return state.device(call.caller, id).ok().map(Thing::device);
    }
    let id = id.parse().ok()?;
    match collection {
        "products" => Thing::product(state, call.caller, id),
        "devicegroups" => Thing::group(state, id),
        "deployments" => Thing::build(state, id),
        "webhooks" => Thing::hook(state, id),
        _ => None,
    }
}

/// The group that a new deployment is for; empty if the body does not say.
fn group_of_new(call: &Call<'_>) -> String {
    let sent = document::Resource::to_create(call.request);
    let group = sent.and_then(|mut sent| sent.required_relationship("devicegroup"));
    group.map_or_else(|_| String::new(), |group| group.id)
}

/// A group and what is deleted with it, in the order in which one could delete them.
fn with_all_that_goes(state: &State, id: &str) -> Vec<Thing> {
    let Ok(id) = id.parse() else { return Vec::new() };
    let hooks = state.hooks.values().filter(|hook| hook.group == id);
    let builds = state.deployments.values().filter(|build| build.group == Some(id));
    let hooks = hooks.filter_map(|hook| Thing::hook(state, hook.id));
    let builds = builds.filter_map(|build| Thing::build(state, build.id));
    hooks.chain(builds).chain(Thing::group(state, id)).collect()
}

/// The groups of the devices that the body names, each device once.
fn places(call: &Call<'_>, state: &State) -> Vec<Thing> {
    let Ok(Value::Array(sent)) = document::data(call.request) else { return Vec::new() };
    let named = sent.iter().filter_map(|one| one["id"].as_str());
    let mut known = HashSet::new();
    let devices = named.filter_map(|text| state.device(call.caller, text).ok());
    let each_once = devices.filter(|device| known.insert(device.id));
    each_once.map(|device| Thing::place(state, device)).collect()
}

/// What was made, or what has become of the things that there were.
fn changed(call: &Call<'_>, state: &State, path: &[&str], before: Vec<Thing>) -> Vec<Change> {
    let made = match (call.request.method.as_str(), path) {
        (_, [.., action @ ("restart" | "conditional_restart")]) => {
            before.first().map(|thing| thing.restarted(*action != "restart"))
        }
        ("POST", [_]) => made(call, state, path[0], before.into_iter().next()),
        _ => return before.into_iter().filter_map(|thing| become_of(call, state, thing)).collect(),
    };
    made.into_iter().collect()
}

/// What a request made that was served just now is the newest of its kind.
fn made(call: &Call<'_>, state: &State, collection: &str, group: Option<Thing>) -> Option<Change> {
    match collection {
        "products" => {
            let product = Thing::product(state, call.caller, *state.products.last()?.0)?;
            Some(product.made("product"))
        }
        "devicegroups" => Some(Thing::group(state, *state.groups.last()?.0)?.made("devicegroup")),
        "webhooks" => Some(Thing::hook(state, *state.hooks.last()?.0)?.made("webhook")),
        "deployments" => Some(group?.deployed(state.deployments.last()?.1)),
        _ => None,
    }
}

fn become_of(call: &Call<'_>, state: &State, thing: Thing) -> Option<Change> {
    let now = match state.devices.find(&thing.id) {
        Some(slot) if thing.is_place() => {
            state.devices.get(slot).map(|device| Thing::place(state, device))
        }
        _ => thing_now(call, state, &thing),
    };
    thing.become_of(now)
}

fn thing_now(call: &Call<'_>, state: &State, thing: &Thing) -> Option<Thing> {
    let collection = match thing.kind {
        "product" => "products",
        "deployment" => "deployments",
        "webhook" => "webhooks",
        "device" => "devices",
        _ => "devicegroups",
    };
    self::thing(call, state, collection, &thing.id)
}
