//! `imp-device`: list devices and work on many of them at once.
//!
//! One file a verb. What all verbs have in common (input, output, failures, retries, exit codes) is in
//! `common/cli`; the record contract is in imp-records(7).

mod assign;
mod diff;
mod fewer_requests;
mod filters;
mod groups;
mod history;
mod info;
mod known_devices;
mod list;
mod metrics;
mod remove;
mod restart;
mod rollout;
mod share;
mod stable_hash;
mod unassign;
mod update;
mod wait;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::schema::{OF_CHANGES, Printed};
use cli::{Deferred, help};
use model::schema::resources;
use ops::logs::OF_FOLLOWED;

/// Devices of impCentral, one or many thousands at once
///
/// Records are read from --device, --input or stdin and printed one a line; see imp-records(7).
#[derive(Parser)]
#[command(name = "imp-device", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List devices
    #[command(after_help = help::examples_of_list("imp-device", "device", &[
        "imp-device list --dg Shipped --offline",
        "imp-device list --offline-since 7d --sort device_state_changed_at",
        "imp-device list --name 'oven-*' --fields name,mac_address",
    ]))]
    List(Deferred<list::List>),
    /// Print the whole state of devices
    #[command(after_help = help::examples("imp-device", &[
        "imp-device info oven-7",
        "imp-device info --device 0c:2a:69:05:0d:62 --output json",
        "imp-device info --input devices.csv --fields name,swversion,rssi",
    ]))]
    Info(Deferred<info::Info>),
    /// Print what happened to devices
    #[command(after_help = help::examples("imp-device", &[
        "imp-device history oven-7",
        "imp-device history --dg Bench --since 24h",
        "imp-device list --dg Line-1 | imp-device history --since 7d",
    ]))]
    History(Deferred<history::History>),
    /// Wait until devices are as they should be
    #[command(after_help = help::examples("imp-device", &[
        "imp-device list --dg Shipped | imp-device wait --online --at-least 98%",
        "imp-device wait --in-group Bench --timeout 2m --input devices.csv",
        "imp-device wait --online --stable 10m --failed left.ndjson oven-7 oven-8",
    ]))]
    Wait(Deferred<wait::Wait>),
    /// Print what changes with devices, as it changes
    #[command(after_help = help::examples("imp-device", &[
        "imp-device watch --dg Shipped --every 10m",
        "imp-device watch --all --state fleet.state --once --output ndjson",
        "imp-device watch --product Ovens | jq -c 'select(.change==\"offline\")'",
    ]))]
    Watch(Deferred<watch::Watch>),
    /// Compare the devices that should be there with those that are
    #[command(after_help = help::examples("imp-device", &[
        "imp-device diff --expected finished.csv --dg Shipped",
        "imp-device diff --expected serials.csv --product Ovens --events events.ndjson",
        "imp-device diff --expected plan.csv | jq -c 'select(.state==\"elsewhere\")'",
    ]))]
    Diff(Deferred<diff::Diff>),
    /// Count devices, as metrics for Prometheus
    #[command(after_help = help::examples("imp-device", &[
        "imp-device metrics",
        "imp-device metrics --dg-type production --group-names",
        "imp-device metrics --textfile /var/lib/node_exporter/imp.prom",
    ]))]
    Metrics(Deferred<metrics::Metrics>),
    /// Put devices into a device group
    #[command(after_help = help::examples("imp-device", &[
        "imp-device assign --dg Bench oven-7",
        "imp-device assign --dg Line-1 --input devices.csv --failed failed.ndjson",
        "imp-device list --unassigned | imp-device assign --dg Bench --dry-run",
    ]))]
    Assign(Deferred<assign::Assign>),
    /// Move devices to another device group, wave after wave
    #[command(after_help = help::examples("imp-device", &[
        "imp-device list --dg Old | imp-device rollout --to New --soak 15m",
        "imp-device rollout --to New --gate ./check.sh --back --input devices.csv",
        "imp-device list --dg Old | imp-device rollout --to New --waves 1%,100% --plan",
    ]))]
    Rollout(Deferred<rollout::Rollout>),
    /// Take devices out of their device groups
    #[command(after_help = help::examples("imp-device", &[
        "imp-device unassign oven-7",
        "imp-device list --dg Bench --offline | imp-device unassign",
        "imp-device unassign --input returned.csv --unbond-file key --confirmed",
    ]))]
    Unassign(Deferred<unassign::Unassign>),
    /// Rename devices
    #[command(after_help = help::examples("imp-device", &[
        "imp-device update --device 0c:2a:69:05:0d:62 --name oven-7",
        "imp-device update --input names.csv",
        "imp-device update --input names.csv --dry-run",
    ]))]
    Update(Deferred<update::Update>),
    /// Remove devices from the account
    #[command(after_help = help::examples("imp-device", &[
        "imp-device remove oven-7",
        "imp-device remove --input scrapped.csv --failed failed.ndjson",
        "imp-device list --dg Bench --offline-since 90d | imp-device remove --force",
    ]))]
    Remove(Deferred<remove::Remove>),
    /// Restart devices
    #[command(after_help = help::examples("imp-device", &[
        "imp-device restart oven-7",
        "imp-device restart oven-7 --log",
        "imp-device list --dg Shipped --online | imp-device restart --conditional",
    ]))]
    Restart(Deferred<restart::Restart>),
}

/// The records that are printed.
static PRINTED: Printed = Printed(&[
    &[&resources::DEVICE],
    &OF_CHANGES,
    &[&history::HISTORY, &diff::DIFFERENCE, &watch::DEVICE_CHANGE],
    &[&rollout::event::ROLLOUT_EVENT],
    &OF_FOLLOWED,
]);

/// The main function of the command.
pub fn run() -> ExitCode {
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        Verb::List(list) => list.run(),
        Verb::Info(info) => info.run(),
        Verb::History(history) => history.run(),
        Verb::Wait(wait) => wait.run(),
        Verb::Watch(watch) => watch.run(),
        Verb::Diff(diff) => diff.run(),
        Verb::Metrics(metrics) => metrics.run(),
        Verb::Assign(assign) => assign.run(),
        Verb::Rollout(rollout) => rollout.run(),
        Verb::Unassign(unassign) => unassign.run(),
        Verb::Update(update) => update.run(),
        Verb::Remove(remove) => remove.run(),
        Verb::Restart(restart) => restart.run(),
    })
}
