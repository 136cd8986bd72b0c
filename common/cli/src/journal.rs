//! The journal of what runs change.

use crate::terminal::environment;

/// Whether nobody wants one: then nothing is looked up that only the journal needs.
pub fn is_off() -> bool {
    environment::text("IMP_JOURNAL").is_some_and(|text| text == "off")
}
