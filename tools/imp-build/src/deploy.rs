//! `imp-build deploy`

use clap::Args;
use cli::Session;
use cli::rows::{RowJob, each};
use model::Record;
use pipe::{Failure, Row};
use serde_json::Value;

use crate::code::Files;
use crate::create::Creating;

/// What a new build is made of.
#[derive(Args)]
pub struct Build {
    /// The device's code [default: none]; `-` is stdin
    #[arg(long, short = 'x', value_name = "FILE", allow_hyphen_values = true)]
    device_file: Option<String>,
    /// The agent's code [default: none]; `-` is stdin
    #[arg(long, short = 'y', value_name = "FILE", allow_hyphen_values = true)]
    agent_file: Option<String>,
    /// A description
    #[arg(long, short = 's', value_name = "TEXT")]
    descr: Option<String>,
    /// Where the code comes from, as free text
    #[arg(long, short, value_name = "TEXT")]
    origin: Option<String>,
    /// A tag; repeatable
    #[arg(long, short, value_name = "TAG")]
    tag: Vec<String>,
    /// Flag it, so that it cannot be deleted
    #[arg(long, short, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true)]
    flagged: Option<bool>,
}

impl Build {
    /// The files of the command line, read before anything is sent.
    pub fn files(&self, groups: &cli::DeviceGroups) -> Result<Files, cli::CommandError> {
        Files::read(
            self.device_file.as_deref(),
            self.agent_file.as_deref(),
            &groups.row_args().source,
        )
    }

    /// What is said of the build besides its code.
    pub fn attributes(&self, row: &Row) -> Result<Record, Failure> {
        let mut attributes = Record::new();
        // Not `description`: that of a device group's record is the group's.
        for (column, option, name) in
            [("descr", &self.descr, "description"), ("origin", &self.origin, "origin")]
        {
            let text = cli::text_option(row, &[column])?.or(option.clone());
            attributes.extend(text.map(|text| (name.to_owned(), text.into())));
        }
        let own = tags_of(row, "tag")?;
        if !own.is_empty() || !self.tag.is_empty() {
            let tags = if own.is_empty() { self.tag.clone() } else { own };
            attributes.insert("tags", tags.into());
        }
        let flagged = flag_of(row)?.or(self.flagged);
        attributes.extend(flagged.map(|flagged| ("flagged".to_owned(), flagged.into())));
        Ok(attributes)
    }
}

/// The tags in a column of a row: a list, or text with commas between them.
pub fn tags_of(row: &Row, column: &str) -> Result<Vec<String>, Failure> {
    if let Some(Value::Array(tags)) = row.option(&[column]) {
        return Ok(tags.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    let text = cli::text_option(row, &[column])?.unwrap_or_default();
    Ok(text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect())
}

/// Whether a row wants a flag. In the record of a build `flagged` is its present state and no wish.
pub fn flag_of(row: &Row) -> Result<Option<bool>, Failure> {
    let is_record = row.record.get("type").is_some_and(|kind| kind == "deployment");
    if is_record { Ok(None) } else { cli::truth_option(row, "flagged") }
}

/// Deploy code to device groups
///
/// The build becomes the group's current deployment; devices take it at their next restart. Says on stderr
/// where code does not compile, as file:row:column: text. A column of a row that is named like an option
/// beats it.
#[derive(Args)]
#[command(mut_arg("named", |named| named.hide(true).value_parser(cli::not_without_option)))]
pub struct Deploy {
    #[command(flatten)]
    build: Build,
    /// Do nothing where this code is deployed already
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

impl Deploy {
    pub fn run(&self) -> cli::Result {
        self.groups.or_of_project()?;
        let files = self.build.files(&self.groups)?;
        let session = Session::open(&self.common)?;
        let creating = Creating::new(self.if_changed, self.changes.dry_run);
        let job = RowJob::changing(self.groups.row_args(), self.changes.into())
            .asking(self.production.ask("deploy to"));
        each(&session, &job, |row| {
            let code = files.code(row)?;
            let attributes = self.build.attributes(row)?;
            let group = creating.group(&session, row)?;
            creating.create(&session, &row.source, &group, &code, &attributes, |_| Ok(()))
        })
    }
}
