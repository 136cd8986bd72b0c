//! From the journal to stdout: what is printed is what is on the disk, in its order.
//!
//! The printer reads the journal itself. So a slow reader of stdout holds up nobody but itself, and no
//! queue grows meanwhile: what it has not read yet waits in the file.

use cli::Record;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cli::{CommandError, Output};

use super::commit::Progress;

/// Bytes that are read at once; a single event may be longer than that.
const PORTION: usize = 256 << 10;

/// How far the printer has come.
#[derive(Debug, Default)]
pub struct Printed {
    /// Bytes of the journal.
    pub position: AtomicU64,
    /// It has printed all that there will be, or nobody reads.
    pub done: AtomicBool,
}

/// Prints until the end of all events, or until nobody reads.
///
/// # Errors
/// When the journal cannot be read, or stdout cannot be written to.
pub fn print(
    journal: &File,
    progress: &Arc<Progress>,
    output: &Output,
    printed: &Printed,
) -> Result<(), CommandError> {
    let mut position = printed.position.load(Ordering::SeqCst);
    let mut portion = PORTION;
    while output.is_read() {
        let state = progress.wait(position, Duration::from_millis(500));
        if state.committed == position {
            if state.ended {
                break;
            }
            continue;
        }
        let length = (state.committed - position).min(portion as u64) as usize;
        let mut bytes = vec![0; length];
        let cannot = |error| CommandError::usage(format!("cannot read the journal: {error}"));
        journal.read_exact_at(&mut bytes, position).map_err(cannot)?;
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            portion *= 2;
            continue;
        };
        for line in bytes[..end].split(|byte| *byte == b'\n') {
            // The lines are ours; but with --replay the file may hold anything from before.
            if let Ok(record) = serde_json::from_slice::<Record>(line) {
                output.print(&record)?;
            }
        }
        output.flush()?;
        position += end as u64 + 1;
        portion = PORTION;
        printed.position.store(position, Ordering::SeqCst);
    }
    output.finish()
}
