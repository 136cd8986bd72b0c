//! `imp-build info`

use clap::Args;
use cli::ResourceKind;
use cli::Session;
use cli::api::deployments::without_code;
use cli::rows::{Acted, Work};

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
        session.each(&Work::reading(self.builds.given()), |row| {
            let build = session.thing(ResourceKind::Deployment, row, &[])?;
            let whole = session.get("deployments", cli::text(&build, "id"))?;
            Ok(Acted::read(if self.full { whole } else { without_code(whole) }))
        })
    }
}
