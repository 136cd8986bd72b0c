//! `imp-hook info`

use clap::Args;
use cli::Session;
use cli::api::{Request, resource};
use cli::rows::{Acted, Work};

use crate::hook::{self, Webhooks};

/// Print webhooks
#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    hooks: Webhooks,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        session.each(&Work::reading(self.hooks.given()), |row| {
            let (path, _) = hook::path(row, &[])?;
            Ok(Acted::read(resource::lift_data(&session.send(&Request::get(path))?.body)))
        })
    }
}
