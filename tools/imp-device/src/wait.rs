//! `imp-device wait`
//!
//! What is enough is decided in [`waiting`]; here the rows are read, and the devices are looked at again and again
//! ([`look`]) until that is so. Careful about a long wait: each row is printed when it is met, and whatever ends
//! the wait, the rows that are left go to the file of failed records.

mod ask;
mod condition;
mod look;
mod too_many;
mod waiting;

use std::time::{Duration, Instant};

use api::send::clock;
use clap::Args;
use cli::rows::RowDone;
use cli::rows::results::Results;
use cli::terminal::{progress, stderr};
use cli::{CommandError, Exit, Session, failure};
use model::{ErrorKind, Record, ResourceKind};
use ops::share::Share;
use pipe::{Failure, Item, Row};

use condition::{Condition, FieldIs};
use look::{Looker, Rows, is_passing};
use too_many::TooMany;
use waiting::{End, Rule, Waiting};

/// The service may know it only then that a device has lost its connection (imp-service(7), section 9.3).
const LAG: Duration = Duration::from_secs(9 * 60);

/// Wait until devices are as they should be
///
/// Prints each when it is so. Ends with 0 when enough are, 1 when too few can be, 6 when the time is
/// over.
#[derive(Args)]
pub struct Wait {
    /// It is online
    #[arg(long, conflicts_with = "offline", display_order = 0)]
    online: bool,
    /// It is offline
    #[arg(long, display_order = 0)]
    offline: bool,
    /// It is in this device group
    #[arg(long, value_name = "GROUP", display_order = 0)]
    in_group: Option<String>,
    /// It is in a (pre-)production group
    #[arg(long, display_order = 0)]
    blessed: bool,
    /// A field of its record has this value
    #[arg(long = "where", value_name = "FIELD=X", display_order = 0)]
    wanted: Vec<FieldIs>,
    /// One of these is enough
    #[arg(long, display_order = 0)]
    any: bool,
    /// So many rows are enough
    #[arg(long, value_name = "N|N%", default_value = "100%", display_order = 0)]
    at_least: Share,
    /// End if more are, as unassigned>2%
    #[arg(long, value_name = "WORD>N", display_order = 0)]
    fail_if: Vec<TooMany>,
    /// It has to be so for this long
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = cli::duration, hide_default_value = true, display_order = 0)]
    stable: Duration,
    /// Wait no longer
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = cli::duration, display_order = 0)]
    timeout: Duration,
    /// Look so often, at most
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = cli::duration, display_order = 0)]
    every: Duration,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    common: cli::Common,
}

impl Wait {
    pub fn run(&self) -> cli::Result {
        self.known_fields()?;
        if self.stable >= self.timeout && !self.stable.is_zero() {
            let never = "--stable is as long as --timeout: nothing could be so for long enough";
            return Err(CommandError::usage(never));
        }
        // What is asked before the deadline is known, and signing in, takes no longer either.
        let patience = self.common.patience.min(self.timeout);
        let session = Session::open(&cli::Common { patience, ..self.common.clone() })?;
        let rule = self.rule(&session)?;
        let args = self.devices.row_args();
        let mut results = Results::open(&session, args, None)?;
        // The verdict is about all rows, also when nobody reads which of them are met.
        session.inputs.go_on_without_a_reader();
        let (rows, others) = read(&session, args, &mut results)?;
        // The command before it in a pipeline may have taken long.
        let deadline = clock::monotonic() + self.timeout;
        session.client.end_at(deadline);
        let mut waiting = Waiting::new(rule, deadline, rows.len(), others);
        if waiting.is_hopeless() {
            let (there, needed) = (waiting.all(), waiting.needed());
            let message = format!(
                "the rows are too few: --at-least asks for {needed}, and there are {there}"
            );
            results.end_run(CommandError { exit: Exit::SomeFailed, message: Some(message) });
        }
        if results.is_over() {
            give_back(&rows, &waiting, &mut results);
            return Ok(results.finish());
        }
        if rows.is_empty() {
            return Ok(results.finish());
        }
        self.say_of_lag();
        let end = self.look_until_settled(&session, &rows, &mut waiting, &mut results);
        progress::end();
        results.tell_done_as(&[("met", waiting.met())]);
        let Some(end) = end else { return Ok(results.finish()) };
        Ok(self.end(&end, &rows, &waiting, results))
    }

    /// Says how it ended; the rows that are left are not met.
    fn end(&self, end: &End, rows: &Rows, waiting: &Waiting, mut results: Results<'_>) -> Exit {
        tell(end, waiting, &mut results, self);
        let now = clock::monotonic();
        for row in waiting.open() {
            let given = rows.row(row);
            results.bad(&not_met(waiting, row, now), &given.record, &given.source);
        }
        results.finish()
    }

    fn rule(&self, session: &Session) -> cli::Result<Rule> {
        let mut conditions = Vec::new();
        conditions.extend(self.online.then_some(Condition::Online));
        conditions.extend(self.offline.then_some(Condition::Offline));
        conditions.extend(self.blessed.then_some(Condition::Blessed));
        let group = session.single(ResourceKind::DeviceGroup, "--in-group", self.in_group.as_ref());
        if let Some(group) = group? {
            let group = session.find(ResourceKind::DeviceGroup, &group)?;
            conditions.push(Condition::InGroup(cli::text(&group, "id").to_owned()));
        }
        conditions.extend(self.wanted.iter().cloned().map(Condition::Field));
        if conditions.is_empty() {
            return Err(CommandError::usage(
                "it is not said what is waited for: --online, --offline, --in-group, --blessed or --where",
            ));
        }
        Ok(Rule {
            conditions,
            any: self.any,
            stable: self.stable,
            at_least: self.at_least,
            fail_if: self.fail_if.clone(),
        })
    }

