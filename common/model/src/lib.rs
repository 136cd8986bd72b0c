//! The words of the field, each with one type: kinds of resources, types of device groups, what identifiers
//! look like, kinds of errors, secrets, text that is safe to show.
//!
//! Nothing here reads, writes or waits, and all other crates may use it.

pub mod change;
pub mod identifier;
pub mod mac;
pub mod record;
pub mod schema;
pub mod text;

mod error_kind;
mod group_type;
mod resource_kind;
mod secret;

pub use change::{Change, Effect, Transfer};
pub use error_kind::ErrorKind;
pub use group_type::GroupType;
pub use record::Record;
pub use resource_kind::ResourceKind;
pub use secret::Secret;
