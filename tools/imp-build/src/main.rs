//! `imp-build`: builds, which the service calls deployments. One file a verb; the rest is in `common/cli`.

mod cleanup;
mod code;
mod copy;
mod create;
mod current;
mod delete;
mod deploy;
mod diagnostics;
mod get;
mod info;
mod list;
mod once;
mod run;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds of impCentral: code that is deployed to device groups
///
/// Records are read from --dg or --build, --input or stdin and printed one a line, without the code; see
/// imp-records(7).
#[derive(Parser)]
#[command(name = "imp-build", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Deploy(Box<deploy::Deploy>),
    Run(Box<run::Run>),
    Copy(copy::Copy),
    List(Box<list::List>),
    Info(info::Info),
    Get(get::Get),
    Update(update::Update),
    Delete(delete::Delete),
    Cleanup(cleanup::Cleanup),
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| match arguments.verb {
        Verb::Deploy(deploy) => deploy.run(),
        Verb::Run(run) => run.run(),
        Verb::Copy(copy) => copy.run(),
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::Get(get) => get.run(),
        Verb::Update(update) => update.run(),
        Verb::Delete(delete) => delete.run(),
        Verb::Cleanup(cleanup) => cleanup.run(),
    })
}
