//! What a rollout of a build does in its waves: a group gets a copy of it, and on the way back one of the build that
//! it had before.
//!
//! Careful about two things. A restart may be sent twice, where a kill came before it was noted, but is never left
//! out. And a group that somebody else has deployed to since is left alone on the way back.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use cli::rows::results::Results;
use cli::rows::{Outcome, RowDone, RowResult, each_row};
use cli::terminal::stderr;
use cli::{CommandError, Exit, Session, journal, text};
use model::change::CURRENT;
use model::{Effect, ErrorKind, Record};
use ops::deployments::{TAKEN_ALONG, with_code};
use ops::rollout::{
    BACK_TO, Done, Events, OF_BUILDS, Rolled, Trouble, WaveRows, Work, is_offline, members,
};
use pipe::{Failure, Item, Row};

use super::Rollout;
use super::groups::Target;
use crate::code::Code;
use crate::create::{Creating, deployed, with_build};
use crate::looked_for::is_in_doubt;
use crate::original::Original;
use crate::restart::restart;

/// The step of a group whose devices are told to restart: they may have been, whatever is known later.
const RESTARTS: &str = "restarts";
/// The step of a group whose devices were told to restart.
const RESTARTED: &str = "restarted";

/// A build that is rolled out.
pub struct Builds<'a> {
    flags: &'a Rollout,
    session: &'a Session,
    code: Code,
    attributes: Record,
    groups: Vec<Target>,
    /// Groups whose devices were told to restart, and whether that was on the way back.
    restarted: HashSet<(String, bool)>,
    /// Groups whose devices have perhaps restarted with the build.
    perhaps_restarted: HashSet<String>,
}

impl<'a> Builds<'a> {
    /// A build that goes to these groups.
    pub fn new(
        flags: &'a Rollout,
        session: &'a Session,
        build: &Original,
        groups: Vec<Target>,
    ) -> Self {
        let (mut restarted, mut perhaps_restarted) = (HashSet::new(), HashSet::new());
        for step in journal::steps() {
            let group = text(&step, "group").to_owned();
            match text(&step, "event") {
                RESTARTS => _ = perhaps_restarted.insert(group),
                RESTARTED => {
                    perhaps_restarted.insert(group.clone());
                    restarted.insert((group, step.get("back") == Some(&true.into())));
                }
                _ => {}
            }
        }
        Builds {
            code: build.code(),
            attributes: flags.attributes(build),
            restarted,
            perhaps_restarted,
            flags,
            session,
            groups,
        }
    }

    /// Gives to `doubt` what the group has perhaps got.
    fn deploy(&self, group: &Target, doubt: &OnceLock<Effect>) -> RowResult {
        let before = self.session.get("devicegroups", &group.id)?;
        let creating = Creating::new(true, false).and_finds_out();
        let (code, attributes) = (&self.code, &self.attributes);
        let made = creating.create_anyway(self.session, &before, code, attributes, |_| Ok(()));
        if made.as_ref().is_err_and(is_in_doubt) {
            doubt.get_or_init(|| deployed(&before, "", &code.sha, attributes));
        }
        made.map(|done| RowDone { record: group.named(), ..done })
    }

    /// The group of a row of the way back gets the build again that it had. Which build is ours is not known of one
    /// that has perhaps got it.
    fn deploy_back(&self, row: &Row) -> RowResult {
        let [group, ours, before] = ["id", CURRENT, BACK_TO].map(|name| text(&row.record, name));
        let present = self.session.get("devicegroups", group)?;
        let current = text(&present, CURRENT);
        let is_perhaps = ours.is_empty();
        if is_perhaps && current == before {
            return Ok(RowDone::new(row.record.clone(), Outcome::Unchanged));
        }
        if before.is_empty() {
            let title = "There is no way back: the group had no build before";
            let detail = format!(
                "a group that has code cannot be without again; deploy another build to {group}"
            );
            return Err(Failure::new(ErrorKind::Conflict, title).detail(detail));
        }
        let original = Original(with_code(self.session.get("deployments", before)?)?);
        let code = original.code();
        let mut effects = Vec::new();
        if current != ours {
            let current = Original(with_code(self.session.get("deployments", current)?)?);
            if code.is_that_of(&current.code()) {
                return Ok(done_already(row, group, &current));
            }
            if !is_perhaps || !self.code.is_that_of(&current.code()) {
                let title = "The group has got another build since";
                let detail = format!("its current deployment is {}", text(&current.0, "id"));
                return Err(Failure::new(ErrorKind::Drifted, title).detail(detail));
            }
            effects.push(self.found_there(&present, before));
        }
        let attributes = original.attributes(&TAKEN_ALONG);
        let creating = Creating::new(false, false).and_finds_out();
        let made = creating.create_anyway(self.session, &present, &code, &attributes, |_| Ok(()));
        let made = made.map_err(|failure| match is_in_doubt(&failure) {
            // Nothing is lost: the run that goes on looks at the group again.
            true => Failure { kind: ErrorKind::Unreachable, ..failure }
                .detail("no answer came; imp-change resume looks at the group again"),
            false => failure,
        })?;
        effects.extend(made.effects);
        Ok(RowDone { record: row.record.clone(), effects, ..made })
    }

