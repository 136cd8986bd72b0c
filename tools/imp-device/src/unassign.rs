//! `imp-device unassign`

use clap::Args;
use cli::bulk::{self, Move};
use cli::each::Work;
use cli::{Given, Session, identifier};

/// Take devices out of their device groups
///
/// Production devices are unblessed by it: that needs the account's unblessing key and consent.
#[derive(Args)]
pub struct Unassign {
    /// A device: id, MAC address, agent id or name; repeatable; `-` is stdin
    #[arg(long, short, value_name = "DEVICE", value_parser = identifier, allow_hyphen_values = true)]
    device: Vec<String>,
    #[command(flatten)]
    unblessing: cli::Unblessing,
    #[command(flatten)]
    bulk: cli::Bulk,
    #[command(flatten)]
    changes: cli::Changes,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Unassign {
    pub fn run(&self) -> cli::Result {
        let key = self.unblessing.key()?;
        let session = Session::open(&self.common)?;
        let given = Given {
            noun: "device",
            option: "--device",
            identifiers: &self.device,
            input: &self.input,
        };
        let mut work = Work::changing(given, self.changes);
        work.ask = Some(bulk::unblessing(self.unblessing.confirmed));
        session.move_devices(&Move {
            work,
            target: None,
            batch: self.bulk.batch(),
            stream: self.bulk.stream,
            key,
        })
    }
}
