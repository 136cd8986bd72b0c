//! `imp-product`: the products of an account. One file a verb; what several share is in `common/ops`.

mod create;
mod delete;
mod export;
mod import;
mod info;
mod list;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::schema::{OF_CHANGES, Printed};
use cli::{Deferred, help};
use model::schema::{RecordType, resources};

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
    #[command(after_help = help::examples("imp-product", &[
        "imp-product create --name Ovens",
        "imp-product create --name Ovens --descr \"Ovens for bakeries\"",
        "imp-product create --input products.csv",
    ]))]
    Create(Deferred<create::Create>),
    /// List products, those of collaborators included
    #[command(after_help = help::examples_of_list("imp-product", "product", &[
        "imp-product list",
        "imp-product list --owner me",
        "imp-product list --fields id,name",
    ]))]
    List(Deferred<list::List>),
    /// Print products
    #[command(after_help = help::examples("imp-product", &[
        "imp-product info Ovens",
        "imp-product info Ovens --full",
        "imp-product list | imp-product info --output json",
    ]))]
    Info(Deferred<info::Info>),
    /// Print all that products or an account have, for a twin or another account
    #[command(after_help = help::examples("imp-product", &[
        "imp-product export --all | tee account.ndjson | wc -l",
        "imp-product export Ovens --no-devices | gzip | tee ovens.ndjson.gz | wc -c",
        "imp-product list --owner me | imp-product export --no-devices",
    ]))]
    Export(Deferred<export::Export>),
    /// Make products from what export has printed
    #[command(after_help = help::examples("imp-product", &[
        "imp-product import --input account.ndjson --product Ovens",
        "imp-product import --input ovens.ndjson --plan | jq -c '[.kind, .name]'",
        "imp-product export Ovens --no-devices | imp-product import --account production",
    ]))]
    Import(Deferred<import::Import>),
    /// Change the name or description of products
    #[command(after_help = help::examples("imp-product", &[
        "imp-product update --product Ovens --name Ranges",
        "imp-product update --product Ovens --descr \"Ovens for bakeries\"",
        "imp-product update --input products.csv --dry-run",
    ]))]
    Update(Deferred<update::Update>),
    /// Delete products
    #[command(after_help = help::examples("imp-product", &[
        "imp-product delete Trial --dry-run",
        "imp-product delete Trial",
        "imp-product delete Trial --force --builds --confirmed",
    ]))]
    Delete(Deferred<delete::Delete>),
}

/// The records that are printed.
static PRINTED: Printed = Printed(&[&RECORDS, &OF_CHANGES]);

/// Those of the service, in the order of an export.
static RECORDS: [&RecordType; 6] = [
    &resources::ACCOUNT,
    &resources::PRODUCT,
    &resources::DEVICE_GROUP,
    &resources::DEPLOYMENT,
    &resources::WEBHOOK,
    &resources::DEVICE,
];

/// The main function of the command.
pub fn run() -> ExitCode {
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        Verb::Create(create) => create.run(),
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::Export(export) => export.run(),
        Verb::Import(import) => import.run(),
        Verb::Update(update) => update.run(),
        Verb::Delete(delete) => delete.run(),
    })
}
