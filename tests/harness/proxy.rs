//! A proxy as companies have them: CONNECT, and SOCKS with names that the proxy looks up (4a, 5h).
//! Whatever host is asked for, it connects to one port of this machine, and remembers what was asked.

use std::io::{BufRead, BufReader, Read, Write};
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
        self.url_with("http")
    }

    /// Its URL with another scheme.
    pub fn url_with(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The first lines of the requests that it got, or `SOCKS5 HOST:PORT`.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "it ends with the connection")]
fn serve(client: TcpStream, port: u16, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut client_writes = client;
    let (asked, agreed) = match reader.fill_buf().ok()?.first()? {
        4 => socks4a(&mut reader)?,
        5 => socks5(&mut reader, &mut client_writes)?,
        _ => connect(&mut reader)?,
    };
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
    if !asked.starts_with("CONNECT ") && !asked.starts_with("SOCKS") {
        let refusal = b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
        return client_writes.write_all(refusal).ok();
    }
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    client_writes.write_all(&agreed).ok()?;
    let mut from_server = server.try_clone().ok()?;
    thread::spawn(move || {
        let _broken = std::io::copy(&mut from_server, &mut client_writes);
        let _already_closed = client_writes.shutdown(Shutdown::Both);
    });
    let _broken = std::io::copy(&mut reader, &mut server);
    server.shutdown(Shutdown::Both).ok()
}

/// What was asked, and the answer that agrees to it.
type Asked = (String, Vec<u8>);

fn connect(reader: &mut impl BufRead) -> Option<Asked> {
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut line = first.clone();
    while line.trim_end() != "" {
        line.clear();
        reader.read_line(&mut line).ok()?;
    }
    Some((first.trim_end().to_owned(), b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec()))
}

/// Version, command, port, an address that stands for a name, user, name.
fn socks4a(reader: &mut impl BufRead) -> Option<Asked> {
    let [.., high, low, 0, 0, 0, 1] = bytes::<8>(reader)? else { return None };
    let (mut user, mut host) = (Vec::new(), Vec::new());
    reader.read_until(0, &mut user).ok()?;
    reader.read_until(0, &mut host).ok()?;
    let host = String::from_utf8_lossy(host.strip_suffix(&[0])?).into_owned();
    let port = u16::from_be_bytes([high, low]);
    Some((format!("SOCKS4 {host}:{port}"), vec![0, 90, 0, 0, 0, 0, 0, 0]))
}

/// A greeting, which is answered; then version, command, nothing, 3 for a name, its length, name, port.
fn socks5(reader: &mut impl BufRead, answer: &mut impl Write) -> Option<Asked> {
    let [_, methods] = bytes(reader)?;
    std::io::copy(&mut reader.take(methods.into()), &mut std::io::sink()).ok()?;
    answer.write_all(&[5, 0]).ok()?;
    let [_, _, _, 3, length] = bytes(reader)? else { return None };
    let mut host = String::new();
    reader.take(length.into()).read_to_string(&mut host).ok()?;
    let port = u16::from_be_bytes(bytes(reader)?);
    Some((format!("SOCKS5 {host}:{port}"), vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
}

fn bytes<const N: usize>(reader: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
