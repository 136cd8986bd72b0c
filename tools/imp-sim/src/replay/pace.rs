//! How long an answer takes.

use std::time::Duration;

/// The times of the recording, as fast as is wished.
#[derive(Clone, Copy)]
pub struct Pace {
    speed: u32,
    waits: bool,
}

impl Pace {
    /// `speed` times as fast, or without any waiting.
    pub fn new(speed: u32, no_wait: bool) -> Self {
        Self { speed: speed.max(1), waits: !no_wait }
    }

    /// How long so many recorded milliseconds are.
    pub fn of(self, milliseconds: u64) -> Duration {
        match self.waits {
            true => Duration::from_millis(milliseconds) / self.speed,
            false => Duration::ZERO,
        }
    }
}
