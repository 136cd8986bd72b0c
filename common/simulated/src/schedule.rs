//! The turns of the threads, and the clock: one thread runs at a time, and when all wait, time jumps.
//!
//! A thread that waits for another one asks again whenever any other has run meanwhile. When none has, all of
//! them wait, and the clock goes on to the first that waits for a time. When none does, it is a deadlock.

use std::collections::{BTreeMap, HashSet};
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{ThreadId, current, panicking};
use std::time::{Duration, Instant, SystemTime};

use crate::run::{Killed, Run};

/// A clock and the threads that live by it.
pub struct World {
    seed: u64,
    begin: Instant,
    turns: Mutex<Turns>,
}

struct Turns {
    now: Duration,
    random: u64,
    running: Option<u64>,
    threads: BTreeMap<u64, Thread>,
    next: u64,
    /// How often a thread has gone on, so that what others wait for may have come.
    went_on: u64,
    ended: HashSet<ThreadId>,
    /// Runs that are over, of which threads are left. Nobody else has a turn meanwhile.
    dying: usize,
    is_stuck: bool,
}

struct Thread {
    run: usize,
    wakes: Arc<Condvar>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Ready,
    /// Asked last when others had gone on so often; asks again at the latest then.
    Asks {
        asked: u64,
        until: Option<Duration>,
    },
    Sleeps {
        until: Duration,
    },
}

impl World {
    /// A world in which everything follows from `seed`.
    #[expect(clippy::disallowed_methods, reason = "an instant that the others are reckoned from")]
    pub fn new(seed: u64) -> Arc<Self> {
        let turns = Turns {
            now: Duration::ZERO,
            random: seed,
            running: None,
            threads: BTreeMap::new(),
            next: 0,
            went_on: 0,
            ended: HashSet::new(),
            dying: 0,
            is_stuck: false,
        };
        Arc::new(World { seed, begin: Instant::now(), turns: Mutex::new(turns) })
    }

    /// What everything follows from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Time since the world began.
    pub fn elapsed(&self) -> Duration {
        self.turns().now
    }

    /// Lets time pass while no command runs.
    pub fn pass(&self, how_long: Duration) {
        self.turns().now += how_long;
    }

    /// Gives nobody a turn until [`World::let_go`], so that several runs can be started at once.
    pub fn hold(&self) {
        self.turns().running = Some(u64::MAX);
    }

    /// Gives turns again.
    pub fn let_go(&self) {
        let mut turns = self.turns();
        turns.running = None;
        turns.hand_on();
    }

