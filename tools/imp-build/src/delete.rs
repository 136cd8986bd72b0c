//! `imp-build delete`

use api::deployments::without_code;
use clap::Args;
use cli::rows::{Ask, LookedUp, Outcome, RowDone, RowJob, carry_out};
use cli::{OncePerTarget, Session, journal};
use model::{Record, ResourceKind};
use pipe::{Identifier, NamedBy, Row};

const KIND: ResourceKind = ResourceKind::Deployment;

/// Delete builds
///
/// The service refuses flagged builds, and the minimum supported deployment of a group and newer ones.
#[derive(Args)]
pub struct Delete {
    /// First take the flag away, unless the build is protected otherwise
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    builds: cli::Deployments,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        let ask = Ask::about_rows("delete", self.confirmed).also(match self.force {
            true => "Flags are taken away first.",
            false => "",
        });
        let job = RowJob::deleting(self.builds.row_args(), self.changes.into(), ask);
        let known = LookedUp::default();
        let rows = || known.rows(&session, &job.args.source, KIND, |row, id| !is_record(row, id));
        let results = carry_out(&session, &job, rows, |row| {
            let named = row.identifier(KIND, &[])?;
            let look_up = |named: &Identifier| session.find(KIND, &named.text).map(without_code);
            let build = match is_record(row, &named) {
                true => session.resource(KIND, row, &[])?,
                false => known.thing(&session, &named, look_up)?,
            };
            let id = cli::text(&build, "id");
            let delete = || {
                if self.changes.dry_run {
                    return ops::deployments::could_be_deleted(&session, id, self.force);
                }
                journal::plan(Outcome::Deleted, ops::deployments::gone(&build).collect());
                ops::deployments::delete_deployment(&session, id, self.force)
            };
            let ((), reported) = once.act(&row.source, id, &Record::new(), delete)?;
            let gone = ops::deployments::gone(&build);
            let done = RowDone::changed(row, without_code(build), Outcome::Deleted).once(reported);
            Ok(gone.fold(done, RowDone::with))
        });
        Ok(results?.finish())
    }
}

/// Whether the row is a record of the build itself, which needs no looking up.
fn is_record(row: &Row, named: &Identifier) -> bool {
    named.named_by == NamedBy::Id && KIND.types().contains(&row.kind())
}
