//! What several verbs do to a fleet, as free functions over a signed-in run ([`cli::Session`]).
//!
//! A verb turns its flags into options and calls one function here: [`membership::move_devices`],
//! [`delete::delete`], [`list::list`], [`logs::print_logs`], [`logs::follow_rows`]. Nothing here reads
//! flags that only one verb has, and nothing in `cli` knows of an operation.

pub mod delete;
pub mod deployments;
pub mod info;
pub mod list;
pub mod logs;
pub mod members;
pub mod membership;
pub mod resources;
pub mod rollout;
pub mod share;
pub mod url;
pub mod webhooks;
