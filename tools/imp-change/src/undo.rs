//! `imp-change undo`

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use cli::consent::count;
use cli::journal::recorded::{Recorded, RowState};
use cli::journal::{Left as WhyLeft, UNDOES};
use cli::terminal::stderr;
use cli::{CommandError, Exit, Reports, Session, journal};
use model::Record;
use model::change::PLAN;
use pipe::{Item, Row};

use crate::apply::{Order, carried_out_by, carry_out};
use crate::in_turn::{in_turn, one_after_the_other};
use crate::made_again::{MadeAgain, journals_since};
use crate::records::{Steps, reversed};
use crate::runs;
use crate::taken_back::Left;
use crate::told_twice::leave_out_told_twice;

/// Undo runs: the changes in their journals, turned round, the last first
///
/// Shows them and asks. What there is no way back from fails, and the rest is done.
#[derive(Args)]
pub struct Undo {
    /// A run, as `imp-change list` names it, or the path of its journal; of several the latest is undone first
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    key: cli::UnblessingKey,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    results: Reports,
    #[command(flatten)]
    common: cli::Common,
}

impl Undo {
    pub fn run(&self) -> cli::Result {
        let key = self.key.key()?;
        let named = named(&self.runs)?;
        let has_rows = journal::has_rows()?;
        let runs = if has_rows { Vec::new() } else { find(&named)? };
        let session = Session::open(&self.common)?;
        let (back, damage) = back(&session, runs)?;
        let args = self.results.row_args("change", "RUN");
        let order = Order {
            changes: self.changes.into(),
            key,
            undoes: true,
            confirmed: self.confirmed,
            expect: None,
        };
        let read = || match journal::rows_taken_up() {
            Some(rows) if has_rows => rows?.map(|item| Ok(item?)).collect(),
            _ => Ok(back),
        };
        let exit = carry_out(&session, args, &order, read)?;
        if !self.changes.dry_run && matches!(exit, Exit::Done | Exit::SomeFailed) {
            forget_those_before(&named)?;
            forget_undone(&named)?;
        }
        Ok(exit.and(damage))
    }
}

/// What the runs are called that are to be undone; those of an undo that goes on, `last` then as well as now. They are
/// in its journal from the beginning.
fn named(runs: &[String]) -> Result<Vec<String>, CommandError> {
    if let Some(given) = journal::given_before() {
        let run = |item| match item {
            Item::Row(row) => cli::text(&row.record, UNDOES).to_owned(),
            Item::Bad(bad) => bad.source,
        };
        return given?.map(|item| Ok(run(item?))).collect();
    }
    let name = |run: &String| {
        let path = journal::find(run)?;
        let is_path = run.contains(['/', '.']);
        let of_run = journal::run_of(&path).filter(|_| !is_path).map(str::to_owned);
        let path = path.canonicalize().unwrap_or(path);
        let name = of_run.unwrap_or_else(|| path.display().to_string());
        let record = Record::from_iter([(UNDOES.to_owned(), name.as_str().into())]);
        journal::note_given(&Item::Row(Row { record, source: "RUN".to_owned() }));
        Ok(name)
    };
    runs.iter().map(name).collect()
}

/// The runs of these names, in the order of their time.
fn find(named: &[String]) -> Result<Vec<Run>, CommandError> {
    let mut runs = named.iter().map(|run| Run::find(run)).collect::<Result<Vec<_>, _>>()?;
    if runs.len() > 1 {
        in_order_of_time(&mut runs)?;
    }
    Ok(runs)
}

/// What takes back the changes of runs, and what is said of their journals does to the exit code.
fn back(session: &Session, runs: Vec<Run>) -> Result<(Vec<Item>, Exit), CommandError> {
    let mut damage = Exit::Done;
    for recorded in runs.iter().filter_map(|run| run.recorded.as_ref()) {
        damage = damage.and(fits(recorded, session)?);
    }
    runs.iter().try_for_each(|run| say_of_nothing(session, run))?;
    let is_one = runs.len() == 1;
    let items = runs.into_iter().map(|run| about_what_there_is(session, run));
    let mut items = items.collect::<Result<Vec<_>, _>>()?;
    if !is_one {
        leave_out_told_twice(&mut items);
    }
    let back = reversed(one_after_the_other(items));
    Ok((if is_one { back } else { in_turn(back) }, damage))
}

