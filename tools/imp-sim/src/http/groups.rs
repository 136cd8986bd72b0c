//! `/devicegroups`. The resource's `type` is the specific type of the group.

use serde_json::{Map, Value, json};

use super::Call;
use super::answer::{self, Answer, Related, related_group};
use super::document::{self, Identifier};
use super::page;
use super::products::{DESCRIPTION, NAME};
use crate::state::State;
use crate::state::groups::{Group, GroupChange, GroupType, TargetName};
use crate::state::ids::Id;
use crate::state::refusal::Refusal;

const ENV_VARS_BYTES: usize = 16_000;
const ENV_VARS_KEY: usize = 100;

fn resource(call: &Call<'_>, state: &State, group: &Group) -> Value {
    let attributes = json!({
        "name": group.name,
        "description": group.description,
        "region": group.region,
        "load_code_after_blessing": group.load_code_after_blessing,
        "env_vars": group.env_vars,
        "created_at": group.created_at,
        "updated_at": group.updated_at,
    });
    let hidden: &[_] = if group.kind.is_blessed() { &[] } else { &["load_code_after_blessing"] };
    let attributes = answer::without(attributes, hidden);
    let target = |id: Option<Id>| related_group(state, id?);
    let relationships = json!({
        "owner": Related::account(group.owner),
        "creator": Related::account(group.creator),
        "product": Related::product(group.product),
        "current_deployment": group.current_deployment.map(Related::deployment),
        "min_supported_deployment": group.min_supported_deployment.map(Related::deployment),
        "production_target": target(group.production_target),
        "dut_target": target(group.dut_target),
    });
    answer::resource(call, group.kind.name(), "devicegroups", group.id, attributes, relationships)
}

/// Device groups, oldest first.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let request = call.request;
    request.allow_filters(&["owner.id", "product.id", "type"])?;
    let owner = request.filter("owner.id")?;
    let product = request.filter("product.id")?;
    let kind = request.filter("type")?.map(group_type).transpose()?;
    let state = call.sim.state();
    let named = owner.or(product).is_some();
    let groups = state.groups.values().filter(|group| {
        call.lists(&state, group.owner, named)
            && owner.is_none_or(|id| group.owner.is(id))
            && product.is_none_or(|id| group.product.is(id))
            && kind.is_none_or(|kind| group.kind == kind)
    });
    page::of_all(call, groups, |group| resource(call, &state, group))
}

/// The value of a filter by group type.
pub fn group_type(name: &str) -> Result<GroupType, Refusal> {
    GroupType::named(name)
        .ok_or_else(|| Refusal::query(format!("`{name}` is no devicegroup type.")))
}

/// One group.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    let group = state.group(call.caller, id)?;
    Ok(Answer::data(200, &resource(call, &state, group)))
}

/// A new group.
pub fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut sent = document::Resource::to_create(call.request)?;
    sent.expect_type(&GroupType::ALL.map(GroupType::name))?;
    let kind = GroupType::named(&sent.kind).unwrap_or(GroupType::Development);
    let product = sent.relationship("product")?.filter(|product| product.kind == "product");
    let product = product.ok_or_else(|| Refusal::required("relationships.product"))?;
    let change = change(&mut sent)?;
    let mut state = call.sim.state();
    let id = state.create_group(call.caller, kind, &product.id, change, call.now)?.id;
    Ok(Answer::data(201, &resource(call, &state, &state.groups[&id])))
}

/// Other attributes or targets.
pub fn update(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let kind = call.sim.state().group(call.caller, id)?.kind;
    let mut sent = document::Resource::to_update(call.request, kind.name(), |sent| sent == id)?;
    let change = change(&mut sent)?;
    let mut state = call.sim.state();
    let id = state.update_group(call.caller, id, change, call.now)?.id;
    Ok(Answer::data(200, &resource(call, &state, &state.groups[&id])))
}

fn change(sent: &mut document::Resource) -> Result<GroupChange, Refusal> {
    let target = |target: Identifier| TargetName { kind: target.kind, id: target.id };
    let change = GroupChange {
        name: sent.text("name", 1, NAME)?,
        description: sent.text("description", 0, DESCRIPTION)?,
        env_vars: env_vars(sent)?,
        region: sent.text("region", 0, DESCRIPTION)?,
        load_code_after_blessing: sent.boolean("load_code_after_blessing")?,
        production_target: sent.relationship("production_target")?.map(target),
        dut_target: sent.relationship("dut_target")?.map(target),
    };
    sent.nothing_else()?;
    Ok(change)
}

fn env_vars(sent: &mut document::Resource) -> Result<Option<Map<String, Value>>, Refusal> {
    let variables = match sent.take("env_vars") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(variables)) => variables,
        Some(_) => return Err(Refusal::attribute("`env_vars` must be an object.")),
    };
    for (key, value) in &variables {
        let name = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let letter = key.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if !name || !letter || key.len() > ENV_VARS_KEY {
            let detail = format!("`env_vars` cannot have the key `{key}`.");
            return Err(Refusal::attribute(detail));
        }
        if !value.is_string() && !value.is_number() {
            let detail = format!("`env_vars.{key}` must be a string or a number.");
            return Err(Refusal::attribute(detail));
        }
    }
    if serde_json::to_vec(&variables).is_ok_and(|json| json.len() > ENV_VARS_BYTES) {
        let detail = format!("`env_vars` must have at most {ENV_VARS_BYTES} bytes as JSON.");
        return Err(Refusal::attribute(detail));
    }
    Ok(Some(variables))
}

/// Deletes a group without devices.
pub fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().delete_group(call.caller, id)?;
    Ok(Answer::empty())
}

/// Restarts the devices of a group.
pub fn restart(call: &Call<'_>, id: &str, conditional: bool) -> Result<Answer, Refusal> {
    let who = (call.caller, conditional);
    call.sim.state().restart_group(who, id, call.variants(), call.now)?;
    Ok(restarted(call))
}

/// The answer to a restart, which is an open question.
pub fn restarted(call: &Call<'_>) -> Answer {
    match call.variants().restart_status {
        200 => Answer::data(200, &Value::Null),
        status => Answer { status, ..Answer::empty() },
    }
}

/// Raises the minimum deployment.
pub fn set_min_supported(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().group(call.caller, id)?;
    let sent = document::identifier(&document::data(call.request)?, "deployment");
    let sent =
        sent.map_err(|_| Refusal::shape("`data` must be an object with `type` and `id`."))?;
    if sent.kind != "deployment" {
        return Err(Refusal::shape("`data.type` must be deployment."));
    }
    let mut state = call.sim.state();
    let build = state.set_min_supported(call.caller, id, &sent.id)?.id;
    if call.variants().min_supported_empty {
        return Ok(Answer::empty());
    }
    let build = &state.deployments[&build];
    Ok(Answer::data(200, &super::deployments::resource(call, &state, build, true)))
}
