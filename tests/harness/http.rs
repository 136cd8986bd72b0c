//! The smallest HTTP client that can ask the simulator: nothing between the test and the wire.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use rustix::net::{AddressFamily, SocketAddrV4, SocketType, bind, connect, socket};
use serde_json::Value;

use crate::wait;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as NDJSON.
    pub fn lines(&self) -> impl Iterator<Item = Value> {
        self.text.lines().map(|line| serde_json::from_str(line).expect("a JSON line"))
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `status`, `code` and `title` of the only error, after checking the HTTP status.
    pub fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let errors = body["errors"].as_array().expect("errors");
        assert_eq!(errors.len(), 1, "{body}");
        assert_eq!(errors[0]["status"], self.status.to_string(), "{body}");
        assert!(!errors[0]["detail"].as_str().expect("detail").is_empty());
        let text = |name| errors[0][name].as_str().expect("a text").to_owned();
        (self.status, text("code"), text("title"))
    }

    /// The ids of a list's page.
    pub fn ids(&self) -> Vec<String> {
        let body = self.json();
        let data = body["data"].as_array().unwrap_or_else(|| panic!("no list: {body}"));
        data.iter().map(|item| item["id"].as_str().expect("id").to_owned()).collect()
    }

    /// The id of the resource.
    pub fn id(&self) -> String {
        self.json()["data"]["id"].as_str().unwrap_or_else(|| panic!("no id: {self:?}")).to_owned()
    }
}

/// Sends one request to `url` (plain http) and reads the answer to its end.
pub fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let rest = url.strip_prefix("http://").expect("a plain http address");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let stream = TcpStream::connect(host).expect("the simulator listens");
    stream.set_read_timeout(Some(wait::LIMIT)).expect("a limit that is not 0");
    exchange(stream, host, method, path, headers, body.as_bytes()).expect("a whole answer")
}

/// A connection to `to` from another loopback address than the usual one.
pub fn connect_from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &SocketAddrV4::new(address.into(), 0)).expect("a loopback address");
    connect(&socket, &to).expect("the simulator listens");
    socket.into()
}

/// Sends a request and reads the answer to its end. None if it ended before a whole answer.
pub fn exchange(
    mut stream: impl Read + Write,
    host: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Answer> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).expect("the request is sent");
    stream.write_all(body).expect("the body is sent");
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, text) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let answer = Answer { status, headers, text: text.to_owned() };
    let length = answer.header("content-length").unwrap_or("0").parse::<usize>().ok()?;
    (length == answer.text.len()).then_some(answer)
}
