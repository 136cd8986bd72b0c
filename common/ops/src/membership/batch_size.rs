//! How many devices go into one request: a decision about answers, no requests.
//!
//! A request that was refused as a whole, in words that name no device, was too large, or one device in it
//! was refused. Smaller ones tell: when parts of it are taken, that is the size; when one device alone is
//! refused in the same words, it was that device, and the others go together again. When all are refused one
//! by one, they go on one by one until one is taken.

use api::Error;

/// Devices that are tried one by one before it is decided again how many go together.
const ONE_BY_ONE: usize = 32;

/// The number of devices in a request.
#[derive(Debug)]
pub(super) struct BatchSize {
    full: usize,
    now: usize,
    /// In which words a request was refused as a whole.
    refusal: Option<Error>,
    /// Devices refused alone in these words since a request was taken.
    alone: u32,
}

impl BatchSize {
    /// `full`: as many as the person wants in one request.
    pub(super) fn new(full: usize) -> Self {
        BatchSize { full, now: full, refusal: None, alone: 0 }
    }

    /// Devices in the next requests.
    pub(super) fn now(&self) -> usize {
        self.now
    }

    /// Requests in one round, at most.
    pub(super) fn round(&self) -> usize {
        if self.alone > 1 { ONE_BY_ONE } else { usize::MAX }
    }

    /// A request with so many devices was refused as a whole.
    pub(super) fn refused(&mut self, together: usize, refusal: &Error) {
        self.now = self.now.min(together.div_ceil(2));
        self.refusal = Some(refusal.clone());
    }

    /// One device was refused by itself.
    pub(super) fn refused_alone(&mut self, error: &Error) {
        let words = |error: &Error| (error.status, error.title.clone());
        if self.refusal.as_ref().is_none_or(|refusal| words(refusal) != words(error)) {
            return;
        }
        self.alone += 1;
        if self.alone == 1 {
            self.now = self.full;
        }
    }

    /// A request was taken.
    pub(super) fn taken(&mut self) {
        if self.alone > 1 {
            self.now = self.full;
        }
        self.alone = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ErrorKind;
    use serde_json::json;

    fn refusal() -> Error {
        Error::from_answer(400, &json!({"errors": [{"status": "400", "title": "No"}]}))
    }

    fn halved_to_one(size: &mut BatchSize) {
        while size.now() > 1 {
            size.refused(size.now(), &refusal());
        }
    }

    #[test]
    fn a_size_that_is_taken_stays() {
        let mut size = BatchSize::new(100);
        size.refused(100, &refusal());
        size.refused(50, &refusal());
        size.taken();
        assert_eq!((size.now(), size.round()), (25, usize::MAX));
        let mut one = BatchSize::new(100);
        halved_to_one(&mut one);
        one.taken();
        assert_eq!(one.now(), 1);
    }

    #[test]
    fn after_one_bad_device_the_others_go_together_again() {
        let mut size = BatchSize::new(100);
        halved_to_one(&mut size);
        size.refused_alone(&Error::new(ErrorKind::NotFound, "No such device"));
        assert_eq!(size.now(), 1, "that is another matter");
        size.refused_alone(&refusal());
        assert_eq!(size.now(), 100);
    }

    #[test]
    fn when_all_are_refused_they_go_one_by_one_until_one_is_taken() {
        let mut size = BatchSize::new(100);
        halved_to_one(&mut size);
        size.refused_alone(&refusal());
        halved_to_one(&mut size);
        (0..5).for_each(|_| size.refused_alone(&refusal()));
        assert_eq!((size.now(), size.round()), (1, ONE_BY_ONE));
        size.taken();
        assert_eq!((size.now(), size.round()), (100, usize::MAX));
    }
}
