//! `imp-device metrics`
//!
//! Careful about half of a fleet: nothing is printed or written before the list has been read to its end, and
//! the file of before stays then.

mod fleet;
mod textfile;

use std::ops::ControlFlow;
use std::path::PathBuf;

use api::send::clock;
use clap::Args;
use cli::consent::count;
use cli::terminal::{progress, stderr};
use cli::{CommandError, Exit, Session};
use model::Record;

use crate::filters::Filters;
use fleet::Fleet;
use textfile::Textfile;

/// Count devices, as metrics for Prometheus
///
/// By product, group, type of the group, imp type and software version, in the text form of Prometheus.
#[derive(Args)]
pub struct Metrics {
    /// Write them into this file, whole, for node_exporter
    #[arg(long, value_name = "FILE", display_order = 0)]
    textfile: Option<PathBuf>,
    /// Say the names of groups and products too
    #[arg(long, display_order = 0)]
    group_names: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    common: cli::Common,
}

impl Metrics {
    pub fn run(&self) -> cli::Result {
        if self.common.output.is_some() || self.common.fields.is_some() {
            return Err(CommandError::usage(
                "metrics have a form of their own: neither --output nor --fields changes it",
            ));
        }
        let textfile = self.textfile.as_deref().map(Textfile::open).transpose()?;
        let session = Session::open(&self.common)?;
        if textfile.is_some() {
            session.output.prints_nothing();
        }
        let fleet = self.read(&session);
        progress::end();
        // Nobody reads the standard output any more, so the list was given up.
        let Some(fleet) = fleet? else { return Ok(Exit::Done) };
        let name = |kind, id: &str| session.resolver.name_of(kind, id).unwrap_or_default();
        let text = fleet.exposition(self.group_names.then_some(&name));
        match textfile {
            Some(file) => file.replace(&text)?,
            None => session.output.print_text(&text).and_then(|()| session.output.flush())?,
        }
        if self.common.verbose {
            stderr::say(&count(session.client.requests_sent(), "request"));
        }
        Ok(Exit::Done)
    }

    /// Counts the devices; `None` when the list was not read to its end.
    fn read(&self, session: &Session) -> cli::Result<Option<Fleet>> {
        let mut query = self.filters.query(session)?;
        let keep = |device: &Record| self.filters.keeps(device);
        query.keep = &keep;
        let mut fleet = Fleet::at(clock::now());
        let mut number = 0;
        let ended = ops::list::read(session, &query, |device| {
            number += 1;
            progress::count(number, 0, "device");
            fleet.add(&device);
            ControlFlow::Continue(())
        })?;
        Ok(ended.is_continue().then_some(fleet))
    }
}
