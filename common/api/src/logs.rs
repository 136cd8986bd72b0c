//! Logs of devices: stored ones by the page, and the stream of what comes.

pub mod sse;
mod stored;
pub mod stream;

pub use stored::{PAGE_SIZE, Page, ReadEntries, page, read, request};
