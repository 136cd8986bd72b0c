//! `imp-product`: the products of an account. One file a verb; what several share is in `common/ops`.

mod create;
mod delete;
mod info;
mod list;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::Deferred;

/// Products of impCentral
///
/// Records are read from --product, --input or stdin and printed one a line; see imp-records(7).
#[derive(Parser)]
#[command(name = "imp-product", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Create products
    Create(Deferred<create::Create>),
    /// List products, those of collaborators included
    List(Deferred<list::List>),
    /// Print products
    Info(Deferred<info::Info>),
    /// Change the name or description of products
    Update(Deferred<update::Update>),
    /// Delete products
    Delete(Deferred<delete::Delete>),
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| match arguments.verb {
        Verb::Create(create) => create.run(),
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::Update(update) => update.run(),
        Verb::Delete(delete) => delete.run(),
    })
}
