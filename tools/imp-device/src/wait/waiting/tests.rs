use std::time::{Duration, Instant};

use model::Record;
use serde_json::json;

use super::super::condition::Condition;
use super::{End, Rule, Share, Waiting};

fn device(is_online: bool) -> Record {
    let device = json!({"type": "device", "id": "1", "device_online": is_online});
    serde_json::from_value(device).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "an instant that the others are reckoned from")]
fn begin() -> Instant {
    Instant::now()
}

const MINUTE: Duration = Duration::from_secs(60);

fn rule() -> Rule {
    Rule {
        conditions: vec![Condition::Online],
        any: false,
        stable: Duration::ZERO,
        at_least: Share::Percent(100.0),
        fail_if: Vec::new(),
    }
}

fn waiting_for(begin: Instant, rule: Rule, rows: usize, others: u64) -> Waiting {
    Waiting::new(rule, begin + 10 * MINUTE, rows, others)
}

#[test]
fn it_is_enough_when_the_quorum_is_met() {
    let begin = begin();
    let mut waiting = waiting_for(begin, Rule { at_least: Share::Percent(66.0), ..rule() }, 3, 0);
    assert!(waiting.observe(0, Some(&device(true)), begin));
    assert!(!waiting.observe(1, Some(&device(false)), begin));
    assert!(!waiting.observe(2, None, begin));
    assert_eq!((waiting.end(begin), waiting.needed()), (None, 2));
    assert!(waiting.observe(1, Some(&device(true)), begin + MINUTE));
    assert_eq!(waiting.end(begin + MINUTE), Some(End::Enough));
    assert_eq!(waiting.open().collect::<Vec<_>>(), [2]);
    assert_eq!(waiting.why_not(2, begin), "the account has no such device");
    assert!(!waiting.is_hopeless());
    assert!(waiting_for(begin, Rule { at_least: Share::Number(4), ..rule() }, 3, 9).is_hopeless());
}

#[test]
fn rows_that_cannot_be_read_count_and_are_not_waited_for() {
    let begin = begin();
    let mut waiting = waiting_for(begin, rule(), 1, 1);
    assert!(waiting.observe(0, Some(&device(true)), begin));
    assert_eq!(waiting.end(begin), Some(End::TooFew));
}

#[test]
fn what_holds_must_hold_at_every_look_for_so_long() {
    let begin = begin();
    let mut waiting = waiting_for(begin, Rule { stable: 5 * MINUTE, ..rule() }, 1, 0);
    let at = |minutes: u32| begin + minutes * MINUTE;
    assert!(!waiting.observe(0, Some(&device(true)), at(0)));
    assert!(!waiting.observe(0, Some(&device(false)), at(2)));
    assert!(!waiting.observe(0, Some(&device(true)), at(3)));
    assert!(!waiting.observe(0, Some(&device(true)), at(7)));
    // The next look is no later than it could be met.
    assert_eq!(waiting.next_look(at(7), 5 * MINUTE, Duration::ZERO), at(8));
    assert!(waiting.observe(0, Some(&device(true)), at(8)));
    assert!(!waiting.observe(0, Some(&device(true)), at(9)), "it is told once");
}

#[test]
fn too_many_end_it_though_the_others_are_met() {
    let begin = begin();
    let fail_if = vec!["missing>1".parse().unwrap()];
    let mut waiting = waiting_for(begin, Rule { fail_if, ..rule() }, 3, 0);
    waiting.observe(0, Some(&device(true)), begin);
    waiting.observe(1, None, begin);
    assert_eq!(waiting.end(begin), None);
    waiting.observe(0, None, begin);
    assert_eq!(waiting.end(begin), Some(End::TooMany("missing>1".into(), 2)));
}

#[test]
fn the_deadline_is_one_for_all_and_looks_take_a_quarter_of_the_time() {
    let begin = begin();
    let waiting = waiting_for(begin, rule(), 1, 0);
    assert_eq!(waiting.end(begin + 9 * MINUTE), None);
    assert_eq!(waiting.end(begin + 10 * MINUTE), Some(End::Late));
    assert_eq!(waiting.next_look(begin, MINUTE / 4, Duration::ZERO), begin + MINUTE / 4);
    assert_eq!(waiting.next_look(begin, MINUTE / 4, MINUTE), begin + 3 * MINUTE);
    // The last look ends before the deadline, and then there is none.
    let second = Duration::from_secs(1);
    let end = begin + 10 * MINUTE;
    assert_eq!(waiting.next_look(end - second, MINUTE, Duration::ZERO), end - second / 2);
    assert_eq!(waiting.next_look(end - 9 * second, MINUTE, 2 * second), end - 4 * second);
    assert_eq!(waiting.next_look(end - second / 2, MINUTE, Duration::ZERO), end);
}

#[test]
fn an_outage_at_the_end_is_told_with_the_time_of_the_last_look() {
    let begin = begin();
    let (end, says) = (begin + 10 * MINUTE, "HTTP 503".into());
    let mut never = waiting_for(begin, rule(), 1, 0);
    assert!(!never.is_unknown() && never.outage(end).is_none(), "nothing has failed");
    never.misses(0, &says);
    assert!(never.is_unknown() && !never.is_seen(0));
    assert_eq!(never.outage(end).as_deref(), Some("no look was answered: HTTP 503"));
    assert_eq!(never.why_not(0, end), "nobody has looked at it: HTTP 503");
    let mut once = waiting_for(begin, rule(), 1, 0);
    once.observe(0, Some(&device(false)), begin + 8 * MINUTE);
    assert_eq!(once.why_not(0, end), "it is offline");
    once.misses(0, &says);
    assert!(!once.is_unknown() && once.is_seen(0));
    let outage = "the last look was 120 s before the end: HTTP 503";
    assert_eq!(once.outage(end).as_deref(), Some(outage));
    let why = "it is offline, as it was looked at 120 s before the end: HTTP 503";
    assert_eq!(once.why_not(0, end), why);
}

#[test]
fn a_row_that_cannot_be_looked_at_says_nothing_of_the_others() {
    let begin = begin();
    let at_least = Share::Number(1);
    let mut waiting = waiting_for(begin, Rule { at_least, ..rule() }, 2, 0);
    waiting.misses(0, &"HTTP 500".into());
    waiting.observe(1, Some(&device(false)), begin);
    assert!(!waiting.is_unknown(), "one was answered");
    let outage = "the last look could not show 1 row: HTTP 500";
    assert_eq!(waiting.outage(begin).as_deref(), Some(outage));
    assert_eq!(waiting.why_not(1, begin), "it is offline");
    waiting.observe(1, Some(&device(true)), begin);
    assert_eq!(waiting.end_within_look(begin), Some(End::Enough));
}

#[test]
fn what_there_may_be_too_much_of_is_looked_at_to_the_end_of_the_look() {
    let begin = begin();
    let (at_least, fail_if) = (Share::Number(1), vec!["offline>0".parse().unwrap()]);
    let mut waiting = waiting_for(begin, Rule { at_least, fail_if, ..rule() }, 2, 0);
    waiting.observe(0, Some(&device(true)), begin);
    assert_eq!((waiting.end_within_look(begin), waiting.end(begin)), (None, Some(End::Enough)));
    waiting.observe(1, Some(&device(false)), begin);
    assert_eq!(waiting.end_within_look(begin), Some(End::TooMany("offline>0".into(), 1)));
    waiting.observe(1, Some(&device(true)), begin);
    assert_eq!(waiting.end(begin), Some(End::Enough), "it is counted anew at each look");
}
