//! `--service`: what a service manager is told, as sd_notify(3) has it.
//!
//! Careful about the watchdog: it is for a listener that hangs, so it is told that all is well only while calls
//! can be answered and the disk takes events. A service manager that cannot be told anything is no reason to
//! take no calls.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use api::send::clock;
use cli::terminal::environment::ServiceManager;
use cli::terminal::stderr;

/// A service manager that takes nothing is not waited for any longer.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// The service manager that has started the listener.
pub struct Service {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it is told that all is well: twice in the time that it waits.
    interval: Option<Duration>,
    told: Instant,
    failed: bool,
}

impl Service {
    /// Prepares to tell `manager` something; one that wants to hear nothing is told nothing.
    pub fn new(manager: &ServiceManager) -> Self {
        let mut service = Service {
            socket: None,
            interval: manager.watchdog.map(|time| time / 2),
            told: clock::monotonic(),
            failed: false,
        };
        match manager.notify_socket.as_deref().map(open).transpose() {
            Ok(socket) => service.socket = socket,
            Err(error) => service.report(&error),
        }
        service
    }

    /// Calls are taken from now on.
    pub fn is_ready(&mut self) {
        self.tell("READY=1");
    }

    /// It will end.
    pub fn is_ending(&mut self) {
        self.tell("STOPPING=1");
    }

    /// Feeds the watchdog when it is time and `is_well` says so of a listener that may be busy for so long.
    pub fn watch(&mut self, is_well: impl FnOnce(Duration) -> bool) {
        let now = clock::monotonic();
        if let Some(interval) = self.interval
            && now.duration_since(self.told) >= interval
            && is_well(interval)
        {
            self.told = now;
            self.tell("WATCHDOG=1");
        }
    }

    fn tell(&mut self, what: &str) {
        let Some((socket, address)) = &self.socket else { return };
        if let Err(error) = socket.send_to_addr(what.as_bytes(), address) {
            self.report(&error);
        }
    }

    fn report(&mut self, error: &io::Error) {
        if !self.failed {
            self.failed = true;
            stderr::say(&format!("the service manager of NOTIFY_SOCKET cannot be told: {error}"));
        }
    }
}

fn open(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)?
        }
        [b'/', ..] => SocketAddr::from_pathname(name)?,
        _ => return Err(io::Error::other("its name begins neither with / nor with @")),
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(SEND_TIMEOUT))?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a manager has heard so far.
    fn heard(manager: &UnixDatagram) -> Vec<String> {
        manager.set_nonblocking(true).unwrap();
        let mut buffer = [0; 100];
        let next = || manager.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec());
        std::iter::from_fn(next).map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn the_watchdog_is_fed_while_all_is_well() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notify_socket = Some(path.into());
        let mut service =
            Service::new(&ServiceManager { notify_socket, watchdog: Some(Duration::ZERO) });
        service.is_ready();
        service.watch(|_| false);
        service.watch(|_| true);
        service.is_ending();
        assert_eq!(heard(&manager), ["READY=1", "WATCHDOG=1", "STOPPING=1"]);
        service.interval = Some(Duration::from_secs(3600));
        service.watch(|_| true);
        service.interval = None;
        service.watch(|_| true);
        assert!(heard(&manager).is_empty(), "before its time, or unasked");
        drop(manager);
        service.is_ready();
        assert!(service.failed);
    }

    #[test]
    fn a_manager_that_cannot_be_told_is_no_reason_to_end() {
        for name in ["relative", "vsock:2:1"] {
            let notify_socket = Some(name.into());
            let mut service = Service::new(&ServiceManager { notify_socket, watchdog: None });
            service.is_ready();
            assert!(service.socket.is_none() && service.failed, "{name}");
        }
        let mut service = Service::new(&ServiceManager::default());
        service.is_ready();
        assert!(!service.failed);
    }
}
