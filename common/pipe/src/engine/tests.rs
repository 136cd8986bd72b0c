use std::sync::Condvar;
use std::sync::mpsc::channel;

use super::*;

/// Lets work end in an order of our choosing: each piece waits until it is called.
#[derive(Default)]
struct Gate {
    open: Mutex<Vec<usize>>,
    changed: Condvar,
}

impl Gate {
    fn open(&self, number: usize) {
        self.open.lock().unwrap().push(number);
        self.changed.notify_all();
    }

    fn pass(&self, number: usize) {
        let open = self.open.lock().unwrap();
        drop(self.changed.wait_while(open, |open| !open.contains(&number)).unwrap());
    }
}

fn all<T, R>(done: &mut Vec<Done<T, R>>) -> impl FnMut(Done<T, R>) -> ControlFlow<()> {
    |result| {
        done.push(result);
        ControlFlow::Continue(())
    }
}

#[test]
fn results_come_in_input_order_whatever_ends_first() {
    let never = AtomicBool::new(false);
    let mut state = 7_usize;
    for _ in 0..200 {
        // Four pieces in work at a time, ended in a made-up order.
        let mut order: Vec<usize> = (0..4).collect();
        for place in (1..4).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(place, (state >> 33) % (place + 1));
        }
        let gate = &Gate::default();
        let (began, begun) = channel();
        let mut done = Vec::new();
        scope(|scope| {
            scope.spawn(move || {
                for _ in 0..4 {
                    begun.recv().unwrap();
                }
                order.iter().for_each(|number| gate.open(*number));
            });
            let work = |number| {
                began.send(()).unwrap();
                gate.pass(number);
                number * 10
            };
            ordered(4, &never, 0..4, work, all(&mut done));
        });
        assert_eq!(done, [0, 10, 20, 30].map(Done::Worked));
    }
}

#[test]
fn a_result_is_handed_over_while_the_source_is_idle() {
    let never = AtomicBool::new(false);
    let (give, source) = channel();
    give.send(1).unwrap();
    let mut give = Some(give);
    let mut seen = 0;
    // The source ends only after the first result has arrived.
    ordered(
        2,
        &never,
        source.into_iter(),
        |number: i32| number,
        |_| {
            seen += 1;
            drop(give.take());
            ControlFlow::Continue(())
        },
    );
    assert_eq!(seen, 1);
}

#[test]
fn the_look_ahead_is_bounded() {
    let never = AtomicBool::new(false);
    let taken = Mutex::new(0_usize);
    let source = (0..1000_usize).inspect(|_| *taken.lock().unwrap() += 1);
    let mut seen = 0;
    ordered(
        3,
        &never,
        source,
        |number| number,
        |_| {
            seen += 1;
            // Those waiting, one in each worker's hand, and the one that `each` has.
            let ahead = *taken.lock().unwrap() - seen;
            assert!(ahead <= 3 * LOOK_AHEAD + 1, "{ahead}");
            ControlFlow::Continue(())
        },
    );
    assert_eq!(seen, 1000);
}

#[test]
fn after_a_stop_nothing_is_begun_and_nothing_is_lost() {
    for stop_at in [0, 1, 7, 50] {
        let stop = AtomicBool::new(false);
        let mut done = Vec::new();
        let work = |number: usize| {
            if number == stop_at {
                stop.store(true, Ordering::SeqCst);
            }
            number
        };
        ordered(3, &stop, 0..100, work, all(&mut done));
        let numbers: Vec<usize> = done
            .iter()
            .map(|done| match done {
                Done::Worked(number) | Done::NotAttempted(number) => *number,
            })
            .collect();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        let begun = |done: &Done<usize, usize>| matches!(done, Done::Worked(_));
        assert!(begun(&done[stop_at]));
        // What was taken from the source before the result came may have been begun.
        let last = done.iter().rposition(begun).unwrap();
        assert!(last <= stop_at + 3 * LOOK_AHEAD + 1, "{last}");
    }
}

#[test]
fn a_break_ends_the_reading() {
    let never = AtomicBool::new(false);
    let mut seen = Vec::new();
    ordered(
        2,
        &never,
        0..,
        |number: u32| number,
        |done| {
            seen.push(done);
            if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
    assert_eq!(seen, [0, 1, 2].map(Done::Worked));
}

#[test]
fn a_panic_in_the_work_comes_out_with_its_message() {
    let never = AtomicBool::new(false);
    let work = |number: u32| assert_ne!(number, 5, "five is too much");
    let result = std::panic::catch_unwind(|| {
        ordered(2, &never, 0..100, work, |_| ControlFlow::Continue(()));
    });
    let panic = result.expect_err("a panic");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains("five is too much"), "{message}");
}

#[test]
fn a_panic_in_the_source_comes_out_too() {
    let never = AtomicBool::new(false);
    let source = (0..10).inspect(|number| assert_ne!(*number, 5, "a bad five"));
    let mut seen = 0;
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ordered(
            3,
            &never,
            source,
            |number: u32| number,
            |_| {
                seen += 1;
                ControlFlow::Continue(())
            },
        );
    }));
    assert!(result.is_err());
    assert_eq!(seen, 5, "what came before is handed over");
}

#[test]
fn no_items_and_no_jobs_are_no_problem() {
    let never = AtomicBool::new(false);
    let mut done = Vec::new();
    ordered(0, &never, std::iter::empty::<u8>(), |item| item, all(&mut done));
    assert_eq!(done, []);
    ordered(0, &never, [1_u8].into_iter(), |item| item, all(&mut done));
    assert_eq!(done, [Done::Worked(1)]);
}
