//! Runs many seeds: `cargo run --profile world -p world --example seeds -- NUMBER [FIRST]`.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use world::Figures;

/// Progress is told after so many seeds, with the whole table ten times as seldom.
const TOLD_EVERY: u64 = 1000;

#[expect(clippy::disallowed_methods, reason = "a program for people")]
fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Some(Ok(number)), first) = (arguments.next(), arguments.next()) else {
        say("give the number of seeds, and the first of them");
        return ExitCode::from(2);
    };
    let first = first.and_then(Result::ok).unwrap_or(0);
    let began = Instant::now();
    let (next, all) = (AtomicU64::new(first), Mutex::new(Figures::default()));
    // A world often waits for the turn of another thread.
    let workers = 2 * std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + number {
                        return;
                    }
                    let figures = world::run(seed);
                    take_up(&mut all.lock().expect("no worker panics"), figures, began);
                }
            });
        }
    });
    let mut all = all.into_inner().expect("no worker panics");
    let of_one = |why: &mut String| why.truncate(why.find('\n').unwrap_or(why.len()));
    all.broken.iter_mut().for_each(|(_, why)| of_one(why));
    say(&table(&all, began));
    if all.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Takes up what a seed came to, tells what it broke, and now and then how far it is.
fn take_up(all: &mut Figures, figures: Figures, began: Instant) {
    for (seed, why) in &figures.broken {
        say(&format!("seed {seed}: {why}"));
    }
    all.add(figures);
    if all.seeds.is_multiple_of(10 * TOLD_EVERY) {
        say(&table(all, began));
    } else if all.seeds.is_multiple_of(TOLD_EVERY) {
        say(&format!("{} seeds, {} broken", all.seeds, all.broken.len()));
    }
}

#[expect(clippy::disallowed_methods, reason = "a program for people")]
fn table(all: &Figures, began: Instant) -> String {
    let seconds = began.elapsed().as_secs_f64();
    let rate = all.seeds as f64 / seconds;
    format!(
        "{}\n{:<24}{seconds:>12.0}\n{:<24}{rate:>12.1}",
        all.table(),
        "seconds",
        "seeds a second"
    )
}

#[expect(clippy::disallowed_macros, clippy::print_stdout, reason = "a program for people")]
fn say(text: &str) {
    println!("{text}");
}
