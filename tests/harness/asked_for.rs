//! How much of a test somebody asks for who has more time than others.

use std::ops::Range;

/// The range that a variable names, `IMP_SEEDS=40..340`; `None` when it is not set.
///
/// # Panics
/// It names no range.
#[expect(clippy::disallowed_methods, reason = "how much is wanted is up to who asks for it")]
pub fn asked_for(variable: &str) -> Option<Range<u64>> {
    let wanted = std::env::var(variable).ok()?;
    let (first, end) = wanted.split_once("..").expect("a range, as 40..340");
    let number = |text: &str| text.parse().expect("a range, as 40..340");
    Some(number(first)..number(end))
}
