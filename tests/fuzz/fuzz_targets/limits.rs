//! Headers of the limit: a line each, under a line with the status of the answer and the milliseconds since
//! the one before. Whatever they say, nobody waits for long.
#![no_main]

use std::time::Duration;

use api::reading::Pace;
use libfuzzer_sys::fuzz_target;

/// Longer than a 429 may ask for, at the slowest pace.
const LONGEST: Duration = Duration::from_secs(240);

fuzz_target!(|text: &str| {
    let mut pace = Pace::default();
    let mut now = Duration::from_secs(1_700_000_000);
    let mut headers: Vec<(&[u8], &[u8])> = Vec::new();
    let mut status = 200;
    for line in text.lines().chain(["200 0"]) {
        if let Some((name, value)) = line.split_once(": ") {
            headers.push((name.as_bytes(), value.as_bytes()));
            continue;
        }
        pace.take_in(status, &headers, now);
        headers.clear();
        let wait = pace.wait(now);
        assert!(wait <= LONGEST, "{wait:?}");
        let mut words = line.split(' ');
        status = words.next().and_then(|word| word.parse().ok()).unwrap_or(200);
        let later: u32 = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        now += wait + Duration::from_millis(later.into());
    }
});
