//! A rollout under way: what comes next is done, wave after wave.

use std::cell::Cell;
use std::time::Duration;

use api::send::clock;
use cli::consent::count;
use cli::rows::results::Results;
use cli::terminal::{local_time, progress, stderr};
use cli::{CommandError, Exit, Session, failure};
use model::{ErrorKind, Record};
use pipe::spool::Reader;
use pipe::{Failure, Item};

use super::course::{self, Course};
use super::event::{self, Event};
use super::gate::Verdict;
use super::schedule::{self, Hold, Progress, Rule, Step};
use super::{Conduct, Trouble, Work};

/// How often it is looked whether a wave that waits may begin.
const LOOKS: Duration = Duration::from_millis(500);

/// Why a rollout ends that a signal came to.
const INTERRUPTED: &str = "it was interrupted";

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
pub struct UnderWay<'a, W> {
    conduct: &'a Conduct,
    session: &'a Session,
    work: W,
    course: Course,
    results: Results<'a>,
    reader: Reader,
    progress: Progress,
    /// Why the next wave waits, once that has been told.
    held: Option<Hold>,
    /// Nothing more is rolled out, but taken back: what stdout does not take must not keep it.
    goes_back: bool,
    /// That stdout was closed has been said.
    closed_said: bool,
}

impl<'a, W: Work> UnderWay<'a, W> {
    /// One that has come as far as `course` says.
    pub fn new(
        conduct: &'a Conduct,
        session: &'a Session,
        work: W,
        course: Course,
        mut results: Results<'a>,
    ) -> Self {
        session.output.expect_type(W::EVENTS.of_type.name);
        let done = course.done.clone();
        results.keep(Box::new(move |row| done.borrow_mut().take(row)));
        if conduct.back {
            // So that it is one word for all rows that are left, the wave's own too.
            let is_noted = Cell::new(false);
            results.tell_left_as(Some(Box::new(move || {
                if !is_noted.replace(true) {
                    course::note_turned_back(INTERRUPTED);
                }
                not_rolled_out(W::NOUN, INTERRUPTED)
            })));
        }
        let progress = Progress {
            passed: course.passed,
            has_begun: course.has_begun(),
            ..Progress::default()
        };
        let reader = course.rows.read();
        UnderWay {
            conduct,
            session,
            work,
            course,
            results,
            reader,
            progress,
            held: None,
            goes_back: false,
            closed_said: false,
        }
    }

