//! Small shifts whose figures are known.

use super::*;

fn at(minute: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + minute * 60)
}

fn hour_of(time: SystemTime) -> SystemTime {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds / 3600 * 3600)
}

fn call(device: &str, minute: u64, happened: Happened, hook: &str) -> Call {
    Call {
        id: format!("{device} {minute} {happened:?}"),
        device: device.to_owned(),
        at: at(minute),
        happened,
        group: Some("G".to_owned()),
        fixture: None,
        hook: (!hook.is_empty()).then(|| hook.to_owned()),
        is_repeat: false,
    }
}

fn blessed(books: &mut Books, device: &str, minute: u64, hook: &str) {
    books.add(call(device, minute, Happened::Blessed, hook));
}

fn books() -> Books {
    Books::new(Period::default(), hour_of)
}

#[test]
fn a_device_counts_once_and_what_is_doubled_is_no_first_pass() {
    let mut books = books();
    for minute in 0..5 {
        blessed(&mut books, &format!("{minute}"), minute, "");
    }
    blessed(&mut books, "0", 30, "");
    let total = books.total();
    assert_eq!((total.blessed, total.first_pass, total.doubled), (5, 4, 1));
    assert_eq!(total.first_pass_yield(), Some(0.8));
    assert_eq!(total.rejected, None, "nothing shows them");
    // Four more after the first, in half an hour: what is blessed again takes its time too.
    assert_eq!(total.an_hour(), Some(8.0));
    assert_eq!((total.from, total.to), (Some(at(0)), Some(at(30))));
}

#[test]
fn a_call_that_is_delivered_again_is_no_second_blessing() {
    let mut books = books();
    let first = call("a", 0, Happened::Blessed, "");
    books.add(first.clone());
    books.add(first.clone());
    assert_eq!(books.repeated_calls(), 0, "the same line of two files");
    let mut without_ids = self::books();
    for device in ["a", "b"] {
        without_ids.add(Call { id: String::new(), device: device.into(), ..first.clone() });
    }
    assert_eq!(without_ids.total().blessed, 2, "nobody knows that they are one line");
    books.add(Call { id: "2".into(), is_repeat: true, at: at(5), ..first.clone() });
    books.add(Call { id: "3".into(), at: at(0) + Duration::from_secs(59), ..first });
    assert_eq!((books.repeated_calls(), books.total().doubled), (2, 0));
}

#[test]
fn the_order_of_the_journals_changes_nothing() {
    let seconds = [70, 0, 130, 30, 59, 185];
    let in_order = |seconds: &[u64]| {
        let mut books = books();
        for second in seconds {
            let first = call("a", 0, Happened::Blessed, &second.to_string());
            let at = at(0) + Duration::from_secs(*second);
            books.add(Call { id: second.to_string(), at, ..first });
        }
        assert_eq!(books.parts(By::Fixture)[0].name.as_deref(), Some("0"), "the first counts");
        (books.repeated_calls(), books.blessings(), books.total())
    };
    let mut sorted = seconds;
    sorted.sort_unstable();
    let (repeated, blessings, total) = in_order(&sorted);
    // After 0 s come 70 and 130 s; 185 s is 130 s told again.
    assert_eq!((repeated, blessings.len(), total.doubled), (3, 3, 1));
    assert_eq!(in_order(&seconds), (repeated, blessings, total));
}

#[test]
fn lists_show_what_was_rejected_what_is_missing_and_what_is_strange() {
    let mut books = books();
    blessed(&mut books, "a", 0, "");
    blessed(&mut books, "b", 1, "");
    for device in ["a", "c", "d"] {
        books.expect(device.into(), Some("F1".into()));
    }
    books.under_test("c".into(), None);
    // Tested again, and blessed, before the list was made.
    books.under_test("b".into(), Some("F2".into()));
    let total = books.total();
    assert_eq!((total.rejected, total.missing, total.unexpected), (Some(1), Some(1), Some(1)));
    assert_eq!(total.first_pass_yield(), Some(2.0 / 3.0));
    let parts = books.parts(By::Fixture);
    let figures = |sums: &Sums| (sums.name.clone().unwrap(), sums.blessed, sums.rejected.unwrap());
    let figures: Vec<_> = parts.iter().map(figures).collect();
    assert_eq!(figures, [("F1".to_owned(), 1, 1), ("F2".to_owned(), 1, 0)]);
}