/// Says of a run of which all was so already that there is nothing to undo, and which run has done what it asked for, if
/// that was a plan.
fn say_of_nothing(session: &Session, run: &Run) -> Result<(), CommandError> {
    let Some(recorded) = run.recorded.as_ref().filter(|recorded| recorded.changed_nothing()) else {
        return Ok(());
    };
    let mut plans = BTreeSet::new();
    journal::each_told(&run.path, recorded.length, |_, row, _| {
        plans.insert(cli::text(&row.record, PLAN).to_owned());
    });
    plans.remove("");
    let done_by = if plans.is_empty() { Vec::new() } else { carried_out_by(session, &plans)? };
    let name = &recorded.header.run;
    stderr::say(&match &done_by[..] {
        [] => format!("run {name} changed nothing: all was so already"),
        runs => {
            let runs = runs.join(" ");
            format!(
                "run {name} changed nothing: its plan was carried out before; `imp-change undo {runs}` undoes that"
            )
        }
    });
    Ok(())
}

/// Undos of the same runs that were interrupted have nothing left to do once this one has done all.
fn forget_those_before(undone: &[String]) -> Result<(), CommandError> {
    for path in journal::left() {
        let Ok(recorded) = runs::read(&path) else { continue };
        let is_same = recorded.undoes.iter().all(|run| undone.contains(run));
        if is_same && !recorded.undoes.is_empty() {
            let run = &recorded.header.run;
            stderr::say(&format!(
                "what run {run} has left undone is done: it counts no more as interrupted"
            ));
            journal::forget(&path, WhyLeft::DoneOtherwise)?;
        }
    }
    Ok(())
}

/// What was undone does not go on by itself: a rollout would, from the wave to which it had come. Where rows may have
/// been done `resume` finds out, and does nothing new; in a rollout these are left.
fn forget_undone(undone: &[String]) -> Result<(), CommandError> {
    for run in undone {
        let path = journal::find(run)?;
        let Ok(recorded) = runs::read(&path) else { continue };
        let is_interrupted = runs::state(&path, &recorded) == runs::INTERRUPTED;
        let may_go_on = match recorded.has_steps {
            true => recorded.is_left() || !recorded.to_do(true).is_empty(),
            false => is_interrupted,
        };
        if may_go_on && !recorded.is_forgotten {
            journal::forget(&path, WhyLeft::Undone)?;
            let run = &recorded.header.run;
            let left = match recorded.has_steps || doubt(&recorded).is_none() {
                true => "and cannot be resumed any more",
                false => "and `imp-change resume` does nothing but find out what else it did",
            };
            stderr::say(&format!("run {run} is undone, {left}"));
        }
    }
    Ok(())
}

/// A run that is to be undone.
struct Run {
    path: PathBuf,
    /// What its journal tells; somebody's own list of changes has no beginning of a run.
    recorded: Option<Recorded>,
    changes: Vec<Item>,
}

impl Run {
    fn find(run: &str) -> Result<Run, CommandError> {
        let path = journal::find(run)?;
        if journal::is_held(&path) {
            return Err(CommandError::usage("the run is still under way: end it first"));
        }
        let recorded = runs::read(&path).ok();
        let changes = read(&path, recorded.is_some())?;
        Ok(Run { path, recorded, changes })
    }
}

/// Puts runs in the order in which they were made, each once. Of none of them it may be open what it has done: the others may go
/// on from that.
fn in_order_of_time(runs: &mut Vec<Run>) -> Result<(), CommandError> {
    for Run { path, recorded, .. } in runs.iter() {
        let Some(recorded) = recorded else {
            let path = path.display();
            return Err(CommandError::usage(format!("{path} is no journal: undo it by itself")));
        };
        if let Some(doubt) = doubt(recorded).filter(|_| !recorded.is_forgotten) {
            return Err(CommandError::usage(format!("{doubt}; nothing was undone")));
        }
    }
    runs.sort_by_key(|run| run.recorded.as_ref().map(|recorded| recorded.header.at.clone()));
    runs.dedup_by(|later, earlier| later.path == earlier.path);
    Ok(())
}

