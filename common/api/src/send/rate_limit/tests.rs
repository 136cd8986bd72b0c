use super::state::REMEMBERED;
use super::*;

const START: u64 = 1_790_000_000_000_000;
const SECOND: Duration = Duration::from_secs(1);
const UNTOLD: Quota = Quota { limit: None, remaining: None };

fn of(limit: u64) -> Quota {
    Quota { limit: Some(limit), remaining: None }
}

fn limited() -> State {
    let mut state = State::default();
    state.learn(of(40), SECOND, START);
    state
}

/// Takes a ticket and tells when it is due.
fn take(state: &mut State, now: u64) -> u64 {
    let ticket = state.take(now);
    state.due(ticket).max(now)
}

fn wait(pace: &RateLimiter) -> Duration {
    pace.take_ticket().1
}

#[test]
fn without_a_limit_nobody_waits() {
    let mut state = State::default();
    assert!((0..1000).all(|_| take(&mut state, START) == START));
}

#[test]
fn forty_a_second_in_any_window_even_with_jitter() {
    let mut state = limited();
    let mut sent: Vec<u64> = (0..4000u64)
        .map(|n| take(&mut state, START + n * 20_000) + (n * 7919 % 28) * 1000)
        .collect();
    sent.sort_unstable();
    for (index, first) in sent.iter().enumerate() {
        let in_window = sent[index..].iter().take_while(|time| **time < first + 1_000_000).count();
        assert!(in_window <= 40, "{in_window} in one second");
    }
    let rate = 4000.0 / ((sent[3999] - sent[0]) as f64 / 1e6);
    assert!(rate > 38.5, "{rate} a second");
}

#[test]
fn an_idle_account_has_no_burst_saved_up() {
    let mut state = limited();
    take(&mut state, START);
    let later = START + 10_000_000;
    assert_eq!(take(&mut state, later), later);
    assert!(take(&mut state, later) > later);
}

#[test]
fn a_hold_stops_everybody_and_then_the_pace_goes_on() {
    let mut state = limited();
    state.hold(1_000_000, START);
    state.hold(1_000, START);
    let first = take(&mut state, START);
    assert_eq!(first, START + 1_000_000);
    assert!(take(&mut state, START) > first);
}

#[test]
fn slots_stay_taken_when_the_account_becomes_known() {
    let mut before = limited();
    let taken: Vec<u64> = (0..8).map(|_| take(&mut before, START)).collect();
    let mut unknown = State::default();
    unknown.join(before);
    assert!(take(&mut unknown, START) > taken[7]);
    // And when others are further already.
    let mut others = limited();
    let further: Vec<u64> = (0..20).map(|_| take(&mut others, START)).collect();
    others.join(before);
    assert!(take(&mut others, START) > further[19]);
}

#[test]
fn a_pace_that_changes_its_file_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let [credential, account, other] =
        ["credential", "account", "other"].map(|name| directory.path().join(name));
    let pace = RateLimiter::shared(&credential).unwrap();
    let late = RateLimiter::shared(&credential).unwrap();
    pace.learn(of(1), SECOND * 10);
    wait(&pace);
    pace.share(&account).unwrap();
    assert!(wait(&pace) > SECOND * 5);
    // One that does not know the account yet keeps the same pace.
    assert!(wait(&late) > SECOND * 15);
    // And so does one that comes from another credential.
    let third = RateLimiter::shared(&other).unwrap();
    third.share(&account).unwrap();
    assert!(wait(&third) > SECOND * 25);
}

#[test]
fn a_ticket_is_kept_in_the_same_file_and_changed_in_another_one() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| directory.path().join(name));
    let pace = RateLimiter::shared(&one).unwrap();
    pace.learn(of(1), SECOND * 10);
    wait(&pace);
    let (mut ticket, _) = pace.take_ticket();
    pace.share(&one).unwrap();
    assert!(pace.time_left(&mut ticket) <= SECOND * 11);
    std::fs::write(&other, "").unwrap();
    pace.share(&other).unwrap();
    assert!(pace.time_left(&mut ticket) > SECOND * 15);
}

#[test]
fn a_process_that_begins_forgets_nothing() {
    let mut state = State::default();
    (0..40).for_each(|_| state.learn(UNTOLD, SECOND, START));
    state.join(State::default());
    state.refuse(UNTOLD, Pause::Untold, SECOND, START);
    let due: Vec<u64> = (0..40).map(|_| take(&mut state, START)).collect();
    assert!(due[39] - due[0] < 1_200_000, "{due:?}");
}

