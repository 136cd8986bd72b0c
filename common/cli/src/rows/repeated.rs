//! The same failure a hundred times: the first three of a kind are told one by one, the rest are counted.
//!
//! Careful about what stands nowhere else: without a file of failed rows, a row that may have been done is
//! told in any case.

use std::collections::HashSet;

use pipe::Failure;

/// So many failures of a kind are told one by one.
const TOLD: u64 = 3;
/// So many kinds are counted, so that titles that are all different do not fill the memory.
const MOST_KINDS: usize = 50;

/// The failures of a run, by kind, in the order in which the kinds came.
#[derive(Default)]
pub(super) struct RepeatedFailures {
    kinds: Vec<FailureKind>,
}

#[derive(Default)]
struct FailureKind {
    title: String,
    failed: u64,
    untold: u64,
    /// The groups of which it has been said once for all of their devices.
    groups: HashSet<String>,
}

impl RepeatedFailures {
    /// Counts a failure; true when it is to be told by itself. `always`: it is to be told in any case.
    pub(super) fn is_told(&mut self, failure: &Failure, always: bool) -> bool {
        let kind = self.kind_of(&failure.title);
        kind.failed += 1;
        if !kind.groups.is_empty() {
            return always;
        }
        let told = always || kind.failed <= TOLD;
        kind.untold += u64::from(!told);
        told
    }

    /// True when it is to be said once of the group; the failures of the kind are not told by themselves then.
    pub(super) fn is_told_of_group(&mut self, title: &str, group: &str) -> bool {
        self.kind_of(title).groups.insert(group.to_owned())
    }

    fn kind_of(&mut self, title: &str) -> &mut FailureKind {
        let title = title_of_kind(title);
        let known = self.kinds.iter().position(|kind| kind.title == title);
        let place = known.unwrap_or_else(|| {
            if self.kinds.len() < MOST_KINDS {
                self.kinds.push(FailureKind { title, ..FailureKind::default() });
            } else if self.kinds.len() == MOST_KINDS {
                let title = "others".to_owned();
                self.kinds.push(FailureKind { title, ..FailureKind::default() });
            }
            self.kinds.len() - 1
        });
        &mut self.kinds[place]
    }

    /// A line for each kind of which not all were told.
    pub(super) fn untold(&self) -> Vec<String> {
        let untold = self.kinds.iter().filter(|kind| kind.untold > 0);
        untold.map(|kind| format!("… and {} more: {}", kind.untold, kind.title)).collect()
    }

    /// `97 Logging Not Supported, 3 No device …`, the most frequent first; empty when none failed.
    pub(super) fn sentence(&self) -> String {
        let mut kinds: Vec<&FailureKind> = self.kinds.iter().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.failed));
        let words: Vec<String> =
            kinds.iter().map(|kind| format!("{} {}", kind.failed, kind.title)).collect();
        words.join(", ")
    }
}

/// A title without what only one row has in it: texts in quotes.
fn title_of_kind(title: &str) -> String {
    let mut parts = model::text::one_line(title);
    for quote in ['`', '"'] {
        let pieces: Vec<&str> = parts.split(quote).collect();
        let is_quoted = pieces.len() > 1 && pieces.len() % 2 == 1;
        let kept = |(place, piece): (usize, &&str)| match place % 2 {
            0 => (*piece).to_owned(),
            _ => "…".to_owned(),
        };
        if is_quoted {
            parts = pieces.iter().enumerate().map(kept).collect();
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ErrorKind;

    #[test]
    fn three_of_a_kind_are_told_and_the_rest_are_counted() {
        let mut failures = RepeatedFailures::default();
        let device = |name: usize| {
            Failure::new(ErrorKind::NotFound, format!("No device `{name}`")).detail("look")
        };
        let told = (0..100).filter(|name| failures.is_told(&device(*name), false)).count();
        assert_eq!(told, 3);
        let refused = Failure::new(ErrorKind::Refused, "Logging Not Supported");
        assert!(failures.is_told(&refused, false), "another kind has its own three");
        assert_eq!(failures.untold(), ["… and 97 more: No device …"]);
        assert_eq!(failures.sentence(), "100 No device …, 1 Logging Not Supported");
        assert!(failures.is_told(&device(7), true), "told in any case");
        assert_eq!(failures.untold(), ["… and 97 more: No device …"]);
    }

    #[test]
    fn what_was_said_of_a_group_is_not_told_again_of_its_devices() {
        let mut failures = RepeatedFailures::default();
        let failure = Failure::new(ErrorKind::Conflict, "Not there");
        assert!(failures.is_told_of_group("Not there", "A"));
        assert!(!failures.is_told_of_group("Not there", "A"), "once");
        assert!(failures.is_told_of_group("Not there", "B"));
        assert!((0..9).all(|_| !failures.is_told(&failure, false)));
        assert_eq!((failures.untold().len(), failures.sentence()), (0, "9 Not there".to_owned()));
    }

    #[test]
    fn titles_without_end_are_counted_together() {
        let mut failures = RepeatedFailures::default();
        for number in 0..200 {
            failures.is_told(&Failure::new(ErrorKind::Refused, format!("No {number}")), false);
        }
        assert_eq!(failures.kinds.len(), MOST_KINDS + 1);
        assert!(failures.sentence().starts_with("150 others, "), "{}", failures.sentence());
        assert_eq!(failures.untold(), ["… and 147 more: others"]);
    }

    #[test]
    fn a_quote_that_is_not_closed_stays() {
        assert_eq!(title_of_kind("It`s not"), "It`s not");
        assert_eq!(title_of_kind("No `a` in `b`"), "No … in …");
    }
}
