//! Runs many seeds: `cargo run --release -p world --example seeds -- NUMBER [FIRST]`.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use world::Figures;

/// Progress is told after so many seeds.
const TOLD_EVERY: u64 = 1000;

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::print_stdout,
    reason = "a program for people"
)]
fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Some(Ok(number)), first) = (arguments.next(), arguments.next()) else {
        println!("give the number of seeds, and the first of them");
        return ExitCode::from(2);
    };
    let first = first.and_then(Result::ok).unwrap_or(0);
    let began = std::time::Instant::now();
    let (next, all) = (AtomicU64::new(first), Mutex::new(Figures::default()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + number {
                        return;
                    }
                    let figures = world::run(seed);
                    for (seed, why) in &figures.broken {
                        println!("seed {seed}: {why}");
                    }
                    let mut all = all.lock().expect("no worker panics");
                    all.add(figures);
                    if all.seeds.is_multiple_of(TOLD_EVERY) {
                        let rate = all.seeds as f64 / began.elapsed().as_secs_f64();
                        println!(
                            "{} seeds, {rate:.0} a second, {} broken",
                            all.seeds,
                            all.broken.len()
                        );
                    }
                }
            });
        }
    });
    let mut all = all.into_inner().expect("no worker panics");
    all.broken.iter_mut().for_each(|(_, why)| why.truncate(why.find('\n').unwrap_or(why.len())));
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{}\n{:<24}{:>12.0}\n{:<24}{:>12.1}",
        all.table(),
        "seconds",
        seconds,
        "seeds a second",
        all.seeds as f64 / seconds
    );
    if all.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
