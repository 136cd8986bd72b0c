//! Devices that change their groups, by the batches of a bulk move.

use std::sync::atomic::Ordering;

use cli::journal;
use cli::rows::{Outcome, RowDone, interrupted, run_ended};
use model::change::PLANNED;
use model::{Effect, Record, ResourceKind};
use ops::membership::{Group, Transfer, Transfers, transfer};
use pipe::Failure;
use serde_json::Value;

use super::run::{Run, State};

impl Run<'_> {
    /// Moves the devices of these entries.
    pub fn move_devices(&mut self, numbers: &[usize]) {
        let mut moves = Vec::new();
        for number in numbers {
            if let Some(state) = self.foreseen(*number) {
                self.entries[*number].state = state;
                continue;
            }
            let state = match self.transfer(&self.entries[*number].effect) {
                _ if self.over.load(Ordering::Relaxed) => State::Failed(run_ended()),
                _ if self.session.is_stopped() => State::Failed(interrupted()),
                Err(failure) => State::Failed(failure),
                Ok(transfer) => {
                    moves.push((*number, transfer));
                    continue;
                }
            };
            self.entries[*number].state = state;
        }
        let (numbers, transfers): (Vec<usize>, Vec<Transfer>) = moves.into_iter().unzip();
        let rows: Vec<u64> = numbers.iter().map(|number| *number as u64).collect();
        let (key, dry_run) = (self.key, self.dry_run);
        let order = Transfers { transfers: &transfers, rows: &rows, key, dry_run };
        let session = self.session;
        transfer(session, &order, &mut |place, outcome| {
            self.moved(numbers[place], &transfers[place], outcome);
        });
    }

    /// Notes what became of the move of a device.
    fn moved(&mut self, number: usize, transfer: &Transfer, outcome: Result<Outcome, Failure>) {
        if outcome.as_ref().is_err_and(|failure| failure.kind.ends_run()) {
            self.over.store(true, Ordering::Relaxed);
        }
        let entry = &mut self.entries[number];
        let mut effect = entry.effect.clone();
        let ids = [transfer.from.clone(), transfer.to.as_ref().map(|group| group.id.clone())];
        for (side, id) in [&mut effect.before, &mut effect.after].into_iter().zip(ids) {
            let id = id.map_or(Value::Null, Value::String);
            side.get_or_insert_default().insert("devicegroup_id", id);
        }
        if !matches!(outcome, Ok(Outcome::Unchanged)) {
            let done = |outcome| RowDone::new(Record::new(), outcome).with(effect.clone());
            journal::note_answered_of(number as u64, &outcome.clone().map(done));
        }
        entry.state = State::of(outcome.map(|outcome| (outcome, effect)));
    }

    fn transfer(&self, effect: &Effect) -> Result<Transfer, Failure> {
        let group = |side: &Option<Record>| {
            let id = side.as_ref().map_or("", |side| cli::text(side, "devicegroup_id"));
            if id.is_empty() { Ok(None) } else { self.real(id).map(Some) }
        };
        let kind = effect.after.as_ref().map_or("", |after| cli::text(after, "devicegroup_type"));
        let to = match group(&effect.after)? {
            None => None,
            Some(id) if id.starts_with(PLANNED) => {
                let kind = self.kind_of_planned(&id).unwrap_or(kind).to_owned();
                Some(Group { id, kind, product: None })
            }
            Some(id) => Some(Group::of(&self.session.find(ResourceKind::DeviceGroup, &id)?)),
        };
        Ok(Transfer { device: effect.id.clone(), from: group(&effect.before)?, to })
    }

    /// The type of a group that is still to be made.
    fn kind_of_planned(&self, id: &str) -> Option<&str> {
        let made = self.entries.iter().find(|entry| entry.effect.id == id)?;
        Some(&made.effect.kind)
    }
}
