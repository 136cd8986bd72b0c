//! Rows: where they come from, how a verb works on each, and what becomes of it.

pub mod expand;
pub mod naming;
pub mod once_per_target;
mod outcome;
pub mod results;
pub mod run;
pub mod source;

pub use outcome::{Acted, Acting, Outcome};
pub use run::{Work, from_dry_run, interrupted, run_ended};

pub use crate::consent::Ask;
