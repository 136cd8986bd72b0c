//! Ctrl-C, SIGTERM and SIGHUP: a flag that everybody looks at, so that results under way are still reported.
//!
//! The first signal stops new requests; the second ends the process at once. Careful about SIGHUP, which stays
//! ignored where it is: `nohup` is for that.

use std::fs;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

use crate::exit::Exit;

/// See [`expect_termination`].
static TERMINATION_IS_EXPECTED: AtomicBool = AtomicBool::new(false);
static STOP: OnceLock<(Arc<AtomicBool>, Arc<AtomicUsize>)> = OnceLock::new();

/// The flag; signals are caught from the first call on.
pub fn stop() -> Arc<AtomicBool> {
    if let Some(run) = simulated::here() {
        return run.stop();
    }
    let (stop, _) = STOP.get_or_init(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let which = Arc::new(AtomicUsize::new(0));
        let ends = [(SIGHUP, 129), (SIGINT, 130), (SIGTERM, 143)];
        let ends = ends.into_iter().filter(|(signal, _)| *signal != SIGHUP || hanging_up_ends());
        for (signal, code) in ends {
            let caught = flag::register_conditional_shutdown(signal, code, stop.clone())
                .and_then(|_| {
                    flag::register_usize(signal, which.clone(), signal.unsigned_abs() as usize)
                })
                .and_then(|_| flag::register(signal, stop.clone()));
            // Where signals cannot be caught they end the process as always.
            let _uncaught = caught;
        }
        (stop, which)
    });
    stop.clone()
}

/// From now on a file that may not grow any more is an error of who writes it, and no end of the process.
pub(crate) fn survive_full_files() {
    // Where that cannot be, it ends the process as always.
    let _uncaught = flag::register(SIGXFSZ, Arc::default());
}

/// From now on SIGTERM is an ordinary end with exit code 0: service managers end their services by it.
pub fn expect_termination() {
    TERMINATION_IS_EXPECTED.store(true, Ordering::Relaxed);
}

/// Whether a signal came, whatever has been done in spite of it since.
pub fn came() -> bool {
    STOP.get().is_some_and(|(_, which)| which.load(Ordering::Relaxed) != 0)
}

/// How the run ends because of a signal, if one came.
pub fn exit() -> Exit {
    match STOP.get() {
        Some((stop, which)) if stop.load(Ordering::Relaxed) => {
            match i32::try_from(which.load(Ordering::Relaxed)) {
                Ok(SIGTERM) if TERMINATION_IS_EXPECTED.load(Ordering::Relaxed) => Exit::Done,
                Ok(SIGTERM) => Exit::Terminated,
                Ok(SIGHUP) => Exit::HungUp,
                _ => Exit::Interrupted,
            }
        }
        _ => Exit::Done,
    }
}

/// False where SIGHUP is ignored, or where that is not to be known.
fn hanging_up_ends() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| !ignores_hanging_up(&status))
}

/// Reads the mask of ignored signals, of which SIGHUP is the first.
fn ignores_hanging_up(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status =
            |mask: &str| format!("Name:\timp\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert!(ignores_hanging_up(&status("0000000000001001")));
        assert!(!ignores_hanging_up(&status("0000000000001000")));
        assert!(ignores_hanging_up("Name:\timp\n"), "not known: as the system has it");
    }
}
