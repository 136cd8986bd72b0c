//! Programs of others that a test needs, and what it does where they are missing.

use crate::dir::Dir;

/// Whether these programs are there.
pub fn have(programs: &[&str]) -> bool {
    let is_there = |program: &str| {
        let found = Dir::new().sh(&format!("command -v {program}"));
        found.exit_code() == Some(0) || skipped(&format!("{program} is not installed"))
    };
    programs.iter().all(|program| is_there(program))
}

/// Tells that a test cannot be made here, and why. In CI, which has all that is needed, it fails.
#[expect(clippy::disallowed_methods, reason = "where the tests run is not what they are about")]
#[expect(clippy::disallowed_macros, reason = "a test that was not made has to be told")]
#[expect(clippy::print_stderr, reason = "a test that was not made has to be told")]
pub fn skipped(why: &str) -> bool {
    assert!(std::env::var_os("CI").is_none(), "{why}; .ci/run should have seen to it");
    eprintln!("skipped: {why}");
    false
}
