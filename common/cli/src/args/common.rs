//! The flags that every command has.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::time::duration;

/// Flags of every command.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Use this sign-in file (also: IMP_AUTH_FILE)
    #[arg(long, value_name = "FILE")]
    pub auth_file: Option<PathBuf>,
    /// Work as this account (also: IMP_ACCOUNT)
    #[arg(long, value_name = "NAME", conflicts_with = "auth_file")]
    pub account: Option<String>,
    /// ndjson, table, wide, csv, excel, json, minimal, debug
    #[arg(long, short = 'z', value_name = "FORM", value_enum, hide_possible_values = true)]
    pub output: Option<OutputFormat>,
    /// Print these fields, in this order
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', value_parser = field)]
    pub fields: Option<Vec<String>>,
    /// Requests under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Go on trying after errors for so long
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration)]
    pub patience: Duration,
    /// Show requests and answers on stderr
    #[arg(long)]
    pub trace: bool,
    /// Say more on stderr, the summary for example
    #[arg(long, short = 'v')]
    pub verbose: bool,
    /// Add what is exchanged with the service to this file (also: IMP_RECORD)
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub record: Option<PathBuf>,
    /// Replace names and addresses in it (also: IMP_PSEUDONYMS)
    #[arg(long, hide_short_help = true)]
    pub pseudonyms: bool,
}

impl Default for Common {
    /// As if nothing had been typed.
    fn default() -> Self {
        Common {
            auth_file: None,
            account: None,
            output: None,
            fields: None,
            jobs: 8,
            patience: Duration::from_secs(120),
            trace: false,
            verbose: false,
            record: None,
            pseudonyms: false,
        }
    }
}

fn field(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a field needs a name".into()),
        name => Ok(name.to_owned()),
    }
}

/// Forms of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// One JSON object a line
    Ndjson,
    /// Columns fitted to the terminal
    Table,
    /// A table with everything whole
    Wide,
    /// Comma-separated, with a header
    Csv,
    /// The same for a spreadsheet, as its locale has it
    Excel,
    /// One JSON array
    Json,
    /// Identifiers only, one a line
    Minimal,
    /// ndjson, and requests and answers on stderr
    Debug,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_what_the_parser_makes_of_nothing() {
        let parsed = Common::augment_args(clap::Command::new("x")).try_get_matches_from_mut(["x"]);
        let parsed = <Common as clap::FromArgMatches>::from_arg_matches(&parsed.unwrap()).unwrap();
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Common::default()));
    }
}