    /// The time of day.
    pub fn time_of_day(&self) -> SystemTime {
        // The first second of 2026.
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600) + self.elapsed()
    }

    pub(crate) fn instant(&self) -> Instant {
        self.begin + self.elapsed()
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a thread of a run, which has no turn yet.
    pub(crate) fn new_thread(&self, run: &Arc<Run>) -> u64 {
        let mut turns = self.turns();
        turns.next += 1;
        let number = turns.next;
        let thread = Thread { run: key(run), wakes: Arc::default(), state: State::Ready };
        turns.threads.insert(number, thread);
        number
    }

    /// Waits for the first turn of a thread.
    pub(crate) fn first_turn(&self, run: &Run, thread: u64) {
        let mut turns = self.turns();
        if turns.running.is_none() {
            turns.hand_on();
        }
        let turns = self.wait_for_turn(turns, run, thread);
        drop(turns);
        end_if_over(run);
    }

    /// The thread is at its end.
    pub(crate) fn end_thread(&self, run: &Arc<Run>, thread: u64) {
        let mut turns = self.turns();
        turns.threads.remove(&thread);
        turns.ended.insert(current().id());
        turns.went_on += 1;
        if let Some(last) = turns.last_of(key(run)).filter(|_| run.is_over()) {
            last.notify_all();
        }
        if turns.running == Some(thread) {
            turns.running = None;
        }
        if turns.running.is_none() {
            turns.hand_on();
        }
    }

    /// Whether the thread has ended.
    pub(crate) fn has_ended(&self, thread: ThreadId) -> bool {
        self.turns().ended.contains(&thread)
    }

    /// Ends a run: its threads unwind, and nobody else has a turn until they have.
    pub(crate) fn end(&self, run: &Run) {
        let mut turns = self.turns();
        if run.be_over() {
            return;
        }
        turns.dying += 1;
        turns.threads.values().for_each(|thread| thread.wakes.notify_all());
    }

    /// Waits until `thread` is the only one that is left of its run, which is over; then does what is left to do,
    /// before anybody else has a turn.
    pub(crate) fn bury(&self, run: &Arc<Run>, thread: u64, at_last: impl FnOnce()) {
        let mut turns = self.turns();
        while turns.threads_of(key(run)) > 1 {
            let wakes = turns.threads[&thread].wakes.clone();
            turns = wakes.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        drop(turns);
        at_last();
        let mut turns = self.turns();
        turns.dying -= 1;
        // Whoever had the turn when it was killed has it no more.
        turns.running = Some(thread);
    }

    /// Gives what `attempt` gives, as soon as it gives something; `None` when the time is over, or the run. Others
    /// have their turn meanwhile. Without `asks` it is only a time that is waited for.
    pub(crate) fn block<T>(
        &self,
        run: &Run,
        thread: u64,
        until: Option<Duration>,
        asks: bool,
        mut attempt: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let mut has_waited = false;
        loop {
            end_if_over(run);
            if run.is_over() {
                return None;
            }
            let got = attempt();
            let mut turns = self.turns();
            let is_late = until.is_some_and(|until| turns.now >= until);
            if got.is_some() || is_late {
                turns.went_on += u64::from(has_waited);
                return got;
            }
            has_waited = true;
            let state = match until {
                Some(until) if !asks => State::Sleeps { until },
                _ => State::Asks { asked: turns.went_on, until },
            };
            if let Some(thread) = turns.threads.get_mut(&thread) {
                thread.state = state;
            }
            turns.running = None;
            turns.hand_on();
            drop(self.wait_for_turn(turns, run, thread));
        }
    }

    fn wait_for_turn<'a>(
        &'a self,
        mut turns: MutexGuard<'a, Turns>,
        run: &Run,
        thread: u64,
    ) -> MutexGuard<'a, Turns> {
        let Some(wakes) = turns.threads.get(&thread).map(|thread| thread.wakes.clone()) else {
            return turns;
        };
        while turns.running != Some(thread) && !run.is_over() {
            if turns.is_stuck {
                run.note("all threads wait for each other");
                drop(turns);
                self.end(run);
                return self.turns();
            }
            turns = wakes.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(own) = turns.threads.get_mut(&thread)
            && matches!(own.state, State::Ready)
        {
            turns.went_on += 1;
        }
        turns
    }
}

/// Ends this thread if its run is over.
pub(crate) fn end_if_over(run: &Run) {
    if run.is_over() && !panicking() {
        resume_unwind(Box::new(Killed));
    }
}

fn key(run: &Arc<Run>) -> usize {
    Arc::as_ptr(run).addr()
}

impl Turns {
    fn threads_of(&self, run: usize) -> usize {
        self.threads.values().filter(|thread| thread.run == run).count()
    }

    /// The one thread that is left of a run.
    fn last_of(&self, run: usize) -> Option<Arc<Condvar>> {
        let mut threads = self.threads.values().filter(|thread| thread.run == run);
        let last = threads.next()?.wakes.clone();
        threads.next().is_none().then_some(last)
    }

    /// Chooses who runs next.
    fn hand_on(&mut self) {
        if self.dying > 0 || self.threads.is_empty() {
            return;
        }
        let went_on = self.went_on;
        let may_run = |thread: &&Thread| match thread.state {
            State::Ready => true,
            State::Asks { asked, .. } => asked < went_on,
            State::Sleeps { .. } => false,
        };
        let number = self.threads.values().filter(may_run).count();
        if number > 0 {
            let chosen = self.random_below(number);
            let mut who = self.threads.iter().filter(|(_, thread)| may_run(thread));
            if let Some((who, thread)) = who.nth(chosen) {
                self.running = Some(*who);
                thread.wakes.notify_all();
            }
            return;
        }
        let times = self.threads.iter().filter_map(|(who, thread)| match thread.state {
            State::Asks { until, .. } => Some((until?, *who)),
            State::Sleeps { until } => Some((until, *who)),
            State::Ready => None,
        });
        let Some((until, who)) = times.min() else {
            self.is_stuck = true;
            self.threads.values().for_each(|thread| thread.wakes.notify_all());
            return;
        };
        self.now = self.now.max(until);
        self.running = Some(who);
        self.threads[&who].wakes.notify_all();
    }

    /// splitmix64
    fn random_below(&mut self, end: usize) -> usize {
        if end == 1 {
            return 0;
        }
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}
