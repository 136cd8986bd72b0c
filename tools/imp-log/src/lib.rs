//! `imp-log`: what devices and their agents say, stored and live.
//!
//! One file a verb. Following logs is in `common/ops/src/logs/follow`, because the restarts do it too.

mod get;
mod stream;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::schema::{OF_READING, Printed};
use cli::{Deferred, help};
use ops::logs::OF_FOLLOWED;

/// Logs of devices, stored and live
///
/// Entries are printed one a line as the API gives them; see imp-records(7). The service keeps a limited
/// number of entries for a limited time, and no logs of production devices.
#[derive(Parser)]
#[command(name = "imp-log", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Print the stored log of devices
    #[command(after_help = help::examples_of_list("imp-log", "log", &[
        "imp-log get oven-7 --since 2h",
        "imp-log get --dg Bench --cursor bench.cursor --grep ERROR",
        "imp-device list --dg Bench --online | imp-log get --since 1h > log.ndjson",
    ]))]
    Get(Deferred<get::Get>),
    /// Print what devices log as they log it
    #[command(after_help = help::examples_of_list("imp-log", "log", &[
        "imp-log stream oven-7",
        "imp-log stream --dg Bench | tee bench.ndjson | jq -r .msg",
        "imp-log stream oven-7 --until READY --fail-on ERROR --timeout 2m",
    ]))]
    Stream(Deferred<stream::Stream>),
}

/// The records that are printed.
static PRINTED: Printed = Printed(&[&OF_FOLLOWED, &OF_READING]);

/// The main function of the command.
pub fn run() -> ExitCode {
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        Verb::Get(get) => get.run(),
        Verb::Stream(stream) => stream.run(),
    })
}
