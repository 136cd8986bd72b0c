//! `imp-build cleanup`

use clap::Args;
use cli::rows::{Ask, Outcome, RowDone, RowJob};
use cli::terminal::stderr;
use cli::{Identifiers, Session};
use model::{Record, ResourceKind};
use ops::deployments::{is_flagged, listed};

/// Delete builds that outlived their device group
///
/// Flagged ones are left, unless --unflag is given. Prints the builds that are deleted.
#[derive(Args)]
pub struct Cleanup {
    /// Only builds of this product; repeatable; `-` takes products from stdin
    #[arg(long, short, value_name = "PRODUCT")]
    product: Vec<String>,
    /// Delete flagged builds too: their flags are taken away first
    #[arg(long, short)]
    unflag: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    results: cli::Reports,
    #[command(flatten)]
    common: cli::Common,
}

impl Cleanup {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let ask = Ask::about_rows("delete", self.confirmed).also(match self.unflag {
            true => "Flags are taken away first.",
            false => "",
        });
        let args = self.results.row_args("deployment", "--product");
        let zombies = || Ok(listed(self.zombies(&session)?, "cleanup"));
        let job = RowJob::deleting(args, self.changes.into(), ask);
        let results = cli::rows::carry_out(&session, &job, zombies, |row| {
            if !self.changes.dry_run {
                ops::deployments::delete_deployment(
                    &session,
                    cli::text(&row.record, "id"),
                    self.unflag,
                )?;
            }
            let done = RowDone::changed(row, Record::new(), Outcome::Deleted);
            Ok(ops::deployments::gone(&row.record).fold(done, RowDone::with))
        })?;
        Ok(results.finish())
    }

    fn zombies(&self, session: &Session) -> Result<Vec<Record>, cli::CommandError> {
        let named =
            Identifiers { option: "--product", kind: ResourceKind::Product, values: &self.product };
        let mut builds = Vec::new();
        if self.product.is_empty() {
            builds = ops::deployments::deployments(session, &[])?;
        }
        for product in named.texts(&session.inputs)? {
            let product = session.find(ResourceKind::Product, &product)?;
            let id = cli::text(&product, "id");
            builds.append(&mut ops::deployments::deployments(
                session,
                &[("filter[product.id]", id)],
            )?);
        }
        builds.retain(|build| !build.contains_key("devicegroup_id"));
        let all = builds.len();
        if !self.unflag {
            builds.retain(|build| !is_flagged(build));
        }
        if builds.len() < all {
            let flagged = all - builds.len();
            stderr::say(&format!("{flagged} flagged builds are left; --unflag deletes them too"));
        }
        Ok(builds)
    }
}
