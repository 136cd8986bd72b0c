use super::*;

const START: u64 = 1_790_000_000_000_000;
const SECOND: Duration = Duration::from_secs(1);

fn limited() -> State {
    let mut state = State::default();
    state.learn(Some(40), SECOND, START);
    state
}

#[test]
fn without_a_limit_nobody_waits() {
    let mut state = State::default();
    assert!((0..1000).all(|_| state.take(START) == START));
}

#[test]
fn forty_a_second_in_any_window_even_with_jitter() {
    let mut state = limited();
    let mut sent: Vec<u64> =
        (0..4000u64).map(|n| state.take(START + n * 20_000) + (n * 7919 % 28) * 1000).collect();
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
    state.take(START);
    let later = START + 10_000_000;
    assert_eq!(state.take(later), later);
    assert!(state.take(later) > later);
}

#[test]
fn a_hold_stops_everybody_and_then_the_pace_goes_on() {
    let mut state = limited();
    state.hold(SECOND, START);
    state.hold(Duration::from_millis(1), START);
    let first = state.take(START);
    assert_eq!(first, START + 1_000_000);
    assert!(state.take(START) > first);
}

#[test]
fn slots_stay_taken_when_the_account_becomes_known() {
    let mut before = limited();
    let taken: Vec<u64> = (0..8).map(|_| before.take(START)).collect();
    let mut unknown = State::default();
    unknown.join(before);
    assert!(unknown.take(START) > taken[7]);
    // And when others are further already.
    let mut others = limited();
    let further: Vec<u64> = (0..20).map(|_| others.take(START)).collect();
    others.join(before);
    assert!(others.take(START) > further[19]);
}

#[test]
fn a_pace_that_changes_its_file_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let [credential, account, other] =
        ["credential", "account", "other"].map(|name| directory.path().join(name));
    let pace = RateLimiter::shared(&credential).unwrap();
    let late = RateLimiter::shared(&credential).unwrap();
    pace.learn(Some(1), SECOND * 10);
    pace.take_slot();
    pace.share(&account).unwrap();
    assert!(pace.take_slot() > SECOND * 5);
    // One that does not know the account yet keeps the same pace.
    assert!(late.take_slot() > SECOND * 15);
    // And so does one that comes from another credential.
    let third = RateLimiter::shared(&other).unwrap();
    third.share(&account).unwrap();
    assert!(third.take_slot() > SECOND * 25);
}

#[test]
fn a_limit_is_forgotten_when_the_header_goes_or_grows_old() {
    let mut state = limited();
    assert!(state.learn(None, SECOND, START));
    assert_eq!((state.take(START), state.take(START)), (START, START));
    let mut old = limited();
    let later = START + REMEMBERED + 1;
    assert_eq!((old.take(later), old.take(later)), (later, later));
}

#[test]
fn a_clock_set_back_does_not_hold_us_for_hours() {
    let mut state = limited();
    state.take(START + 3_600_000_000);
    state.seen = START;
    assert_eq!(state.take(START), START);
}

#[test]
fn the_bytes_are_the_state() {
    let state = State { interval: 1, next: 2, hold: 3, seen: 4 };
    assert_eq!(State::from_bytes(state.to_bytes()), state);
}
