//! Which devices: the options that `list` and `metrics` have in common.

use std::time::SystemTime;

use clap::Args;
use cli::{Session, service_time, text};
use model::{Record, ResourceKind};
use ops::list::Query;
use serde_json::Value;

/// Options that narrow the list of all devices.
#[derive(Args)]
pub struct Filters {
    /// Only devices of this account
    #[arg(long, short, value_name = "ACCOUNT")]
    owner: Vec<String>,
    /// Only devices of this product
    #[arg(long, short, value_name = "PRODUCT")]
    product: Vec<String>,
    /// Only devices of this device group
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP")]
    dg: Vec<String>,
    /// Only devices of groups of this type, as dut
    #[arg(long, short = 'y', value_name = "TYPE", value_parser = cli::group_type(), hide_possible_values = true)]
    dg_type: Vec<model::GroupType>,
    /// Only devices in no group
    #[arg(long, short, conflicts_with_all = ["assigned", "product", "dg", "dg_type"])]
    unassigned: bool,
    /// Only devices in a group
    #[arg(long, short)]
    assigned: bool,
    /// Only devices that are online
    #[arg(long, short = 'n', conflicts_with = "offline")]
    online: bool,
    /// Only devices that are offline
    #[arg(long, short = 'f')]
    offline: bool,
    /// Only devices online since then, as 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = cli::time_or_ago, conflicts_with_all = ["offline", "offline_since"])]
    online_since: Option<SystemTime>,
    /// Only devices offline since then, as 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = cli::time_or_ago, conflicts_with = "online")]
    offline_since: Option<SystemTime>,
    /// Only devices of this type, as imp004m
    #[arg(long, value_name = "TYPE")]
    imp_type: Vec<String>,
    /// Only devices with a name like this, as oven-*
    #[arg(long, value_name = "PATTERN", value_parser = glob::Pattern::new)]
    name: Vec<glob::Pattern>,
}

impl Filters {
    /// The list without what the service can filter out.
    ///
    /// # Errors
    /// Whatever kept names from being looked up.
    pub fn query(&self, session: &Session) -> cli::Result<Query<'static>> {
        let ids = |thing, option, values: &[String]| session.ids_of(thing, option, values);
        let types: Vec<String> =
            self.dg_type.iter().map(|kind| kind.api_name().to_owned()).collect();
        Ok(Query::all(ResourceKind::Device.path())
            .one_of("owner.id", ids(ResourceKind::Account, "--owner", &self.owner)?)
            .one_of("product.id", ids(ResourceKind::Product, "--product", &self.product)?)
            .one_of("devicegroup.id", ids(ResourceKind::DeviceGroup, "--dg", &self.dg)?)
            .one_of("devicegroup.type", (!types.is_empty()).then_some(types))
            // Unassigned devices are those whose group has no owner.
            .one_of("devicegroup.owner.id", self.unassigned.then(|| vec!["null".to_owned()])))
    }

    /// What the service cannot filter by.
    pub fn keeps(&self, device: &Record) -> bool {
        let online = device.get("device_online") == Some(&Value::Bool(true));
        let assigned = device.contains_key("devicegroup_id");
        (!self.online || online)
            && (!self.offline || !online)
            && (!self.assigned || assigned)
            && (!self.unassigned || !assigned)
            && has_been(device, self.online_since, online)
            && has_been(device, self.offline_since, !online)
            && self.is_of_type(text(device, "imp_type"))
            && self.is_named(text(device, "name"))
    }

    fn is_of_type(&self, imp_type: &str) -> bool {
        let wanted = &self.imp_type;
        wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(imp_type))
    }

    fn is_named(&self, name: &str) -> bool {
        self.name.is_empty() || self.name.iter().any(|pattern| pattern.matches(name))
    }
}

/// Whether a device is in a state, and has been since a time that is asked for. One that does not say
/// since when has not certainly been.
fn has_been(device: &Record, since: Option<SystemTime>, is: bool) -> bool {
    let Some(since) = since else { return true };
    let changed = service_time(text(device, "device_state_changed_at"));
    is && changed.is_some_and(|changed| changed <= since)
}