    fn say_of_lag(&self) {
        let fields = self.wanted.iter().any(FieldIs::is_known_late);
        if self.timeout < LAG && (self.online || self.offline || fields) {
            stderr::say(
                "the service may say for up to 9 minutes that a device is online which is not any more; the \
                 timeout is shorter",
            );
        }
    }

    /// A field that no device has would be empty, or lacking, of all of them.
    fn known_fields(&self) -> cli::Result<()> {
        for wanted in &self.wanted {
            if let Some(why) = wanted.unknown() {
                return Err(CommandError::usage(why));
            }
        }
        Ok(())
    }

    /// Looks again and again; gives how it ended, or nothing when the run is over before that.
    fn look_until_settled(
        &self,
        session: &Session,
        rows: &Rows,
        waiting: &mut Waiting,
        results: &mut Results<'_>,
    ) -> Option<End> {
        let mut looker = Looker::default();
        loop {
            let began = clock::monotonic();
            let looked = looker.look(session, rows, waiting, results);
            progress::count(waiting.met(), waiting.all(), "device");
            let now = clock::monotonic();
            let end = waiting.end(now).filter(|_| !session.is_stopped() && !results.is_over());
            if end.is_some() {
                return end;
            }
            let mut every = self.every;
            match looked {
                Err(error) if is_passing(&error) => {
                    let why = failure(error).sentence();
                    stderr::say_failure(&format!("{why}; the next look may tell more"));
                    // An outage is one when the patience is over, not at the look after that.
                    every = every.min(session.common.patience);
                }
                Err(error) => {
                    results.end_run(CommandError::from(failure(error)));
                    give_back(rows, waiting, results);
                    return None;
                }
                // Nothing can be written.
                Ok(()) if results.is_over() => {
                    give_back(rows, waiting, results);
                    return None;
                }
                Ok(()) => {}
            }
            let next = waiting.next_look(now, every, now.duration_since(began));
            if !wait_until(session, next, now) {
                give_back(rows, waiting, results);
                return None;
            }
        }
    }
}

/// False when a signal came.
fn wait_until(session: &Session, next: Instant, now: Instant) -> bool {
    clock::wait_unless(&session.stop, next.saturating_duration_since(now))
}

/// The rows that are left when the run is over before the wait is: those that were looked at are not met.
fn give_back(rows: &Rows, waiting: &Waiting, results: &mut Results<'_>) {
    let now = clock::monotonic();
    for row in waiting.open() {
        let given = rows.row(row);
        if waiting.is_seen(row) {
            results.bad(&not_met(waiting, row, now), &given.record, &given.source);
        } else {
            results.not_attempted(Ok(Item::Row(given.clone())));
        }
    }
}

/// Reads the rows to their end; gives those that name a device, and the number of the others, which have failed.
fn read(
    session: &Session,
    args: cli::RowArgs<'_>,
    results: &mut Results<'_>,
) -> cli::Result<(Rows, u64)> {
    let (mut rows, mut others) = (Rows::default(), 0);
    for item in args.source.rows(&session.inputs)? {
        let is_read = item.is_ok();
        let Some(row) = results.row(item) else {
            others += u64::from(is_read);
            continue;
        };
        match row.identifier(ResourceKind::Device, &[]) {
            Ok(device) => rows.add(row, device.text),
            Err(failure) => {
                others += 1;
                results.bad(&failure, &row.record, &row.source);
            }
        }
    }
    Ok((rows, others))
}

/// Says how the wait ended, and what that means for the exit code.
fn tell(end: &End, waiting: &Waiting, results: &mut Results<'_>, flags: &Wait) {
    let (met, all, needed) = (waiting.met(), waiting.all(), waiting.needed());
    let counts = format!("{met} of {all} rows are as they should be, and {needed} have to be");
    let exit = match end {
        End::Enough => {
            if flags.common.verbose || met < all {
                stderr::say(&counts);
            }
            return;
        }
        End::TooFew => {
            stderr::say_failure(&counts);
            Exit::SomeFailed
        }
        End::TooMany(text, number) => {
            stderr::say_failure(&format!("{text}: there are {number}; {counts}"));
            Exit::SomeFailed
        }
        End::Late => {
            let outage = waiting
                .outage(clock::monotonic())
                .map(|outage| format!("; {outage}"))
                .unwrap_or_default();
            stderr::say_failure(&format!("the time is over: {counts}{outage}"));
            if waiting.is_unknown() { Exit::Unreachable } else { Exit::TimedOut }
        }
    };
    results.note(exit);
}

fn not_met(waiting: &Waiting, row: usize, now: Instant) -> Failure {
    Failure::new(ErrorKind::NotMet, "The device is not as it should be")
        .detail(waiting.why_not(row, now))
}

/// A row as it is printed: all that the service says of the device, and what is the row's own.
fn met(row: &Row, device: Record) -> RowDone {
    let mut record = device;
    for name in row.own_fields() {
        if !record.contains_key(name) {
            record.copy(name, &row.record);
        }
    }
    RowDone::take_off_marks(&mut record);
    RowDone::read(record)
}
