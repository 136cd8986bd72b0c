//! `imp-auth key info`

use clap::Args;
use cli::ResourceKind;
use cli::Session;
use cli::api::{Request, resource};
use cli::rows::{Acted, Work};

use super::{LoginKeys, path};

/// Print login keys
#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    keys: LoginKeys,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        session.each(&Work::reading(self.keys.given()), |row| {
            let key = row.identifier(ResourceKind::LoginKey, &[])?;
            let answer = session.send(&Request::get(path(&key.text)))?;
            Ok(Acted::read(resource::lift_data(&answer.body)))
        })
    }
}
