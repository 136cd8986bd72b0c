//! The line of progress on a terminal: how far a run has come, how long it will take, what it waits for.
//!
//! It comes after half a second of silence, drawn by a thread of its own, because what is waited for says
//! nothing. Careful about others who write to the terminal: the line is taken away before they do and comes
//! again below.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::send::activity::{self, Activity};
use api::send::clock;

use crate::terminal::{stderr, stdout};

/// So long has nothing been said before the line comes.
const SILENCE: Duration = Duration::from_millis(500);
/// The line is drawn no more often.
const DRAWN_EVERY: Duration = Duration::from_millis(100);
/// To the beginning of the line, and nothing on it.
const CLEAR: &str = "\r\x1b[2K";

static SHOWN: Mutex<Option<Progress>> = Mutex::new(None);
static ENDED: AtomicBool = AtomicBool::new(false);

struct Progress {
    began: Instant,
    /// When something was written last.
    said: Instant,
    count: Option<Count>,
    /// The line as it stands on the terminal; empty when it is not there.
    line: String,
    /// Ends the thread when it goes.
    _drawn_while: Sender<()>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    before: u64,
    done: u64,
    /// 0 when it is not known.
    total: u64,
    noun: &'static str,
}

/// Begins to watch a run, if a person looks at stderr. Not when stdout is a pipe: whoever reads it may write
/// to the same terminal, and knows nothing of the line.
pub fn begin() {
    if !stderr::is_terminal() || stdout::is_pipe() {
        return;
    }
    let mut shown = lock();
    if shown.is_some() {
        return;
    }
    let (sender, ended) = channel();
    let now = clock::monotonic();
    let line = String::new();
    *shown = Some(Progress { began: now, said: now, count: None, line, _drawn_while: sender });
    drop(shown);
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with the run, whose sender it waits for"
    )]
    std::thread::spawn(move || {
        while clock::receive(&ended, DRAWN_EVERY) == Err(RecvTimeoutError::Timeout) {
            if let Some(progress) = lock().as_mut() {
                progress.draw(clock::monotonic());
            }
        }
    });
}

/// Notes that `done` of `total` are done (0 = not known).
pub fn count(done: u64, total: u64, noun: &'static str) {
    if let Some(progress) = lock().as_mut() {
        let now = clock::monotonic();
        let count = progress.count.filter(|count| count.noun == noun && done >= count.before);
        let began = Count { since: now, before: done, done, total, noun };
        progress.count = Some(Count { done, total, ..count.unwrap_or(began) });
    }
}

/// Takes the line away; it does not come again.
pub fn end() {
    ENDED.store(true, Ordering::Relaxed);
    drop(taken_away());
}

/// Writes to a terminal that may show the line: it goes, and comes again below.
pub fn beside<T>(write_lines: impl FnOnce() -> T) -> T {
    let held = taken_away();
    let written = write_lines();
    if let Some(held) = held {
        put_back(Progress { said: clock::monotonic(), ..held });
    }
    written
}

/// Asks a person something: no line comes until there is an answer.
pub fn instead<T>(ask: impl FnOnce() -> T) -> T {
    let held = taken_away();
    let answer = ask();
    if let Some(held) = held {
        put_back(Progress { said: clock::monotonic(), line: String::new(), ..held });
    }
    answer
}

/// Nothing is locked while others write: what they write may need requests, which say something too.
fn taken_away() -> Option<Progress> {
    let mut shown = lock();
    if shown.as_ref().is_some_and(|progress| !progress.line.is_empty()) {
        stderr::write(CLEAR);
    }
    shown.take()
}

fn put_back(progress: Progress) {
    let mut shown = lock();
    if !ENDED.load(Ordering::Relaxed) {
        if !progress.line.is_empty() {
            stderr::write(&progress.line);
        }
        *shown = Some(progress);
    }
}

