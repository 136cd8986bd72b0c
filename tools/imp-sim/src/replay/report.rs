//! Whether a command asked what the recorded one did, and what is said of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::recording::Exchange;
use super::requests::{Left, Requests};
use crate::console;

/// So many of what was not asked for are named.
const NAMED: usize = 5;

/// What is counted while a command is answered.
#[derive(Default)]
pub struct Counts {
    /// Reads that were answered once more, and pages that were not recorded.
    pub again: Count,
    pub ahead: Count,
    pub not_recorded: Count,
    /// What has not come yet of streams that were opened.
    pub of_streams: Count,
}

/// A number of things.
#[derive(Default)]
pub struct Count(AtomicUsize);

impl Count {
    /// So many more.
    pub fn add(&self, more: usize) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// One less.
    pub fn take_one(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    /// Says how much was asked for; false if that was not what was recorded.
    pub fn tell(&self, exchanges: &[Exchange], requests: &Requests) -> bool {
        let Left { answered, missing, ahead, not_given } = requests.left(exchanges);
        let mut text = format!("answered {answered} of {} recorded requests", exchanges.len());
        for (count, what) in [
            (self.again.get(), "answered again"),
            (self.ahead.get(), "pages not recorded"),
            (not_given, "recorded commands not given"),
            (ahead, "pages not asked for"),
            (self.not_recorded.get(), "not recorded"),
            (self.of_streams.get(), "entries of log streams not sent"),
        ] {
            if count > 0 {
                text.push_str(&format!("; {what}: {count}"));
            }
        }
        if !missing.is_empty() {
            let named = missing.iter().take(NAMED).map(|at| exchanges[*at].shown());
            text.push_str(&format!("; not asked for: {}", named.collect::<Vec<_>>().join(", ")));
        }
        if missing.len() > NAMED {
            text.push_str(&format!(" and {} more", missing.len() - NAMED));
        }
        console::message(text);
        missing.is_empty() && self.not_recorded.get() == 0 && self.of_streams.get() == 0
    }
}
