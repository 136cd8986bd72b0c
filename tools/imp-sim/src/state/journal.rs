//! What devices logged and what happened to them, the newest `LOGS` and `EVENTS` of each.
//!
//! Within a device no two entries of the log have the same time: a line that comes in the same
//! millisecond as the one before it is dated a millisecond later.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use super::ids::{DeviceId, Id, Timestamp};

/// Maximum lines kept for each device.
const LOGS: usize = 1000;
/// Maximum events kept for each device.
const EVENTS: usize = 100;

/// All types of log entries.
pub const LOG_TYPES: [&str; 10] = [
    "server.log",
    "server.error",
    "server.sleep",
    "agent.log",
    "agent.error",
    "status",
    "powerstate",
    "lastexitcode",
    "firmware",
    "IDE.log",
];

/// One line of a log.
#[derive(Clone, Debug, Serialize)]
pub struct LogEntry {
    /// When.
    pub ts: Timestamp,
    /// One of `LOG_TYPES`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The text.
    #[serde(serialize_with = "text")]
    pub msg: Arc<str>,
}

fn text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// One event of a device's history.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HistoryEvent {
    /// When.
    pub timestamp: Timestamp,
    /// A past participle.
    pub event: &'static str,
    /// Who owned the device then.
    pub owner_id: Id,
    /// Who did it.
    pub actor_id: Id,
}

/// Of all devices.
#[derive(Default)]
pub struct Journal {
    logs: HashMap<DeviceId, VecDeque<LogEntry>>,
    events: HashMap<DeviceId, VecDeque<HistoryEvent>>,
}

impl Journal {
    /// Adds a line, and gives it as it was dated.
    pub fn log(
        &mut self,
        device: DeviceId,
        kind: &'static str,
        msg: Arc<str>,
        now: Timestamp,
    ) -> LogEntry {
        let log = self.logs.entry(device).or_default();
        let after = log.back().map_or(Timestamp::default(), |last| Timestamp(last.ts.0 + 1));
        let entry = LogEntry { ts: now.max(after), kind, msg };
        push(log, LOGS, entry.clone());
        entry
    }

    /// Adds an event.
    pub fn record_event(&mut self, device: DeviceId, event: HistoryEvent) {
        push(self.events.entry(device).or_default(), EVENTS, event);
    }

    /// The log of a device, newest first.
    pub fn log_of(&self, device: DeviceId) -> impl Iterator<Item = &LogEntry> {
        self.logs.get(&device).into_iter().flatten().rev()
    }

    /// The history of a device, newest first.
    pub fn history_of(&self, device: DeviceId) -> impl Iterator<Item = &HistoryEvent> {
        self.events.get(&device).into_iter().flatten().rev()
    }

    /// Forgets a device that left the account.
    pub fn forget(&mut self, device: DeviceId) {
        self.logs.remove(&device);
        self.events.remove(&device);
    }
}

fn push<T>(queue: &mut VecDeque<T>, most: usize, item: T) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_the_newest_lines_each_with_its_own_time() {
        let mut journal = Journal::default();
        let device = DeviceId(1);
        for number in 0..LOGS + 2 {
            journal.log(device, "server.log", number.to_string().into(), Timestamp(5));
        }
        let lines: Vec<&LogEntry> = journal.log_of(device).collect();
        assert_eq!(lines.len(), LOGS);
        assert_eq!(&*lines[0].msg, (LOGS + 1).to_string());
        assert!(lines.windows(2).all(|pair| pair[0].ts > pair[1].ts));
        let later = journal.log(device, "server.log", "x".into(), Timestamp(90_000));
        assert_eq!(later.ts, Timestamp(90_000));
    }
}
