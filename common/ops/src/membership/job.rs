//! Rows that are moved together: collected, located, decided, sent.

use model::identifier::shape;
use model::{ErrorKind, Record, ResourceKind};
use std::collections::{HashMap, HashSet};

use api::Error;
use pipe::spool::Spool;
use pipe::{Failure, Item, ReadError, Row};

use super::Move;
use super::decide::{contradicts, decide, foresee, refuse_imp001};
use super::locate::{Within, locate};
use super::locations::{GroupNumber, Locations};
use super::noted::InInput;
use super::of_groups::say_of_groups;
use super::print::Printer;
use super::protected::leave_protected_alone;
use super::row::{MoveRow, Requested, RowState};
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
    rows: Vec<MoveRow>,
    locations: Locations,
    /// The service has just said where the devices are.
    listed: bool,
}

impl<'a> MoveJob<'a> {
    pub fn new(session: &'a Session, order: &'a Move<'a>) -> Self {
        MoveJob {
            session,
            order,
            spool: Spool::new(),
            rows: Vec::new(),
            locations: Locations::default(),
            listed: false,
        }
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
        journal::note_item(&item);
        let kept = self.spool.push(&item);
        self.note(&item, listed);
        kept.map_err(|error| results.end_run(CommandError::cannot_keep(&error))).is_ok()
    }

    fn note(&mut self, item: &Item, listed: bool) {
        let mut noted = MoveRow::bad();
        if let Item::Row(row) = item {
            match self.requested(row) {
                Ok(requested) => {
                    noted = MoveRow::asking(requested);
                    noted.is_imp001 =
                        row.kind() == "device" && text(&row.record, "imp_type") == "imp001";
                }
                Err(failure) => noted.state = RowState::Failed(Box::new(failure)),
            }
            if listed {
                self.listed = true;
                self.locations.note(&row.record, |_, _| true);
            }
        }
        self.rows.push(noted);
    }

    fn requested(&mut self, row: &Row) -> Result<Requested, Failure> {
        if row.is_dry_run() && !self.order.job.is_dry_run() {
            return Err(cli::rows::from_dry_run());
        }
        let identifier = row.identifier(ResourceKind::Device, &[])?;
        let target = match self.order.target {
            Some(target) => Some(self.locations.number(&target(row)?)),
            None => None,
        };
        let device = identifier.text.into_boxed_str();
        Ok(Requested::new(device, identifier.named_by, target))
    }

    /// Locates, decides, sends and reports; when the run is over, only reports.
    pub fn carry_out(mut self, results: &mut Results<'_>) {
        let located = if results.is_over() {
            Err(Error::new(ErrorKind::NotAttempted, "The run is over"))
        } else {
            self.locate()
        };
        decide(&mut self.rows, &self.locations, self.order.key.is_some());
        refuse_imp001(&mut self.rows, &self.locations);
        match located {
            Ok(()) => say_of_groups(self.session, &self.rows, &self.locations, results),
            Err(error) => self.not_located(&error),
        }
        leave_protected_alone(self.session, &mut self.rows, &self.locations);
        if let Err(error) = self.may_change_so_many(results).and_then(|()| self.consent()) {
            results.not_agreed(error);
            self.settle_open(&RowState::run_ended());
        }
        self.tell_contradicted();
        if self.order.job.is_dry_run() {
            foresee(&mut self.rows, &self.locations);
            self.settle_open(&RowState::Moved);
        }
        if let Some(error) = self.send(results) {
            results.note(Exit::of_failure(&failure(error)));
        }
    }

    /// Sends what is open and prints what is settled; gives why the run was over before all was settled.
    fn send(&mut self, results: &mut Results<'_>) -> Option<Error> {
        let total = self.rows.len() as u64;
        let first = results.reported();
        let mut printer = Printer {
            session: self.session,
            order: self.order,
            results,
            reader: self.spool.read(),
            next: 0,
            repeated: self.rows.iter().filter_map(MoveRow::first).map(|row| (row, None)).collect(),
        };
        let mut on_answer = |rows: &[MoveRow], locations: &Locations| {
            let go_on = printer.print_settled(rows, locations);
            progress::count(printer.next as u64, total, "device");
            go_on
        };
        on_answer(&self.rows, &self.locations);
        let how = (self.order.batch, self.order.key.as_ref());
        let run = MoveRun::new(self.session, &mut self.rows, &self.locations, how, &mut on_answer);
        run.of_input(InInput::From(first)).carry_out()
    }