#[test]
fn a_fixture_is_what_the_call_says_then_the_list_then_the_webhook() {
    let mut books = books();
    let said = Call { fixture: Some("said".into()), ..call("a", 0, Happened::Blessed, "hook") };
    books.add(said);
    blessed(&mut books, "b", 1, "hook");
    blessed(&mut books, "c", 2, "hook");
    blessed(&mut books, "d", 3, "");
    books.expect("a".into(), Some("listed".into()));
    books.expect("b".into(), Some("listed".into()));
    let names: Vec<_> = books.parts(By::Fixture).into_iter().map(|sums| sums.name).collect();
    let name = |text: &str| Some(text.to_owned());
    assert_eq!(names, [name("hook"), name("listed"), name("said"), None]);
    assert!(books.knows_fixtures());
}

#[test]
fn an_hour_has_what_happened_in_it() {
    let mut books = books();
    blessed(&mut books, "a", 1, "");
    blessed(&mut books, "b", 2, "");
    blessed(&mut books, "c", 65, "");
    books.add(call("a", 70, Happened::Activated, ""));
    books.under_test("d".into(), None);
    let parts = books.parts(By::Hour);
    let figures: Vec<_> = parts.iter().map(|sums| (sums.blessed, sums.activated)).collect();
    assert_eq!(figures, [(2, 0), (1, 1)]);
    assert!(parts.iter().all(|sums| sums.rejected.is_none()), "in which hour, nobody knows");
    assert_eq!(books.total().activated, 1);
    // Blessed again, in its hour and in the next.
    blessed(&mut books, "a", 30, "");
    blessed(&mut books, "b", 90, "");
    let ends: Vec<_> = books.parts(By::Hour).into_iter().map(|sums| sums.to.unwrap()).collect();
    assert_eq!(ends, [at(30), at(70)]);
    assert_eq!(books.total().to, Some(at(90)));
}

#[test]
fn what_was_blessed_before_the_period_is_not_rejected() {
    let mut books = Books::new(Period::asked(Some(at(10)), None, at(20)), hour_of);
    blessed(&mut books, "a", 5, "");
    for device in ["a", "b"] {
        books.under_test(device.into(), None);
        books.expect(device.into(), None);
    }
    books.expect("c".into(), None);
    let total = books.total();
    assert_eq!((total.blessed, total.rejected, total.missing), (0, Some(1), Some(1)));
}

#[test]
fn only_longer_times_are_gaps_and_a_period_has_its_own() {
    let times = [0, 10, 25, 26, 50];
    let mut all = books();
    let [since, before] = [10, 50].map(|minute| Some(at(minute)));
    let mut some = Books::new(Period::asked(since, before, at(600)), hour_of);
    let goes_on = Period::asked(Some(at(0)), before, at(30));
    let mut idle = Books::new(goes_on, hour_of);
    for minute in times {
        blessed(&mut all, &format!("{minute}"), minute, "");
        blessed(&mut some, &format!("{minute}"), minute, "");
        if minute == 25 {
            blessed(&mut idle, "late", minute, "");
        }
    }
    let minutes = |books: &Books| -> Vec<u64> {
        let gaps = books.gaps(Duration::from_secs(600));
        gaps.into_iter().map(|gap| gap.length().as_secs() / 60).collect()
    };
    assert_eq!((minutes(&all), minutes(&some)), (vec![15, 24], vec![15, 24]));
    assert_eq!(minutes(&idle), [25], "five minutes have passed since");
    assert_eq!(minutes(&Books::new(goes_on, hour_of)), [30], "nothing at all");
    assert_eq!(some.total().blessed, 3);
    // From a time on is until now, and what has not begun has no gap.
    let mut until_now = Books::new(Period::asked(Some(at(0)), None, at(45)), hour_of);
    blessed(&mut until_now, "a", 5, "");
    assert_eq!(minutes(&until_now), [40]);
    for before in [None, Some(at(90))] {
        let ahead = Period::asked(Some(at(60)), before, at(30));
        assert_eq!(minutes(&Books::new(ahead, hour_of)), [0; 0]);
    }
    let until = Period::asked(None, Some(at(50)), at(30));
    assert_eq!(minutes(&Books::new(until, hour_of)), [0; 0], "it begins with the first");
}

#[test]
fn nothing_is_no_figure() {
    let total = books().total();
    assert_eq!((total.first_pass_yield(), total.an_hour(), total.from), (None, None, None));
    assert!(books().parts(By::Hour).is_empty() && books().gaps(Duration::ZERO).is_empty());
}
