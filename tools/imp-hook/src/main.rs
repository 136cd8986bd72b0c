//! `imp-hook`: the webhooks of device groups, and a receiver that turns their calls into records.
//!
//! One file a verb; the parts of the receiver are in `listen/`. What all verbs have in common is in
//! `common/cli`; the record contract is in imp-records(7).

mod create;
mod delete;
mod hook;
mod info;
mod list;
mod listen;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::Deferred;

/// Webhooks of impCentral, and a receiver for their calls
///
/// Records are read from options, --input or stdin and printed one a line; see imp-records(7).
#[derive(Parser)]
#[command(name = "imp-hook", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List webhooks
    List(Deferred<list::List>),
    /// Print webhooks
    Info(Deferred<info::Info>),
    /// Create webhooks: a URL that the service calls when something happens in a device group
    Create(Deferred<create::Create>),
    /// Change the URL or the form of webhooks
    Update(Deferred<update::Update>),
    /// Delete webhooks
    Delete(Deferred<delete::Delete>),
    /// Receive the calls of webhooks and print each as a record
    Listen(Deferred<listen::Listen>),
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| match arguments.verb {
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::Create(create) => create.run(),
        Verb::Update(update) => update.run(),
        Verb::Delete(delete) => delete.run(),
        Verb::Listen(listen) => listen.run(),
    })
}