    /// The look-up ended the run: nothing was written.
    fn not_located(&mut self, error: &Error) {
        let mut reason =
            (error.kind != ErrorKind::NotAttempted).then(|| RowState::failed(error.clone()));
        for row in self.rows.iter_mut().filter(|row| row.requested.is_some()) {
            if !matches!(&row.state, RowState::Failed(own) if own.kind != ErrorKind::NotFound) {
                row.state = reason.take().unwrap_or_else(RowState::run_ended);
            }
        }
    }

    /// Refuses the whole where more would be changed than may be.
    fn may_change_so_many(&self, results: &mut Results<'_>) -> Result<(), CommandError> {
        let first = results.reported();
        let open = self.rows.iter().zip(first..).filter(|(row, _)| row.open().is_some());
        let (changes, all) = (self.order.job.changes, self.rows.len() as u64);
        results.may_change_so_many(changes, open.map(|(_, index)| index), all)
    }

    /// Gives the rows that are still to be written another state.
    fn settle_open(&mut self, state: &RowState) {
        let open = self.rows.iter_mut().filter(|row| row.open().is_some());
        open.for_each(|row| row.state = state.clone());
    }

    /// Rows that want something else for a device than an earlier row: tells where that one stands.
    fn tell_contradicted(&mut self) {
        let against = |row: &MoveRow| match row.state {
            RowState::Against(earlier) => Some(earlier),
            _ => None,
        };
        let earlier: HashSet<usize> = self.rows.iter().filter_map(against).collect();
        if earlier.is_empty() {
            return;
        }
        let items = self.spool.read().enumerate().filter(|(number, _)| earlier.contains(number));
        let sources: HashMap<usize, String> = items
            .filter_map(|(number, item)| match item {
                Ok(Item::Row(found)) => Some((number, found.source)),
                _ => None,
            })
            .collect();
        for row in &mut self.rows {
            if let Some(earlier) = against(row) {
                let source = sources.get(&earlier).map_or("an earlier row", String::as_str);
                row.state = RowState::Failed(Box::new(contradicts(source)));
            }
        }
    }

    /// Finds out where the devices are now, for the least requests.
    fn locate(&mut self) -> Result<(), Error> {
        if self.listed {
            return Ok(());
        }
        // A million of them: what the vector has to spare is needed now.
        self.rows.shrink_to_fit();
        let requested = || self.rows.iter().filter_map(|row| row.requested.as_ref());
        let mut by_target: HashMap<Option<GroupNumber>, Vec<&str>> = HashMap::new();
        for one in requested() {
            by_target.entry(one.target).or_default().push(&one.device);
        }
        // A dry run cannot leave it to the service to say which devices there are, the journal tells where each
        // was before, and only the service knows whether an id and a MAC address are one device, which must not
        // be written twice.
        let mut shapes = requested().map(|one| shape(&one.device));
        let first = shapes.next();
        let all_at_once = self.order.target.is_none()
            || self.order.job.is_dry_run()
            // What leaves a group can be undone only if it is known which, and it may be protected.
            || !journal::is_off()
            || self.session.guards.protect_something()
            || shapes.any(|shape| Some(shape) != first);
        if all_at_once || by_target.len() > 20 {
            let texts: Vec<&str> = requested().map(|one| &*one.device).collect();
            return locate(self.session, &mut self.locations, &texts, Within::Account, None);
        }
        let mut targets: Vec<_> = by_target.into_iter().collect();
        targets.sort_unstable_by_key(|(target, _)| *target);
        for (target, texts) in targets {
            let Some(target) = target else { continue };
            let id = self.locations.group(target).id.clone();
            locate(self.session, &mut self.locations, &texts, Within::Group(&id), None)?;
        }
        Ok(())
    }

    /// Unblessing is asked for, with the number and the first of the devices.
    fn consent(&self) -> Result<(), CommandError> {
        let Some(ask) = self.order.job.ask.filter(|_| !self.order.job.is_dry_run()) else {
            return Ok(());
        };
        let is_production = |group| self.locations.group(group).is_production();
        let unblessed = self.rows.iter().filter(|row| row.leaves());
        let unblessed = unblessed.filter(|row| row.open().is_some_and(is_production));
        let devices: Vec<&str> = unblessed.map(MoveRow::device).collect();
        if devices.is_empty() {
            return Ok(());
        }
        // Only what is to be asked about is looked up.
        let shown = if ask.is_open() { consent::SHOWN } else { 0 };
        let named = |device: &&str| Record::from_iter([("id".to_owned(), (*device).into())]);
        let described =
            |device: &&str| self.session.described(ResourceKind::Device, &named(device));
        let first: Vec<String> = devices.iter().take(shown).map(described).collect();
        consent::obtain(self.session, &ask, "production device", devices.len() as u64, &first)
    }
}
