//! `imp-dg`: device groups. One file a verb; what several share is in `common/ops`.

mod builds;
mod create;
mod delete;
mod info;
mod list;
mod reassign;
mod restart;
mod targets;
mod unassign;
mod update;
mod variables;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::schema::{OF_CHANGES, Printed};
use cli::{Deferred, help};
use model::schema::resources;
use ops::logs::OF_FOLLOWED;

/// Device groups of impCentral
///
/// Records are read from --dg, --input or stdin and printed one a line; see imp-records(7).
#[derive(Parser)]
#[command(name = "imp-dg", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Create device groups of any of the seven types
    #[command(after_help = help::examples("imp-dg", &[
        "imp-dg create --name Bench --product Ovens",
        "imp-dg create -n Shipped -p Ovens -y production --create-product",
        "imp-dg create -n Line-1 -p Ovens -y factory -u Test-1 -w -t Shipped",
    ]))]
    Create(Deferred<create::Create>),
    /// List device groups
    #[command(after_help = help::examples_of_list("imp-dg", "development_devicegroup", &[
        "imp-dg list --product Ovens",
        "imp-dg list --dg-type production",
        "imp-dg list --fields name,product_name,current_deployment_id",
    ]))]
    List(Deferred<list::List>),
    /// Print device groups
    #[command(after_help = help::examples("imp-dg", &[
        "imp-dg info Bench",
        "imp-dg info '{Ovens}{Bench}' --full",
        "imp-dg list --product Ovens | imp-dg info --output json",
    ]))]
    Info(Deferred<info::Info>),
    /// Change device groups
    #[command(after_help = help::examples("imp-dg", &[
        "imp-dg update --dg Bench --name Lab",
        "imp-dg update --dg Line-1 --target '{Ovens}{Shipped}'",
        "imp-dg update --dg Shipped --min-supported-deployment v12",
    ]))]
    Update(Deferred<update::Update>),
    /// Delete device groups, and with them their deployments
    #[command(after_help = help::examples("imp-dg", &[
        "imp-dg delete Bench --dry-run",
        "imp-dg delete Bench --force",
        "imp-dg list --product Ovens | imp-dg delete --force --confirmed",
    ]))]
    Delete(Deferred<delete::Delete>),
    /// Move all devices of one device group to another
    #[command(after_help = help::examples("imp-dg", &[
        "imp-dg reassign --from Bench --to Lab",
        "imp-dg reassign --from Bench --to Lab --dry-run",
        "imp-dg reassign --from Trial --to Shipped --read-back",
    ]))]
    Reassign(Deferred<reassign::Reassign>),
    /// Take all devices out of device groups
    #[command(after_help = help::examples("imp-dg", &[
        "imp-dg unassign --dg Bench",
        "imp-dg unassign --dg Shipped --unbond-file key",
        "imp-dg list --product Trials | imp-dg unassign --dg - --dry-run",
    ]))]
    Unassign(Deferred<unassign::Unassign>),
    /// Restart all devices of device groups, with one request a group
    #[command(after_help = help::examples("imp-dg", &[
        "imp-dg restart Bench",
        "imp-dg restart Bench --log",
        "imp-dg restart Shipped --conditional",
    ]))]
    Restart(Deferred<restart::Restart>),
    /// List, unflag or delete the builds of device groups
    #[command(after_help = help::examples("imp-dg", &[
        "imp-dg builds --dg Bench",
        "imp-dg builds --dg Bench --remove --keep 5",
        "imp-dg builds --dg Shipped --unflag-old --remove --dry-run",
    ]))]
    Builds(Deferred<builds::Builds>),
}

/// The records that are printed.
static PRINTED: Printed =
    Printed(&[&[&resources::DEVICE_GROUP, &resources::DEPLOYMENT], &OF_CHANGES, &OF_FOLLOWED]);

/// The main function of the command.
pub fn run() -> ExitCode {
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        Verb::Create(create) => create.into_verb().run(),
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::Update(update) => update.into_verb().run(),
        Verb::Delete(delete) => delete.run(),
        Verb::Reassign(reassign) => reassign.run(),
        Verb::Unassign(unassign) => unassign.run(),
        Verb::Restart(restart) => restart.run(),
        Verb::Builds(builds) => builds.run(),
    })
}
