//! Seeds of which each has its own trouble. One that fails is run again alone by
//! `IMP_SEED=… cargo test -p world --test seeds`; many are run by the example of the same name.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use world::{Figures, run};

/// So many are run each time, and those that have found something.
const SEEDS: u64 = 300;
/// Lists from which something was taken away while they were read.
const FOUND: [u64; 3] = [12_162, 24_341, 26_614];

#[test]
fn the_laws_hold_for_every_seed() {
    let asked = seed_asked_for();
    let seeds: Vec<u64> =
        asked.map_or_else(|| (0..SEEDS).chain(FOUND).collect(), |seed| vec![seed]);
    let (next, all) = (AtomicU64::new(0), Mutex::new(Figures::default()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    let figures = run(*seed);
                    all.lock().unwrap().add(figures);
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    let told = |(seed, why): &(u64, String)| format!("IMP_SEED={seed}: {why}");
    let broken: Vec<String> = all.broken.iter().map(told).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    assert_eq!(all.seeds, seeds.len() as u64);
}

#[expect(clippy::disallowed_methods, reason = "the seed that is to run alone")]
fn seed_asked_for() -> Option<u64> {
    std::env::var("IMP_SEED").ok()?.parse().ok()
}
