//! The kinds of things that have an id or a name.

/// Kinds of things that can be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Thing {
    Account,
    Product,
    DeviceGroup,
    Device,
    Deployment,
}

impl Thing {
    /// The collection's path.
    pub fn path(self) -> &'static str {
        match self {
            Thing::Account => "/accounts",
            Thing::Product => "/products",
            Thing::DeviceGroup => "/devicegroups",
            Thing::Device => "/devices",
            Thing::Deployment => "/deployments",
        }
    }

    /// What people call it.
    pub fn noun(self) -> &'static str {
        match self {
            Thing::Account => "account",
            Thing::Product => "product",
            Thing::DeviceGroup => "device group",
            Thing::Device => "device",
            Thing::Deployment => "deployment",
        }
    }
}
