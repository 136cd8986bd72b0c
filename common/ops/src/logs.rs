//! Logs of devices: the stored ones, and what comes from now on.

mod follow;
mod print;

use model::schema::RecordType;

pub use follow::{FollowRows, GAP, LogAfter, LogPositions, each_followed, follow_rows};
pub use print::{LOG, LogQuery, device_id, print_logs};

/// What is printed of logs that are followed.
pub static OF_FOLLOWED: [&RecordType; 2] = [&LOG, &GAP];
