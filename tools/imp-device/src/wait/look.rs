//! One look at all devices that are waited for, by the way that takes fewer requests: the list of the account, or
//! one request for each.
//!
//! Careful about devices that come and go: one that no list has and nobody knows is missing, which may change.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use api::list::Reading;
use api::send::clock;
use api::{Error, Request, SeenIds, devices, segment};
use cli::rows::results::Results;
use cli::{Session, failure, text};
use model::identifier::{Shape, shape, usual_spelling};
use model::{ErrorKind, Record};
use ops::membership::account_list_is_less;
use pipe::engine::{self, Done};
use pipe::{Failure, Row};

use super::waiting::Waiting;

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
    /// What ends the wait.
    pub fn look(
        &mut self,
        session: &Session,
        rows: &Rows,
        waiting: &mut Waiting,
        results: &mut Results<'_>,
    ) -> Result<(), Error> {
        let numbers: Vec<usize> = waiting.looked_at().collect();
        let mut look = Look { session, rows, waiting, results };
        if self.list_is_less(session, rows, &numbers)? {
            self.devices = Some(look.at_the_list(&numbers)?);
        } else {
            look.one_by_one(&numbers)?;
        }
        if let Err(error) = session.output.flush_rows() {
            look.results.end_run(error);
        }
        Ok(())
    }

    fn list_is_less(
        &self,
        session: &Session,
        rows: &Rows,
        numbers: &[usize],
    ) -> Result<bool, Error> {
        if numbers.iter().any(|row| shape(rows.device(*row)).is_name()) {
            return Ok(true);
        }
        match self.devices {
            Some(devices) => Ok(devices / 100 + 1 < numbers.len()),
            None => account_list_is_less(session, numbers.len()),
        }
    }
}

struct Look<'a, 'b> {
    session: &'a Session,
    rows: &'a Rows,
    waiting: &'a mut Waiting,
    results: &'a mut Results<'b>,
}

impl Look<'_, '_> {
    /// By the list of the account; gives how many devices there are.
    fn at_the_list(&mut self, numbers: &[usize]) -> Result<usize, Error> {
        let reading = Reading::whole(usize::from(self.session.common.jobs));
        let mut seen = SeenIds::default();
        let (mut devices, mut found) = (0, HashSet::new());
        // Another device may have the same name, or have it as its agent id, so these wait for the end of the list.
        let mut named: HashMap<usize, (Record, u32)> = HashMap::new();
        let ended = devices::list(&self.session.client, &[], &reading, &mut seen, |device| {
            devices += 1;
            for (row, is_name) in self.rows.meant(&device) {
                if is_name {
                    named.entry(row).or_insert_with(|| (device.clone(), 0)).1 += 1;
                } else {
                    found.insert(row);
                    self.observe(row, Some(&device));
                }
            }
            self.go_on()
        })?;
        if ended.is_break() {
            return Ok(devices);
        }
        for row in numbers {
            match named.get(row) {
                _ if found.contains(row) => {}
                None => self.observe(*row, None),
                Some((device, 1)) => self.observe(*row, Some(device)),
                // It has been told already.
                Some(_) if self.waiting.is_met(*row) => {}
                Some((_, number)) => self.is_ambiguous(*row, *number),
            }
        }
        Ok(devices)
    }

    fn one_by_one(&mut self, numbers: &[usize]) -> Result<(), Error> {
        let (mut ended, mut passing, mut perhaps_names) = (None, None, Vec::new());
        let asked = numbers.iter().map(|row| (*row, self.rows.device(*row).to_owned()));
        let asked: Vec<(usize, String)> = asked.collect();
        let session = self.session;
        engine::ordered(
            usize::from(session.common.jobs),
            &AtomicBool::new(false),
            asked.into_iter(),
            |(row, device)| {
                let request = Request::get(format!("/devices/{}", segment(&device)));
                (row, session.client.send(&request).and_then(|answer| answer.record()))
            },
            |done| {
                let Done::Worked((row, answer)) = done else { return ControlFlow::Continue(()) };
                match answer {
                    Ok(device) => self.observe(row, Some(&device)),
                    Err(error)
                        if error.kind == ErrorKind::NotFound
                            && shape(self.rows.device(row)).may_be_a_name_when_not_found() =>
                    {
                        perhaps_names.push(row);
                    }
                    Err(error) if error.kind == ErrorKind::NotFound => self.observe(row, None),
                    Err(error) if error.ends_run() || error.kind == ErrorKind::NotAttempted => {
                        ended = Some(error);
                        return ControlFlow::Break(());
                    }
                    Err(error) if is_passing(&error) => passing = passing.take().or(Some(error)),
                    Err(error) => self.give_up(row, &failure(error)),
                }
                self.go_on()
            },
        );
        if let Some(error) = ended {
            return Err(error);
        }
        if !perhaps_names.is_empty() {
            self.at_the_list(&perhaps_names)?;
        }
        passing.map_or(Ok(()), Err)
    }

    fn go_on(&self) -> ControlFlow<()> {
        if !self.results.is_over() && !self.session.is_stopped() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
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
