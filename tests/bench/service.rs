//! The simulator alone: it must not be what limits the others.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tests::{Dir, Sim, wait};

use crate::figure::Figure;
use crate::memory::simulator_peak;

const CONNECTIONS: usize = 16;
const TIME: Duration = Duration::from_secs(3);

/// Small requests without a limit, and memory. The client runs on the same machine.
pub fn measure() -> Vec<Figure> {
    let sim = Sim::start(&["--devices", "1000"]);
    let dir = Dir::signed_in(&sim);
    let token = dir.sh("jq -r .accessToken .impt.auth").quiet().stdout();
    let id = &sim.field("id")[0];
    let request = format!(
        "GET /v5/devices/{id} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n",
        sim.address(),
        token.trim()
    );
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (time, ()) = wait::timed(|| {
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| ask_on(&sim.address(), request.as_bytes(), &done, &stop));
            }
            wait::let_pass(TIME);
            stop.store(true, Ordering::Relaxed);
        });
    });
    let rate = done.into_inner() as f64 / time.as_secs_f64();
    drop(sim);
    let _large = Sim::start(&["--devices", "100000"]);
    vec![
        Figure::at_least("imp-sim: small requests", rate, 10_000.0, "a second"),
        Figure::at_most("imp-sim: memory with 100,000 devices", simulator_peak(), 300.0, "MB"),
    ]
}

/// Asks the same again and again over one connection.
fn ask_on(address: &str, request: &[u8], done: &AtomicU64, stop: &AtomicBool) {
    let stream = TcpStream::connect(address).expect("the simulator listens");
    stream.set_nodelay(true).expect("it is a TCP connection");
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    let mut body = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        (&stream).write_all(request).expect("the simulator reads");
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line).expect("the simulator answers");
            assert!(!line.starts_with("HTTP/") || line.contains(" 200 "), "{line}");
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a number");
            }
            if line == "\r\n" {
                break;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body).expect("the whole answer");
        done.fetch_add(1, Ordering::Relaxed);
    }
}
