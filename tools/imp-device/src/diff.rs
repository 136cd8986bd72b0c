//! `imp-device diff`
//!
//! The rows are read to their end, then the devices are listed once ([`listing`]), and each row is told with what the
//! service and the webhooks say of it ([`state`]). Careful about memory: the rows wait in a spool, and of a device is
//! kept what is told of it.

mod blessings;
mod compared;
mod device;
mod expected;
mod listing;
mod print;
mod record;
mod state;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use cli::rows::results::Results;
use cli::terminal::progress;
use cli::{ReadAs, Reports, RowArgs, Session, text};
use model::ResourceKind;
use ops::membership::Group;
use pipe::spool::Spool;

use blessings::Blessings;
use compared::Compared;
use expected::Expected;
pub use record::DIFFERENCE;
use state::Place;

/// Compare the devices that should be there with those that are
///
/// Prints what is said of each row, then the devices that are in no row. Ends with 0 only when all are
/// present.
#[derive(Args)]
pub struct Diff {
    /// Devices that should be there; `-` is stdin
    #[arg(long, value_name = "FILE", required = true, display_order = 0)]
    expected: Vec<PathBuf>,
    /// In this device group; a column `dg` or `product` of a row beats it
    #[arg(
        long,
        short = 'g',
        value_name = "DEVICE_GROUP",
        conflicts_with = "product",
        display_order = 0
    )]
    dg: Option<String>,
    /// In this product; a column `dg` or `product` of a row beats it
    #[arg(long, short, value_name = "PRODUCT", display_order = 0)]
    product: Option<String>,
    /// Blessed, by this journal of imp-hook listen
    #[arg(long, value_name = "FILE", display_order = 0)]
    events: Option<PathBuf>,
    /// Devices in no row are nothing to tell
    #[arg(long, display_order = 0)]
    ignore_unexpected: bool,
    #[command(flatten)]
    read_as: ReadAs,
    #[command(flatten)]
    reports: Reports,
    #[command(flatten)]
    common: cli::Common,
}

impl Diff {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let place = Arc::new(self.place(&session)?);
        let source = self.read_as.source("device", "--expected", &self.expected);
        let args = RowArgs { source, reports: &self.reports };
        let mut results = Results::open(&session, args, None)?;
        // The comparison is of all rows, also when nobody reads what is said of them.
        session.inputs.go_on_without_a_reader();
        session.output.expect_type("difference");
        let mut compared = Compared {
            blessings: self.blessings(&session, &mut results)?,
            rows: Spool::new(),
            expected: Expected::default(),
            unexpected: Spool::new(),
        };
        compared.read(&session, args, &place, &mut results)?;
        if results.is_over() {
            compared.give_back(&mut results);
            return Ok(results.finish());
        }
        let unexpected = (!self.ignore_unexpected).then_some(&mut compared.unexpected);
        let looked = listing::look(&session, &place, &mut compared.expected, unexpected);
        progress::end();
        match looked {
            Ok(is_whole) => {
                let may_lack = !is_whole && !self.ignore_unexpected;
                compared.print(&session, may_lack, &mut results)?;
            }
            Err(error) => {
                results.end_run(error);
                compared.give_back(&mut results);
            }
        }
        Ok(results.finish())
    }

    /// Where the devices should be, as far as no row says more.
    fn place(&self, session: &Session) -> cli::Result<Place> {
        if let Some(group) = session.single(ResourceKind::DeviceGroup, "--dg", self.dg.as_ref())? {
            let group = session.find(ResourceKind::DeviceGroup, &group)?;
            return Ok(Place::Group(Arc::new(Group::of(&group))));
        }
        if let Some(product) =
            session.single(ResourceKind::Product, "--product", self.product.as_ref())?
        {
            let product = session.find(ResourceKind::Product, &product)?;
            return Ok(Place::Product(text(&product, "id").to_owned()));
        }
        Ok(Place::Account)
    }

    fn blessings(&self, session: &Session, results: &mut Results<'_>) -> cli::Result<Blessings> {
        let Some(journal) = &self.events else { return Ok(Blessings::default()) };
        let files = std::slice::from_ref(journal);
        let as_it_is = ReadAs::default();
        let source = as_it_is.source("webhook event", "--events", files);
        Blessings::read(session, &source, results)
    }
}
