//! Things of the service as change records tell of them, and what has become of one.

use serde_json::{Map, Value, json};

use crate::state::State;
use crate::state::deployments::Deployment;
use crate::state::devices::Device;
use crate::state::ids::Id;

/// The field of a group that names its current deployment.
const CURRENT: &str = "current_deployment_id";
/// The field of a group that names its minimum supported deployment.
const MINIMUM: &str = "min_supported_deployment_id";
/// The field of a group of blessed devices that is true when it is made.
const LOADS_CODE: &str = "load_code_after_blessing";

/// Fields of a record.
pub type Fields = Map<String, Value>;

/// A thing at one moment.
#[derive(Clone, Debug)]
pub struct Thing {
    /// The `type` of its resource.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its name; empty if it has none.
    name: String,
    /// What may change, and what is needed to make it again.
    fields: Fields,
}

/// What a request did to one thing.
#[derive(Clone, Debug)]
pub struct Change {
    /// The `type` of the thing's resource.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The fields that changed, as they were; None of one that was made.
    pub before: Option<Fields>,
    /// As they are then; None of one that was deleted.
    pub after: Option<Fields>,
    /// What was made, after the word for its kind.
    pub made: Option<(&'static str, Id)>,
    /// It is a restart that a device may put off.
    pub conditional: bool,
}

impl Thing {
    fn new(kind: &'static str, id: String, name: Option<&str>, fields: Value) -> Self {
        Self { kind, id, name: name.unwrap_or_default().to_owned(), fields: fields_of(fields) }
    }

    /// A product. Whose it is goes without saying if it is the caller's.
    pub fn product(state: &State, caller: Id, id: Id) -> Option<Self> {
        let product = state.products.get(&id)?;
        let owner = (product.owner != caller).then_some(product.owner);
        let fields = json!({"name": product.name, "description": product.description,
            "owner_id": owner});
        Some(Self::new("product", id.to_string(), Some(&product.name), fields))
    }

    /// A device group.
    pub fn group(state: &State, id: Id) -> Option<Self> {
        let group = state.groups.get(&id)?;
        let load = group.kind.is_blessed().then_some(group.load_code_after_blessing);
        let fields = json!({
            "name": group.name,
            "description": group.description,
            "product_id": group.product,
            "production_target_id": group.production_target,
            "dut_target_id": group.dut_target,
            "region": group.region,
            LOADS_CODE: load,
            "env_vars": group.env_vars,
            CURRENT: group.current_deployment,
            MINIMUM: group.min_supported_deployment,
        });
        Some(Self::new(group.kind.name(), id.to_string(), Some(&group.name), fields))
    }

    /// A deployment, code left out but for its sha.
    pub fn build(state: &State, id: Id) -> Option<Self> {
        let build = state.deployments.get(&id)?;
        let fields = json!({
            "devicegroup_id": build.group,
            "sha": build.sha,
            "description": build.description,
            "origin": build.origin,
            "tags": build.tags,
            "flagged": build.flagger.is_some(),
        });
        Some(Self::new("deployment", id.to_string(), None, fields))
    }

    /// A webhook.
    pub fn hook(state: &State, id: Id) -> Option<Self> {
        let hook = state.hooks.get(&id)?;
        let fields = json!({"devicegroup_id": hook.group, "event": hook.event, "url": hook.url,
            "content_type": hook.content_type});
        Some(Self::new("webhook", id.to_string(), None, fields))
    }

    /// A device, but for its group.
    pub fn device(device: &Device) -> Self {
        let fields = json!({"name": device.name, "mac_address": device.mac});
        Self::new("device", device.id.to_string(), device.name.as_deref(), fields)
    }

    /// The group of a device.
    pub fn place(state: &State, device: &Device) -> Self {
        let group = device.group.and_then(|group| state.groups.get(&group));
        let fields = json!({"devicegroup_id": device.group,
            "devicegroup_type": group.map(|group| group.kind)});
        Self::new("device", device.id.to_string(), device.name.as_deref(), fields)
    }

    /// It was made; `word` is that for its kind.
    pub fn made(mut self, word: &'static str) -> Change {
        let is_so_at_first = |name: &str| [CURRENT, MINIMUM, LOADS_CODE].contains(&name);
        self.fields.retain(|name, value| !is_so_at_first(name) && !is_empty(value));
        let made = self.id.parse().ok().map(|id| (word, id));
        Change { made, ..self.change(None, Some(self.fields.clone())) }
    }

    /// Something was done to it that leaves no other state.
    pub fn restarted(&self, conditional: bool) -> Change {
        Change { conditional, ..self.change(Some(Fields::new()), Some(Fields::new())) }
    }

    /// It is a group, and this was deployed to it.
    pub fn deployed(&self, build: &Deployment) -> Change {
        let mut made_of = fields_of(json!({
            "sha": build.sha,
            "description": build.description,
            "origin": build.origin,
            "tags": build.tags,
            "flagged": build.flagger.map(|_| true),
            "device_code": build.device_code,
            "agent_code": build.agent_code,
        }));
        // Code has to be given, also where there is none.
        made_of.retain(|name, value| name.ends_with("_code") || !is_empty(value));
        let before = fields_of(json!({CURRENT: self.fields.get(CURRENT)}));
        let after = fields_of(json!({CURRENT: build.id, "current_deployment": made_of}));
        Change { made: Some(("deployment", build.id)), ..self.change(Some(before), Some(after)) }
    }

    /// What has become of it; None if it is as it was.
    pub fn become_of(mut self, now: Option<Self>) -> Option<Change> {
        let Some(mut now) = now else {
            self.fields.retain(|name, value| name != MINIMUM && !is_empty(value));
            return Some(self.change(Some(self.fields.clone()), None));
        };
        let same = |name: &String| self.fields.get(name) == now.fields.get(name);
        let same: Vec<String> = now.fields.keys().filter(|name| same(name)).cloned().collect();
        for side in [&mut self.fields, &mut now.fields] {
            side.retain(|name, _| !same.contains(name));
        }
        let is_other = !now.fields.is_empty();
        is_other.then(|| self.change(Some(self.fields.clone()), Some(now.fields)))
    }

    /// Whether it is the place of a device, and not the device itself.
    pub fn is_place(&self) -> bool {
        self.fields.contains_key("devicegroup_id") && self.kind == "device"
    }

    fn change(&self, before: Option<Fields>, after: Option<Fields>) -> Change {
        let (kind, id, name) = (self.kind, self.id.clone(), self.name.clone());
        Change { kind, id, name, before, after, made: None, conditional: false }
    }
}

fn fields_of(fields: Value) -> Fields {
    match fields {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// None of something is not told.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
