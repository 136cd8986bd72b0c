//! Deployments: compiled on creation, protected from deletion while something needs them.

use serde::{Deserialize, Serialize};

use super::hooks::{self, HookEvent};
use super::ids::{Id, Timestamp};
use super::refusal::Refusal;
use super::{State, replace};
use crate::squirrel::check::compile;
use crate::squirrel::listed;

/// One deployment. Its age is its place among the deployments: later is newer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// Shown as `id`.
    pub id: Id,
    /// Squirrel for the device.
    pub device_code: String,
    /// Squirrel for the agent.
    pub agent_code: String,
    /// The two were left out where it was loaded from: nobody is told that there is none.
    #[serde(default)]
    pub lacks_code: bool,
    /// Free text.
    pub description: String,
    /// Where the code came from.
    pub origin: Option<String>,
    /// In the order they were sent.
    pub tags: Vec<String>,
    /// 64 hexadecimal digits, from the two sources alone.
    pub sha: String,
    /// The owner of the group.
    pub owner: Id,
    /// Who made it.
    pub creator: Id,
    /// Who flagged it. Set as long as the deployment is flagged.
    pub flagger: Option<Id>,
    /// The product of the group.
    pub product: Id,
    /// None for those that outlived their group.
    pub group: Option<Id>,
    /// Never changes.
    pub created_at: Timestamp,
    /// Moves on every update.
    pub updated_at: Timestamp,
}

/// How a sha is calculated: of the service that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShaRecipe {
    /// The length of the device code, and both programs.
    #[default]
    Length,
    /// Both programs alone.
    Plain,
}

/// What a create or update brings.
#[derive(Default)]
pub struct DeploymentChange {
    /// Only on creation.
    pub device_code: Option<String>,
    /// Only on creation.
    pub agent_code: Option<String>,
    /// Only on creation.
    pub origin: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Replaces all tags.
    pub tags: Option<Vec<String>>,
    /// Protects from deletion.
    pub flagged: Option<bool>,
}

impl State {
    /// A deployment that the caller sees.
    pub fn deployment(&self, caller: Id, id: &str) -> Result<&Deployment, Refusal> {
        self.seen("Deployment", &self.deployments, |it| it.owner, (caller, id))
    }

    /// A new deployment: the group's current one at once, its minimum too if it is the first.
    pub fn create_deployment(
        &mut self,
        caller: Id,
        (group_type, group_id): (&str, &str),
        change: DeploymentChange,
        recipe: ShaRecipe,
        now: Timestamp,
    ) -> Result<&Deployment, Refusal> {
        let group = self.group(caller, group_id)?;
        let (group, kind, owner, product) = (group.id, group.kind, group.owner, group.product);
        if kind.name() != group_type {
            return Err(Refusal::shape(format!("The devicegroup is a {}.", kind.name())));
        }
        self.may_write(caller, owner, kind.zone())?;
        let device_code = change.device_code.ok_or_else(|| Refusal::required("device_code"))?;
        let agent_code = change.agent_code.ok_or_else(|| Refusal::required("agent_code"))?;
        compiled(&device_code, &agent_code)?;
        let id = self.new_id();
        let build = Deployment {
            id,
            sha: sha(recipe, &device_code, &agent_code),
            device_code,
            agent_code,
            lacks_code: false,
            description: change.description.unwrap_or_default(),
            origin: change.origin,
            tags: change.tags.unwrap_or_default(),
            owner,
            creator: caller,
            flagger: change.flagged.unwrap_or_default().then_some(caller),
            product,
            group: Some(group),
            created_at: now,
            updated_at: now,
        };
        let group = &mut self.groups[&group];
        group.current_deployment = Some(id);
        group.min_supported_deployment = group.min_supported_deployment.or(Some(id));
        let told = hooks::deployment(group.id, id, &build.sha);
        let group = group.id;
        self.fire(group, HookEvent::Deployment, &told, now);
        Ok(self.deployments.entry(id).or_insert(build))
    }

    /// Changes what may change.
    pub fn update_deployment(
        &mut self,
        caller: Id,
        id: &str,
        change: DeploymentChange,
        now: Timestamp,
    ) -> Result<&Deployment, Refusal> {
        let id = self.writable_deployment(caller, id)?;
        if change.device_code.is_some() || change.agent_code.is_some() || change.origin.is_some() {
            return Err(Refusal::attribute("Code and origin cannot be changed."));
        }
        let build = &mut self.deployments[&id];
        replace(&mut build.description, change.description);
        replace(&mut build.tags, change.tags);
        match change.flagged {
            Some(true) => build.flagger = build.flagger.or(Some(caller)),
            Some(false) => build.flagger = None,
            None => {}
        }
        build.updated_at = now;
        Ok(build)
    }

    /// Deletes a deployment that nothing protects.
    pub fn delete_deployment(&mut self, caller: Id, id: &str) -> Result<(), Refusal> {
        let id = self.writable_deployment(caller, id)?;
        let build = &self.deployments[&id];
        if build.flagger.is_some() {
            return Err(Refusal::flagged());
        }
        if let Some(group) = build.group.and_then(|group| self.groups.get(&group))
            && let Some(minimum) = group.min_supported_deployment
            && self.age(id) >= self.age(minimum)
        {
            return Err(Refusal::minimum_deployment());
        }
        self.deployments.shift_remove(&id);
        Ok(())
    }

    /// Raises the minimum of a group. Setting the same one again is fine.
    pub fn set_min_supported(
        &mut self,
        caller: Id,
        group: &str,
        id: &str,
    ) -> Result<&Deployment, Refusal> {
        let group = self.group(caller, group)?;
        self.may_write(caller, group.owner, group.kind.zone())?;
        let build = self.deployment(caller, id)?;
        if build.group != Some(group.id) {
            let detail = "The deployment belongs to another devicegroup.";
            return Err(Refusal::older_minimum(detail));
        }
        if group.min_supported_deployment.is_some_and(|old| self.age(build.id) < self.age(old)) {
            let detail = "The deployment is older than the present minimum supported deployment.";
            return Err(Refusal::older_minimum(detail));
        }
        let (group, build) = (group.id, build.id);
        self.groups[&group].min_supported_deployment = Some(build);
        Ok(&self.deployments[&build])
    }

    fn writable_deployment(&self, caller: Id, id: &str) -> Result<Id, Refusal> {
        let build = self.deployment(caller, id)?;
        self.may_write(caller, build.owner, self.zone_of(build.group))?;
        Ok(build.id)
    }

    fn age(&self, deployment: Id) -> Option<usize> {
        self.deployments.get_index_of(&deployment)
    }
}

/// Refuses code that does not compile. Each file has one error at most.
fn compiled(device_code: &str, agent_code: &str) -> Result<(), Refusal> {
    let error = |file, source| {
        let error = compile(source).err();
        error.map(|error| listed(file, "error", &[error])).unwrap_or_default()
    };
    let errors = [error("device_code", device_code), error("agent_code", agent_code)].concat();
    if errors.is_empty() { Ok(()) } else { Err(Refusal::compilation(errors)) }
}

/// The same two sources always have the same sha.
pub fn sha(recipe: ShaRecipe, device_code: &str, agent_code: &str) -> String {
    use sha2::Digest;
    let mut hash = sha2::Sha256::new();
    if recipe == ShaRecipe::Length {
        hash.update(device_code.len().to_be_bytes());
    }
    hash.update(device_code);
    hash.update(agent_code);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
