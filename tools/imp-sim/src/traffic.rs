//! What was asked of the service: a capped log and counts, for tests. Never holds a secret: ids of
//! login keys and refresh tokens are left out of paths, and no header or body is kept.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

/// Maximum requests remembered.
const LOG: usize = 200_000;

/// One request, as `GET /control/requests` prints it.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Milliseconds since the start of the simulator, when it arrived.
    pub ms: u64,
    /// As sent.
    pub method: Box<str>,
    /// What follows `/v5`.
    pub path: Box<str>,
    /// As sent, without `?`.
    pub query: Box<str>,
    /// 0 if the connection was cut.
    pub status: u16,
    /// The username of the bearer token's account.
    pub account: Option<Box<str>>,
    /// Devices named in a batch.
    pub devices: usize,
}

/// `GET /control/counts`.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Requests that arrived.
    pub total: u64,
    /// Being served now.
    pub in_flight: u64,
    /// Most being served at the same time.
    pub most_in_flight: u64,
    /// Most arrivals in any one second, of whatever beginning.
    pub most_in_any_second: u64,
    /// `POST /auth` and `POST /auth/token` that were answered 200.
    pub renewals: u64,
    /// Requests that change something and were answered (or cut), without `/auth`.
    pub writes: u64,
    /// By status; 0 is a connection cut by a fault.
    pub by_status: BTreeMap<u16, u64>,
    /// By kind, for example `GET /devices/{id}`, and status.
    pub by_kind: BTreeMap<String, BTreeMap<u16, u64>>,
}

/// Everything that was asked so far.
#[derive(Default)]
pub struct Traffic {
    counts: Counts,
    log: VecDeque<Entry>,
    last_second: VecDeque<Duration>,
}

impl Traffic {
    /// A request arrived at `now`, time since the start.
    pub fn arrived(&mut self, now: Duration) {
        let counts = &mut self.counts;
        counts.total += 1;
        counts.in_flight += 1;
        counts.most_in_flight = counts.most_in_flight.max(counts.in_flight);
        self.last_second.push_back(now);
        let second = Duration::from_secs(1);
        while self.last_second.front().is_some_and(|&first| first + second <= now) {
            self.last_second.pop_front();
        }
        counts.most_in_any_second = counts.most_in_any_second.max(self.last_second.len() as u64);
    }

    /// Its fate is decided.
    pub fn decided(&mut self, kind: &str, entry: Entry) {
        let counts = &mut self.counts;
        *counts.by_status.entry(entry.status).or_default() += 1;
        let signs_in = kind == "POST /auth" || kind == "POST /auth/token";
        if signs_in && entry.status == 200 {
            counts.renewals += 1;
        }
        if &*entry.method != "GET" && !signs_in {
            counts.writes += 1;
        }
        if !counts.by_kind.contains_key(kind) {
            counts.by_kind.insert(kind.to_owned(), BTreeMap::new());
        }
        if let Some(kind) = counts.by_kind.get_mut(kind) {
            *kind.entry(entry.status).or_default() += 1;
        }
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(entry);
    }

    /// Its answer is on its way, or its client is gone.
    pub fn finished(&mut self) {
        self.counts.in_flight = self.counts.in_flight.saturating_sub(1);
    }

    /// What was counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What was remembered, oldest first.
    pub fn log(&self) -> impl Iterator<Item = &Entry> {
        self.log.iter()
    }

    /// Forgets everything but the requests being served.
    pub fn reset(&mut self) {
        let in_flight = self.counts.in_flight;
        *self = Self::default();
        self.counts.in_flight = in_flight;
        self.counts.most_in_flight = in_flight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(method: &str, status: u16) -> Entry {
        let text = || "".into();
        Entry {
            ms: 0,
            method: method.into(),
            path: text(),
            query: text(),
            status,
            account: None,
            devices: 0,
        }
    }

    #[test]
    fn the_busiest_second_may_begin_anywhere() {
        let mut traffic = Traffic::default();
        for at in [0, 600, 900, 1_599, 1_600, 2_700] {
            traffic.arrived(Duration::from_millis(at));
        }
        assert_eq!(traffic.counts().most_in_any_second, 3);
        assert_eq!(traffic.counts().most_in_flight, 6);
    }

    #[test]
    fn renewals_and_writes_are_told_apart() {
        let mut traffic = Traffic::default();
        traffic.decided("POST /auth/token", entry("POST", 200));
        traffic.decided("POST /auth", entry("POST", 403));
        traffic.decided("POST /products", entry("POST", 201));
        traffic.decided("GET /products", entry("GET", 200));
        let counts = traffic.counts();
        assert_eq!((counts.renewals, counts.writes), (1, 1));
        assert_eq!(counts.by_kind["POST /auth"][&403], 1);
    }
}