    /// What a deployment has changed of which no answer came, and which is found now.
    fn found_there(&self, present: &Record, before: &str) -> Effect {
        let mut was = present.clone();
        was.insert_text(CURRENT, before);
        deployed(&was, text(present, CURRENT), &self.code.sha, &self.attributes)
    }

    /// Restarts the devices of a group, unless that has been done, and tells it of the row with this number.
    fn restart(&mut self, group: &str, back: bool, row: u64) -> Result<(), Failure> {
        let key = (group.to_owned(), back);
        if !self.flags.restart || self.restarted.contains(&key) {
            return Ok(());
        }
        if !back && self.perhaps_restarted.insert(group.to_owned()) {
            journal::note_step(&step(RESTARTS, group, false));
        }
        restart(self.session, group, self.flags.conditional).inspect_err(|failure| {
            if !back && failure.kind != ErrorKind::UnknownOutcome {
                self.perhaps_restarted.remove(group);
            }
        })?;
        if let Some(target) = self.groups.iter().find(|target| target.id == group) {
            journal::note_more(row, Outcome::Restarted, &Effect::action(&target.named()));
        }
        journal::note_step(&step(RESTARTED, group, back));
        self.restarted.insert(key);
        Ok(())
    }

    /// The number of the first row of a group.
    fn row_of(&self, group: &str) -> u64 {
        let before = self.groups.iter().take_while(|target| target.id != group);
        before.map(|target| target.rows as u64).sum::<u64>() + 1
    }

    /// What people call a group.
    fn name<'b>(&'b self, id: &'b str) -> &'b str {
        let group = self.groups.iter().find(|group| group.id == id);
        group.map_or(id, |group| group.name.as_str())
    }
}

fn step(event: &str, group: &str, back: bool) -> Record {
    let mut step = Record::new();
    step.insert_text("event", event);
    step.insert_text("group", group);
    step.insert("back", back.into());
    step
}

/// A row of the way back whose group has the code that it had: by the run that was interrupted, or by somebody else.
fn done_already(row: &Row, group: &str, current: &Original) -> RowDone {
    let done = RowDone::new(row.record.clone(), Outcome::Unchanged);
    let planned = journal::planned_before().into_iter().find(|effect| effect.id == group);
    match planned {
        Some(planned) => done.with(with_build(planned, text(&current.0, "id"))),
        None => done,
    }
}

