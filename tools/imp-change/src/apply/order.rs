//! In which order changes depend on each other: what is made comes before what is put into it, and what is
//! deleted goes after what was in it.

use model::{Effect, GroupType, ResourceKind};

/// The stages of a run, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Products are made and changed.
    Products,
    /// Groups are made that others may name as targets.
    Groups,
    /// Groups are made that name others as targets.
    Fixtures,
    /// Groups are changed: their targets, their code.
    GroupUpdates,
    /// Devices go from group to group.
    Devices,
    /// Everything else is made and changed.
    Others,
    /// Devices are restarted, each by itself or with its group.
    Restarts,
    /// Webhooks, devices and builds are deleted.
    Deletions,
    /// Groups are deleted that name others as targets.
    FixtureDeletions,
    /// The other groups are deleted.
    GroupDeletions,
    /// Products are deleted.
    ProductDeletions,
}

impl Stage {
    /// The stage of a change.
    pub fn of(effect: &Effect) -> Stage {
        let is_fixture = GroupType::of_api(&effect.kind).is_some_and(GroupType::is_fixture);
        let kind = ResourceKind::of_type(&effect.kind);
        let is_group = kind == Some(ResourceKind::DeviceGroup);
        let is_product = kind == Some(ResourceKind::Product);
        match (&effect.before, &effect.after) {
            _ if effect.is_action() => Stage::Restarts,
            (_, None) if is_product => Stage::ProductDeletions,
            (_, None) if is_fixture => Stage::FixtureDeletions,
            (_, None) if is_group => Stage::GroupDeletions,
            (_, None) => Stage::Deletions,
            _ if is_product => Stage::Products,
            (None, _) if is_fixture => Stage::Fixtures,
            (None, _) if is_group => Stage::Groups,
            _ if is_group => Stage::GroupUpdates,
            _ if moves_device(effect) => Stage::Devices,
            _ => Stage::Others,
        }
    }
}

/// The place of a record in a run: those without a step come first, in the order of the input.
pub fn place(step: Option<u64>, effect: &Effect) -> (Option<u64>, Option<Stage>) {
    (step, step.map(|_| Stage::of(effect)))
}

/// Whether a device changes its group.
pub fn moves_device(effect: &Effect) -> bool {
    let has = |side: &Option<model::Record>| {
        side.as_ref().is_some_and(|side| side.contains_key("devicegroup_id"))
    };
    effect.kind == "device" && has(&effect.before) && has(&effect.after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_made_comes_before_what_is_put_into_it() {
        let effect = |kind: &str, before: Value, after: Value| Effect {
            kind: kind.into(),
            before: before.as_object().cloned().map(Into::into),
            after: after.as_object().cloned().map(Into::into),
            ..Effect::default()
        };
        let (set, none) = (json!({"devicegroup_id": "g"}), Value::Null);
        let stages = [
            effect("product", none.clone(), json!({"name": "P"})),
            effect("dut_devicegroup", none.clone(), json!({"name": "D"})),
            effect("factoryfixture_devicegroup", none.clone(), json!({"name": "F"})),
            effect("dut_devicegroup", json!({"name": "D"}), json!({"name": "E"})),
            effect("device", set.clone(), set.clone()),
            effect("webhook", none.clone(), set.clone()),
            effect("device", set.clone(), none.clone()),
            effect("factoryfixture_devicegroup", set.clone(), none.clone()),
            effect("dut_devicegroup", set.clone(), none.clone()),
            effect("product", set, none),
        ]
        .map(|effect| Stage::of(&effect));
        let all = [
            Stage::Products,
            Stage::Groups,
            Stage::Fixtures,
            Stage::GroupUpdates,
            Stage::Devices,
            Stage::Others,
            Stage::Deletions,
            Stage::FixtureDeletions,
            Stage::GroupDeletions,
            Stage::ProductDeletions,
        ];
        assert_eq!(stages, all);
        assert!(stages.is_sorted());
        let restart = effect("dut_devicegroup", json!({}), json!({}));
        assert_eq!(Stage::of(&restart), Stage::Restarts, "once its devices are there");
    }
}
