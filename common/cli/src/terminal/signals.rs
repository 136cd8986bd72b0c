//! Ctrl-C and SIGTERM: a flag that everybody looks at, so that results under way are still reported.
//!
//! The first signal stops new requests; the second ends the process at once.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::Exit;

static STOP: OnceLock<(Arc<AtomicBool>, Arc<AtomicUsize>)> = OnceLock::new();

/// The flag; signals are caught from the first call on.
pub fn stop() -> Arc<AtomicBool> {
    let (stop, _) = STOP.get_or_init(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let which = Arc::new(AtomicUsize::new(0));
        for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] {
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

/// How the run ends because of a signal, if one came.
pub fn exit() -> Exit {
    match STOP.get() {
        Some((stop, which)) if stop.load(Ordering::Relaxed) => {
            let terminated = which.load(Ordering::Relaxed) == SIGTERM.unsigned_abs() as usize;
            if terminated { Exit::Terminated } else { Exit::Interrupted }
        }
        _ => Exit::Done,
    }
}
