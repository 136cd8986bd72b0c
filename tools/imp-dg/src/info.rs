//! `imp-dg info`

use clap::Args;
use cli::api::identify::Thing;
use cli::api::{Request, resource, segment};
use cli::each::{Acted, Work};
use cli::{Given, Session, identifier};

/// Print device groups
#[derive(Args)]
pub struct Info {
    /// A device group: id, name, {PRODUCT}{GROUP} or {ACCOUNT}{PRODUCT}{GROUP}; repeatable; `-` is stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", value_parser = identifier, allow_hyphen_values = true)]
    dg: Vec<String>,
    /// Add the group's devices, as a list `devices`
    #[arg(long, short = 'u')]
    full: bool,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let given = Given {
            noun: "device group",
            option: "--dg",
            identifiers: &self.dg,
            input: &self.input,
        };
        session.each(&Work::reading(given), |row| {
            let group = session.thing(Thing::DeviceGroup, row, &[])?;
            let id = cli::text(&group, "id");
            let answer = session.send(&Request::get(format!("/devicegroups/{}", segment(id))))?;
            let mut record = resource::lift_data(&answer.body);
            if self.full {
                let devices = session.collect("/devices", &[("filter[devicegroup.id]", id)])?;
                record.insert("devices".into(), devices.into());
            }
            Ok(Acted::read(record))
        })
    }
}
