//! `imp-change undo`

use std::fs;
use std::path::Path;

use clap::Args;
use cli::consent::count;
use cli::journal::recorded::{Recorded, RowState};
use cli::terminal::stderr;
use cli::{CommandError, Exit, Reports, Session, journal};
use model::Record;
use pipe::{Item, Row};

use crate::apply::{Order, carry_out};
use crate::made_again::MadeAgain;
use crate::records::{Steps, reversed};
use crate::runs;
use crate::taken_back::Left;

/// Undo a run: the changes in its journal, turned round, the last first
///
/// Shows them and asks. What there is no way back from fails, and the rest is done.
#[derive(Args)]
pub struct Undo {
    /// The run, as `imp-change list` names it, or the path of its journal
    #[arg(value_name = "RUN")]
    run: String,
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
        let path = journal::find(&self.run)?;
        if journal::is_held(&path) {
            return Err(CommandError::usage("the run is still under way: end it first"));
        }
        // Somebody's own list of changes has no beginning of a run.
        let recorded = runs::read(&path).ok();
        let items = read(&path, recorded.is_some())?;
        let session = Session::open(&self.common)?;
        let damage = recorded.as_ref().map_or(Ok(Exit::Done), |run| fits(run, &session))?;
        let items = about_what_there_is(&session, &path, items)?;
        let args = self.results.row_args("change", "RUN");
        let order = Order {
            changes: self.changes.into(),
            key,
            asks_always: true,
            confirmed: self.confirmed,
            expect: None,
        };
        Ok(carry_out(&session, args, &order, || Ok(reversed(items)))?.and(damage))
    }
}

/// A run is undone where it was made, and one with rows that may have been done says so. Lines that cannot be read
/// keep the others from nothing: each change is looked at before it is undone. Gives what they do to the exit code.
fn fits(recorded: &Recorded, session: &Session) -> Result<Exit, CommandError> {
    journal::is_of_this_account(session, recorded)?;
    let run = &recorded.header.run;
    let doubtful = recorded.count(RowState::UnderWay);
    if doubtful > 0 {
        stderr::say(&format!(
            "run {run} was interrupted, and {} of it may have been done: `imp-change resume {run}` finds out",
            count(doubtful, "row")
        ));
    }
    Ok(runs::say_damage(recorded))
}

/// The same changes, of things that have been made again since under the ids that they have now.
fn about_what_there_is(
    session: &Session,
    path: &Path,
    items: Vec<Item>,
) -> Result<Vec<Item>, CommandError> {
    let run = runs::read(path).map_or_else(|_| String::new(), |recorded| recorded.header.run);
    let made = MadeAgain::since(&run, session.client.endpoint())?;
    let now = items.into_iter().map(|item| match item {
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
