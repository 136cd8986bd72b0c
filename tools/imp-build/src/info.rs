//! `imp-build info`

use clap::Args;
use cli::ResourceKind;
use cli::Session;
use cli::api::deployments::without_code;
use cli::rows::{RowDone, RowJob, each};

/// Print builds
#[derive(Args)]
pub struct Info {
    /// Print the code too, as `device_code` and `agent_code`
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    builds: cli::Deployments,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        each(&session, &RowJob::reading(self.builds.row_args()), |row| {
            let build = session.resource(ResourceKind::Deployment, row, &[])?;
            let whole = session.get("deployments", cli::text(&build, "id"))?;
            Ok(RowDone::read(if self.full { whole } else { without_code(whole) }))
        })
    }
}
