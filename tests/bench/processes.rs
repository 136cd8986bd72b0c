//! The processes that run here, and their memory, as the kernel tells it.
//!
//! The kernel keeps the peak of a process (`VmHWM`) for as long as it runs. It is looked at every few
//! milliseconds, so only what the last of them added could be missed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::{Dir, Run, wait};

const BETWEEN_LOOKS: Duration = Duration::from_millis(15);

/// The directories of processes in `/proc`.
pub fn all() -> impl Iterator<Item = PathBuf> {
    fs::read_dir("/proc").expect("/proc").flatten().map(|entry| entry.path())
}

/// Those that run in `directory`.
pub fn all_in(directory: &Path) -> impl Iterator<Item = PathBuf> {
    all().filter(move |process| {
        fs::read_link(process.join("cwd")).is_ok_and(|path| path == directory)
    })
}

/// The peaks of those that run in `directory`, but for the shell that was started there.
pub fn peaks_in(directory: &Path) -> Vec<f64> {
    let typed = all_in(directory).filter(|process| !is_child(process));
    typed.filter_map(|process| peak(&process)).collect()
}

/// Whether this process has started it.
pub fn is_child(process: &Path) -> bool {
    number(process, "PPid:") == Some(f64::from(std::process::id()))
}

/// In MB of a million bytes; `None` if it has ended.
pub fn peak(process: &Path) -> Option<f64> {
    number(process, "VmHWM:").map(|kibibytes| kibibytes * 1024.0 / 1e6)
}

fn number(process: &Path, name: &str) -> Option<f64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Types a pipeline and looks at it every few milliseconds; ends it if it takes longer than it may.
pub fn watch(dir: &Dir, script: &str, longest: Duration, mut look: impl FnMut()) -> Run {
    let running = dir.spawn(script);
    let has_ended = wait::until(longest, || {
        wait::let_pass(BETWEEN_LOOKS);
        look();
        running.has_ended()
    });
    if !has_ended {
        running.terminate();
    }
    running.wait()
}
