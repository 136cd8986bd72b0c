//! The seven types of device groups, as they are typed and as the API calls them.

/// The seven types of device groups, in the words of `impt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupType {
    /// Application development
    Development,
    /// BlinkUp fixtures of the test zone
    PreFactory,
    /// Devices under test of the test zone
    PreDut,
    /// Blessed devices of the test zone
    PreProduction,
    /// BlinkUp fixtures
    Factory,
    /// Devices under test
    Dut,
    /// Production devices
    Production,
}

impl GroupType {
    /// All types, in the order of a product's life.
    pub const ALL: [GroupType; 7] = [
        GroupType::Development,
        GroupType::PreFactory,
        GroupType::PreDut,
        GroupType::PreProduction,
        GroupType::Factory,
        GroupType::Dut,
        GroupType::Production,
    ];

    /// The `type` of each in the API, in the same order.
    pub const API_NAMES: [&str; 7] = [
        "development_devicegroup",
        "pre_factoryfixture_devicegroup",
        "pre_dut_devicegroup",
        "pre_production_devicegroup",
        "factoryfixture_devicegroup",
        "dut_devicegroup",
        "production_devicegroup",
    ];

    /// The `type` of the resource.
    pub fn api_name(self) -> &'static str {
        Self::API_NAMES[self as usize]
    }

    /// The type with this name in the API.
    pub fn of_api(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.api_name() == name)
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            GroupType::Development => "development",
            GroupType::PreFactory => "pre-factory",
            GroupType::PreDut => "pre-dut",
            GroupType::PreProduction => "pre-production",
            GroupType::Factory => "factory",
            GroupType::Dut => "dut",
            GroupType::Production => "production",
        }
    }

    /// What people call it also: what a factory group holds is a fixture.
    pub fn other_name(self) -> Option<&'static str> {
        match self {
            GroupType::PreFactory => Some("pre-fixture"),
            GroupType::Factory => Some("fixture"),
            _ => None,
        }
    }

    /// What such a group holds, for the help.
    pub fn purpose(self) -> &'static str {
        match self {
            GroupType::Development => "Application development",
            GroupType::PreFactory => "BlinkUp fixtures of the test zone",
            GroupType::PreDut => "Devices under test of the test zone",
            GroupType::PreProduction => "Blessed devices of the test zone",
            GroupType::Factory => "BlinkUp fixtures",
            GroupType::Dut => "Devices under test",
            GroupType::Production => "Production devices",
        }
    }

    /// The type that `text` names: as on the command line, or as the `type` of a record.
    pub fn named(text: &str) -> Option<Self> {
        let typed = |kind: &Self| {
            let mut names = [Some(kind.name()), kind.other_name()].into_iter().flatten();
            names.any(|name| name.eq_ignore_ascii_case(text))
        };
        Self::ALL.into_iter().find(typed).or_else(|| Self::of_api(text))
    }

    /// The names of all types, as on the command line.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// For the fixture types, the types of the groups that they name as targets: production, DUT.
    pub fn targets(self) -> Option<(GroupType, GroupType)> {
        match self {
            GroupType::PreFactory => Some((GroupType::PreProduction, GroupType::PreDut)),
            GroupType::Factory => Some((GroupType::Production, GroupType::Dut)),
            _ => None,
        }
    }

    /// Fixture groups name others as their targets.
    pub fn is_fixture(self) -> bool {
        self.targets().is_some()
    }

    /// Only blessed devices are in such a group.
    pub fn is_blessed(self) -> bool {
        matches!(self, GroupType::Production | GroupType::PreProduction)
    }

    /// A group of this type can be the target of a fixture group.
    pub fn can_be_target(self) -> bool {
        !self.is_fixture() && self != GroupType::Development
    }
}
