//! Which part of a list each page shows, so that none is missed when the list moves under us.
//!
//! Pages are counted by the service, and are never larger than asked for, so page `number` of size `size` shows
//! the records from `(number - 1) * size` on. Each page but the first begins on a record of the one before it:
//! when the two have a record in common, nothing that was there throughout lies between them, whatever has come
//! and gone meanwhile. Where they have none, the list is read again from further back.

/// The largest page that the service gives.
pub(super) const LARGEST: u64 = 100;
/// Smaller pages cover less in any case.
const SMALLEST: u64 = LARGEST / 2;
/// How far it is gone back first: half a page, so that the page reaches beyond the place.
const FIRST_STEP: u64 = LARGEST / 2;
/// After so many steps, each more than twice as far, the list is begun again.
const MOST_STEPS: u32 = 5;
/// A list is read from its beginning no more often than this.
const MOST_READINGS: u32 = 3;

/// What a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Its number, from 1.
    pub(super) number: u64,
    /// How many records it has at most.
    pub(super) size: u64,
}

impl Window {
    /// The beginning of a list.
    pub(super) const FIRST: Window = Window { number: 1, size: LARGEST };

    /// The place behind its last record, if it is full.
    pub(super) fn end(self) -> u64 {
        self.number * self.size
    }

    /// Of the pages that show the record at `place`, and perhaps some before it, the one that reaches furthest.
    pub(super) fn from(place: u64) -> Window {
        let at = |size| Window { number: place / size + 1, size };
        let windows = (SMALLEST..=LARGEST).map(at);
        windows.max_by_key(|window| (window.end(), window.size)).unwrap_or(Window::FIRST)
    }

    /// The page that follows: it begins on the last record of this one, or before it.
    pub(super) fn next(self) -> Window {
        Window::from(self.end() - 1)
    }
}

/// Steps back from places where two pages had nothing in common.
#[derive(Debug)]
pub(super) struct StepsBack {
    /// Since something new came.
    steps: u32,
    /// How often the list has been begun.
    readings: u32,
}

impl StepsBack {
    pub(super) fn none() -> Self {
        StepsBack { steps: 0, readings: 1 }
    }

    /// Something new has come.
    pub(super) fn forget(&mut self) {
        self.steps = 0;
    }

    /// From where to read, after a page that has nothing in common with the one that ends at `end`; `None` when the
    /// list moves too much.
    pub(super) fn step(&mut self, end: u64) -> Option<Window> {
        self.steps += 1;
        let back = FIRST_STEP * ((1 << self.steps.min(MOST_STEPS)) - 1);
        if self.steps < MOST_STEPS && back < end {
            return Some(Window::from(end - back));
        }
        self.readings += 1;
        (self.readings <= MOST_READINGS).then_some(Window::FIRST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_begins_on_the_one_before_it() {
        let (mut window, mut pages) = (Window::FIRST, 1);
        while window.end() < 100_000 {
            let next = window.next();
            let begin = next.end() - next.size;
            assert!(begin < window.end() && window.end() < next.end(), "{window:?}, {next:?}");
            assert!(next.size <= LARGEST);
            (window, pages) = (next, pages + 1);
        }
        // One of seven requests is what it costs.
        assert!((1100..1150).contains(&pages), "{pages}");
    }

    #[test]
    fn short_lists_cost_as_much_as_they_have_pages_and_one_more_at_most() {
        for records in 1..=1000u64 {
            let mut window = Window::FIRST;
            let mut pages = 1;
            while window.end() < records {
                (window, pages) = (window.next(), pages + 1);
            }
            let least = records.div_ceil(LARGEST);
            assert!((least..=least + 1).contains(&pages), "{records}: {pages}");
        }
    }

    #[test]
    fn it_is_gone_back_further_and_further_and_not_for_ever() {
        let mut steps = StepsBack::none();
        let first = steps.step(5000).expect("a step");
        assert!(first.end() - first.size <= 4950 && first.end() > 5000, "{first:?}");
        let begins: Vec<u64> = std::iter::from_fn(|| steps.step(5000))
            .map(|window| window.end() - window.size)
            .collect();
        assert!(begins.is_sorted_by(|one, next| one > next || *next == 0), "{begins:?}");
        assert_eq!(begins.iter().filter(|begin| **begin == 0).count(), 2, "{begins:?}");
        assert_eq!(steps.step(5000), None);
    }

    #[test]
    fn what_is_new_makes_it_patient_again() {
        let mut steps = StepsBack::none();
        for _ in 0..100 {
            assert_ne!(steps.step(5000), None);
            steps.forget();
        }
        assert_eq!(steps.step(40), Some(Window::FIRST));
    }
}
