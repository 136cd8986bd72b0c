//! Device groups, their targets and variables.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use super::group_type::{GroupType, Zone};
use super::ids::{Id, Timestamp};
use super::products::Product;
use super::refusal::Refusal;
use super::{State, replace, unique};

/// One device group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Shown as `id`.
    pub id: Id,
    /// Never changes.
    pub kind: GroupType,
    /// Unique in its product; capitals count.
    pub name: String,
    /// Never null.
    pub description: String,
    /// Only ever set for blessed devices' groups.
    pub region: Option<String>,
    /// Shown only for blessed devices' groups.
    pub load_code_after_blessing: bool,
    /// Strings and numbers.
    pub env_vars: Map<String, Value>,
    /// Never changes.
    pub product: Id,
    /// The product's owner.
    pub owner: Id,
    /// Who made it.
    pub creator: Id,
    /// Never changes.
    pub created_at: Timestamp,
    /// Moves on every update.
    pub updated_at: Timestamp,
    /// The newest deployment.
    pub current_deployment: Option<Id>,
    /// The oldest deployment that devices may run without being forced.
    pub min_supported_deployment: Option<Id>,
    /// Where a fixture's blessed devices go.
    pub production_target: Option<Id>,
    /// Where a fixture's devices under test go.
    pub dut_target: Option<Id>,
}

impl Group {
    /// An empty group of a product, whose owner owns it too.
    pub fn new(id: Id, kind: GroupType, name: String, product: &Product, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            name,
            description: String::new(),
            region: None,
            load_code_after_blessing: true,
            env_vars: Map::new(),
            product: product.id,
            owner: product.owner,
            creator: product.owner,
            created_at: now,
            updated_at: now,
            current_deployment: None,
            min_supported_deployment: None,
            production_target: None,
            dut_target: None,
        }
    }
}

/// A target as a request names it.
pub struct TargetName {
    /// The `type` given.
    pub kind: String,
    /// The `id` given.
    pub id: String,
}

/// What a create or update brings. What a type does not allow is refused here, not at the edge.
#[derive(Default)]
pub struct GroupChange {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Replaces all variables.
    pub env_vars: Option<Map<String, Value>>,
    /// Only on creation.
    pub region: Option<String>,
    /// Only on update.
    pub load_code_after_blessing: Option<bool>,
    /// For fixtures.
    pub production_target: Option<TargetName>,
    /// For fixtures.
    pub dut_target: Option<TargetName>,
}

impl State {
    /// A group that the caller sees.
    pub fn group(&self, caller: Id, id: &str) -> Result<&Group, Refusal> {
        self.seen("Devicegroup", &self.groups, |it| it.owner, (caller, id))
    }

    /// A new group in a product; it belongs to the product's owner.
    pub fn create_group(
        &mut self,
        caller: Id,
        kind: GroupType,
        product: &str,
        change: GroupChange,
        now: Timestamp,
    ) -> Result<&Group, Refusal> {
        let product = self.product(caller, product)?.clone();
        self.may_write(caller, product.owner, kind.zone())?;
        let name = change.name.clone().ok_or_else(|| Refusal::required("name"))?;
        if kind.is_fixture() && (change.production_target.is_none() || change.dut_target.is_none())
        {
            return Err(Refusal::target(
                "Fixture groups need `production_target` and `dut_target`.",
            ));
        }
        if change.load_code_after_blessing.is_some() {
            return Err(Refusal::attribute("`load_code_after_blessing` can only be updated."));
        }
        if change.region.is_some() && !kind.is_blessed() {
            return Err(Refusal::attribute("`region` is for production groups only."));
        }
        let mut group = Group::new(self.new_id(), kind, name, &product, now);
        (group.creator, group.region) = (caller, change.region.clone());
        self.check_group_name(product.id, &group.name, None)?;
        self.apply_group_change(caller, &mut group, change)?;
        Ok(self.groups.entry(group.id).or_insert(group))
    }

