//! `imp-sim replay`: answers a command from what `--record` has written, faults and times included.
//!
//! Nothing of the simulated service takes part: what was not recorded is not made up. Careful that a command which
//! asks for something else, or for less, is told so, and told from one that works: it has an exit code of its own.

mod answers;
mod body;
mod kept_files;
mod outages;
mod pace;
mod recording;
mod report;
mod requests;
mod serve;
mod shown;
mod sign_in;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::console;
use crate::run::{self, Signals};
use pace::Pace;
use recording::Recording;
use serve::Replay;

/// The command did not ask what was recorded: something else, or less.
const NOT_FAITHFUL: u8 = 9;

/// The options.
#[derive(Args)]
pub struct Options {
    /// What --record has written.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Answer so many times as fast as the service did.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: u32,
    /// Answer at once.
    #[arg(long, conflicts_with = "speed")]
    no_wait: bool,
    /// Print the rows that the recorded commands read.
    #[arg(long, conflicts_with_all = ["speed", "no_wait", "command"])]
    rows: bool,
    /// The command and its arguments; without it, show what is in FILE.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command and gives its exit code, as `imp-sim run` does, or [`NOT_FAITHFUL`].
pub async fn run(options: &Options) -> anyhow::Result<u8> {
    let recording = Recording::read(&options.file)?;
    if recording.torn > 0 {
        console::message(format_args!(
            "{} is not whole (lines cut off: {}), since a command was killed or the disk was full",
            options.file.display(),
            recording.torn
        ));
    }
    if options.rows {
        return shown::rows(&recording);
    }
    let Some((program, arguments)) = options.command.split_first() else {
        return shown::show(&recording);
    };
    let mut signals = Signals::catch()?;
    let directory = tempfile::Builder::new().prefix("imp-sim-").tempdir()?;
    let pace = Pace::new(options.speed, options.no_wait);
    let sign_in = sign_in::of(&recording);
    let variables = sign_in::variables(&recording);
    let replay = Arc::new(Replay::new(recording, pace));
    let endpoint = serve::start(&replay, directory.path()).await?;
    kept_files::prepare(&replay.recording, directory.path(), &endpoint)?;
    let mut child = tokio::process::Command::new(run::where_it_is(program)?);
    child.args(arguments);
    let directory = directory.path();
    sign_in::prepare(&mut child, &sign_in, variables, &endpoint, directory, &replay.clock)?;
    let child = match child.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(run::not_started(program, &error)),
    };
    let status = run::wait(child, &mut signals).await.context("the command is lost")?;
    Ok(told(&replay, run::exit_code(status)))
}

/// The exit code of a command that ended with this one.
fn told(replay: &Replay, code: u8) -> u8 {
    if replay.tell_what_is_left() {
        return code;
    }
    console::message(format_args!(
        "this was not the recorded run, so the exit code is {NOT_FAITHFUL}; that of the command was {code}"
    ));
    NOT_FAITHFUL
}
