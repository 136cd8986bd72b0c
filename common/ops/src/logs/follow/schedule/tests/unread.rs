//! Stored logs that come late or not at all: nothing that arrives is lost to that, and what may be missing is known.

use super::*;

impl Bench {
    /// The stored log cannot be read for now.
    fn not_fetched(&mut self, device: usize, why: Why) {
        let failure = Failure::new(ErrorKind::Unexpected, "The service failed 6 times");
        let took = Duration::from_secs(20);
        let said = self.event(Event::Fetched { device, why, took, result: Err(failure) });
        assert!(matches!(said[..], [Action::Say(_)]), "{said:?}");
    }

    /// Whether lines of the first device may be missing at the end.
    fn is_unread(&self, is_over: bool) -> bool {
        !self.schedule.unread(self.now, is_over, |_| None).is_empty()
    }
}

#[test]
fn a_log_that_cannot_be_read_hides_nothing_of_what_arrives() {
    let mut bench = Bench::new(1);
    let _asked = bench.due();
    assert_eq!(adds(&bench.line(1, Line::Opened)), [0]);
    let _added = bench.added(1, 0);
    assert_eq!(printed(&bench.line(1, Line::Entry(entry(0, 5)))), ["line 5"]);
    bench.pass(20.0);
    bench.not_fetched(0, Why::Begin);
    assert!(bench.is_unread(false));
    assert_eq!(printed(&bench.line(1, Line::Entry(entry(0, 25)))), ["line 25"]);
    // A cut: what came meanwhile is stored, and it begins with the first line that arrived.
    let _ended = bench.line(1, Line::Closed);
    bench.pass(20.0);
    let until = Some("2026-11-23T20:00:04.999Z".to_owned());
    let asked = bench.due().into_iter().find_map(|action| match action {
        Action::Fetch { why, until, .. } => Some((why, until)),
        _ => None,
    });
    let (why, from) = asked.expect("it is asked for again");
    assert_eq!(why, Why::Poll);
    assert!(from < until, "back to that line: {from:?}");
    let stored = log(0, &[1, 4, 5, 25, 30]);
    assert_eq!(printed(&bench.fetched(0, Why::Poll, stored)), ["line 30"]);
    assert!(!bench.is_unread(true));
}

#[test]
fn a_first_read_that_comes_late_leaves_a_gap_only_where_no_stream_was_before() {
    let late = |bench: &mut Bench, took: u64| {
        let took = Duration::from_secs(took);
        let result = Ok((log(0, &[1, 6]), false));
        printed(&bench.event(Event::Fetched { device: 0, why: Why::Begin, took, result }))
    };
    let mut polled = Bench::new(1);
    let _asked = polled.due();
    assert_eq!(late(&mut polled, 6), ["gap"]);
    let mut in_time = Bench::new(1);
    let _asked = in_time.due();
    assert_eq!(late(&mut in_time, 1), [""; 0]);
    let mut failed = Bench::new(1);
    let _asked = failed.due();
    failed.not_fetched(0, Why::Begin);
    assert_eq!(late(&mut failed, 0), ["gap"]);
    for (opened_after, expected) in [(0.5, &[][..]), (6.0, &["gap"][..])] {
        let mut streamed = Bench::new(1);
        let _asked = streamed.due();
        streamed.pass(opened_after);
        let _adding = streamed.line(1, Line::Opened);
        let _added = streamed.added(1, 0);
        assert_eq!(late(&mut streamed, 7), expected);
        // It was stored before it arrived.
        assert_eq!(printed(&streamed.line(1, Line::Entry(entry(0, 6)))), ["line 6"]);
        let mut by_line = Bench::new(1);
        let _asked = by_line.due();
        by_line.pass(opened_after);
        let _adding = by_line.line(1, Line::Opened);
        let first = printed(&by_line.line(1, Line::Entry(entry(0, 6))));
        assert_eq!(first, [expected, &["line 6"]].concat());
        assert_eq!(late(&mut by_line, 7), [""; 0]);
        let _added = by_line.added(1, 0);
        assert_eq!(fetches(&by_line.due()), [(0, Why::Poll)], "back to that line");
    }
}

#[test]
fn what_has_not_been_read_at_the_end_is_known() {
    let mut bench = Bench::new(1);
    let _asked = bench.due();
    assert!(bench.is_unread(true) && !bench.is_unread(false));
    bench.pass(3.0);
    assert!(bench.is_unread(false), "a read that takes so long goes wrong");
    let _begun = bench.fetched(0, Why::Begin, log(0, &[1]));
    assert!(!bench.is_unread(true));
    bench.pass(3.0);
    assert_eq!(fetches(&bench.due()), [(0, Why::Poll)]);
    assert!(!bench.is_unread(true), "it has only been asked for");
    bench.not_fetched(0, Why::Poll);
    assert!(bench.is_unread(true));
}

#[test]
fn a_stored_log_out_of_reach_is_told_once_and_read_later_as_long_as_a_stream_delivers() {
    let out_of_reach = |bench: &mut Bench, why: Why| {
        let failure = Failure::new(ErrorKind::Unreachable, "No answer for 2m");
        let took = Duration::from_secs(120);
        bench.event(Event::Fetched { device: 0, why, took, result: Err(failure) })
    };
    let mut bench = Bench::new(1);
    bench.settle(1);
    let _cut = bench.line(1, Line::Closed);
    bench.pass(1.0);
    let _asked = bench.due();
    assert_eq!(adds(&bench.line(2, Line::Opened)), [0]);
    let _added = bench.added(2, 0);
    assert_eq!(printed(&bench.line(2, Line::Entry(entry(0, 30)))), ["line 30"]);
    let told = out_of_reach(&mut bench, Why::Poll);
    let [Action::Note(gap), Action::Say(_)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((gap["from"].as_str(), gap["to"].as_str()), (Some(&*at(1)), Some(&*at(30))));
    bench.pass(10.0);
    assert_eq!(fetches(&bench.due()), [(0, Why::Poll)]);
    assert_eq!(out_of_reach(&mut bench, Why::Poll), [], "told already");
    assert!(bench.is_unread(false));
    bench.pass(10.0);
    let _asked = bench.due();
    assert_eq!(printed(&bench.fetched(0, Why::Poll, log(0, &[1, 9, 30]))), ["line 9"]);
    assert!(!bench.is_unread(true));
    // A comparison that is never made leaves it open whether the stream has lost the device.
    assert!(matches!(out_of_reach(&mut bench, Why::Verify)[..], [Action::Note(_), Action::Say(_)]));
    assert!(bench.is_unread(false));
    // Without a stream that lives nothing shows that the service is there.
    let why = Failure::new(ErrorKind::Unreachable, "No answer for 2m");
    let ended = Event::Ended { stream: 0, turn: 2, why: String::new(), failure: None };
    assert!(matches!(bench.event(ended)[..], [Action::Say(_)]));
    bench.pass(1.0);
    let _opened = bench.due();
    let ended = Event::Ended { stream: 0, turn: 3, why: String::new(), failure: Some(why) };
    assert!(matches!(bench.event(ended)[..], [Action::End(_)]));
}
