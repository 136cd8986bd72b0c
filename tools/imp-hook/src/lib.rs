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
mod report;
mod update;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::schema::{OF_CHANGES, Printed};
use cli::{Deferred, help};
use model::schema::resources;

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
    #[command(after_help = help::examples_of_list("imp-hook", "webhook", &[
        "imp-hook list",
        "imp-hook list --dg Shipped",
        "imp-hook list --event blessing --fields id,url",
    ]))]
    List(Deferred<list::List>),
    /// Print webhooks
    #[command(after_help = help::examples("imp-hook", &[
        "imp-hook list --dg Shipped | imp-hook info",
        "imp-hook info --wh 0e5f0b3a",
        "imp-hook list | imp-hook info --output json",
    ]))]
    Info(Deferred<info::Info>),
    /// Create webhooks: a URL that the service calls when something happens in a device group
    #[command(after_help = help::examples("imp-hook", &[
        "imp-hook create -g Shipped -e blessing -u https://h.example.com/b",
        "imp-hook create -g Line-1 -e blinkup -u https://h.example.com -m json",
        "imp-dg list --product Ovens | imp-hook create -e deployment -u URL",
    ]))]
    Create(Deferred<create::Create>),
    /// Change the URL or the form of webhooks
    #[command(after_help = help::examples("imp-hook", &[
        "imp-hook update --wh 0e5f0b3a --url https://new.example.com/b",
        "imp-hook list --dg Shipped | imp-hook update --mime json",
        "imp-hook list | imp-hook update --url https://new.example.com --dry-run",
    ]))]
    Update(Deferred<update::Update>),
    /// Delete webhooks
    #[command(after_help = help::examples("imp-hook", &[
        "imp-hook delete --wh 0e5f0b3a",
        "imp-hook list --dg Bench | imp-hook delete",
        "imp-hook list --event blinkup | imp-hook delete --confirmed",
    ]))]
    Delete(Deferred<delete::Delete>),
    /// Receive the calls of webhooks and print each as a record
    #[command(after_help = help::examples_of_list("imp-hook", "webhook_event", &[
        "imp-hook listen --journal events --metrics 9187",
        "imp-hook listen --journal events --replay | tee all.ndjson",
        "imp-hook listen --journal j --create -g Bench -e blinkup -u https://h.example",
    ]))]
    Listen(Deferred<listen::Listen>),
    /// Close the books on a shift: what the journal of listen shows
    #[command(after_help = help::examples_of_list("imp-hook", "shift", &[
        "imp-hook report --journal events.ndjson --by fixture",
        "imp-hook report --journal events.ndjson --since 8h --html shift.html",
        "imp-hook report --journal j --expected serials.csv --duts duts.ndjson",
    ]))]
    Report(Deferred<report::Report>),
}

/// The records that are printed.
static PRINTED: Printed =
    Printed(&[&[&resources::WEBHOOK], &OF_CHANGES, &listen::PRINTED, &report::PRINTED]);

/// The main function of the command.
pub fn run() -> ExitCode {
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::Create(create) => create.run(),
        Verb::Update(update) => update.run(),
        Verb::Delete(delete) => delete.run(),
        Verb::Listen(listen) => listen.run(),
        Verb::Report(report) => report.run(),
    })
}
