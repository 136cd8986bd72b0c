//! Webhooks, and the calls that events bring about. Calling is not done here.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
use super::ids::{DeviceId, Id, Mac, Timestamp};
use super::refusal::Refusal;

/// What a webhook waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookEvent {
    /// A device under test was blessed into the group.
    Blessing,
    /// An end user activated a device of the group.
    Blinkup,
    /// The group got a new deployment.
    Deployment,
}

/// How the body of a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentType {
    /// One JSON object.
    #[serde(rename = "application/json")]
    Json,
    /// `key=value&…`.
    #[serde(rename = "application/x-www-form-urlencoded")]
    Form,
}

/// One webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hook {
    /// Shown as `id`.
    pub id: Id,
    /// What is called.
    pub url: String,
    /// Never changes.
    pub event: HookEvent,
    /// Of the body.
    pub content_type: ContentType,
    /// Never changes.
    pub group: Id,
    /// The group's owner.
    pub owner: Id,
    /// Who made it.
    pub creator: Id,
    /// Never changes.
    pub created_at: Timestamp,
    /// Moves on every update.
    pub updated_at: Timestamp,
}

/// A call to be made.
#[derive(Clone, Debug)]
pub struct Call {
    /// The webhook.
    pub hook: Id,
    /// What happened.
    pub event: HookEvent,
    /// As the webhook was when it happened.
    pub url: String,
    /// Of the body.
    pub content_type: ContentType,
    /// The body's members; all are texts.
    pub body: Value,
    /// When it happened.
    pub at: Timestamp,
}

impl State {
    /// A webhook that the caller sees.
    pub fn hook(&self, caller: Id, id: &str) -> Result<&Hook, Refusal> {
        self.seen("Webhook", &self.hooks, |it| it.owner, (caller, id))
    }

    /// A new webhook of a group.
    pub fn create_hook(
        &mut self,
        caller: Id,
        (group_type, group): (&str, &str),
        (url, event, content_type): (String, HookEvent, ContentType),
        now: Timestamp,
    ) -> Result<Id, Refusal> {
        let group = self.group(caller, group)?;
        if group.kind.name() != group_type {
            return Err(Refusal::shape(format!("The devicegroup is a {}.", group.kind.name())));
        }
        self.may_write(caller, group.owner, group.kind.zone())?;
        let (group, owner) = (group.id, group.owner);
        let id = self.new_id();
        let (created_at, updated_at, creator) = (now, now, caller);
        let hook =
            Hook { id, url, event, content_type, group, owner, creator, created_at, updated_at };
        self.hooks.insert(id, hook);
        Ok(id)
    }

    /// A webhook that the caller may change.
    pub fn writable_hook(&mut self, caller: Id, id: &str) -> Result<&mut Hook, Refusal> {
        let hook = self.hook(caller, id)?;
        let id = hook.id;
        self.may_write(caller, hook.owner, self.zone_of(Some(hook.group)))?;
        Ok(&mut self.hooks[&id])
    }

    /// Something happened in a group.
    pub fn fire(&mut self, group: Id, event: HookEvent, body: &Value, now: Timestamp) {
        let hooks = self.hooks.values().filter(|hook| hook.group == group && hook.event == event);
        let calls = hooks.map(|hook| Call {
            hook: hook.id,
            event,
            url: hook.url.clone(),
            content_type: hook.content_type,
            body: body.clone(),
            at: now,
        });
        self.live.calls.extend(calls);
    }
}

/// What a blessing webhook is told.
pub fn blessing(device: DeviceId, mac: Mac) -> Value {
    json!({"device_id": device, "imp_id": imp_id(mac)})
}

/// What a deployment webhook is told.
pub fn deployment(group: Id, deployment: Id, sha: &str) -> Value {
    json!({"devicegroup_id": group, "deployment_id": deployment, "sha": sha})
}

/// Made of the MAC address as network interface ids are: `fffe` in the middle.
fn imp_id(mac: Mac) -> String {
    format!("{:06x}fffe{:06x}", mac.0 >> 24, mac.0 & 0xff_ffff)
}
