//! `imp-build copy`

use clap::Args;
use cli::rows::{RowJob, each};
use cli::{CommandError, Session};
use model::{Record, ResourceKind};
use ops::deployments::with_code;
use pipe::Failure;

use crate::code::{Code, Source};
use crate::create::Creating;

/// Copy a build to device groups
///
/// Creates a new build with the same code in each group; devices take it at their next restart.
#[derive(Args)]
#[command(mut_arg("named", |named| named.hide(true).value_parser(cli::not_without_option)))]
pub struct Copy {
    /// The build to copy: id, sha, tag or origin; `-` is stdin; a column `build` of a row beats it
    #[arg(long, short, value_name = "BUILD", value_parser = cli::identifier, allow_hyphen_values = true, display_order = 0)]
    build: Option<String>,
    /// Copy the description, origin, tags and flag too
    #[arg(long, short)]
    all: bool,
    /// Create nothing where the current deployment has this code and the group was not updated since
    #[arg(long)]
    if_changed: bool,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    production: cli::ConfirmedProduction,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Copy {
    pub fn run(&self) -> cli::Result {
        self.groups.or_of_project()?;
        let session = Session::open(&self.common)?;
        let build = self.build(&session)?;
        let creating = Creating::new(self.if_changed, self.changes.dry_run);
        let job = RowJob::changing(self.groups.row_args(), self.changes.into())
            .asking(self.production.ask("deploy to"));
        each(&session, &job, |row| {
            let build = cli::text_option(row, &["build"])?.or(build.clone());
            let build = build.ok_or_else(|| cli::missing("--build", "the build to copy"))?;
            let original = self.original(&session, &build)?;
            let group = creating.group(&session, row)?;
            let (code, attributes) = self.copied(&original);
            creating.create(&session, &row.source, &group, &code, &attributes, |_| Ok(()))
        })
    }

    /// The value of `--build`; `-` is stdin, if the groups are named by options. Rows may name builds of
    /// their own.
    fn build(&self, session: &Session) -> Result<Option<String>, CommandError> {
        let args = self.groups.row_args();
        let rows = args.source.identifiers.is_empty() || args.source.reads_stdin();
        if self.build.is_none() && !rows {
            return Err(CommandError::usage(
                "no build given: name it with --build; `--build -` takes it from stdin",
            ));
        }
        if self.build.as_deref() == Some("-") && args.source.reads_stdin() {
            return Err(CommandError::usage(
                "one build is copied to many device groups: name it with --build when the groups come \
                 from stdin, or name the groups with --dg",
            ));
        }
        session.single(ResourceKind::Deployment, "--build", self.build.as_ref())
    }

    /// The build to copy, with its code. It is looked up and fetched once a run.
    fn original(&self, session: &Session, text: &str) -> Result<Record, Failure> {
        let found = session.find(ResourceKind::Deployment, text)?;
        let is_whole = found.contains_key("device_code");
        let id = cli::text(&found, "id");
        with_code(if is_whole { found } else { session.find(ResourceKind::Deployment, id)? })
    }

    fn copied(&self, original: &Record) -> (Code, Record) {
        let source = |name: &str| Source {
            text: cli::text(original, name).to_owned(),
            shown: name.to_owned(),
        };
        let code = Code {
            device: source("device_code"),
            agent: source("agent_code"),
            sha: cli::text(original, "sha").to_owned(),
        };
        let told: &[&str] =
            if self.all { &["description", "origin", "tags", "flagged"] } else { &[] };
        let attributes = told.iter().filter_map(|name| {
            let value = original.get(name).filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), value.clone()))
        });
        (code, attributes.collect())
    }
}
