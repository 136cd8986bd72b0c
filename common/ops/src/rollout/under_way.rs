//! A rollout under way: what comes next is done, wave after wave.

mod end;
mod signal;

use std::time::Duration;

use api::send::clock;
use cli::consent::count;
use cli::rows::results::Results;
use cli::terminal::{local_time, progress, stderr};
use cli::{CommandError, Exit, Session, failure};
use model::Record;
use pipe::spool::Reader;

use super::course::{self, Course};
use super::event::{self, Event};
use super::gate::Verdict;
use super::schedule::{self, Hold, Progress, Rule, Step};
use super::{Conduct, Trouble, Work};
use signal::BackNoted;

/// How often it is looked whether a wave that waits may begin.
const LOOKS: Duration = Duration::from_millis(500);

/// Why a rollout ends that a signal came to.
const INTERRUPTED: &str = "it was interrupted";

/// Why a rollout ends of which nobody can be told.
const UNTOLD: &str = "its events cannot be written to stdout";

/// Why no further wave begins.
enum Halt {
    /// A wave was found bad.
    Bad(String),
    /// A signal came.
    Interrupted,
    /// Events cannot be written.
    Untold,
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
    /// That nothing more is rolled out has been told.
    is_ending: bool,
    /// Whether it is noted that what was done is taken back.
    back_noted: BackNoted,
    /// Stdout does not take events, which has been said.
    is_untold: bool,
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
        let back_noted = BackNoted::default();
        if conduct.back {
            // So that it is one word for all rows that are left, the wave's own too.
            let is_noted = back_noted.clone();
            results.tell_left_as(Some(Box::new(move || {
                is_noted.note().then(|| end::not_rolled_out(W::NOUN, end::TAKEN_BACK, INTERRUPTED))
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
            is_ending: false,
            back_noted,
            is_untold: false,
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
                _ if self.is_untold => return Some(Halt::Untold),
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
        if self.is_untold {
            return Some(Halt::Untold);
        }
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
            if left == 0 && own != wave {
                continue;
            }
            let (mut rolled, back_noted) = (Ok(()), self.back_noted(true));
            let mut rows = self.reader.by_ref().take(left);
            signal::heeding(back_noted, &self.session.stop, &mut || {
                rolled = self.work.roll_out(own, &mut rows, &done, &mut self.results);
            });
            rolled?;
        }
        Ok(())
    }

    /// What a signal is noted with that comes while something is done, if something goes back then.
    fn back_noted(&self, goes_back: bool) -> Option<BackNoted> {
        (goes_back && self.conduct.back).then(|| self.back_noted.clone())
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
        let back_noted = self.back_noted(self.course.left_to_take_back() > 0);
        let mut offline = Ok(0);
        signal::heeding(back_noted, &self.session.stop, &mut || {
            let done = &mut self.course.done.borrow_mut();
            offline = self.work.look(wave, done, most.is_some());
        });
        match offline {
            _ if self.session.is_stopped() => Some(Halt::Interrupted),
            Ok(offline) => {
                let most =
                    most.filter(|most| most.is_exceeded(offline, self.course.all_devices()))?;
                Some(Halt::Bad(format!(
                    "{} of those rolled out went offline, and --max-unavailable allows no more than {}",
                    count(offline, "device"),
                    most.in_words()
                )))
            }
            Err(error) => self.end_run(CommandError::from(failure(error))),
        }
    }

    fn ask_gate(&mut self) -> Option<Halt> {
        let gate = self.conduct.gate.as_ref()?;
        let asked = progress::instead(|| self.course.done.borrow_mut().ask(self.session, gate));
        let (verdict, asked) = match asked {
            Ok(asked) => asked,
            Err(error) => return Some(Halt::Bad(format!("the gate cannot be started: {error}"))),
        };
        let halt = match verdict {
            Verdict::Passed => None,
            Verdict::Failed(reason) => Some(Halt::Bad(reason)),
            Verdict::Stopped => Some(Halt::Interrupted),
        };
        if let Some(halt) = &halt {
            // Another signal may come while the gate is ended, which takes its time.
            self.begin_end(halt);
        }
        asked.end();
        halt
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
            Err(error) => {
                self.results.note(error.exit);
                if !std::mem::replace(&mut self.is_untold, true) {
                    stderr::say_failure(&error.message.unwrap_or_default());
                }
            }
            Ok(()) if self.session.output.is_read() || self.closed_said => {}
            Ok(()) => {
                self.closed_said = true;
                stderr::say("stdout was closed; the rollout goes on, and its events are lost");
            }
        }
    }
}
