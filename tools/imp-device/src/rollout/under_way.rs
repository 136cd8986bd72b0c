//! A rollout under way: what comes next is done, wave after wave.

use std::collections::HashSet;
use std::time::Duration;

use api::send::clock;
use cli::consent::count;
use cli::rows::results::Results;
use cli::terminal::{local_time, progress, stderr};
use cli::{CommandError, Exit, Session, failure, text};
use model::ErrorKind;
use ops::membership::{Group, Move, move_noted};
use pipe::spool::Reader;
use pipe::{Failure, Item, Row};

use super::Rollout;
use super::course::{BACK_TO, Course};
use super::event::{self, Event};
use super::gate::Verdict;
use super::offline;
use super::schedule::{self, Hold, Progress, Rule, Step};

/// How often it is looked whether a wave that waits may begin.
const LOOKS: Duration = Duration::from_millis(500);

/// Why no further wave begins.
enum Halt {
    /// A wave was found bad.
    Bad(String),
    /// A signal came.
    Interrupted,
    /// The run is over: the reason has been said.
    Over,
}

/// A rollout under way.
pub struct UnderWay<'a> {
    flags: &'a Rollout,
    session: &'a Session,
    target: &'a Group,
    course: Course,
    results: Results<'a>,
    reader: Reader,
    progress: Progress,
    /// Why the next wave waits, once that has been told.
    held: Option<Hold>,
    /// Nothing more is moved, but back: what stdout does not take must not keep devices away.
    goes_back: bool,
}

impl<'a> UnderWay<'a> {
    /// One that has come as far as `course` says.
    pub fn new(
        flags: &'a Rollout,
        session: &'a Session,
        target: &'a Group,
        course: Course,
        mut results: Results<'a>,
    ) -> Self {
        let done = course.done.clone();
        results.keep(Box::new(move |row| done.borrow_mut().take(row)));
        let progress = Progress { passed: course.passed, moved_at: None };
        let reader = course.rows.read();
        UnderWay {
            flags,
            session,
            target,
            course,
            results,
            reader,
            progress,
            held: None,
            goes_back: false,
        }
    }

    /// Goes on until it is done, or does not go on.
    pub fn go(&mut self, order: &Move<'_>) {
        let halt = match self.course.back.clone() {
            Some(reason) => Some(Halt::Bad(reason)),
            None => self.waves(order),
        };
        match halt {
            None if self.course.all() > 0 => {
                let moved = self.course.done.borrow().moved();
                self.tell(event::DONE, None, Some(moved), None);
            }
            None => {}
            Some(halt) => self.end_early(&halt),
        }
    }

    /// It is not to be.
    pub fn refuse(&mut self, reason: CommandError) {
        self.results.not_agreed(reason);
        self.leave_rest();
    }

    /// Ends the run.
    pub fn finish(self) -> Exit {
        self.results.finish()
    }

    /// Wave after wave; gives why it does not go on.
    fn waves(&mut self, order: &Move<'_>) -> Option<Halt> {
        let rule = Rule {
            waves: self.course.ends.len(),
            soak: self.flags.soak,
            between: self.flags.between,
        };
        loop {
            let now = clock::monotonic();
            let minute = local_time::minute_of_day(clock::now());
            let paused = self.flags.pause_file.as_ref().is_some_and(|file| file.exists());
            let halt = match schedule::next(rule, self.progress, now, minute, paused) {
                Step::Done => return None,
                Step::Hold(hold) => self.hold(hold),
                Step::Move => self.move_wave(order),
                Step::Soak(left) => self.wait(left),
                Step::Judge => self.judge(),
            };
            if halt.is_some() {
                return halt;
            }
        }
    }

    fn wait(&self, how_long: Duration) -> Option<Halt> {
        // A count that stands still tells nobody anything.
        progress::instead(|| clock::wait_unless(&self.session.stop, how_long));
        self.session.is_stopped().then_some(Halt::Interrupted)
    }

