//! `imp-dg delete`

use clap::Args;
use cli::api::identify::Thing;
use cli::api::{Request, segment};
use cli::each::{Acted, Ask, Outcome, Work};
use cli::{Given, Session, identifier};

/// Delete device groups, and with them their deployments
///
/// The service refuses a group that has devices or flagged deployments, or that is the target of a
/// fixture group. --force takes devices out and takes flags away first.
#[derive(Args)]
pub struct Delete {
    /// A device group: id, name, {PRODUCT}{GROUP} or {ACCOUNT}{PRODUCT}{GROUP}; repeatable; `-` is stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", value_parser = identifier, allow_hyphen_values = true)]
    dg: Vec<String>,
    /// First remove what stands in the way
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let given = Given {
            noun: "device group",
            option: "--dg",
            identifiers: &self.dg,
            input: &self.input,
        };
        let ask = Ask { verb: "delete", confirmed: self.confirmed };
        session.each(&Work::deleting(given, self.changes.into(), ask), |row| {
            let group = session.thing(Thing::DeviceGroup, row, &[])?;
            let id = cli::text(&group, "id");
            if !self.changes.dry_run {
                if self.force {
                    session.clear_group(id)?;
                }
                session.send(&Request::delete(format!("/devicegroups/{}", segment(id))))?;
            }
            Ok(Acted::changed(row, group, Outcome::Deleted))
        })
    }
}
