//! One look at all devices that are waited for, by the way that takes fewer requests: the list of the account, or
//! one request for each.
//!
//! Careful about devices that come and go: one that no list has and nobody knows is missing, which may change. And
//! about one that hangs or fails: what the others show is taken in as it comes, and counts before the look is over.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use api::send::clock;
use api::{Client, Error};
use cli::rows::results::Results;
use cli::{Session, failure, text};
use model::identifier::{Shape, shape, usual_spelling};
use model::{ErrorKind, Record};
use ops::membership::account_list_is_less;
use pipe::{Failure, Row};

use super::ask::{Came, ask, list};
use super::waiting::Waiting;

/// What has come is handed on after so long, and signals are looked at.
const TICK: Duration = Duration::from_millis(25);
/// Once it is known how the wait ends, answers that come within this time are still taken in.
const SOON: Duration = Duration::from_millis(500);

/// The rows, and how they name their devices.
#[derive(Default)]
pub struct Rows {
    rows: Vec<(Row, String)>,
    by_name: HashMap<String, Vec<usize>>,
}

impl Rows {
    /// Adds one, and how it names its device.
    pub fn add(&mut self, row: Row, device: String) {
        self.by_name.entry(usual_spelling(&device).into_owned()).or_default().push(self.rows.len());
        self.rows.push((row, device));
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row, by its place.
    pub fn row(&self, number: usize) -> &Row {
        &self.rows[number].0
    }

    /// The device, as the row names it.
    fn device(&self, number: usize) -> &str {
        &self.rows[number].1
    }

    /// The rows that the device of this record is meant by; true with those that give its name.
    fn meant(&self, device: &Record) -> Vec<(usize, bool)> {
        let mut meant = Vec::new();
        for field in ["id", "mac_address", "agent_id", "name"] {
            let value = text(device, field);
            let rows = self.by_name.get(&*usual_spelling(value)).filter(|_| !value.is_empty());
            for row in rows.into_iter().flatten() {
                // What looks like an id is never a name.
                let may_be = field != "name"
                    || matches!(shape(self.device(*row)), Shape::Name | Shape::Agent);
                if may_be && !meant.iter().any(|(other, _)| other == row) {
                    meant.push((*row, field == "name"));
                }
            }
        }
        meant
    }
}

/// Whether the next look may be answered. What was not shown is as it was until then.
pub fn is_passing(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Incomplete | ErrorKind::Unexpected)
}

/// How many devices the account has, once it has been listed.
#[derive(Default)]
pub struct Looker {
    devices: Option<usize>,
}

impl Looker {
    /// Looks, and prints what is met, if anybody reads it.
    ///
    /// # Errors
    /// What ends the wait, or keeps this look from showing all rows.
    pub fn look(
        &mut self,
        session: &Session,
        rows: &Rows,
        waiting: &mut Waiting,
        results: &mut Results<'_>,
    ) -> Result<(), Error> {
        let numbers: Vec<usize> = waiting.looked_at().collect();
        let client = session.client.with_few_tries();
        let mut look = Look { session, client, rows, waiting, results, settled: None };
        let looked = match self.list_is_less(&look, &numbers) {
            Ok(true) => look.at_the_list(&numbers).map(|devices| self.devices = Some(devices)),
            Ok(false) => look.one_by_one(&numbers),
            Err(error) => {
                look.misses(numbers.iter().copied(), &error);
                Err(error)
            }
        };
        look.flush();
        looked
    }

    fn list_is_less(&self, look: &Look<'_, '_>, numbers: &[usize]) -> Result<bool, Error> {
        if numbers.iter().any(|row| shape(look.rows.device(*row)).is_name()) {
            return Ok(true);
        }
        match self.devices {
            Some(devices) => Ok(devices / 100 + 1 < numbers.len()),
            None => account_list_is_less(&look.client, numbers.len()),
        }
    }
}

struct Look<'a, 'b> {
    session: &'a Session,
    /// What a request does not show is left to the next look, so it is not tried for long.
    client: Client,
    rows: &'a Rows,
    waiting: &'a mut Waiting,
    results: &'a mut Results<'b>,
    /// Since when it is known how the wait ends.
    settled: Option<Instant>,
}

