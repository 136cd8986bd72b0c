//! Rows: where they come from, how a verb works on each, and what becomes of it.

mod ahead;
pub mod change;
mod expand;
mod files;
pub(crate) mod label;
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

pub use change::{Changed, change};
pub use expand::{ExpandedRows, expand};
pub use looked_up::LookedUp;
pub use outcome::{
    Outcome, RESULT, RowDone, RowResult, SAME_AS, certainly_not_done, from_dry_run, interrupted,
    perhaps_done, run_ended,
};
pub use run::{RowJob, carry_out, each, each_row};

pub use crate::consent::Ask;
