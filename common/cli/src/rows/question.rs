//! What is asked before the first row is worked on: what the rows are about, as a person knows it.

use model::{GroupType, Record, ResourceKind};
use std::collections::HashSet;

use pipe::Row;

use crate::command_error::CommandError;
use crate::consent::{self, About, Ask, SHOWN, count};
use crate::session::{Session, text};

/// A question that is put together while the rows are read.
pub(super) struct Question<'a> {
    session: &'a Session,
    ask: Ask,
    noun: &'static str,
    total: u64,
    first: Vec<Row>,
    /// The production groups among the rows, and their ids.
    groups: Vec<Record>,
    known: HashSet<String>,
}

impl<'a> Question<'a> {
    pub fn new(session: &'a Session, ask: Ask, noun: &'static str) -> Self {
        let (first, groups, known) = (Vec::new(), Vec::new(), HashSet::new());
        Question { session, ask, noun, total: 0, first, groups, known }
    }

    /// Takes note of a row.
    pub fn note(&mut self, row: &Row) {
        match self.ask.about {
            About::AllRows => {
                self.total += 1;
                if self.first.len() < SHOWN {
                    self.first.push(row.clone());
                }
            }
            About::ProductionGroups => self.note_group(row),
        }
    }

    /// A row whose group cannot be found will fail for that.
    fn note_group(&mut self, row: &Row) {
        let kind = ResourceKind::DeviceGroup;
        let Ok(group) = self.session.resource(kind, &row.as_reference_to(kind), &[]) else {
            return;
        };
        let is_production = GroupType::of_api(text(&group, "type")) == Some(GroupType::Production);
        if is_production && self.known.insert(text(&group, "id").to_owned()) {
            self.total += 1;
            self.groups.push(group);
        }
    }

    /// Asks, if there is something to ask about.
    ///
    /// # Errors
    /// Exit 2 without consent.
    pub fn ask(self) -> Result<(), CommandError> {
        if self.total == 0 {
            return Ok(());
        }
        let (noun, labels) = match self.ask.about {
            About::AllRows => (self.noun, self.things()),
            About::ProductionGroups => ("production group", self.groups()),
        };
        consent::obtain(self.session, &self.ask, noun, self.total, &labels)
    }

    fn things(&self) -> Vec<String> {
        let described = |row: &Row| match ResourceKind::called(self.noun) {
            Some(kind) => self.session.described_row(kind, row),
            None => row.source.clone(),
        };
        self.first.iter().map(described).collect()
    }

    fn groups(&self) -> Vec<String> {
        let described = |group: &Record| {
            let line = self.session.described(ResourceKind::DeviceGroup, group);
            match self.session.members(text(group, "id")) {
                Ok(devices) => format!("{line}: {}", count(devices.len() as u64, "device")),
                Err(_) => line,
            }
        };
        self.groups.iter().take(SHOWN).map(described).collect()
    }
}