impl Work for Builds<'_> {
    const NOUN: &'static str = "device group";
    const BEFORE: &'static str = "the build before";
    const EVENTS: Events = OF_BUILDS;
    const LAST_MAY_BE_EMPTY: bool = false;

    fn roll_out(
        &mut self,
        wave: usize,
        rows: WaveRows<'_>,
        done: &RefCell<Done>,
        results: &mut Results<'_>,
    ) -> Result<(), Trouble> {
        let group = &self.groups[wave];
        let (is_done, doubt) = (Cell::new(false), OnceLock::new());
        for item in rows {
            let item = item.map_err(|error| Trouble::Over(CommandError::cannot_keep(&error)))?;
            let again = is_done.get();
            let worked = one_row(self.session, item, results, |_| match again {
                true => Ok(RowDone::new(group.named(), Outcome::Unchanged)),
                false => self.deploy(group, &doubt),
            });
            is_done.set(again || worked);
        }
        doubt.into_inner().into_iter().for_each(|effect| results.keep_doubt(effect));
        let id = group.id.clone();
        let has_got_it = done.borrow().each_rolled().any(|rolled| rolled.id == id);
        if !has_got_it || results.is_over() || self.session.is_stopped() {
            return Ok(());
        }
        self.restart(&id, false, self.row_of(&id)).map_err(|failure| {
            let reason = format!(
                "the devices of {} could not be restarted: {}",
                self.name(&id),
                failure.sentence()
            );
            match failure.ends_run() {
                true => Trouble::Over(CommandError { message: Some(reason), ..failure.into() }),
                false => Trouble::Bad(reason),
            }
        })
    }

    /// Lists the devices of the group, and of those before it if they count.
    fn look(&mut self, wave: usize, done: &mut Done, counts: bool) -> Result<u64, api::Error> {
        let done = RefCell::new(done);
        let first = if counts { 0 } else { wave };
        let mut offline = 0;
        for number in first..=wave {
            let is_the_wave = number == wave;
            let begin = || {
                if is_the_wave {
                    done.borrow_mut().forget_records();
                }
                0
            };
            let Target { id, offline: before, .. } = &self.groups[number];
            offline += members(self.session, id, begin, |offline, device| {
                let went_offline = is_offline(&device) && !before.contains(text(&device, "id"));
                *offline += u64::from(went_offline);
                if is_the_wave {
                    done.borrow_mut().add_record(&device);
                }
            })?;
        }
        Ok(offline)
    }

    fn row_back(&self, rolled: &Rolled<'_>) -> Record {
        let group = self.groups.iter().find(|group| group.id == rolled.id);
        let mut record = group.map(Target::named).unwrap_or_default();
        record.insert_text("id", rolled.id);
        record.insert_text(CURRENT, rolled.to);
        record.insert_text(BACK_TO, rolled.from);
        record
    }

    fn take_back(&mut self, rows: &[Row], done: &RefCell<Done>, results: &mut Results<'_>) {
        let (mut stay, mut numbers) = (HashSet::new(), HashMap::new());
        for row in rows {
            numbers.insert(text(&row.record, "id"), journal::numbers([results.reported()])[0]);
            let item = Item::Row(row.clone());
            if !one_row(self.session, item, results, |row| self.deploy_back(row)) {
                stay.insert(text(&row.record, "id"));
            }
        }
        // To one that has perhaps got it no restart was sent.
        let rolled: Vec<String> =
            done.borrow().each_rolled().map(|rolled| rolled.id.to_owned()).collect();
        for group in rolled.iter().filter(|group| !stay.contains(group.as_str())) {
            // What has not been told to restart runs the build before.
            if !self.perhaps_restarted.contains(group) {
                continue;
            }
            let row = numbers.get(group.as_str()).copied();
            let row = row.unwrap_or_else(|| self.row_of(group));
            if let Err(failure) = self.restart(group, true, row) {
                results.note(Exit::of_failure(&failure));
                if failure.ends_run() || failure.kind == ErrorKind::UnknownOutcome {
                    results.leave_open();
                }
                stderr::say_failure(&format!(
                    "{} has the build before again, but its devices could not be restarted: {}; use imp-dg restart --dg {group}",
                    self.name(group),
                    failure.sentence()
                ));
            }
        }
    }

    fn fields(&self, wave: usize) -> Record {
        let mut fields = Record::new();
        fields.insert_text("devicegroup_id", &self.groups[wave].id);
        fields.insert_text("devicegroup_name", &self.groups[wave].name);
        fields
    }

    fn what_stays(&self) -> String {
        format!("They have the build {}, or what was deployed to them since", self.flags.build)
    }
}

/// Does something to one row and reports it; says whether it was done.
fn one_row(
    session: &Session,
    item: Item,
    results: &mut Results<'_>,
    act: impl Fn(&Row) -> RowResult + Sync,
) -> bool {
    let mut worked = false;
    let rows = Box::new(std::iter::once(Ok(item)));
    each_row(session, results, 1, rows, act, |results, done, row| {
        worked = true;
        results.good(done, &row.source)
    });
    worked
}
