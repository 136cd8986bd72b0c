//! Rows that are moved together: collected, located, decided, sent.

use model::{ErrorKind, Record, ResourceKind};
use std::collections::{BTreeMap, HashMap, HashSet};

use api::Error;
use pipe::spool::Spool;
use pipe::{Failure, Identifier, Item, ReadError, Row};

use super::Move;
use super::decide::{contradicts, decide, foresee, refuse_imp001};
use super::devices::{Found, Requested};
use super::groups::GroupNumber;
use super::locate::{Within, locate};
use super::noted::InInput;
use super::of_groups::say_of_groups;
use super::print::Printer;
use super::protected::leave_protected_alone;
use super::row::{MoveRows, RowState};
use super::search::location_of;
use super::send::MoveRun;
use cli::Session;
use cli::rows::results::Results;
use cli::{CommandError, consent, failure, journal, text};
use cli::{Exit, terminal::progress};

/// Rows that are moved together: all of the input, or what has come of a live source.
pub(super) struct MoveJob<'a> {
    session: &'a Session,
    order: &'a Move<'a>,
    /// The rows themselves wait here; what is known of them is short, and in the same order.
    spool: Spool,
    rows: MoveRows,
    /// The service has just said where the devices are.
    listed: bool,
    /// The journal has the rows already.
    noted: bool,
}

impl<'a> MoveJob<'a> {
    pub fn new(session: &'a Session, order: &'a Move<'a>) -> Self {
        let (spool, rows) = (Spool::new(), MoveRows::default());
        MoveJob { session, order, spool, rows, listed: false, noted: false }
    }

    /// The same of rows that the journal has already.
    pub fn of_noted_rows(self) -> Self {
        MoveJob { noted: true, ..self }
    }

    /// Takes one more; `listed`: the service has just said where it is. False when no more can be taken,
    /// and the run is over.
    pub fn add(
        &mut self,
        item: Result<Item, ReadError>,
        listed: bool,
        results: &mut Results<'_>,
    ) -> bool {
        let item = match item {
            Ok(item) => item,
            Err(error) => {
                results.end_run(error.into());
                return false;
            }
        };
        if !self.noted {
            journal::note_item(&item);
        }
        let kept = self.spool.push(&item);
        self.note(&item, listed);
        kept.map_err(|error| results.end_run(CommandError::cannot_keep(&error))).is_ok()
    }

    fn note(&mut self, item: &Item, listed: bool) {
        let Item::Row(row) = item else { return self.rows.push(None) };
        let number = self.rows.len();
        match self.requested(row) {
            Ok((identifier, target)) => {
                let requested = Requested {
                    is_imp001: row.kind() == "device" && text(&row.record, "imp_type") == "imp001",
                    ..Requested::new(&identifier.text, identifier.named_by, target)
                };
                self.rows.push(Some(requested));
                if let Some(group) = &self.order.only_from {
                    let devices = self.rows.devices_mut();
                    let from = devices.groups.number(group);
                    devices.expect(number, Some(from));
                }
            }
            Err(failure) => {
                self.rows.push(None);
                self.rows.fail(number, failure);
            }
        }
        if listed {
            self.listed = true;
            let devices = self.rows.devices_mut();
            let location = location_of(devices, &row.record);
            devices.note(number, Found::At(location));
        }
    }

    fn requested(&mut self, row: &Row) -> Result<(Identifier, Option<GroupNumber>), Failure> {
        if row.is_dry_run() && !self.order.job.is_dry_run() {
            return Err(cli::rows::from_dry_run());
        }
        let identifier = row.identifier(ResourceKind::Device, &[])?;
        let target = match self.order.target {
            Some(target) => {
                let group = target(row)?;
                Some(self.rows.devices_mut().groups.number(&group))
            }
            None => None,
        };
        Ok((identifier, target))
    }

    /// Locates, decides, sends and reports; when the run is over, only reports.
    pub fn carry_out(mut self, results: &mut Results<'_>) {
        let located = if results.is_over() {
            Err(Error::new(ErrorKind::NotAttempted, "The run is over"))
        } else {
            self.locate()
        };
        self.decide();
        match located {
            Ok(()) => say_of_groups(self.session, &self.rows, results),
            Err(error) => self.not_located(&error),
        }
        leave_protected_alone(self.session, &mut self.rows);
        if let Err(error) = self.may_change_so_many(results).and_then(|()| self.consent()) {
            results.not_agreed(error);
            self.settle_open(RowState::NotAttempted);
        }
        self.tell_contradicted();
        if self.order.job.is_dry_run() {
            foresee(&mut self.rows);
            self.settle_open(RowState::Moved);
        }
        if let Some(error) = self.send(results) {
            results.note(Exit::of_failure(&failure(error)));
        }
    }

    /// The rows that would be written, by their places.
    ///
    /// # Errors
    /// When it cannot be found out where the devices are.
    pub fn foreseen(mut self) -> Result<Vec<usize>, Error> {
        self.locate()?;
        self.decide();
        leave_protected_alone(self.session, &mut self.rows);
        Ok(self.rows.all_open().map(|(row, _)| row as usize).collect())
    }

