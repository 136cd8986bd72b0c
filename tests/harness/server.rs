//! A server for answers that the simulator never gives: a test says what to answer to what.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

/// A server on a free port. Its threads end with the test program.
pub struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server. `answer` gets `METHOD TARGET` and gives a whole answer, from the status line
    /// on; the connection is closed after it.
    #[expect(clippy::disallowed_methods, reason = "they end with the test program")]
    pub fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (seen.clone(), Arc::new(answer));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (noted, answer) = (noted.clone(), answer.clone());
                thread::spawn(move || serve(&client, &noted, &*answer));
            }
        });
        Server { port, seen }
    }

    /// Starts a server that closes each connection as soon as it has heard something, whatever it was.
    #[expect(clippy::disallowed_methods, reason = "it ends with the test program")]
    pub fn hanging_up() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let heard = client.read(&mut [0; 16]).is_ok_and(|length| length > 0);
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.extend(heard.then(|| "something".to_owned()));
            }
        });
        Server { port, seen }
    }

    /// Its origin, `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests that it got: `METHOD TARGET` and the head's other lines.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The whole answer that has this body, or 404 where it is null.
pub fn answer(body: &Value) -> String {
    let status = if body.is_null() { "404 Not Found" } else { "200 OK" };
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn serve(
    mut client: &TcpStream,
    seen: &Mutex<Vec<String>>,
    answer: &dyn Fn(&str) -> String,
) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line.trim_end().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    let first = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    client.write_all(answer(&first).as_bytes()).ok()
}