impl Look<'_, '_> {
    /// By the list of the account; gives how many devices there are, as far as it was read.
    fn at_the_list(&mut self, numbers: &[usize]) -> Result<usize, Error> {
        let (mut devices, mut found) = (0, HashSet::new());
        // Another device may have the same name, or have it as its agent id, so these wait for the end of the list.
        let mut named: HashMap<usize, (Record, u32)> = HashMap::new();
        let mut ended = None;
        let came = list(self.client.clone(), usize::from(self.session.common.jobs));
        self.receive(&came, |look, came| {
            match came {
                Came::Listed(device) => {
                    devices += 1;
                    for (row, is_name) in look.rows.meant(&device) {
                        if is_name {
                            named.entry(row).or_insert_with(|| (device.clone(), 0)).1 += 1;
                        } else {
                            found.insert(row);
                            look.observe(row, Some(&device));
                        }
                    }
                }
                Came::ListEnded(result) => ended = Some(result),
                Came::Answered(..) => {}
            }
            ControlFlow::Continue(())
        });
        let left = numbers.iter().copied().filter(|row| !found.contains(row));
        match ended {
            // Broken off.
            None => return Ok(devices),
            Some(Err(error)) => {
                self.misses(left, &error);
                return Err(error);
            }
            Some(Ok(())) => {}
        }
        for row in left {
            match named.get(&row) {
                None => self.observe(row, None),
                Some((device, 1)) => self.observe(row, Some(device)),
                // It has been told already.
                Some(_) if self.waiting.is_met(row) => {}
                Some((_, number)) => self.is_ambiguous(row, *number),
            }
        }
        Ok(devices)
    }

    fn one_by_one(&mut self, numbers: &[usize]) -> Result<(), Error> {
        let (mut ended, mut passing, mut perhaps_names) = (None, None, Vec::new());
        let asked = numbers.iter().map(|row| (*row, self.rows.device(*row).to_owned())).collect();
        let came = ask(&self.client, asked, usize::from(self.session.common.jobs));
        self.receive(&came, |look, came| {
            let Came::Answered(row, answer) = came else { return ControlFlow::Continue(()) };
            match answer {
                Ok(device) => look.observe(row, Some(&device)),
                Err(error)
                    if error.kind == ErrorKind::NotFound
                        && shape(look.rows.device(row)).may_be_a_name_when_not_found() =>
                {
                    perhaps_names.push(row);
                }
                Err(error) if error.kind == ErrorKind::NotFound => look.observe(row, None),
                Err(error) if error.ends_run() || error.kind == ErrorKind::NotAttempted => {
                    look.misses([row], &error);
                    ended = ended.take().or(Some(error));
                    // At the deadline the others are given up as well, and say why.
                    if !look.is_late() {
                        return ControlFlow::Break(());
                    }
                }
                Err(error) if is_passing(&error) => {
                    look.misses([row], &error);
                    passing = passing.take().or(Some(error));
                }
                Err(error) => look.give_up(row, &failure(error)),
            }
            ControlFlow::Continue(())
        });
        if let Some(error) = ended {
            return Err(error);
        }
        if !perhaps_names.is_empty() && self.settled.is_none() && self.goes_on() {
            self.at_the_list(&perhaps_names)?;
        }
        passing.map_or(Ok(()), Err)
    }

    /// Takes in what comes until all has, or `each` breaks off. Once it is known how the wait ends only what comes
    /// soon is waited for.
    fn receive(
        &mut self,
        came: &Receiver<Came>,
        mut each: impl FnMut(&mut Self, Came) -> ControlFlow<()>,
    ) {
        while self.goes_on() {
            match clock::receive(came, TICK) {
                Ok(one) => {
                    if each(self, one).is_break() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.flush(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = clock::monotonic();
            if self.settled.is_none() && self.waiting.end_within_look(now).is_some() {
                self.settled = Some(now);
            }
        }
    }

    /// Hands on what is met.
    fn flush(&mut self) {
        if let Err(error) = self.session.output.flush_rows() {
            self.results.end_run(error);
        }
    }

    fn is_late(&self) -> bool {
        self.waiting.is_late(clock::monotonic())
    }

    fn goes_on(&self) -> bool {
        let is_soon = |since| clock::monotonic().duration_since(since) < SOON;
        let is_open = self.settled.is_none_or(is_soon);
        is_open && !self.results.is_over() && !self.session.is_stopped()
    }

    /// These rows could not be looked at.
    fn misses(&mut self, rows: impl IntoIterator<Item = usize>, error: &Error) {
        if error.kind == ErrorKind::Unreachable || is_passing(error) {
            let says: Arc<str> = failure(error.clone()).sentence().into();
            rows.into_iter().for_each(|row| self.waiting.misses(row, &says));
        }
    }

    fn observe(&mut self, row: usize, device: Option<&Record>) {
        let is_met = self.waiting.observe(row, device, clock::monotonic());
        if let Some(device) = device.filter(|_| is_met) {
            let row = self.rows.row(row);
            // The wait goes on to its verdict though nobody reads.
            let _is_read = self.results.good(super::met(row, device.clone()), &row.source);
        }
    }

    /// The row gives a name that several devices have.
    fn is_ambiguous(&mut self, row: usize, number: u32) {
        let title = format!("{number} devices are called `{}`", self.rows.device(row));
        let failure =
            Failure::new(ErrorKind::Ambiguous, title).detail("use the id or the MAC address");
        self.give_up(row, &failure);
    }

    /// The row is waited for no more. One that is met has been told.
    fn give_up(&mut self, row: usize, failure: &Failure) {
        if self.waiting.is_met(row) {
            return;
        }
        self.waiting.give_up(row);
        let row = self.rows.row(row);
        self.results.bad(failure, &row.record, &row.source);
    }
}
