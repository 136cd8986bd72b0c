//! Journals, of runs and of the receiver of webhooks: a part of a line at the end is no line, and what is read
//! once is read again.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cli::journal::recorded::{Recorded, RowState, header};
use fuzz::{remove_old, scratch};
use libfuzzer_sys::fuzz_target;

#[path = "../../../tools/imp-hook/src/hook.rs"]
#[allow(dead_code)]
mod hook;
#[path = "../../../tools/imp-hook/src/listen"]
#[allow(dead_code)]
mod listen {
    pub mod event;
    pub mod journal;
}

use listen::journal;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    remove_old("journal");
    scratch("journal")
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*FILE, bytes).expect("memory");
    of_a_run(bytes, &FILE);
    of_a_receiver(bytes, &FILE);
});

fn of_a_run(bytes: &[u8], path: &Path) {
    let _first = header(path);
    let Ok(recorded) = Recorded::read(path) else { return };
    let whole = recorded.length as usize;
    assert!(whole <= bytes.len() && bytes[..whole].ends_with(b"\n"));
    assert!(!bytes[whole..].contains(&b'\n'));
    let told = |recorded: &Recorded| {
        let rows = recorded.to_do(true);
        let states: Vec<RowState> = rows.iter().map(|row| recorded.state(*row)).collect();
        (rows, states, recorded.rows(), recorded.exit, recorded.last_row())
    };
    fs::write(path, &bytes[..whole]).expect("memory");
    let again = Recorded::read(path).expect("as before");
    assert_eq!(told(&recorded), told(&again));
    let (to_do, without_failed) = (recorded.to_do(true).len(), recorded.to_do(false).len());
    let done = recorded.count(RowState::Done) + recorded.count(RowState::Unchanged);
    let known = to_do as u64 + done;
    assert!(without_failed <= to_do && known <= recorded.rows());
    // Nothing can be done to a row whose line is damaged.
    assert!(known == recorded.rows() || recorded.is_damaged());
    fs::write(path, bytes).expect("memory");
}

fn of_a_receiver(bytes: &[u8], path: &Path) {
    match journal::Journal::open(path, &|_| true) {
        Ok((opened, recovered)) => {
            let left = fs::read(path).expect("it is there");
            assert!(bytes.starts_with(&left));
            assert_eq!(left.len() as u64 + recovered.cut, bytes.len() as u64);
            drop(opened);
            let (_, again) = journal::Journal::open(path, &|_| true).expect("as before");
            assert_eq!((again.cut, again.recent), (0, recovered.recent));
        }
        Err(_) => assert_eq!(fs::read(path).expect("it is there"), bytes, "left alone"),
    }
}
