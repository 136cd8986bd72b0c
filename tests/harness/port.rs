//! A port of this machine that is the test's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt,
};

/// A port that nobody else is given as long as the value lives. Nobody listens there, unless a command
/// of the test does: the socket is bound and never listens, so that connections are refused.
pub struct Port {
    _socket: OwnedFd,
    address: SocketAddr,
}

impl Port {
    /// Takes a free one.
    pub fn reserve() -> Port {
        let socket =
            socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)
                .expect("a socket");
        // Who does the same may listen there; a free port is never looked for among such ones.
        sockopt::set_socket_reuseaddr(&socket, true).expect("it is a socket");
        bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let address = getsockname(&socket).expect("it is bound").try_into().expect("TCP");
        Port { _socket: socket, address }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The number.
    pub fn number(&self) -> u16 {
        self.address.port()
    }
}
