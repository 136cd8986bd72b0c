//! Hosts that cannot see each other, in virtual time, against a model of the service's limit.
//!
//! What is asserted is what the bench measures with real processes (tests/bench/limit.rs), with some room
//! for the seeds.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::state::{Pause, Quota, State};

const WINDOW: Duration = Duration::from_secs(1);
const SECOND: u64 = 1_000_000;

const LOOK: u64 = 250_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fixed,
    Sliding,
    Bucket,
}

/// The service: so many requests a second, counted in one way.
struct Service {
    kind: Kind,
    limit: u64,
    window: u64,
    used: u64,
    recent: VecDeque<u64>,
    full_at: u64,
}

impl Service {
    fn new(kind: Kind, limit: u64) -> Self {
        Service { kind, limit, window: 0, used: 0, recent: VecDeque::new(), full_at: 0 }
    }

    /// What is left after this request, if it is allowed; and the time until the window renews.
    fn ask(&mut self, now: u64) -> (Option<u64>, u64) {
        let each = SECOND / self.limit;
        let (left, reset) = match self.kind {
            Kind::Fixed => {
                if self.window != now / SECOND {
                    (self.window, self.used) = (now / SECOND, 0);
                }
                (self.limit - self.used, SECOND - now % SECOND)
            }
            Kind::Sliding => {
                while self.recent.front().is_some_and(|first| first + SECOND <= now) {
                    self.recent.pop_front();
                }
                let reset = self.recent.front().map_or(SECOND, |first| first + SECOND - now);
                (self.limit - self.recent.len() as u64, reset)
            }
            Kind::Bucket => {
                let missing = self.full_at.saturating_sub(now);
                (self.limit.saturating_sub(missing.div_ceil(each)), missing.max(each))
            }
        };
        if left == 0 {
            return (None, reset);
        }
        self.used += 1;
        match self.kind {
            Kind::Fixed => {}
            Kind::Sliding => self.recent.push_back(now),
            Kind::Bucket => self.full_at = self.full_at.max(now) + each,
        }
        (Some(left - 1), reset)
    }
}

/// What is tried.
#[derive(Clone, Copy, Debug)]
struct Fleet {
    kind: Kind,
    headers: bool,
    /// The reset header is in milliseconds.
    exact_reset: bool,
    /// Requests a second.
    limit: u64,
    hosts: usize,
    /// Requests that each host has under way at most: processes times jobs.
    jobs: usize,
    /// Host number `n` begins `n` times so much later.
    stagger: u64,
    /// The first host alone goes on from here.
    others_leave: u64,
    /// What came before this is counted only as refused from the start.
    settled: u64,
}

/// What came of a minute.
#[derive(Debug, Default)]
struct Outcome {
    /// Good answers as part of the limit.
    share: f64,
    refused: f64,
    refused_from_start: f64,
    /// What the slowest host had, as part of what the fastest had.
    evenness: f64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Begin,
    Wait(u64),
    Arrive,
    Answer { remaining: Option<u64>, reset: u64 },
}

const SECONDS: u64 = 60;
const START: u64 = 1_790_000_000 * SECOND + 377_000;

impl Fleet {
    fn of(kind: Kind) -> Self {
        Fleet {
            kind,
            headers: true,
            exact_reset: false,
            limit: 40,
            hosts: 1,
            jobs: 8,
            stagger: 0,
            others_leave: SECONDS * SECOND,
            settled: 10 * SECOND,
        }
    }

    fn run(&self, seed: u64) -> Outcome {
        let mut random = Random(seed);
        let mut service = Service::new(self.kind, self.limit);
        let mut hosts = vec![State::default(); self.hosts];
        let mut asked = Vec::new();
        let mut steps = BinaryHeap::new();
        for host in 0..self.hosts {
            for job in 0..self.jobs {
                let at = START + host as u64 * self.stagger + random.up_to(30_000);
                steps.push(Reverse((at, host, job, Step::Begin)));
            }
        }
        while let Some(Reverse((now, host, job, step))) = steps.pop() {
            if now > START + SECONDS * SECOND {
                break;
            }
            let state = &mut hosts[host];
            let (at, step) = match step {
                Step::Begin if host > 0 && now > START + self.others_leave => continue,
                Step::Begin => (now, Step::Wait(state.take(now))),
                Step::Wait(ticket) if state.due(ticket) > now => {
                    (state.due(ticket).min(now + LOOK), Step::Wait(ticket))
                }
                Step::Wait(_) => (now + random.transit(), Step::Arrive),
                Step::Arrive => {
                    let (remaining, reset) = service.ask(now);
                    asked.push((now, host, remaining.is_some()));
                    (now + 50_000 + random.transit(), Step::Answer { remaining, reset })
                }
                Step::Answer { remaining, reset } => {
                    self.note(state, remaining, reset, now);
                    (now + 200, Step::Begin)
                }
            };
            steps.push(Reverse((at, host, job, step)));
        }
        self.outcome(&asked)
    }

    fn note(&self, state: &mut State, remaining: Option<u64>, reset: u64, now: u64) {
        let quota = Quota { limit: Some(self.limit), remaining: remaining.or(Some(0)) };
        let quota = if self.headers { quota } else { Quota::default() };
        if remaining.is_some() {
            return state.learn(quota, WINDOW, now);
        }
        let unit = if self.exact_reset { 1_000 } else { SECOND };
        let reset = Duration::from_micros(reset.div_ceil(unit) * unit);
        let pause = if self.headers { Pause::Window(reset) } else { Pause::Untold };
        state.refuse(quota, pause, WINDOW, now);
    }

