//! What is printed of a comparison: a record for each row, then one for each device in no row, and the counts.

use std::collections::HashMap;

use cli::rows::RowDone;
use cli::rows::results::Results;
use cli::terminal::stderr;
use cli::{CommandError, Exit, Session};
use model::ResourceKind;
use model::identifier::{Shape, shape};
use pipe::{Failure, Item, Row};

use super::compared::Compared;
use super::device::Device;
use super::record::{Difference, Names};
use super::state::{self, Blessing, State};

impl Compared {
    /// Prints what is said of each row, then what is in no row, and says how many there are of each. There may be
    /// more that is in no row.
    pub fn print(
        &mut self,
        session: &Session,
        may_lack: bool,
        results: &mut Results<'_>,
    ) -> cli::Result<()> {
        self.expected.settle_doubles();
        let mut names = Names::new(session);
        let mut counts = [0_u64; State::ALL.len()];
        self.print_rows(&mut names, &mut counts, results)?;
        let present = counts[State::Present as usize];
        let others = results.tally.ok - present;
        results.tell_done_as(&[("present", present), ("not_present", others)]);
        if results.is_over() {
            return Ok(());
        }
        self.print_unexpected(session, &mut names, &mut counts)?;
        let counted = State::ALL.iter().filter(|state| counts[**state as usize] > 0);
        let counted: Vec<String> =
            counted.map(|state| format!("{} {}", counts[*state as usize], state.word())).collect();
        if !counted.is_empty() {
            stderr::say(&counted.join(", "));
        }
        if counts.iter().sum::<u64>() > counts[State::Present as usize] {
            results.note(Exit::SomeFailed);
        }
        if may_lack {
            stderr::say_failure(
                "the list of devices changed while it was read: there may be more that are unexpected",
            );
            results.note(Exit::SomeFailed);
        }
        Ok(())
    }

    /// All are counted, though nobody may read them.
    fn print_rows(
        &self,
        names: &mut Names<'_>,
        counts: &mut [u64],
        results: &mut Results<'_>,
    ) -> cli::Result<()> {
        // Where the rows came from that have doubles.
        let mut sources: HashMap<u32, String> = HashMap::new();
        let doubled = (0..self.expected.len()).filter_map(|row| self.expected.double_of(row));
        sources.extend(doubled.map(|first| (first, String::new())));
        for (number, item) in (0..).zip(self.rows.read()) {
            let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
            let Item::Row(row) = item else { continue };
            if let Some(source) = sources.get_mut(&number) {
                source.clone_from(&row.source);
            }
            let doubled_of = self.expected.double_of(number).and_then(|first| sources.get(&first));
            let difference = match self.difference(number, &row, doubled_of.map(String::as_str)) {
                Ok(difference) => difference,
                Err(failure) => {
                    results.bad(&failure, &row.record, &row.source);
                    continue;
                }
            };
            counts[difference.state as usize] += 1;
            let record = difference.record(names);
            let _is_read = results.good(RowDone::read(record), &row.source);
            if results.is_over() {
                break;
            }
        }
        Ok(())
    }

    fn difference<'a>(
        &'a self,
        number: u32,
        row: &'a Row,
        doubled_of: Option<&'a str>,
    ) -> Result<Difference<'a>, Failure> {
        let device = self.expected.device(number)?;
        let place = self.expected.place(number);
        // The journal has ids alone.
        let id = match device {
            Some(device) => device.id().to_owned(),
            None => row.identifier(ResourceKind::Device, &[])?.text,
        };
        let blessing = self.blessings.of(&id);
        let state = match doubled_of {
            Some(_) => State::Doubled,
            None => state::state(place, device, blessing),
        };
        let is_asked =
            blessing != Blessing::NotAsked && (device.is_some() || shape(&id) == Shape::Id);
        let blessed_at = self.blessings.time_of(&id).filter(|_| is_asked);
        Ok(Difference { state, row: Some(row), device, place: Some(place), blessed_at, doubled_of })
    }

    fn print_unexpected(
        &mut self,
        session: &Session,
        names: &mut Names<'_>,
        counts: &mut [u64],
    ) -> cli::Result<()> {
        for item in self.unexpected.read() {
            let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
            let Item::Row(row) = item else { continue };
            let group = self.expected.groups.of(&row.record);
            let device = Device::new(&row.record, group);
            counts[State::Unexpected as usize] += 1;
            let difference = Difference {
                state: State::Unexpected,
                row: None,
                blessed_at: self.blessings.time_of(device.id()),
                device: Some(&device),
                place: None,
                doubled_of: None,
            };
            if session.output.is_read() {
                session.output.print(&difference.record(names))?;
            }
        }
        Ok(())
    }
}
