//! The parts of one running simulator, each behind its own short lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::changes::{Changes, ChangesFile};
use crate::clock::Clock;
use crate::deliver::Deliveries;
use crate::faults::Faults;
use crate::limits::Limiter;
use crate::state::State;
use crate::state::ids::Id;
use crate::traffic::Traffic;
use crate::variants::Variants;

/// Unblessing requests that an account has in a second, besides its ordinary limit.
const UNBLESSING_LIMIT: u32 = 2;

/// Whose requests are counted: an account, or by variant one token of it.
pub type RateKey = (Id, u64);

/// Both rate limits. `requests` is None with `--rate-limit off`, which ends both.
pub struct Limits {
    /// Every request.
    pub requests: Option<Limiter<RateKey>>,
    /// Unassigning from production groups.
    pub unblessing: Limiter<RateKey>,
}

/// What does not change while the simulator runs.
pub struct Settings {
    /// Added to every API answer.
    pub latency: Duration,
    /// How long access tokens live.
    pub token_life: Duration,
    /// The answers to open questions.
    pub variants: Variants,
}

/// One simulator.
pub struct Sim {
    /// The only clock.
    pub clock: Clock,
    /// Fixed at the start.
    pub settings: Settings,
    state: Mutex<State>,
    limits: Mutex<Limits>,
    faults: Mutex<Faults>,
    traffic: Mutex<Traffic>,
    deliveries: Mutex<Deliveries>,
    changes: OnceLock<Mutex<Changes>>,
    changed: AtomicBool,
}

impl Sim {
    /// A simulator at its start.
    pub fn new(
        clock: Clock,
        settings: Settings,
        state: State,
        rate_limit: Option<u32>,
        faults: Faults,
    ) -> Self {
        let limits = Limits {
            requests: rate_limit.map(|limit| Limiter::new(limit, &settings.variants)),
            unblessing: Limiter::new(UNBLESSING_LIMIT, &settings.variants),
        };
        Self {
            clock,
            settings,
            state: Mutex::new(state),
            limits: Mutex::new(limits),
            faults: Mutex::new(faults),
            traffic: Mutex::default(),
            deliveries: Mutex::default(),
            changes: OnceLock::new(),
            changed: AtomicBool::new(true),
        }
    }

    /// The service's state, as it is by now.
    pub fn state(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        if state.carry_out_effects(&self.settings.variants, self.clock.now()) {
            self.mark_changed();
        }
        state
    }

    /// The rate limits.
    pub fn limits(&self) -> MutexGuard<'_, Limits> {
        lock(&self.limits)
    }

    /// The fault rules.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// The log and the counts.
    pub fn traffic(&self) -> MutexGuard<'_, Traffic> {
        lock(&self.traffic)
    }

    /// The calls of webhooks.
    pub fn deliveries(&self) -> MutexGuard<'_, Deliveries> {
        lock(&self.deliveries)
    }

    /// From now on it is noted in this file what requests change.
    pub fn note_changes(&self, file: ChangesFile) {
        self.changes.get_or_init(|| Mutex::new(Changes::new(file, self.clock.now())));
    }

    /// What requests have changed, if that is noted. As long as it is held, nothing else is changed by a request.
    pub fn changes(&self) -> Option<MutexGuard<'_, Changes>> {
        self.changes.get().map(lock)
    }

    /// Says that the state may have changed since it was last saved.
    pub fn mark_changed(&self) {
        self.changed.store(true, Ordering::Relaxed);
    }

    /// Whether it may have changed; from now on it counts as saved.
    pub fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }
}

/// Where a panic is unwound, as in the tests, that of one request must not take the others with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