    /// The next wave has to wait.
    fn hold(&mut self, hold: Hold) -> Option<Halt> {
        if self.held != Some(hold) {
            self.held = Some(hold);
            let event = if hold == Hold::Paused { event::PAUSED } else { event::WAITING };
            self.tell(event, Some(self.progress.passed), None, None);
        }
        self.wait(LOOKS)
    }

    fn move_wave(&mut self, order: &Move<'_>) -> Option<Halt> {
        self.held = None;
        let wave = self.progress.passed;
        self.tell(event::WAVE_BEGUN, Some(wave), None, None);
        self.course.begin_wave(wave);
        let already = self.course.done.borrow().moved();
        let left = self.course.left_until(wave);
        let rows = self.reader.by_ref().take(left);
        move_noted(self.session, order, rows, &mut self.results);
        let moved = self.course.done.borrow().moved() - already;
        self.tell(event::WAVE_MOVED, Some(wave), Some(moved), None);
        self.progress.moved_at = Some(clock::monotonic());
        if self.session.is_stopped() {
            return Some(Halt::Interrupted);
        }
        self.results.is_over().then_some(Halt::Over)
    }

    /// Looks whether the wave is good.
    fn judge(&mut self) -> Option<Halt> {
        let wave = self.progress.passed;
        if self.course.done.borrow().is_wave_empty() && wave + 1 < self.course.ends.len() {
            let reason = "none of the wave's devices could be moved, so nothing can be judged";
            return Some(Halt::Bad(reason.to_owned()));
        }
        if let Some(halt) = self.too_many_are_offline() {
            return Some(halt);
        }
        if let Some(gate) = &self.flags.gate {
            let mut done = self.course.done.borrow_mut();
            let verdict = progress::instead(|| done.ask(self.session, &self.flags.common, gate));
            drop(done);
            match verdict {
                Ok(Verdict::Passed) => {}
                Ok(Verdict::Failed(reason)) => return Some(Halt::Bad(reason)),
                Ok(Verdict::Stopped) => return Some(Halt::Interrupted),
                Err(error) => {
                    return Some(Halt::Bad(format!("the gate cannot be started: {error}")));
                }
            }
        }
        self.course.pass();
        self.progress = Progress { passed: wave + 1, moved_at: None };
        self.tell(event::GATE_PASSED, Some(wave), None, None);
        None
    }

    fn too_many_are_offline(&mut self) -> Option<Halt> {
        let most = self.flags.max_unavailable?;
        let offline = {
            let done = self.course.done.borrow();
            let moved: HashSet<&str> = done.each_moved().map(|(device, _)| device).collect();
            offline::count(self.session, &self.target.id, &moved)
        };
        match offline {
            Ok(offline) if most.is_exceeded(offline, self.course.all()) => {
                Some(Halt::Bad(format!(
                    "{} of those rolled out are offline, and --max-unavailable allows no more than {}",
                    count(offline, "device"),
                    most.in_words()
                )))
            }
            Ok(_) => None,
            Err(_) if self.session.is_stopped() => Some(Halt::Interrupted),
            Err(error) => {
                self.results.end_run(CommandError::from(failure(error)));
                Some(Halt::Over)
            }
        }
    }

    /// Nothing more is moved; what was moved goes back, if that is wanted.
    fn end_early(&mut self, halt: &Halt) {
        let wave = self.progress.passed;
        let reason = match halt {
            Halt::Bad(reason) => {
                self.results.note(Exit::TimedOut);
                reason.clone()
            }
            Halt::Interrupted => "it was interrupted".to_owned(),
            Halt::Over => return self.leave_open(),
        };
        self.goes_back = self.flags.back;
        let is_new = self.course.back.is_none();
        if is_new && matches!(halt, Halt::Interrupted) {
            self.tell(event::INTERRUPTED, Some(wave), None, None);
        } else if is_new {
            self.tell(event::GATE_FAILED, Some(wave), None, Some(&reason));
        }
        let waves = self.course.ends.len();
        stderr::say_failure(&format!("stopped in wave {} of {waves}: {reason}", wave + 1));
        if !self.flags.back {
            return self.leave_rest();
        }
        if is_new {
            self.course.turn_back(&reason);
        }
        let session = self.session;
        session.run_despite_signal(|| self.go_back(&reason));
    }

