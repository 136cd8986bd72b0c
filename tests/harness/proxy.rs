//! A proxy that knows CONNECT and nothing else, as companies have them. Whatever host is asked for, it
//! connects to one port of this machine, and remembers what was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A proxy on a free port. Its threads end with the test program.
pub struct Proxy {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy that connects to `port` of this machine.
    #[expect(clippy::disallowed_methods, reason = "they end with the test program")]
    pub fn to(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("it is bound").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let noted = noted.clone();
                thread::spawn(move || serve(client, port, &noted));
            }
        });
        Proxy { port: own, seen }
    }

    /// Its URL, for the proxy variables.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The first lines of the requests that it got.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "it ends with the connection")]
fn serve(client: TcpStream, port: u16, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(first.trim_end().to_owned());
    let mut line = first.clone();
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line).ok()?;
    }
    let mut client_writes = client;
    if !first.starts_with("CONNECT ") {
        let refusal = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
        return client_writes.write_all(refusal).ok();
    }
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    client_writes.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let mut from_server = server.try_clone().ok()?;
    thread::spawn(move || {
        let _broken = std::io::copy(&mut from_server, &mut client_writes);
        let _already_closed = client_writes.shutdown(Shutdown::Both);
    });
    let _broken = std::io::copy(&mut reader, &mut server);
    server.shutdown(Shutdown::Both).ok()
}
