//! One exchange with the service: connections, proxies, what is shown of it.

pub(crate) mod connector;
pub mod endpoint;
pub mod proxy;
pub(crate) mod trace;
pub(crate) mod transport;
