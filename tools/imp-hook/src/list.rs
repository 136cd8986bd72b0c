//! `imp-hook list`

use model::{GroupType, Record, ResourceKind};
use std::ops::ControlFlow;

use clap::Args;
use cli::{CommandError, Session};
use ops::list::Query;

use crate::hook::Event;

/// List webhooks
///
/// Filters of one kind unite, filters of different kinds narrow. An account, a product and a type stand
/// for their device groups.
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
    #[arg(long, short = 'y', value_name = "TYPE", value_parser = cli::group_type())]
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
        let events = (!self.event.is_empty())
            .then(|| self.event.iter().map(|event| event.word().to_owned()).collect());
        let urls = (!self.url.is_empty()).then(|| self.url.clone());
        let keep = |hook: &Record| is_one(hook, "url", &urls) && is_one(hook, "event", &events);
        let query = Query::all("/webhooks").one_of("devicegroup.id", self.groups(&session)?);
        ops::list::list(&session, &Query { limit: self.limit, keep: &keep, ..query })
    }

    /// The groups whose webhooks are wanted; `None` for all. Webhooks are always asked for by group: the
    /// service has no other filter for them, and without one it may leave out those of other accounts.
    fn groups(&self, session: &Session) -> Result<Option<Vec<String>>, CommandError> {
        let owners = session.ids_of(ResourceKind::Account, "--owner", &self.owner)?;
        let products = session.ids_of(ResourceKind::Product, "--product", &self.product)?;
        let types = (!self.dg_type.is_empty())
            .then(|| self.dg_type.iter().map(|kind| kind.api_name().to_owned()).collect());
        let named = session.ids_of(ResourceKind::DeviceGroup, "--dg", &self.dg)?;
        if owners.is_none() && products.is_none() && types.is_none() {
            return Ok(named);
        }
        let mut groups = Vec::new();
        if let Some(named) = named {
            for id in named {
                let group = session.find(ResourceKind::DeviceGroup, &id)?;
                let filters = [("owner_id", &owners), ("product_id", &products), ("type", &types)];
                if filters.iter().all(|(name, values)| is_one(&group, name, values)) {
                    groups.push(id);
                }
            }
            return Ok(Some(groups));
        }
        let query = Query::all(ResourceKind::DeviceGroup.path())
            .one_of("owner.id", owners)
            .one_of("product.id", products)
            .one_of("type", types);
        let _all_or_nobody_reads = ops::list::read(session, &query, |group| {
            groups.push(cli::text(&group, "id").to_owned());
            ControlFlow::Continue(())
        })?;
        Ok(Some(groups))
    }
}

/// Whether a member of a record is one of these texts; without them any is good.
fn is_one(record: &Record, name: &str, values: &Option<Vec<String>>) -> bool {
    values.as_ref().is_none_or(|values| values.iter().any(|value| value == cli::text(record, name)))
}
