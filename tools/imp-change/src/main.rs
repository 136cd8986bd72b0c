//! `imp-change`: lists and resumes runs, carries out change records, turns them round, undoes runs.
//!
//! One file a verb. What a change record is stands in imp-records(7).

mod apply;
mod described;
mod list;
mod records;
mod resume;
mod reverse;
mod runs;
mod show;
mod undo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::Deferred;

/// Changes as records: carry them out, turn them round, undo a run
///
/// The records are those of --plan, or what a run has left in its journal; see imp-records(7).
#[derive(Parser)]
#[command(name = "imp-change", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// List the runs of this machine
    List(Deferred<list::List>),
    /// Print the records of a run
    Show(Deferred<show::Show>),
    /// Finish a run that was interrupted
    Resume(Deferred<resume::Resume>),
    /// Carry out change records
    Apply(Deferred<apply::Apply>),
    /// Turn change records round, the last first
    Reverse(Deferred<reverse::Reverse>),
    /// Undo a run
    Undo(Deferred<undo::Undo>),
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| match arguments.verb {
        Verb::List(list) => list.run(),
        Verb::Show(show) => show.run(),
        Verb::Resume(resume) => resume.run(),
        Verb::Apply(apply) => apply.run(),
        Verb::Reverse(reverse) => reverse.run(),
        Verb::Undo(undo) => undo.run(),
    })
}