    fn decide(&mut self) {
        decide(&mut self.rows, self.order.key.is_some());
        refuse_imp001(&mut self.rows);
    }

    /// Sends what is open and prints what is settled; gives why the run was over before all was settled.
    fn send(&mut self, results: &mut Results<'_>) -> Option<Error> {
        let total = u64::from(self.rows.len());
        let first = results.reported();
        let mut printer = Printer {
            session: self.session,
            order: self.order,
            results,
            reader: self.spool.read(),
            next: 0,
            repeated: self.rows.repeated(),
        };
        let mut on_answer = |rows: &MoveRows| {
            let go_on = printer.print_settled(rows);
            progress::count(u64::from(printer.next), total, "device");
            go_on
        };
        on_answer(&self.rows);
        let how = (self.order.batch, self.order.key.as_ref());
        let run = MoveRun::new(self.session, &mut self.rows, how, &mut on_answer);
        run.of_input(InInput::From(first)).carry_out()
    }

    /// The look-up ended the run: nothing was written.
    fn not_located(&mut self, error: &Error) {
        self.rows.give_up(error, |rows, row| {
            let failed = rows.failure_kind(rows.state(row));
            rows.devices.is_asking(row) && failed.is_none_or(|kind| kind == ErrorKind::NotFound)
        });
    }

    /// Refuses the whole where more would be changed than may be.
    fn may_change_so_many(&self, results: &mut Results<'_>) -> Result<(), CommandError> {
        let first = results.reported();
        let open = self.rows.all_open().map(|(row, _)| first + u64::from(row));
        let (changes, all) = (self.order.job.changes, u64::from(self.rows.len()));
        results.may_change_so_many(changes, open, all)
    }

    /// Gives the rows that are still to be written another state.
    fn settle_open(&mut self, state: RowState) {
        self.rows.each_open(|rows, row| rows.set(row, state));
    }

    /// Rows that want something else for a device than an earlier row: tells where that one stands.
    fn tell_contradicted(&mut self) {
        let against = |(row, state)| match state {
            RowState::Against(earlier) => Some((row, earlier)),
            _ => None,
        };
        let contradicted: Vec<(u32, u32)> = self.rows.states().filter_map(against).collect();
        if contradicted.is_empty() {
            return;
        }
        let earlier: HashSet<u32> = contradicted.iter().map(|(_, earlier)| *earlier).collect();
        let items = (0..).zip(self.spool.read()).filter(|(number, _)| earlier.contains(number));
        let sources: HashMap<u32, String> = items
            .filter_map(|(number, item)| match item {
                Ok(Item::Row(found)) => Some((number, found.source)),
                _ => None,
            })
            .collect();
        for (row, earlier) in contradicted {
            let source = sources.get(&earlier).map_or("an earlier row", String::as_str);
            self.rows.fail(row, contradicts(source));
        }
    }

    /// Finds out where the devices are now, for the least requests.
    fn locate(&mut self) -> Result<(), Error> {
        if self.listed {
            return Ok(());
        }
        self.rows.shrink();
        let devices = self.rows.devices_mut();
        // A dry run cannot leave it to the service to say which devices there are, the journal tells where each
        // was before, and only the service knows whether an id and a MAC address are one device, which must not
        // be written twice.
        let all_at_once = self.order.target.is_none()
            || self.order.job.is_dry_run()
            // What leaves a group can be undone only if it is known which, and it may be protected.
            || !journal::is_off()
            || self.noted
            || self.session.guards.protect_something()
            || devices.are_of_several_shapes();
        let rows: Vec<u32> = devices.asking().collect();
        if all_at_once {
            return locate(self.session, devices, rows, Within::Account, None);
        }
        let mut by_target: BTreeMap<Option<GroupNumber>, Vec<u32>> = BTreeMap::new();
        for row in &rows {
            by_target.entry(devices.target(*row)).or_default().push(*row);
        }
        if by_target.len() > 20 {
            return locate(self.session, devices, rows, Within::Account, None);
        }
        for (target, rows) in by_target {
            let Some(target) = target else { continue };
            let id = devices.group(target).id.clone();
            locate(self.session, devices, rows, Within::Group(&id), None)?;
        }
        Ok(())
    }

    /// Unblessing is asked for, with the number and the first of the devices.
    fn consent(&self) -> Result<(), CommandError> {
        let Some(ask) = self.order.job.ask.filter(|_| !self.order.job.is_dry_run()) else {
            return Ok(());
        };
        let devices = &self.rows.devices;
        let is_unblessed =
            |(row, group)| devices.leaves(row) && devices.group(group).is_production();
        let unblessed = || self.rows.all_open().filter(|open| is_unblessed(*open));
        let count = unblessed().count() as u64;
        if count == 0 {
            return Ok(());
        }
        // Only what is to be asked about is looked up.
        let shown = if ask.is_open() { consent::SHOWN } else { 0 };
        let described = |(row, _)| {
            let named = Record::from_iter([("id".to_owned(), devices.text(row).into())]);
            self.session.described(ResourceKind::Device, &named)
        };
        let first: Vec<String> = unblessed().take(shown).map(described).collect();
        consent::obtain(self.session, &ask, "production device", count, &first)
    }
}