    /// Goes on until it is done, or does not go on.
    pub fn go(&mut self) {
        let halt = match self.course.back.clone() {
            Some(reason) => Some(Halt::Bad(reason)),
            None => self.waves(),
        };
        match halt {
            None if self.course.rows() > 0 => {
                let devices = self.course.done.borrow().devices(None);
                self.tell(event::DONE, None, Some(devices), None);
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
    fn waves(&mut self) -> Option<Halt> {
        let rule = Rule {
            waves: self.course.ends.len(),
            soak: self.conduct.soak,
            between: self.conduct.between,
        };
        loop {
            let now = clock::monotonic();
            let minute = local_time::minute_of_day(clock::now());
            let paused = self.conduct.pause_file.as_ref().is_some_and(|file| file.exists());
            let halt = match schedule::next(rule, self.progress, now, minute, paused) {
                Step::Done => return self.left_over(),
                Step::Hold(hold) => self.hold(hold),
                Step::Move => self.roll_out(),
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

    fn roll_out(&mut self) -> Option<Halt> {
        self.held = None;
        let wave = self.progress.passed;
        self.tell(event::WAVE_BEGUN, Some(wave), None, None);
        self.course.begin_wave(wave);
        let trouble = self.rows_until(wave).err();
        let devices = self.course.done.borrow().devices(Some(wave));
        self.tell(W::EVENTS.rolled, Some(wave), Some(devices), None);
        self.progress.moved_at = Some(clock::monotonic());
        self.halt(trouble)
    }

    /// Rows of waves that were found good, which failed and are tried again.
    fn left_over(&mut self) -> Option<Halt> {
        let last = self.course.ends.len().checked_sub(1).filter(|_| self.course.has_left())?;
        let trouble = self.rows_until(last).err();
        self.halt(trouble)
    }

    /// Does it to the rows that are left until a wave ends, as rows of their own waves.
    fn rows_until(&mut self, wave: usize) -> Result<(), Trouble> {
        let done = self.course.done.clone();
        for own in 0..=wave {
            let left = self.course.left_until(own);
            if left > 0 || own == wave {
                let mut rows = self.reader.by_ref().take(left);
                self.work.roll_out(own, &mut rows, &done, &mut self.results)?;
            }
        }
        Ok(())
    }

    /// Why it does not go on after rows of a wave.
    fn halt(&mut self, trouble: Option<Trouble>) -> Option<Halt> {
        if self.session.is_stopped() {
            return Some(Halt::Interrupted);
        }
        match trouble {
            _ if self.results.is_over() => Some(Halt::Over),
            Some(Trouble::Over(error)) => self.end_run(error),
            Some(Trouble::Bad(reason)) => Some(Halt::Bad(reason)),
            None => None,
        }
    }

    fn end_run(&mut self, error: CommandError) -> Option<Halt> {
        self.results.end_run(error);
        Some(Halt::Over)
    }

    /// Looks whether the wave is good.
    fn judge(&mut self) -> Option<Halt> {
        let wave = self.progress.passed;
        let may_be_empty = W::LAST_MAY_BE_EMPTY && wave + 1 == self.course.ends.len();
        if self.course.done.borrow().is_wave_empty() && !may_be_empty {
            return Some(Halt::Bad(format!(
                "none of the wave's {}s could be {}, so nothing can be judged",
                W::NOUN,
                W::EVENTS.done
            )));
        }
        if let Some(halt) = self.look().or_else(|| self.ask_gate()) {
            return Some(halt);
        }
        self.course.pass();
        self.progress = Progress { passed: wave + 1, ..Progress::default() };
        if self.conduct.judges() {
            self.tell(event::GATE_PASSED, Some(wave), None, None);
        }
        None
    }

    /// Looks at the devices of the wave, and of those before it.
    fn look(&mut self) -> Option<Halt> {
        let wave = self.progress.passed;
        let most = self.conduct.max_unavailable;
        if !self.conduct.judges() {
            return None;
        }
        let mut done = self.course.done.borrow_mut();
        let offline = self.work.look(wave, &mut done, most.is_some());
        drop(done);
        match offline {
            Ok(offline) => {
                let most =
                    most.filter(|most| most.is_exceeded(offline, self.course.all_devices()))?;
                Some(Halt::Bad(format!(
                    "{} of those rolled out went offline, and --max-unavailable allows no more than {}",
                    count(offline, "device"),
                    most.in_words()
                )))
            }
            Err(_) if self.session.is_stopped() => Some(Halt::Interrupted),
            Err(error) => self.end_run(CommandError::from(failure(error))),
        }
    }

    fn ask_gate(&mut self) -> Option<Halt> {
        let gate = self.conduct.gate.as_ref()?;
        let mut done = self.course.done.borrow_mut();
        match progress::instead(|| done.ask(self.session, gate)) {
            Ok(Verdict::Passed) => None,
            Ok(Verdict::Failed(reason)) => Some(Halt::Bad(reason)),
            Ok(Verdict::Stopped) => Some(Halt::Interrupted),
            Err(error) => Some(Halt::Bad(format!("the gate cannot be started: {error}"))),
        }
    }

    /// Nothing more is rolled out; what was is taken back, if that is wanted.
    fn end_early(&mut self, halt: &Halt) {
        let wave = self.progress.passed;
        let reason = match halt {
            Halt::Bad(reason) => {
                self.results.note(Exit::TimedOut);
                reason.clone()
            }
            Halt::Interrupted => INTERRUPTED.to_owned(),
            Halt::Over => return self.leave_open(),
        };
        self.goes_back = self.conduct.back;
        let is_new = self.course.back.is_none();
        if is_new && matches!(halt, Halt::Interrupted) {
            self.tell(event::INTERRUPTED, Some(wave), None, None);
        } else if is_new {
            self.tell(event::GATE_FAILED, Some(wave), None, Some(&reason));
        }
        let waves = self.course.ends.len();
        stderr::say_failure(&format!("stopped in wave {} of {waves}: {reason}", wave + 1));
        if !self.conduct.back {
            self.results.leave_open();
            return self.leave_rest();
        }
        if is_new {
            self.course.turn_back(&reason);
        }
        let session = self.session;
        session.run_despite_signal(|| self.go_back(&reason));
    }

    /// It goes no further, and nothing is known of why: what was done stays for the run that resumes it.
    fn leave_open(&mut self) {
        self.results.leave_open();
        self.leave_rest();
        let changed = self.course.done.borrow().number();
        if changed > 0 {
            let things = count(changed, W::NOUN);
            stderr::say_failure(&format!(
                "{} and not judged, nor taken back: {things}; imp-change resume goes on",
                W::EVENTS.done
            ));
        }
    }

    /// What is left is not begun.
    fn leave_rest(&mut self) {
        let why = format!("the rollout stopped before this {}", W::NOUN);
        self.fail_rest(&Failure::not_attempted(&why));
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
        // In the journal before it is told there of a row that may have been done that it was not.
        let rows = self.course.rows_back(|rolled| self.work.row_back(rolled));
        self.fail_rest(&not_rolled_out(W::NOUN, reason));
        // What another signal keeps from going back is left for the run that resumes this one.
        self.results.tell_left_as(None);
        self.results.limit_no_more();
        self.course.done.borrow_mut().turn_back();
        let done = self.course.done.clone();
        self.work.take_back(&rows, &done, &mut self.results);
        if self.results.is_over() {
            self.results.leave_open();
        }
        let (back, devices) = self.course.done.borrow().back();
        let never = self.course.done.borrow().never_changed();
        let left = (rows.len() as u64).saturating_sub(back + never);
        let things = count(back, W::NOUN);
        let said = format!("taken back to {}: {things}", W::BEFORE);
        if left == 0 {
            self.tell(event::BACK, None, Some(devices), None);
            return stderr::say(&said);
        }
        let reason = format!("{} not taken back, see why above", count(left, W::NOUN));
        self.tell(event::BACK, None, Some(devices), Some(&reason));
        stderr::say_failure(&format!("{said}; {reason}. {}", self.work.what_stays()));
    }

    /// Says an event to a person, or prints it.
    fn tell(
        &mut self,
        event: &'static str,
        wave: Option<usize>,
        done: Option<u64>,
        reason: Option<&str>,
    ) {
        let waves = self.course.ends.len();
        let wave_of_it = wave.filter(|wave| *wave < waves);
        let (devices, fields) = match wave_of_it {
            Some(wave) => (self.course.devices_of(wave), self.work.fields(wave)),
            None => (self.course.all_devices(), Record::new()),
        };
        let reason = reason.map(str::to_owned);
        let told = Event { event, wave, waves, devices, done, reason, fields };
        if let Some(words) = told.in_words(&W::EVENTS) {
            stderr::hint(&words);
        }
        if self.session.output.is_for_a_person() {
            return;
        }
        match told.print(self.session, &W::EVENTS) {
            Err(error) if self.goes_back => {
                stderr::say_failure(&error.message.unwrap_or_default());
                self.results.note(Exit::CouldNotRun);
            }
            Err(error) => self.results.end_run(error),
            Ok(()) if self.session.output.is_read() || self.closed_said => {}
            Ok(()) => {
                self.closed_said = true;
                stderr::say("stdout was closed; the rollout goes on, and its events are lost");
            }
        }
    }
}

/// Why a row was not rolled out.
fn not_rolled_out(noun: &str, reason: &str) -> Failure {
    let title = format!("The rollout was taken back before this {noun}");
    Failure::new(ErrorKind::NotMet, title).detail(reason.to_owned())
}
