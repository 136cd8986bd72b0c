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
mod run;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::OnDemand;

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
    Deploy(OnDemand<deploy::Deploy>),
    /// Deploy code to device groups and restart their devices
    Run(OnDemand<run::Run>),
    /// Copy a build to device groups
    Copy(OnDemand<copy::Copy>),
    /// List builds, without their code
    List(OnDemand<list::List>),
    /// Print builds
    Info(OnDemand<info::Info>),
    /// Write the code of builds to files
    Get(OnDemand<get::Get>),
    /// Change the description, tags or flag of builds
    Update(OnDemand<update::Update>),
    /// Delete builds
    Delete(OnDemand<delete::Delete>),
    /// Delete builds that outlived their device group
    Cleanup(OnDemand<cleanup::Cleanup>),
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
