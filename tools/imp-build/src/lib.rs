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
mod looked_for;
mod original;
mod restart;
mod rollout;
mod run;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::schema::{OF_CHANGES, Printed};
use cli::{Deferred, help};
use model::schema::resources;
use ops::logs::OF_FOLLOWED;

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
    #[command(after_help = help::examples("imp-build", &[
        "imp-build deploy --dg Bench -x device.nut -y agent.nut",
        "imp-build deploy --dg Shipped -x d.nut -y a.nut --tag v12 --flagged",
        "imp-build deploy --dg Bench -x device.nut --if-changed",
    ]))]
    Deploy(Deferred<deploy::Deploy>),
    /// Deploy code to device groups and restart their devices
    #[command(after_help = help::examples("imp-build", &[
        "imp-build run --dg Bench -x device.nut -y agent.nut --log",
        "imp-build run --dg Bench -x d.nut --descr \"try the new sensor\"",
        "imp-build run --dg Bench --dg Lab -x d.nut --conditional",
    ]))]
    Run(Deferred<run::Run>),
    /// Copy a build to device groups
    #[command(after_help = help::examples("imp-build", &[
        "imp-build copy --build v12 --dg Shipped --all",
        "imp-dg list --product Ovens | imp-build copy --build v12",
        "imp-build copy --build v12 --dg Bench --if-changed",
    ]))]
    Copy(Deferred<copy::Copy>),
    /// Deploy a build to one device group after the other
    #[command(after_help = help::examples("imp-build", &[
        "imp-build rollout --build v12 --dg Canary,Shipped --restart --soak 15m",
        "imp-build rollout -b v12 --dg Lab,Shipped --restart --gate ./check.sh --back",
        "imp-dg list --product Ovens | imp-build rollout --build v12 --plan",
    ]))]
    Rollout(Deferred<rollout::Rollout>),
    /// List builds, without their code
    #[command(after_help = help::examples_of_list("imp-build", "deployment", &[
        "imp-build list --dg Bench",
        "imp-build list --product Ovens --flagged",
        "imp-build list --tag v12 --fields sha,devicegroup_name",
    ]))]
    List(Deferred<list::List>),
    /// Print builds
    #[command(after_help = help::examples("imp-build", &[
        "imp-build info v12",
        "imp-build info --build v12 --full",
        "imp-build list --dg Bench | imp-build info --output json",
    ]))]
    Info(Deferred<info::Info>),
    /// Write the code of builds to files
    #[command(after_help = help::examples("imp-build", &[
        "imp-build get v12",
        "imp-build get v12 --device-file - --device-only | less",
        "imp-build list --product Ovens | imp-build get",
    ]))]
    Get(Deferred<get::Get>),
    /// Change the description, tags or flag of builds
    #[command(after_help = help::examples("imp-build", &[
        "imp-build update --build v12 --flagged",
        "imp-build update --build v12 --tag released --remove-tag RC1",
        "imp-build list --dg Bench | imp-build update --descr \"before the trial\"",
    ]))]
    Update(Deferred<update::Update>),
    /// Delete builds
    #[command(after_help = help::examples("imp-build", &[
        "imp-build delete v11",
        "imp-build list --dg Bench --unflagged | imp-build delete --dry-run",
        "imp-build delete --build v11 --force --confirmed",
    ]))]
    Delete(Deferred<delete::Delete>),
    /// Delete builds that outlived their device group
    #[command(after_help = help::examples("imp-build", &[
        "imp-build cleanup --dry-run",
        "imp-build cleanup --product Ovens",
        "imp-build cleanup --unflag --confirmed",
    ]))]
    Cleanup(Deferred<cleanup::Cleanup>),
}

/// The records that are printed.
static PRINTED: Printed = Printed(&[
    &[&resources::DEPLOYMENT],
    &OF_CHANGES,
    &[&ops::rollout::BUILD_ROLLOUT_EVENT],
    &OF_FOLLOWED,
]);

/// The main function of the command.
pub fn run() -> ExitCode {
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        Verb::Deploy(deploy) => deploy.run(),
        Verb::Run(run) => run.run(),
        Verb::Copy(copy) => copy.run(),
        Verb::Rollout(rollout) => rollout.run(),
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::Get(get) => get.run(),
        Verb::Update(update) => update.run(),
        Verb::Delete(delete) => delete.run(),
        Verb::Cleanup(cleanup) => cleanup.run(),
    })
}