fn lock() -> MutexGuard<'static, Option<Progress>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    fn draw(&mut self, now: Instant) {
        let waits_for = activity::now();
        let is_idle = self.count.is_none() && waits_for == Activity::Idle;
        if is_idle && !self.line.is_empty() {
            stderr::write(CLEAR);
            self.line.clear();
        }
        if is_idle || (self.line.is_empty() && now.duration_since(self.said) < SILENCE) {
            return;
        }
        let line = line(self.count, activity::answered(), waits_for, now, self.began);
        self.line = line.chars().take(stderr::width().saturating_sub(1)).collect();
        stderr::write(&format!("{CLEAR}{}", self.line));
    }
}

fn line(
    count: Option<Count>,
    answers: usize,
    waits_for: Activity,
    now: Instant,
    began: Instant,
) -> String {
    let mut parts = Vec::new();
    match count {
        Some(count) if count.total != 1 && count.done + count.total > 0 => {
            let of_total =
                if count.total > 0 { format!(" of {}", count.total) } else { String::new() };
            parts.push(format!("{}{of_total} {}s", count.done, count.noun));
            let passed = now.duration_since(count.since).as_secs_f64();
            let rate = (count.done - count.before) as f64 / passed.max(1.0);
            parts.push(format!("{rate:.0}/s"));
            parts.push(minutes(now.duration_since(began).as_secs()));
            parts.extend(time_left(&count, passed).map(|left| format!("about {left} left")));
        }
        _ => {
            let answers =
                if answers == 1 { "1 answer".into() } else { format!("{answers} answers") };
            parts.push(format!("working, {answers} so far"));
            parts.push(minutes(now.duration_since(began).as_secs()));
        }
    }
    parts.extend(match waits_for {
        Activity::FirstAnswer => Some("waiting for the service's first answer".to_owned()),
        Activity::Limit => Some("waiting for the account's limit".to_owned()),
        Activity::AnotherTry => Some("waiting to try again".to_owned()),
        Activity::Idle | Activity::Answer => None,
    });
    parts.join(" · ")
}

/// How long what is left will take, if it goes on as it has.
fn time_left(count: &Count, passed: f64) -> Option<String> {
    let (done, left) = (count.done - count.before, count.total.checked_sub(count.done)?);
    let is_known = done > 0 && left > 0 && passed >= 1.0;
    is_known.then(|| minutes((passed * left as f64 / done as f64).ceil() as u64))
}

fn minutes(seconds: u64) -> String {
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_after(seconds: u64, done: u64, total: u64, waits_for: Activity) -> String {
        let began = clock::monotonic();
        let count = Count { since: began, before: 0, done, total, noun: "device" };
        line(Some(count), 7, waits_for, began + Duration::from_secs(seconds), began)
    }

    #[test]
    fn progress_tells_how_far_how_fast_and_how_long() {
        let line = line_after(65, 2_600, 10_000, Activity::Answer);
        assert_eq!(line, "2600 of 10000 devices · 40/s · 1:05 · about 3:05 left");
        let line = line_after(65, 2_600, 10_000, Activity::Limit);
        assert!(line.ends_with("about 3:05 left · waiting for the account's limit"), "{line}");
        // In the first second the rate is what was done in it, and nothing can be foretold.
        assert_eq!(line_after(0, 3, 10, Activity::Answer), "3 of 10 devices · 3/s · 0:00");
        assert_eq!(line_after(5, 300, 0, Activity::Answer), "300 devices · 60/s · 0:05");
        assert_eq!(minutes(3_725), "1:02:05");
    }

    #[test]
    fn what_has_no_count_tells_that_it_goes_on() {
        let began = clock::monotonic();
        let now = began + Duration::from_secs(4);
        let first = line(None, 0, Activity::FirstAnswer, now, began);
        let expected = "working, 0 answers so far · 0:04 · waiting for the service's first answer";
        assert_eq!(first, expected);
        let one_product = line_after(2, 0, 1, Activity::Answer);
        assert_eq!(one_product, "working, 7 answers so far · 0:02");
    }
}
