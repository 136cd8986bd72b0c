//! In which order things are made.

use model::{GroupType, ResourceKind};

/// What is made before what.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Products.
    Products,
    /// Groups that others may name as targets.
    Groups,
    /// The groups that name them.
    Fixtures,
    /// Builds.
    Builds,
    /// At the end, so that no webhook is called for the builds.
    Hooks,
}

impl Stage {
    /// All of them.
    pub const ALL: [Stage; 5] =
        [Stage::Products, Stage::Groups, Stage::Fixtures, Stage::Builds, Stage::Hooks];

    /// None for what no import makes.
    pub fn of(kind: ResourceKind, type_name: &str) -> Option<Stage> {
        match kind {
            ResourceKind::Product => Some(Stage::Products),
            ResourceKind::DeviceGroup => {
                let fixture = GroupType::of_api(type_name).is_some_and(GroupType::is_fixture);
                Some(if fixture { Stage::Fixtures } else { Stage::Groups })
            }
            ResourceKind::Deployment => Some(Stage::Builds),
            ResourceKind::Webhook => Some(Stage::Hooks),
            _ => None,
        }
    }
}
