//! `imp-dg`: device groups. One file a verb; the rest is in `common/cli`.

mod builds;
mod create;
mod delete;
mod info;
mod list;
mod reassign;
mod restart;
mod unassign;
mod update;
mod variables;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Create(Box<create::Create>),
    List(list::List),
    Info(info::Info),
    Update(Box<update::Update>),
    Delete(delete::Delete),
    Reassign(reassign::Reassign),
    Unassign(unassign::Unassign),
    Restart(restart::Restart),
    Builds(builds::Builds),
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| match arguments.verb {
        Verb::Create(create) => create.run(),
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::Update(update) => update.run(),
        Verb::Delete(delete) => delete.run(),
        Verb::Reassign(reassign) => reassign.run(),
        Verb::Unassign(unassign) => unassign.run(),
        Verb::Restart(restart) => restart.run(),
        Verb::Builds(builds) => builds.run(),
    })
}