    /// It goes no further, and nothing is known of why: what was moved stays for the run that resumes it.
    fn leave_open(&mut self) {
        self.leave_rest();
        let moved = self.course.done.borrow().moved();
        if moved > 0 {
            let devices = count(moved, "device");
            stderr::say_failure(&format!(
                "moved and not judged, nor taken back: {devices}; imp-change resume goes on"
            ));
        }
    }

    /// What is left is not begun.
    fn leave_rest(&mut self) {
        self.fail_rest(&Failure::not_attempted("the rollout stopped before this device"));
    }

    fn fail_rest(&mut self, failure: &Failure) {
        for item in self.reader.by_ref() {
            match item {
                Ok(Item::Row(row)) => self.results.bad(failure, &row.record, &row.source),
                Ok(item) => self.results.not_attempted(Ok(item)),
                Err(error) => self.results.end_run(CommandError::cannot_keep(&error)),
            }
        }
    }

    fn go_back(&mut self, reason: &str) {
        self.fail_rest(&not_rolled_out(reason));
        self.course.done.borrow_mut().turn_back();
        let rows = self.course.rows_back(&self.target.id);
        let has_group = |row: &Row| !text(&row.record, BACK_TO).is_empty();
        let is_alike = |one: &Row, other: &Row| has_group(one) == has_group(other);
        for rows in rows.chunk_by(is_alike) {
            let to_group = rows.first().is_some_and(has_group);
            self.move_back(rows, to_group);
        }
        let back = self.course.done.borrow().back();
        let left = (rows.len() as u64).saturating_sub(back);
        let devices = count(back, "device");
        let said = format!("taken back to where they were before: {devices}");
        if left == 0 {
            self.tell(event::BACK, None, Some(back), None);
            return stderr::say(&said);
        }
        let reason = format!("{} not taken back, see why above", count(left, "device"));
        self.tell(event::BACK, None, Some(back), Some(&reason));
        stderr::say_failure(&format!("{said}; {reason}. They were moved to {}", self.flags.to));
    }

    fn move_back(&mut self, rows: &[Row], to_group: bool) {
        let before = |row: &Row| {
            let id = text(&row.record, BACK_TO).to_owned();
            Ok(Group { id, kind: String::new(), product: None })
        };
        let flags = self.flags;
        let order = Move {
            job: cli::rows::RowJob::changing(flags.devices.row_args(), flags.changes.into()),
            target: if to_group { Some(&before) } else { None },
            batch: super::BATCH,
            stream: false,
            key: None,
            only_from: Some(self.target.clone()),
        };
        let rows = rows.iter().cloned().map(|row| Ok(Item::Row(row)));
        move_noted(self.session, &order, rows, &mut self.results);
    }

    /// Says an event to a person, or prints it.
    fn tell(
        &mut self,
        event: &'static str,
        wave: Option<usize>,
        moved: Option<u64>,
        reason: Option<&str>,
    ) {
        let waves = self.course.ends.len();
        let devices = match wave.filter(|wave| *wave < waves) {
            Some(wave) => self.course.size_of(wave),
            None => self.course.all(),
        };
        let reason = reason.map(str::to_owned);
        let told = Event { event, wave, waves, devices, moved, reason };
        if let Some(words) = told.in_words() {
            stderr::hint(&words);
        }
        if self.session.output.is_for_a_person() {
            return;
        }
        match told.print(self.session) {
            Err(error) if self.goes_back => {
                stderr::say_failure(&error.message.unwrap_or_default());
                self.results.note(Exit::CouldNotRun);
            }
            Err(error) => self.results.end_run(error),
            Ok(()) => {}
        }
    }
}

/// Why a row was not moved.
fn not_rolled_out(reason: &str) -> Failure {
    Failure::new(ErrorKind::NotMet, "The rollout was taken back before this device")
        .detail(reason.to_owned())
}
