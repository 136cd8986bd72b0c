//! The seven types of device groups, as they are typed and as the API calls them.

use clap::ValueEnum;

/// The seven types of device groups, in the words of `impt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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
    /// The type that `text` names: as on the command line, or as the `type` of a record.
    pub fn named(text: &str) -> Option<Self> {
        let own = |kind: &&Self| kind.resource_type() == text;
        Self::from_str(text, true).ok().or_else(|| Self::value_variants().iter().find(own).copied())
    }

    /// The names of all types, as on the command line.
    pub fn names() -> String {
        let names = Self::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        names.map(|name| name.get_name().to_owned()).collect::<Vec<_>>().join(", ")
    }

    /// The `type` of the resource.
    pub fn resource_type(self) -> &'static str {
        match self {
            GroupType::Development => "development_devicegroup",
            GroupType::PreFactory => "pre_factoryfixture_devicegroup",
            GroupType::PreDut => "pre_dut_devicegroup",
            GroupType::PreProduction => "pre_production_devicegroup",
            GroupType::Factory => "factoryfixture_devicegroup",
            GroupType::Dut => "dut_devicegroup",
            GroupType::Production => "production_devicegroup",
        }
    }

    /// For the fixture types, the types of the groups that they name as targets: production, DUT.
    pub fn targets(self) -> Option<(GroupType, GroupType)> {
        match self {
            GroupType::PreFactory => Some((GroupType::PreProduction, GroupType::PreDut)),
            GroupType::Factory => Some((GroupType::Production, GroupType::Dut)),
            _ => None,
        }
    }
}
