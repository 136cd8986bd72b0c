//! What the simulated service knows, and its rules. No HTTP, no clock, no files: the time and the
//! open choices are given to each rule.

pub mod accounts;
pub mod deployments;
pub mod device_maker;
pub mod devices;
pub mod factory;
pub mod group_type;
pub mod groups;
pub mod hooks;
pub mod ids;
pub mod journal;
pub mod libraries;
pub mod live;
pub mod load;
pub mod login_keys;
pub mod membership;
pub mod population;
pub mod products;
pub mod random;
pub mod refusal;
pub mod running;
pub mod snapshot;
pub mod streams;
pub mod tokens;

use indexmap::IndexMap;

use ids::Id;

/// Everything.
pub struct State {
    /// In order of creation; the first is the main account.
    pub accounts: IndexMap<Id, accounts::Account>,
    /// In order of creation.
    pub products: IndexMap<Id, products::Product>,
    /// In order of creation.
    pub groups: IndexMap<Id, groups::Group>,
    /// In order of creation.
    pub deployments: IndexMap<Id, deployments::Deployment>,
    /// Webhooks, in order of creation.
    pub hooks: IndexMap<Id, hooks::Hook>,
    /// In order of creation.
    pub libraries: IndexMap<Id, libraries::Library>,
    /// In order of enrolment.
    pub devices: devices::Devices,
    /// In order of creation.
    pub login_keys: Vec<login_keys::LoginKey>,
    /// Access, refresh and login tokens.
    pub tokens: tokens::Tokens,
    /// For what is made while the service runs.
    pub random: random::Random,
    /// What ends with the process.
    pub live: live::Live,
}
