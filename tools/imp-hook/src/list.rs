//! `imp-hook list`

use clap::Args;
use cli::api::identify::Thing;
use cli::{GroupType, Query, Record, Session};

use crate::hook::Event;

/// List webhooks
///
/// Filters of one kind unite, filters of different kinds narrow. Lists what the account may see. The
/// service filters by device group; all else is looked at here.
#[derive(Args)]
pub struct List {
    /// Only webhooks of this account; repeatable
    #[arg(long, short, value_name = "ACCOUNT")]
    owner: Vec<String>,
    /// Only webhooks of this product; repeatable; `-` takes products from stdin
    #[arg(long, short, value_name = "PRODUCT")]
    product: Vec<String>,
    /// Only webhooks of this device group; repeatable; `-` takes groups from stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP")]
    dg: Vec<String>,
    /// Only webhooks of groups of this type; repeatable
    #[arg(long, short = 'y', value_name = "TYPE", value_enum)]
    dg_type: Vec<GroupType>,
    /// Only webhooks with exactly this URL; repeatable
    #[arg(long, short, value_name = "URL")]
    url: Vec<String>,
    /// Only webhooks for this event; repeatable
    #[arg(long, short, value_name = "EVENT", value_enum)]
    event: Vec<Event>,
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
        let owners = ids(Thing::Account, "--owner", &self.owner)?;
        let products = ids(Thing::Product, "--product", &self.product)?;
        let groups = ids(Thing::DeviceGroup, "--dg", &self.dg)?;
        let types: Vec<_> =
            self.dg_type.iter().map(|kind| kind.resource_type().to_owned()).collect();
        let events: Vec<_> = self.event.iter().map(|event| event.word().to_owned()).collect();
        let mut query = Query::all("/webhooks").one_of("devicegroup.id", groups);
        query.limit = self.limit;
        let keep = |hook: &Record| {
            let is_of =
                |name: &str, values: &[String]| values.contains(&value(&session, hook, name));
            let is_one = |name: &str, values: &[String]| values.is_empty() || is_of(name, values);
            is_one("url", &self.url)
                && is_one("event", &events)
                && is_one("devicegroup_type", &types)
                && products.as_ref().is_none_or(|products| is_of("product_id", products))
                && owners.as_ref().is_none_or(|owners| is_of("owner_id", owners))
        };
        query.keep = &keep;
        session.list(&query)
    }
}

/// A member of the webhook. Its product and owner, if it does not say them, are those of its group.
fn value(session: &Session, hook: &Record, name: &str) -> String {
    let own = cli::text(hook, name);
    if !own.is_empty() || !["product_id", "owner_id"].contains(&name) {
        return own.to_owned();
    }
    let group = session.find(Thing::DeviceGroup, cli::text(hook, "devicegroup_id"));
    group.map(|group| cli::text(&group, name).to_owned()).unwrap_or_default()
}
