//! Rows: where they come from, how a verb works on each, and what becomes of it.

pub mod change;
mod expand;
mod looked_up;
pub mod naming;
pub mod once_per_target;
mod outcome;
mod question;
mod repeated;
pub(crate) mod report;
pub mod results;
pub mod run;
pub mod source;

pub use change::change;
pub use expand::{ExpandedRows, expand};
pub use looked_up::LookedUp;
pub use outcome::{Outcome, RowDone, RowResult, SAME_AS, from_dry_run, interrupted, run_ended};
pub use run::{RowJob, carry_out, each, each_row};

pub use crate::consent::Ask;
