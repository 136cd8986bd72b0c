//! One process at a time: an advisory lock on a file in the state directory.
//!
//! Careful not to hang: the one who holds it may wait for a service that is down, or be stopped with
//! Ctrl-Z. Lock files are never removed, since that is a race; they are empty.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use api::send::clock;

use crate::{Interaction, digest, whole_file};

/// How often a lock that somebody holds is asked for.
const POLL: Duration = Duration::from_millis(10);

/// Even an impatient run waits so long for another process that renews.
const SHORTEST_LOCK: Duration = Duration::from_secs(10);

/// What came of asking for a lock.
#[derive(Debug)]
pub(crate) enum Locked {
    /// Ours until this is dropped.
    Held(#[expect(dead_code, reason = "the lock goes when the file is closed")] File),
    /// Somebody else has held it all the time.
    TimedOut,
    /// The run is to end.
    Stopped,
}

/// The lock of a sign-in file, or of the file that keeps the token of another sign-in.
pub(crate) fn of_file(
    store: &Path,
    state_dir: &Path,
    interaction: &Interaction,
) -> io::Result<Locked> {
    let longest = interaction.patience.max(SHORTEST_LOCK);
    lock(state_dir, &lock_name(store), longest, &interaction.stop)
}

/// One name for a file, by whatever way it is reached and also before it is there.
pub(crate) fn lock_name(store: &Path) -> String {
    let target = whole_file::target_of(store).unwrap_or_else(|_| store.to_owned());
    let directory = target.parent().map(|directory| directory.canonicalize());
    let path = match (directory, target.file_name()) {
        (Some(Ok(directory)), Some(name)) => directory.join(name),
        _ => target,
    };
    digest(&[path.as_os_str().as_encoded_bytes()])
}

/// Takes the lock `name`, waiting for at most `longest`.
///
/// # Errors
/// When there can be no such lock: the directory cannot be written to, or the file system has none.
fn lock(state_dir: &Path, name: &str, longest: Duration, stop: &AtomicBool) -> io::Result<Locked> {
    let directory = state_dir.join("locks");
    whole_file::make_directory(&directory)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(directory.join(name))?;
    let end = clock::monotonic() + longest;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Locked::Held(file)),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if clock::monotonic() >= end => {
                return Ok(Locked::TimedOut);
            }
            Err(TryLockError::WouldBlock) => {}
        }
        if !clock::wait_unless(stop, POLL) {
            return Ok(Locked::Stopped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let state = tempfile::tempdir().unwrap();
        let (go_on, stop) = (AtomicBool::new(false), AtomicBool::new(true));
        let take = |name, stop| lock(state.path(), name, Duration::ZERO, stop).unwrap();
        let held = take("a", &go_on);
        assert!(matches!(held, Locked::Held(_)));
        assert!(matches!(take("a", &go_on), Locked::TimedOut));
        assert!(matches!(take("b", &go_on), Locked::Held(_)));
        let patient = lock(state.path(), "a", Duration::from_secs(3600), &stop).unwrap();
        assert!(matches!(patient, Locked::Stopped));
        drop(held);
        assert!(matches!(take("a", &go_on), Locked::Held(_)));
    }

    #[test]
    fn no_directory_no_lock() {
        let state = tempfile::NamedTempFile::new().unwrap();
        let stop = AtomicBool::new(false);
        assert!(lock(state.path(), "a", Duration::ZERO, &stop).is_err());
    }
}
