//! `imp-device info`

use clap::Args;
use cli::api::{Request, resource};
use cli::each::{Acted, Work};
use cli::{Given, Session, Target, identifier};

/// Print the whole state of devices
#[derive(Args)]
pub struct Info {
    /// A device: id, MAC address, agent id or name; repeatable; `-` is stdin
    #[arg(long, short, value_name = "DEVICE", value_parser = identifier, allow_hyphen_values = true)]
    device: Vec<String>,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let given = Given {
            noun: "device",
            option: "--device",
            identifiers: &self.device,
            input: &self.input,
        };
        session.each(&Work::reading(given), |row| {
            let device = row.identifier(&Target::DEVICE, &[])?;
            let answer = session.with_device(&device, Request::get)?;
            Ok(Acted::read(resource::lift_data(&answer.body)))
        })
    }
}