    fn outcome(&self, asked: &[(u64, usize, bool)]) -> Outcome {
        let refused = |asked: &[(u64, usize, bool)]| {
            asked.iter().filter(|(_, _, good)| !good).count() as f64 / asked.len() as f64
        };
        let begin = START + self.settled;
        let settled = &asked[asked.partition_point(|(at, _, _)| *at < begin)..];
        let mut good = vec![0; self.hosts];
        settled.iter().filter(|(_, _, good)| *good).for_each(|(_, host, _)| good[*host] += 1);
        let all: u64 = good.iter().sum();
        let (slowest, fastest) = (good.iter().min().unwrap(), good.iter().max().unwrap());
        Outcome {
            share: all as f64 / (SECONDS - self.settled / SECOND) as f64 / self.limit as f64,
            refused: refused(settled),
            refused_from_start: refused(asked),
            evenness: *slowest as f64 / *fastest as f64,
        }
    }

    /// The worst of four seeds in each respect.
    fn worst(&self) -> Outcome {
        let begin = Outcome { share: f64::MAX, evenness: f64::MAX, ..Outcome::default() };
        (1..=4).map(|seed| self.run(seed)).fold(begin, |worst, one| Outcome {
            share: worst.share.min(one.share),
            refused: worst.refused.max(one.refused),
            refused_from_start: worst.refused_from_start.max(one.refused_from_start),
            evenness: worst.evenness.min(one.evenness),
        })
    }
}

/// Small and the same everywhere.
struct Random(u64);

impl Random {
    fn up_to(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }

    /// Half a millisecond to two, and now and then much more.
    fn transit(&mut self) -> u64 {
        match self.up_to(50) {
            0 => 2_000 + self.up_to(58_000),
            _ => 500 + self.up_to(1_500),
        }
    }
}

const KINDS: [Kind; 3] = [Kind::Fixed, Kind::Sliding, Kind::Bucket];

#[test]
fn one_host_with_headers_uses_nearly_all() {
    for fleet in KINDS.map(Fleet::of) {
        for jobs in [8, 32, 128] {
            let worst = Fleet { jobs, ..fleet }.worst();
            // A request that is 60 ms late may be one too many of a sliding window.
            assert!(worst.share >= 0.94 && worst.refused <= 0.001, "{fleet:?} {jobs}: {worst:?}");
            let window = Fleet { jobs, kind: Kind::Fixed, ..fleet }.worst();
            assert!(window.share >= 0.965 && window.refused == 0.0, "{fleet:?} {jobs}: {window:?}");
        }
        for limit in [2, 5, 10, 100] {
            let worst = Fleet { limit, ..fleet }.worst();
            assert!(worst.share >= 0.87 && worst.refused <= 0.03, "{fleet:?} {limit}: {worst:?}");
        }
    }
}

#[test]
fn without_headers_the_refusals_tell() {
    for fleet in KINDS.map(|kind| Fleet { headers: false, ..Fleet::of(kind) }) {
        for jobs in [8, 32, 128] {
            let worst = Fleet { jobs, ..fleet }.worst();
            assert!(worst.share >= 0.85 && worst.refused <= 0.05, "{fleet:?} {jobs}: {worst:?}");
        }
        for (limit, share, refused) in [(5, 0.7, 0.07), (10, 0.73, 0.05), (100, 0.85, 0.05)] {
            let worst = Fleet { limit, ..fleet }.worst();
            let good = worst.share >= share && worst.refused <= refused;
            assert!(good, "{fleet:?} {limit}: {worst:?}");
        }
    }
}

#[test]
fn hosts_that_cannot_see_each_other_share_the_limit() {
    for fleet in KINDS.map(|kind| Fleet { hosts: 4, ..Fleet::of(kind) }) {
        for exact_reset in [false, true] {
            let worst = Fleet { exact_reset, ..fleet }.worst();
            let good = worst.share >= 0.9 && worst.refused_from_start <= 0.02;
            assert!(good && worst.evenness >= 0.5, "{fleet:?} {exact_reset}: {worst:?}");
        }
        for hosts in [2, 8] {
            let worst = Fleet { hosts, ..fleet }.worst();
            let good = worst.share >= 0.82 && worst.refused <= 0.05;
            assert!(good && worst.evenness >= 0.3, "{fleet:?} {hosts}: {worst:?}");
        }
    }
}

#[test]
fn a_newcomer_gets_its_part_within_half_a_minute() {
    let late = |kind| Fleet { stagger: 20 * SECOND, settled: 50 * SECOND, ..Fleet::of(kind) };
    for fleet in KINDS.map(|kind| Fleet { hosts: 2, ..late(kind) }) {
        let worst = fleet.worst();
        let good = worst.share >= 0.84 && worst.refused_from_start <= 0.02;
        assert!(good && worst.evenness >= 0.5, "{fleet:?}: {worst:?}");
    }
}

#[test]
fn what_others_leave_is_taken_over() {
    let left = |kind| Fleet { others_leave: 30 * SECOND, hosts: 4, ..Fleet::of(kind) };
    for fleet in KINDS.map(|kind| Fleet { settled: 40 * SECOND, ..left(kind) }) {
        let worst = fleet.worst();
        assert!(worst.share >= 0.9, "{fleet:?}: {worst:?}");
    }
}
