//! One exchange with the service: connections, proxies, what is shown of it. And with others, to hand events on.

pub(crate) mod connector;
pub mod delivery;
pub mod endpoint;
pub mod proxy;
pub(crate) mod raw;
pub(crate) mod record;
pub(crate) mod secrets;
pub(crate) mod trace;
pub(crate) mod transport;
