//! How many events a second `imp-hook listen` acknowledges: `cargo bench -p tests --bench hooks`.
//!
//! Every event is on the disk before it is answered; callers and listener share the machine. Beside it
//! stands what the disk gives: writes of one such line, each with a sync of its own.

use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Caller, Dir, wait};

/// Events a second that must be reached.
const BOUND: f64 = 3_000.0;
const LASTING: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let mut reached = true;
    for callers in [1, 16, 64, 256] {
        let rate = events_a_second(callers);
        let bound = if callers >= 64 { format!("≥ {BOUND}") } else { String::new() };
        reached &= callers < 64 || rate >= BOUND;
        print(&format!(
            "{rate:>9.0}  {bound:8}  events acknowledged a second, {callers} connections"
        ));
    }
    print(&format!(
        "{:>9.0}            lines a second, each with its own sync, one writer",
        syncs_a_second()
    ));
    if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn events_a_second(callers: u64) -> f64 {
    let dir = Dir::new();
    dir.write("ready", "");
    let running = dir.spawn("imp-hook listen --journal journal --ready-fd 3 3>ready >/dev/null");
    running.wait_for("the listener", || dir.read("ready").ends_with('\n'));
    let ready: Value = serde_json::from_str(&dir.read("ready")).expect("JSON");
    let (address, url) = (text(&ready, "address"), text(&ready, "url"));
    let path =
        format!("{}blessing", url.strip_prefix(&format!("http://{address}")).expect("on it"));
    let (next, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let call = || {
        let mut caller = Caller::connect(&address).expect("it listens");
        let mut acknowledged = 0u64;
        while !over.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let body =
                json!({"device_id": format!("{number:016x}"), "imp_id": format!("{number:016x}")});
            let status = caller.call(&path, "application/json", body.to_string().as_bytes());
            assert_eq!(status.expect("an answer"), 200);
            acknowledged += 1;
        }
        acknowledged
    };
    let (took, total) = wait::timed(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..callers).map(|_| scope.spawn(call)).collect();
            wait::let_pass(LASTING);
            over.store(true, Ordering::Relaxed);
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum::<u64>()
        })
    });
    assert_eq!(dir.read("journal").lines().count() as u64, total, "all of it is in the journal");
    total as f64 / took.as_secs_f64()
}

fn syncs_a_second() -> f64 {
    let dir = Dir::new();
    let mut file = File::create(dir.path().join("lines")).expect("the file can be made");
    const LINES: u32 = 500;
    let (took, ()) = wait::timed(|| {
        for _ in 0..LINES {
            let written = file.write_all(&[b'x'; 250]).and_then(|()| file.sync_data());
            written.expect("the disk takes it");
        }
    });
    f64::from(LINES) / took.as_secs_f64()
}

fn text(record: &Value, name: &str) -> String {
    record[name].as_str().expect("a text").to_owned()
}

#[expect(clippy::disallowed_methods, reason = "the table of this program")]
fn print(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads");
}
