//! Logs of devices: the stored ones, and what comes from now on.

mod follow;
mod print;

pub use follow::{FollowRows, LogAfter, LogPositions, each_followed, follow_rows};
pub use print::{LogQuery, device_id, print_logs};