#[test]
fn a_limit_is_forgotten_when_the_header_goes_or_grows_old() {
    let mut state = limited();
    state.learn(UNTOLD, SECOND, START);
    assert_eq!((take(&mut state, START), take(&mut state, START)), (START, START));
    let mut old = limited();
    let later = START + REMEMBERED + 1;
    assert_eq!((take(&mut old, later), take(&mut old, later)), (later, later));
}

#[test]
fn a_clock_set_back_does_not_hold_us_for_hours() {
    let mut state = limited();
    take(&mut state, START + 3_600_000_000);
    state.seen = START;
    assert_eq!(take(&mut state, START), START);
}

#[test]
fn the_bytes_are_the_state() {
    let mut state = limited();
    take(&mut state, START);
    state.refuse(of(40), Pause::Untold, SECOND, START);
    assert_eq!(State::from_bytes(&state.to_bytes()), state);
}

#[test]
fn another_pace_and_a_hold_count_for_those_who_wait_already() {
    let mut state = limited();
    let tickets: Vec<u64> = (0..40).map(|_| state.take(START)).collect();
    let last = state.due(tickets[39]);
    assert!(last > START + 900_000, "{}", last - START);
    state.learn(of(80), SECOND, START);
    let sooner = state.due(tickets[39]) - START;
    assert!((400_000..550_000).contains(&sooner), "{sooner}");
    state.hold(5_000_000, START);
    assert!(state.due(tickets[0]) >= START + 5_000_000);
    let order: Vec<u64> = tickets.iter().map(|ticket| state.due(*ticket)).collect();
    assert!(order.is_sorted() && order[39] > order[0] + 400_000, "{order:?}");
}

#[test]
fn a_pause_that_is_asked_for_is_kept_to() {
    for (quota, pause, least, most) in [
        (of(40), Pause::Asked(SECOND * 7), 7_000_000, 7_000_000),
        (UNTOLD, Pause::Asked(SECOND * 7), 7_000_000, 7_000_000),
        (of(40), Pause::Window(SECOND), 1_000_000, 1_000_000),
        (UNTOLD, Pause::Untold, 100_000, 1_000_000),
    ] {
        let mut state = State::default();
        state.refuse(quota, pause, SECOND, START);
        let first = take(&mut state, START) - START;
        assert!((least..=most).contains(&first), "{pause:?}: {first}");
    }
}

/// As unblessing, which has a limit of its own, may answer with the headers of the account's.
#[test]
fn a_429_with_something_left_is_about_another_limit() {
    let mut state = State::default();
    let account = Quota { limit: Some(40), remaining: Some(30) };
    for second in 0..10 {
        let now = START + second * 1_000_000;
        (0..2).for_each(|_| state.learn(account, SECOND, now));
        state.refuse(account, Pause::Untold, SECOND, now);
    }
    let now = START + 10_000_000;
    let due: Vec<u64> = (0..10).map(|_| take(&mut state, now)).collect();
    assert!(due[9] - due[0] > 4_000_000, "{due:?}");
}

#[test]
fn a_storm_of_429_is_asked_ever_less_often_and_then_left_behind() {
    let mut state = State::default();
    (0..40).for_each(|_| state.learn(UNTOLD, SECOND, START));
    let (mut now, mut asked) = (START, 0);
    while now < START + 120_000_000 {
        now = take(&mut state, now);
        state.refuse(UNTOLD, Pause::Untold, SECOND, now);
        asked += 1;
    }
    assert!((40..100).contains(&asked), "{asked} in two minutes");
    let end = now + 60_000_000;
    let mut good = 0;
    while now < end {
        now = take(&mut state, now);
        state.learn(UNTOLD, SECOND, now);
        good += 1;
    }
    assert!(good > 500, "{good} in the minute after");
}

#[test]
fn a_limit_beyond_all_reason_is_none() {
    let quota = Quota { limit: Some(u64::MAX), remaining: Some(u64::MAX) };
    let mut state = State::default();
    for number in 0..50 {
        let now = START + number * 100_000;
        state.learn(quota, SECOND, now);
        assert_eq!(take(&mut state, now), now);
    }
    state.refuse(quota, Pause::Untold, SECOND, START + 6_000_000);
    let now = START + 9_000_000;
    assert!(take(&mut state, now) <= now + 2_000_000);
}
