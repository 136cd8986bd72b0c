//! The flags that commands share, each defined once. A verb flattens those that it has.

mod changes;
mod common;
mod deferred;
mod group_type;
mod identifier;
mod input;
mod options;
mod reports;
mod resources;
mod secret;
mod time;
mod unblessing;

pub use changes::{BatchSize, Bulk, Changes, ConfirmedProduction, DryRun};
pub use common::{Common, OutputFormat};
pub use deferred::Deferred;
pub use group_type::group_type;
pub use identifier::{identifier, not_without_option, secret_identifier};
pub use input::{Input, ReadAs};
pub use options::{missing, new_name, option_or_copy, text_option, truth_option};
pub use reports::Reports;
pub use resources::{Deployments, DeviceGroups, Devices, Products};
pub use secret::{secret_in_file, secret_in_file_or_stdin};
pub use time::{duration, service_time, time_or_ago};
pub use unblessing::{Unblessing, UnblessingKey};
