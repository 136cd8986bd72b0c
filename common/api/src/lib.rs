//! One request in, one answer out: how the commands talk to impCentral (API version 5).
//!
//! Nothing here reads stdin, the environment or a credential file. A [`Client`] sends a
//! [`Request`], keeps to the account's pace, repeats what is safe to repeat and gives an
//! [`Answer`] or an [`Error`]. On top of it: [`list`] for lists, [`resolve`] for names and
//! ids, [`membership`] for moving devices between groups, [`sign_in`] for tokens.
//!
//! Comments, here and in the other crates, cite what is known of the service by section, as
//! "imp-service(7), section 4.1": the page `man/imp-service.7` has the fact, and how sure it is.

pub mod checkup;
mod client;
mod credentials;
pub mod deployments;
pub mod devices;
mod error;
pub mod http;
pub mod list;
pub mod logs;
pub mod membership;
pub mod reading;
mod request;
pub mod resolve;
pub mod resource;
pub mod send;
pub mod sign_in;

pub use client::{Client, Settings, WriteGate};
pub use credentials::{AccessToken, Credentials};
pub use error::Error;
pub use http::endpoint::{DEFAULT_ENDPOINT, Endpoint};
pub use http::record::Recording;
pub use http::record::replacement::Replacement;
pub use http::trace::Trace;
pub use list::SeenIds;
pub use request::{Answer, Method, Repeat, Request, segment};
