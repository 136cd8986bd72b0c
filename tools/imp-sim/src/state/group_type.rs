//! The seven types of device groups, and the zones of an account that they belong to.

use serde::{Deserialize, Serialize};

/// The part of an account that a group belongs to; rights are given by zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Open to everybody.
    Development,
    /// The `pre_` types: rehearsal of the factory.
    Test,
    /// The real factory and what it made.
    Production,
}

/// The type of a group, named as in the API without its `_devicegroup` ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupType {
    /// Application development.
    #[serde(rename = "development_devicegroup")]
    Development,
    /// Fixtures of the test zone.
    #[serde(rename = "pre_factoryfixture_devicegroup")]
    PreFixture,
    /// Devices under test of the test zone.
    #[serde(rename = "pre_dut_devicegroup")]
    PreDut,
    /// Blessed devices of the test zone.
    #[serde(rename = "pre_production_devicegroup")]
    PreProduction,
    /// Fixtures.
    #[serde(rename = "factoryfixture_devicegroup")]
    Fixture,
    /// Devices under test.
    #[serde(rename = "dut_devicegroup")]
    Dut,
    /// Blessed devices.
    #[serde(rename = "production_devicegroup")]
    Production,
}

impl GroupType {
    /// All seven, development first.
    pub const ALL: [Self; 7] = [
        Self::Development,
        Self::PreFixture,
        Self::PreDut,
        Self::PreProduction,
        Self::Fixture,
        Self::Dut,
        Self::Production,
    ];

    /// The `type` of the resource.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development_devicegroup",
            Self::PreFixture => "pre_factoryfixture_devicegroup",
            Self::PreDut => "pre_dut_devicegroup",
            Self::PreProduction => "pre_production_devicegroup",
            Self::Fixture => "factoryfixture_devicegroup",
            Self::Dut => "dut_devicegroup",
            Self::Production => "production_devicegroup",
        }
    }

    /// The type of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Where the type belongs.
    pub fn zone(self) -> Zone {
        match self {
            Self::Development => Zone::Development,
            Self::PreFixture | Self::PreDut | Self::PreProduction => Zone::Test,
            Self::Fixture | Self::Dut | Self::Production => Zone::Production,
        }
    }

    /// Holds blessed devices: `production` and `pre_production`.
    pub fn is_blessed(self) -> bool {
        matches!(self, Self::PreProduction | Self::Production)
    }

    /// Holds fixtures.
    pub fn is_fixture(self) -> bool {
        matches!(self, Self::PreFixture | Self::Fixture)
    }

    /// Holds devices under test.
    pub fn is_dut(self) -> bool {
        matches!(self, Self::PreDut | Self::Dut)
    }
}
