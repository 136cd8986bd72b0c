//! `imp-device list`

use clap::Args;
use cli::Session;
use model::{Record, ResourceKind};
use ops::list::Query;
use serde_json::Value;

/// List devices
///
/// Filters of one kind unite, filters of different kinds narrow. Lists what the account may see.
#[derive(Args)]
#[command(mut_arg("fields", cli::args::fields_of("device")))]
pub struct List {
    /// Only devices of this account; repeatable; `-` takes accounts from stdin
    #[arg(long, short, value_name = "ACCOUNT")]
    owner: Vec<String>,
    /// Only devices of this product; repeatable; `-` takes products from stdin
    #[arg(long, short, value_name = "PRODUCT")]
    product: Vec<String>,
    /// Only devices of this device group; repeatable; `-` takes groups from stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP")]
    dg: Vec<String>,
    /// Only devices of groups of this type; repeatable
    #[arg(long, short = 'y', value_name = "TYPE", value_parser = cli::group_type())]
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
    /// Print no more than this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    common: cli::Common,
}

impl List {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let ids = |thing, option, values: &[String]| session.ids_of(thing, option, values);
        let types: Vec<String> =
            self.dg_type.iter().map(|kind| kind.api_name().to_owned()).collect();
        let mut query = Query::all(ResourceKind::Device.path())
            .one_of("owner.id", ids(ResourceKind::Account, "--owner", &self.owner)?)
            .one_of("product.id", ids(ResourceKind::Product, "--product", &self.product)?)
            .one_of("devicegroup.id", ids(ResourceKind::DeviceGroup, "--dg", &self.dg)?)
            .one_of("devicegroup.type", (!types.is_empty()).then_some(types))
            // Unassigned devices are those whose group has no owner.
            .one_of("devicegroup.owner.id", self.unassigned.then(|| vec!["null".to_owned()]));
        query.limit = self.limit;
        let keep = |device: &Record| self.keeps(device);
        query.keep = &keep;
        ops::list::list(&session, &query)
    }

    /// What the service cannot filter by.
    fn keeps(&self, device: &Record) -> bool {
        let online = device.get("device_online") == Some(&Value::Bool(true));
        let assigned = device.contains_key("devicegroup_id");
        (!self.online || online)
            && (!self.offline || !online)
            && (!self.assigned || assigned)
            && (!self.unassigned || !assigned)
    }
}