/// A run is undone where it was made. Rows that may have been done are not undone, and that is said. Lines that cannot
/// be read keep the others from nothing: each change is looked at before it is undone. Gives what both do to the exit
/// code.
fn fits(recorded: &Recorded, session: &Session) -> Result<Exit, CommandError> {
    journal::is_of_this_account(session, recorded)?;
    let doubt = doubt(recorded);
    let run = &recorded.header.run;
    let left = match recorded.has_steps {
        true => format!(
            "they stay as they are, and after this undo the run cannot be resumed: `imp-change show --all {run}` \
             names them"
        ),
        false => "until then none is undone".to_owned(),
    };
    doubt.iter().for_each(|why| stderr::say_failure(&format!("{why}; {left}")));
    let in_doubt = if doubt.is_some() { Exit::SomeFailed } else { Exit::Done };
    Ok(runs::say_damage(recorded).and(in_doubt))
}

/// A sentence about rows of a run that may have been done, if there are any.
fn doubt(recorded: &Recorded) -> Option<String> {
    let run = &recorded.header.run;
    let interrupted = recorded.count(RowState::UnderWay) + recorded.count(RowState::Answered);
    let unanswered = recorded.perhaps_more();
    let (why, option) = match (interrupted, unanswered) {
        (0, 0) => return None,
        (_, 0) => ("was interrupted", ""),
        (0, _) => ("was not answered", " --failed-too"),
        _ => ("was interrupted", " --failed-too"),
    };
    let rows = count(interrupted + unanswered, "row");
    Some(format!(
        "run {run} {why}, and {rows} of it may have been done: `imp-change resume {run}{option}` finds out"
    ))
}

/// The same changes, of things that have been made again since under the ids that they have now.
fn about_what_there_is(session: &Session, run: Run) -> Result<Vec<Item>, CommandError> {
    let name = run.recorded.map_or_else(String::new, |recorded| recorded.header.run);
    let later = journals_since(&name)?;
    [&run.path].into_iter().chain(&later).try_for_each(|path| cli::keep_journal(path))?;
    let made = MadeAgain::told_by(&later, session.client.endpoint());
    let now = run.changes.into_iter().map(|item| match item {
        Item::Row(Row { record, source }) => {
            Item::Row(Row { record: made.told_of_now(record), source })
        }
        Item::Bad(bad) => Item::Bad(bad),
    });
    Ok(now.collect())
}

/// The changes in a journal that the run has not taken back itself, and nothing else of it. The last line may be cut off by the end of the run: what it
/// would have told is not known. Lines of a run that cannot be read are told elsewhere.
fn read(path: &Path, of_run: bool) -> Result<Vec<Item>, CommandError> {
    let cannot =
        |error: String| CommandError::usage(format!("cannot read {}: {error}", path.display()));
    let text = fs::read(path).map_err(|error| cannot(error.to_string()))?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let mut lines = text.split(|byte| *byte == b'\n').enumerate().peekable();
    let (mut left, mut steps) = (Left::default(), Steps::default());
    while let Some((number, line)) = lines.next() {
        let is_last = lines.peek().is_none();
        let source = format!("{name}:{}", number + 1);
        let read = serde_json::from_slice(line).map(|mut record| {
            steps.tell(&mut record);
            left.note_row(&record);
            record
        });
        match read {
            Ok(record) if is_change(&record) => left.add(Row { record, source }),
            Ok(_) => {}
            Err(_) if is_last || of_run => {}
            Err(error) => return Err(cannot(format!("line {}: {error}", number + 1))),
        }
    }
    Ok(left.items())
}

fn is_change(record: &Record) -> bool {
    cli::text(record, "type") == model::change::CHANGE
}
