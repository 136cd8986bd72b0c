//! One request in, one answer out: how the commands talk to impCentral (API version 5).
//!
//! Nothing here reads stdin, the environment or a credential file. A [`Client`] sends a
//! [`Request`], keeps to the account's pace, repeats what is safe to repeat and gives an
//! [`Answer`] or an [`Error`]. On top of it: [`paging`] for lists, [`identify`] for names and
//! ids, [`membership`] for moving devices between groups, [`sign_in`] for tokens.
//!
//! "Reference 4.8" in a comment, here and in the other crates, is section 4.8 of the team's reference of
//! the impCentral API.

mod budget;
mod client;
pub mod clock;
mod connection;
mod credentials;
pub mod deployments;
pub mod devices;
mod doubt;
mod error;
pub mod identify;
pub mod logs;
pub mod membership;
pub mod pace;
pub mod paging;
pub mod proxy;
mod request;
pub mod resource;
mod retry;
mod seen;
mod sending;
pub mod sign_in;
pub mod sse;
pub mod stream;
mod trace;
mod transport;

pub use client::{Client, Settings};
pub use credentials::{AccessToken, Credentials};
pub use error::Error;
pub use request::{Answer, Method, Repeat, Request, segment};
pub use seen::Seen;
pub use trace::Trace;
