//! A local impCentral to rehearse on.
//!
//! `state` holds what the service knows and its rules; `http` is the wire format of the API;
//! `server` the sockets; `control` what tests may ask; `faults` and `variants` what can be made to
//! go wrong or be otherwise. The wire is written and checked here without any code of the clients,
//! so that a misunderstanding which they share cannot hide. What is known of the service is in
//! imp-service(7); what had to be chosen, in imp-sim(1).

mod changes;
mod clock;
mod console;
mod control;
mod deliver;
mod faults;
mod hardware;
mod http;
mod limits;
mod load_files;
pub mod memory;
mod options;
mod replay;
mod run;
mod server;
mod service;
mod sim;
mod squirrel;
mod state;
mod state_file;
mod traffic;
mod variants;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use serde_json::json;

use options::{Command, Options};
use variants::Question;

/// The main function of the program.
pub fn run() -> ExitCode {
    match act() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            if !error.is::<console::NobodyReads>() {
                console::message(format_args!("{error:#}"));
            }
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the command line")]
fn act() -> anyhow::Result<u8> {
    if std::env::args_os().skip(1).eq([command_tree::REQUEST]) {
        console::line(command_tree::line(Options::command()).trim_end())?;
        return Ok(0);
    }
    let options = match Options::try_parse() {
        Ok(options) => options,
        // Help is one too.
        Err(error) => {
            console::written(error.print())?;
            return Ok(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match &options.command {
        Command::Serve { listen, service } => block_on(service::serve(service, *listen)),
        Command::Run { service, changes, command } => {
            block_on(run::run(service, changes.as_deref(), command))
        }
        Command::Replay(options) => block_on(replay::run(options)),
        Command::Hardware(command) => block_on(hardware::run(command)),
        Command::Variants => list_variants(),
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// One variant a line: NDJSON, or columns on a terminal.
fn list_variants() -> anyhow::Result<u8> {
    for Question { name, values, meaning, .. } in variants::QUESTIONS {
        if console::is_terminal() {
            console::line(format_args!(
                "{:<40} {meaning}",
                format!("{name}={}", values.join("|"))
            ))?;
        } else {
            console::line(json!({
                "name": name, "values": values, "default": values[0], "meaning": meaning,
            }))?;
        }
    }
    Ok(0)
}
