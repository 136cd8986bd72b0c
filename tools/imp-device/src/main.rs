//! `imp-device`: list devices and work on many of them at once.
//!
//! One file a verb. What all verbs have in common (input, output, failures, retries, exit codes) is in
//! `common/cli`; the record contract is in imp-records(7).

mod assign;
mod history;
mod info;
mod known_devices;
mod list;
mod remove;
mod restart;
mod unassign;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::Deferred;

/// Devices of impCentral, one or many thousands at once
///
/// Records are read from --device, --input or stdin and printed one a line; see imp-records(7).
#[derive(Parser)]
#[command(name = "imp-device", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List devices
    List(Deferred<list::List>),
    /// Print the whole state of devices
    Info(Deferred<info::Info>),
    /// Print what happened to devices
    History(Deferred<history::History>),
    /// Put devices into a device group
    Assign(Deferred<assign::Assign>),
    /// Take devices out of their device groups
    Unassign(Deferred<unassign::Unassign>),
    /// Rename devices
    Update(Deferred<update::Update>),
    /// Remove devices from the account
    Remove(Deferred<remove::Remove>),
    /// Restart devices
    Restart(Deferred<restart::Restart>),
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| match arguments.verb {
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::History(history) => history.run(),
        Verb::Assign(assign) => assign.run(),
        Verb::Unassign(unassign) => unassign.run(),
        Verb::Update(update) => update.run(),
        Verb::Remove(remove) => remove.run(),
        Verb::Restart(restart) => restart.run(),
    })
}