    /// Changes a group. An empty change only moves `updated_at`.
    pub fn update_group(
        &mut self,
        caller: Id,
        id: &str,
        change: GroupChange,
        now: Timestamp,
    ) -> Result<&Group, Refusal> {
        let mut group = self.group(caller, id)?.clone();
        self.may_write(caller, group.owner, group.kind.zone())?;
        if change.region.is_some() {
            return Err(Refusal::attribute("`region` cannot be changed."));
        }
        if change.load_code_after_blessing.is_some() && !group.kind.is_blessed() {
            let detail = "`load_code_after_blessing` is for production groups only.";
            return Err(Refusal::attribute(detail));
        }
        if let Some(name) = &change.name {
            self.check_group_name(group.product, name, Some(group.id))?;
        }
        self.apply_group_change(caller, &mut group, change)?;
        group.updated_at = now;
        let id = group.id;
        self.groups[&id] = group;
        Ok(&self.groups[&id])
    }

    /// Where what belongs to a group belongs; without a group, in development.
    pub fn zone_of(&self, group: Option<Id>) -> Zone {
        let group = group.and_then(|group| self.groups.get(&group));
        group.map_or(Zone::Development, |group| group.kind.zone())
    }

    /// Deletes a group with its deployments, unless something holds it.
    pub fn delete_group(&mut self, caller: Id, id: &str) -> Result<(), Refusal> {
        let group = self.group(caller, id)?;
        let id = group.id;
        self.may_write(caller, group.owner, group.kind.zone())?;
        if !self.devices.of_group(id).is_empty() {
            return Err(Refusal::devices_assigned());
        }
        if self.deployments.values().any(|build| build.group == Some(id) && build.flagger.is_some())
        {
            return Err(Refusal::flagged_deployments());
        }
        let names_it =
            |other: &Group| other.production_target == Some(id) || other.dut_target == Some(id);
        if self.groups.values().any(names_it) {
            return Err(Refusal::targeted());
        }
        self.deployments.retain(|_, build| build.group != Some(id));
        self.hooks.retain(|_, hook| hook.group != id);
        self.groups.shift_remove(&id);
        Ok(())
    }

    fn apply_group_change(
        &self,
        caller: Id,
        group: &mut Group,
        change: GroupChange,
    ) -> Result<(), Refusal> {
        if let Some(target) = change.production_target {
            group.production_target = Some(self.target(group, &target, GroupType::is_blessed)?);
        }
        if let Some(target) = change.dut_target {
            group.dut_target = Some(self.target(group, &target, GroupType::is_dut)?);
        }
        if let Some(variables) = change.env_vars {
            if caller != group.owner && variables != group.env_vars {
                return Err(Refusal::permission("Only the owner may change `env_vars`."));
            }
            group.env_vars = variables;
        }
        replace(&mut group.name, change.name);
        replace(&mut group.description, change.description);
        replace(&mut group.load_code_after_blessing, change.load_code_after_blessing);
        Ok(())
    }

    /// A target must be of the right kind, in the same zone and product.
    fn target(
        &self,
        group: &Group,
        named: &TargetName,
        right_kind: fn(GroupType) -> bool,
    ) -> Result<Id, Refusal> {
        if !group.kind.is_fixture() {
            return Err(Refusal::target("Only fixture groups have targets."));
        }
        let target = self.group(group.owner, &named.id);
        let target = target.map_err(|_| {
            Refusal::target(format!("The target devicegroup {} was not found.", named.id))
        })?;
        if target.kind.name() != named.kind {
            return Err(Refusal::target(format!("The target is not a {}.", named.kind)));
        }
        if !right_kind(target.kind) || target.kind.zone() != group.kind.zone() {
            let detail =
                format!("A {} cannot be the target of a {}.", named.kind, group.kind.name());
            return Err(Refusal::target(detail));
        }
        if target.product != group.product {
            return Err(Refusal::target("The target must be in the same product."));
        }
        Ok(target.id)
    }

    fn check_group_name(&self, product: Id, name: &str, except: Option<Id>) -> Result<(), Refusal> {
        let own = self.groups.values().filter(|group| group.product == product);
        let others = own.filter(|group| Some(group.id) != except);
        unique("Devicegroups", name, others.map(|group| group.name.as_str()))
    }
}
