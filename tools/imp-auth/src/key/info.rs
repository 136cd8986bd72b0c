//! `imp-auth key info`

use api::Request;
use clap::Args;
use cli::Session;
use cli::rows::{RowDone, RowJob, each};
use model::ResourceKind;

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
        each(&session, &RowJob::reading(self.keys.row_args()), |row| {
            let key = row.identifier(ResourceKind::LoginKey, &[])?;
            session.record(&Request::get(path(&key.text))).map(RowDone::read)
        })
    }
}
