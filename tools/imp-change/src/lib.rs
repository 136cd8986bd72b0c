//! `imp-change`: lists and resumes runs, carries out change records, turns them round, undoes runs.
//!
//! One file a verb. What a change record is stands in imp-records(7).

mod apply;
mod described;
mod forget;
mod in_turn;
mod list;
mod made_again;
mod records;
mod resume;
mod reverse;
mod runs;
mod show;
mod taken_back;
mod told_twice;
mod undo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::schema::{OF_READING, Printed};
use cli::{Deferred, help};

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
    #[command(after_help = help::examples("imp-change", &[
        "imp-change list",
        "imp-change list --interrupted",
        "imp-change list --limit 5 --output json",
    ]))]
    List(Deferred<list::List>),
    /// Print the records of a run
    #[command(after_help = help::examples("imp-change", &[
        "imp-change show last",
        "imp-change show last | jq 'select(.verb == \"assign\")'",
        "imp-change show last | imp-change reverse > back.ndjson",
    ]))]
    Show(Deferred<show::Show>),
    /// Finish a run that was interrupted
    #[command(after_help = help::examples("imp-change", &[
        "imp-change resume last",
        "imp-change resume last --failed-too",
        "IMP_UNBOND_KEY=$(cat key.txt) imp-change resume last",
    ]))]
    Resume(Deferred<resume::Resume>),
    /// Leave a run as it is that was interrupted
    #[command(after_help = help::examples("imp-change", &[
        "imp-change forget last",
        "imp-change forget 131104Z",
        "imp-change list --interrupted | jq -r .run | xargs -n 1 imp-change forget",
    ]))]
    Forget(Deferred<forget::Forget>),
    /// Carry out change records
    #[command(after_help = help::examples("imp-change", &[
        "imp-change apply --input plan.ndjson",
        "imp-change apply --input plan.ndjson --expect 50 --failed failed",
        "imp-change show last | imp-change apply --plan",
    ]))]
    Apply(Deferred<apply::Apply>),
    /// Turn change records round, the last first
    #[command(after_help = help::examples("imp-change", &[
        "imp-change reverse --input plan.ndjson",
        "imp-change show last | imp-change reverse",
        "imp-change show last | imp-change reverse | imp-change apply --plan",
    ]))]
    Reverse(Deferred<reverse::Reverse>),
    /// Undo runs
    #[command(after_help = help::examples("imp-change", &[
        "imp-change undo last --plan",
        "imp-change undo 131104Z 131920Z",
        "imp-change undo last --confirmed --failed failed",
    ]))]
    Undo(Deferred<undo::Undo>),
}

/// The records that are printed.
static PRINTED: Printed =
    Printed(&[&[&runs::RUN, &model::change::CHANGE_RECORD], &show::OF_ALL, &OF_READING]);

/// The main function of the command.
pub fn run() -> ExitCode {
    cli::run(env!("CARGO_PKG_NAME"), PRINTED, |arguments: Arguments| match arguments.verb {
        Verb::List(list) => list.run(),
        Verb::Show(show) => show.run(),
        Verb::Resume(resume) => resume.run(),
        Verb::Forget(forget) => forget.run(),
        Verb::Apply(apply) => apply.run(),
        Verb::Reverse(reverse) => reverse.run(),
        Verb::Undo(undo) => undo.run(),
    })
}
