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
use cli::Deferred;

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
    Create(Deferred<create::Create>),
    /// List device groups
    List(Deferred<list::List>),
    /// Print device groups
    Info(Deferred<info::Info>),
    /// Change device groups
    Update(Deferred<update::Update>),
    /// Delete device groups, and with them their deployments
    Delete(Deferred<delete::Delete>),
    /// Move all devices of one device group to another
    Reassign(Deferred<reassign::Reassign>),
    /// Take all devices out of device groups
    Unassign(Deferred<unassign::Unassign>),
    /// Restart all devices of device groups, with one request a group
    Restart(Deferred<restart::Restart>),
    /// List, unflag or delete the builds of device groups
    Builds(Deferred<builds::Builds>),
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| match arguments.verb {
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
