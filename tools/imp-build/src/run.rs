//! `imp-build run`

use clap::Args;
use cli::Session;
use cli::rows::RowJob;
use pipe::Failure;

use crate::create::Creating;
use crate::deploy::Build;
use crate::restart::restart;

/// Deploy code to device groups and restart their devices, and nothing else
#[derive(Args)]
#[command(mut_arg("named", |named| named.hide(true).value_parser(cli::not_without_option)))]
pub struct Run {
    #[command(flatten)]
    build: Build,
    /// Let newer devices do so in their own time
    #[arg(long, short)]
    conditional: bool,
    #[command(flatten)]
    log: ops::logs::LogAfter,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    production: cli::ConfirmedProduction,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Run {
    pub fn run(&self) -> cli::Result {
        self.groups.or_of_project()?;
        let files = self.build.files(&self.groups)?;
        let session = Session::open(&self.common)?;
        let creating = Creating::with_restarts(self.changes.dry_run);
        let marks = self.log.marks(&session, self.changes.dry_run)?;
        let job = RowJob::changing(self.groups.row_args(), self.changes.into())
            .asking(self.production.ask("deploy to and restart"));
        ops::logs::each_followed(&session, &job, &marks, |row| {
            let code = files.code(row)?;
            let attributes = self.build.attributes(row)?;
            let group = creating.group(&session, row)?;
            let id = cli::text(&group, "id");
            marks.group(id, || {
                creating.create(&session, &row.source, &group, &code, &attributes, |build| {
                    self.restart(&session, id, cli::text(build, "id"))
                })
            })
        })
    }

    fn restart(&self, session: &Session, group: &str, build: &str) -> Result<(), Failure> {
        restart(session, group, self.conditional).map_err(|failure| {
            failure.after(
                format!("The build {build} was created, but the restart failed"),
                &format!("do not deploy again, use `imp-dg restart --dg {group}`"),
            )
        })
    }
}
