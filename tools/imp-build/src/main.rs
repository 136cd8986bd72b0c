//! `imp-build`: builds, which the service calls deployments. One file a verb; what several share is in `common/ops`.

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
mod run;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::Deferred;

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
    /// Deploy code to device groups
    Deploy(Deferred<deploy::Deploy>),
    /// Deploy code to device groups and restart their devices
    Run(Deferred<run::Run>),
    /// Copy a build to device groups
    Copy(Deferred<copy::Copy>),
    /// List builds, without their code
    List(Deferred<list::List>),
    /// Print builds
    Info(Deferred<info::Info>),
    /// Write the code of builds to files
    Get(Deferred<get::Get>),
    /// Change the description, tags or flag of builds
    Update(Deferred<update::Update>),
    /// Delete builds
    Delete(Deferred<delete::Delete>),
    /// Delete builds that outlived their device group
    Cleanup(Deferred<cleanup::Cleanup>),
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
