//! The flags that commands share. A verb flattens those that it has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use api::Secret;
use clap::{Args, ValueEnum};

use crate::environment;
use crate::secret::secret_in_file;
use crate::stop::Stop;

/// Flags of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Use this sign-in file and no other (also: IMP_AUTH_FILE)
    #[arg(long, value_name = "FILE")]
    pub auth_file: Option<PathBuf>,
    /// Form of the output [default: table on a terminal, else ndjson]
    #[arg(long, short = 'z', value_name = "FORM", value_enum)]
    pub output: Option<Form>,
    /// Print these fields, in this order
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', value_parser = field)]
    pub fields: Option<Vec<String>>,
    /// Requests under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Go on trying for so long after the last success, as 30s or 2m
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = patience)]
    pub patience: Duration,
    /// Show requests and answers on stderr, secrets hidden
    #[arg(long)]
    pub trace: bool,
    /// Say more on stderr, the summary for example
    #[arg(long, short = 'v')]
    pub verbose: bool,
}

fn field(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a field needs a name".into()),
        name => Ok(name.to_owned()),
    }
}

/// Forms of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One JSON object a line
    Ndjson,
    /// Columns fitted to the terminal
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One JSON array
    Json,
    /// Identifiers only, one a line
    Minimal,
    /// ndjson, and requests and answers on stderr
    Debug,
}

/// Flags of verbs that work on records.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Input and failures")]
pub struct Input {
    /// Read records from this file; `-` is stdin; repeatable
    #[arg(long, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Write failed records to this file; it is valid input for another try
    #[arg(long, value_name = "FILE")]
    pub failed: Option<PathBuf>,
    /// Write the summary as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Where failures and the summary go, for verbs that take no rows.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Failures")]
pub struct Reports {
    /// Write failed records to this file; it is valid input for another try
    #[arg(long, value_name = "FILE")]
    failed: Option<PathBuf>,
    /// Write the summary as JSON to this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Reports {
    /// The same as flags of a verb that takes rows.
    pub fn as_input(&self) -> Input {
        Input { input: Vec::new(), failed: self.failed.clone(), report: self.report.clone() }
    }
}

/// Flags of verbs that change something.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Changes")]
pub struct Changes {
    /// Say what would be done; send nothing that changes anything
    #[arg(long)]
    pub dry_run: bool,
    /// Print the whole state after the change, read back from the service
    #[arg(long)]
    pub read_back: bool,
}

/// `--dry-run` alone, for verbs after which there is no state to read back.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Changes")]
pub struct DryRun {
    /// Say what would be done; send nothing that changes anything
    #[arg(long)]
    pub dry_run: bool,
}

impl From<DryRun> for Changes {
    fn from(dry: DryRun) -> Changes {
        Changes { dry_run: dry.dry_run, read_back: false }
    }
}

/// How many devices go into one request.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Changes")]
pub struct BatchSize {
    /// Devices in one request, at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
}

impl BatchSize {
    /// Devices in one request, at most.
    pub fn batch(self) -> usize {
        usize::from(self.batch)
    }
}

/// Flags of verbs that move many devices in one request.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Changes")]
pub struct Bulk {
    #[command(flatten)]
    size: BatchSize,
    /// Begin before the input has ended, for live sources; not for lists of what is being moved
    #[arg(long)]
    pub stream: bool,
}

impl Bulk {
    /// Devices in one request, at most.
    pub fn batch(self) -> usize {
        self.size.batch()
    }
}

/// Flags of verbs that take devices out of production.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Production devices")]
pub struct Unblessing {
    /// The account's unblessing key; safer from a file or IMP_UNBOND_KEY, since others see command lines
    #[arg(long, short = 'u', value_name = "KEY", conflicts_with = "unbond_file")]
    unbond: Option<String>,
    /// Read the unblessing key from this file
    #[arg(long, value_name = "FILE")]
    unbond_file: Option<PathBuf>,
    /// Do not ask before production devices are unblessed
    #[arg(long, short = 'q')]
    pub confirmed: bool,
}

impl Unblessing {
    /// The key, if one is given: the option, the file, or `IMP_UNBOND_KEY`.
    ///
    /// # Errors
    /// Exit 2 when the file cannot be read or is empty.
    pub fn key(&self) -> Result<Option<Secret>, Stop> {
        unblessing_key(self.unbond.as_deref(), self.unbond_file.as_deref())
    }
}

/// The unblessing key alone, for verbs that have a question of their own.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Production devices")]
pub struct UnblessingKey {
    /// The account's unblessing key; safer from a file or IMP_UNBOND_KEY, since others see command lines
    #[arg(long, value_name = "KEY", conflicts_with = "unbond_file")]
    unbond: Option<String>,
    /// Read the unblessing key from this file
    #[arg(long, value_name = "FILE")]
    unbond_file: Option<PathBuf>,
}

impl UnblessingKey {
    /// The key, if one is given.
    ///
    /// # Errors
    /// As [`Unblessing::key`].
    pub fn key(&self) -> Result<Option<Secret>, Stop> {
        unblessing_key(self.unbond.as_deref(), self.unbond_file.as_deref())
    }
}

fn unblessing_key(option: Option<&str>, file: Option<&Path>) -> Result<Option<Secret>, Stop> {
    match (option, file) {
        (Some(key), _) => Ok(Some(Secret::new(key))),
        (None, Some(path)) => secret_in_file(path).map(Some),
        (None, None) => Ok(environment::text("IMP_UNBOND_KEY").map(Secret::new)),
    }
}

/// `30s`, `2m`, or a number of seconds.
fn patience(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it as 30s or 2m"))
}

/// Long options of twelve characters: as long as an agent id, so they must be told apart from one. A test
/// compares them with the help of all commands.
const AS_LONG_AS_AN_AGENT_ID: [&str; 8] = [
    "--if-changed",
    "--remove-tag",
    "--non-zombie",
    "--unassigned",
    "--create-dut",
    "--agent-file",
    "--agent-only",
    "--unflag-old",
];

/// Parses an identifier, which may begin with `-` as agent ids do, but is not the next option.
pub fn identifier(text: &str) -> Result<String, String> {
    let may_be_agent = text.len() == 12 && !AS_LONG_AS_AN_AGENT_ID.contains(&text);
    if text.starts_with('-') && text != "-" && !may_be_agent {
        return Err(format!("an identifier is missing before `{text}`"));
    }
    if text.is_empty() {
        return Err("an identifier must not be empty".into());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_ids_may_begin_with_a_dash_and_options_are_not_swallowed() {
        for good in ["-", "-jXp_9QaLm2Z", "--Xp_9QaLm2Z", "name", "0c:2a:69:05:0d:62"] {
            assert_eq!(identifier(good).as_deref(), Ok(good));
        }
        for bad in ["--dg", "--unassigned", "-g", ""] {
            assert!(identifier(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patience_is_a_time() {
        assert_eq!(patience("90"), Ok(Duration::from_secs(90)));
        assert_eq!(patience("2m"), Ok(Duration::from_secs(120)));
        assert!(patience("soon").is_err());
    }
}
