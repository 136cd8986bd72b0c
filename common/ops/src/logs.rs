//! Logs of devices: the stored ones, and what comes from now on.

mod cursor;
mod follow;
mod pattern;
mod print;
mod print_new;

use model::schema::RecordType;

pub use follow::{FollowRows, GAP, LogAfter, LogChecks, LogPositions, each_followed, follow_rows};
pub use pattern::Pattern;
pub use print::{LOG, LogQuery, device_id, print_logs};
pub use print_new::{NewEntries, print_new};

/// What is printed of logs that are followed.
pub static OF_FOLLOWED: [&RecordType; 2] = [&LOG, &GAP];
