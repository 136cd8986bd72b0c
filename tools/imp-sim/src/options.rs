//! The command line.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand};

use crate::hardware::Hardware;
use crate::replay;
use crate::state::accounts::Role;
use crate::variants::QUESTIONS;

/// A local impCentral to rehearse on.
#[derive(Parser)]
#[command(name = "imp-sim", version, max_term_width = 100)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Serve until interrupted; print one JSON line when ready.
    Serve {
        /// Where to listen: an address of this machine only. Port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        #[command(flatten)]
        service: ServiceOptions,
    },
    /// Serve on a free port while COMMAND runs, signed in; end with its exit code.
    Run {
        #[command(flatten)]
        service: ServiceOptions,
        /// Leave in FILE the change records of all that COMMAND did, for imp-change apply.
        #[arg(long, value_name = "FILE")]
        changes: Option<PathBuf>,
        /// The command and its arguments.
        #[arg(last = true, required = true, value_name = "COMMAND")]
        command: Vec<std::ffi::OsString>,
    },
    /// Answer COMMAND from what --record of the tools has written, and end with its exit code.
    Replay(replay::Options),
    #[command(flatten)]
    Hardware(Hardware),
    /// List the open questions and the answers that --variant can choose.
    Variants,
}

/// How the service behaves and what it holds.
#[derive(Args)]
pub struct ServiceOptions {
    /// Begin with N unassigned devices.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub devices: usize,
    /// Begin with a product with a production group of N blessed devices.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub production: usize,
    /// Begin with what README's pipelines are about; `run` adds their files, in a directory of their own.
    #[arg(long, conflicts_with_all = ["devices", "production"])]
    pub example: bool,
    /// The key that unassigning from production groups needs.
    #[arg(long, value_name = "KEY", default_value = "sim-unbond-key")]
    pub unbond_key: String,
    /// Requests a second that an account may send, or off.
    #[arg(long, value_name = "N|off", default_value = "40", value_parser = rate_limit)]
    pub rate_limit: RateLimit,
    /// Added to every answer of the API.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    pub latency: Duration,
    /// How long access tokens live.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    pub token_life: Duration,
    /// Ask for this one-time password when the main account signs in by password.
    #[arg(long, value_name = "CODE")]
    pub otp: Option<String>,
    /// The role of the main account where it collaborates.
    #[arg(long, value_enum, value_name = "ROLE", default_value_t)]
    pub role: Role,
    /// Serve https; write the certificate authority to DIR/ca.pem.
    #[arg(long, value_name = "DIR")]
    pub tls: Option<PathBuf>,
    /// Keep the state in FILE; go on from there if it exists.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Begin with these records too (NDJSON, as the list commands print them).
    #[arg(long, value_name = "FILE")]
    pub load: Vec<PathBuf>,
    /// Everything random follows from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Let requests go wrong: "METHOD PATH [STATUS] [KEY=VALUE]..."; see imp-sim(1).
    #[arg(long, value_name = "RULE")]
    pub fault: Vec<String>,
    /// Let a build take devices offline: "build=SHA offline=5% [after=60s]"; see imp-sim(1).
    #[arg(long, value_name = "RULE")]
    pub effect: Vec<String>,
    /// Let the service's clock run so many times as fast: tokens, times, effects.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub speed: u32,
    /// Answer an open question another way; see `imp-sim variants`.
    #[arg(long, value_name = "NAME=VALUE", value_parser = VariantParser, hide_possible_values = true)]
    pub variant: Vec<String>,
}

/// Takes any text, since numbers and times are values too, and lists the rest for completion.
#[derive(Clone)]
struct VariantParser;

impl TypedValueParser for VariantParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = QUESTIONS.iter().flat_map(|question| {
            let fixed = question.values.iter().filter(|value| !["N", "TIME"].contains(value));
            fixed.map(|value| {
                PossibleValue::new(format!("{}={value}", question.name)).help(question.meaning)
            })
        });
        Some(Box::new(values))
    }
}

/// `--rate-limit`.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit(pub Option<u32>);

fn rate_limit(text: &str) -> Result<RateLimit, String> {
    match text.parse() {
        _ if text == "off" => Ok(RateLimit(None)),
        Ok(limit) if limit > 0 => Ok(RateLimit(Some(limit))),
        _ => Err("give a number above 0, or off".to_owned()),
    }
}
