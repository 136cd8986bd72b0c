//! The receiver under a service manager: what it tells, and how it ends.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use serde_json::Value;
use tests::{Background, Caller, Dir, wait};

/// A service manager that hears what its service tells.
struct Manager(UnixDatagram);

impl Manager {
    fn at(address: &SocketAddr) -> Manager {
        let socket = UnixDatagram::bind_addr(address).expect("the name is free");
        socket.set_read_timeout(Some(wait::LIMIT)).expect("not zero");
        Manager(socket)
    }

    /// The next thing that is told.
    fn hear(&self) -> String {
        let mut buffer = [0; 200];
        let length = self.0.recv(&mut buffer).expect("something is told");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }
}

const LISTEN: &str = "imp-hook listen --journal journal --ready-file ready";

/// Calls the listener of the ready file.
fn call(dir: &Dir) {
    let ready: Value = serde_json::from_str(&dir.read("ready")).expect("one line of JSON");
    let address = ready["address"].as_str().expect("an address");
    let path = ready["url"].as_str().expect("a URL").replace(&format!("http://{address}"), "");
    let mut caller = Caller::connect(address).expect("it listens");
    let status = caller.call(&format!("{path}blessing"), "", b"{\"device_id\":\"a\"}");
    assert_eq!(status.expect("an answer"), 200);
}

fn wait_for_ready(running: &Background, dir: &Dir) {
    running.wait_for("the ready file", || dir.path().join("ready").exists());
}

#[test]
fn a_service_manager_is_told_and_ends_it_well() {
    let mut dir = Dir::new();
    let path = dir.path().join("notify");
    let abstract_name = dir.path().to_str().expect("UTF-8").replace('/', "-");
    for (name, address) in [
        (path.to_str().expect("UTF-8").to_owned(), SocketAddr::from_pathname(&path)),
        (format!("@{abstract_name}"), SocketAddr::from_abstract_name(&abstract_name)),
    ] {
        let manager = Manager::at(&address.expect("a name"));
        dir.set("NOTIFY_SOCKET", &name);
        dir.set("WATCHDOG_USEC", "300000");
        let running = dir.spawn(&format!("exec {LISTEN} --service"));
        assert_eq!(manager.hear(), "READY=1");
        // Whoever hears that it is ready finds the file.
        call(&dir);
        let mode = dir.path().join("ready").metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the secret is in it");
        for _ in 0..3 {
            assert_eq!(manager.hear(), "WATCHDOG=1");
        }
        running.terminate();
        let run = running.wait().ok().says("1 event, 0 of them repeats");
        assert_eq!(run.records().len(), 1);
        let mut last = manager.hear();
        while last == "WATCHDOG=1" {
            last = manager.hear();
        }
        assert_eq!(last, "STOPPING=1");
        assert!(!dir.path().join("ready").exists());
        dir.write("journal", "");
    }
}

#[test]
fn the_watchdog_of_another_process_is_not_fed() {
    let mut dir = Dir::new();
    let path = dir.path().join("notify");
    let manager = Manager::at(&SocketAddr::from_pathname(&path).expect("a name"));
    dir.set("NOTIFY_SOCKET", path.to_str().expect("UTF-8"));
    dir.set("WATCHDOG_USEC", "1");
    dir.set("WATCHDOG_PID", "1");
    let running = dir.spawn(&format!("exec {LISTEN} --service"));
    assert_eq!(manager.hear(), "READY=1");
    call(&dir);
    running.interrupt();
    running.wait().code(130);
    assert_eq!(manager.hear(), "STOPPING=1");
    // Who is no service tells nothing, and SIGTERM is what it always is.
    let running = dir.spawn(LISTEN);
    wait_for_ready(&running, &dir);
    running.terminate();
    running.wait().code(143);
    manager.0.set_nonblocking(true).expect("a socket");
    assert!(manager.0.recv(&mut [0; 9]).is_err());
}

#[test]
fn a_manager_that_is_gone_is_said_and_no_call_is_lost() {
    let mut dir = Dir::new();
    dir.set("NOTIFY_SOCKET", dir.path().join("nowhere").to_str().expect("UTF-8"));
    dir.set("WATCHDOG_USEC", "1000");
    let running = dir.spawn(&format!("exec {LISTEN} --service"));
    wait_for_ready(&running, &dir);
    call(&dir);
    running.terminate();
    let run = running.wait().ok().says("the service manager of NOTIFY_SOCKET cannot be told");
    assert_eq!(run.stderr().matches("cannot be told").count(), 1, "{run}");
}

#[test]
fn the_ready_file_is_of_the_listener_that_listens() {
    let dir = Dir::new();
    let killed = dir.spawn(&format!("exec {LISTEN}"));
    wait_for_ready(&killed, &dir);
    let left = dir.read("ready");
    // Somebody else, who does not get the journal, leaves it alone.
    dir.sh(LISTEN).code(2).says("another");
    assert_eq!(dir.read("ready"), left);
    drop(killed);
    assert_eq!(dir.read("ready"), left);
    let running = dir.spawn(&format!("exec {LISTEN}"));
    running.wait_for("another line", || {
        dir.path().join("ready").exists() && dir.read("ready") != left
    });
    call(&dir);
    running.interrupt();
    running.wait().code(130);
    assert!(!dir.path().join("ready").exists());
    for file in [".", "none/ready", "/dev/null"] {
        let options = format!("--journal other --ready-file {file}");
        dir.sh(&format!("imp-hook listen {options}")).code(2).says("cannot write the file");
    }
    dir.sh("test -c /dev/null").ok();
}
