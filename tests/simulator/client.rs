//! A simulator for one test, and the smallest HTTP client that can ask it. The client is written
//! here so that nothing between the test and the wire can smooth anything over.
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
pub use tests::{Answer, exchange};

/// The media type of the API.
pub const JSON_API: &str = "application/vnd.api+json";

/// Nobody listens there: free ports are never so low, and no other test uses that address.
pub const NOBODY: &str = "127.255.255.254:1";

/// A running simulator; it ends with the test.
pub struct Sim {
    /// The process.
    pub process: Child,
    /// What it printed when it was ready.
    pub entry: Value,
    /// An access token of the main account.
    pub token: String,
}

impl Sim {
    /// Starts a simulator with these options and signs in.
    pub fn start(options: &[&str]) -> Self {
        let mut sim = Self::start_signed_out(options);
        if sim.entry["otp"].is_null() && sim.entry["ca_file"].is_null() {
            let user = sim.entry["user"].as_str().expect("user").to_owned();
            sim.token = sim.sign_in(&user);
        }
        sim
    }

    /// Starts a simulator with these options.
    pub fn start_signed_out(options: &[&str]) -> Self {
        let mut process = Command::new(tests::command("imp-sim"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the simulator starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("stdout");
        BufReader::new(stdout).read_line(&mut line).expect("a line when ready");
        let entry = serde_json::from_str(&line).expect("one JSON line when ready");
        Self { process, entry, token: String::new() }
    }

    /// An access token of one of the simulator's accounts.
    pub fn sign_in(&self, user: &str) -> String {
        let body = json!({"id": user, "password": format!("{user}-password")});
        let answer = self.auth("/auth", &body, &[]).expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// A request of somebody not signed in, with plain JSON.
    pub fn auth(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Option<Answer> {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.raw("POST", &format!("/v5{path}"), &all, body.to_string().as_bytes())
    }

    /// A request of the main account. None if the connection was cut.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        self.ask_as(&self.token, method, path, body, &[])
    }

    /// A request of the main account that is answered.
    pub fn api(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask(method, path, body).unwrap_or_else(|| panic!("{method} {path}: cut"))
    }

    /// A GET of the main account that is answered.
    pub fn get(&self, path: &str) -> Answer {
        self.api("GET", path, &Value::Null)
    }

    /// A request with a token and more headers.
    pub fn ask_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Option<Answer> {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", JSON_API)];
        all.extend(headers);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(method, &format!("/v5{path}"), &all, body.as_bytes())
    }

    /// A request to the control address.
    pub fn control(&self, method: &str, path: &str, body: &str) -> String {
        let target = format!("/control{path}");
        let answer = self.raw(method, &target, &[], body.as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text
    }

    /// The lines of a control list.
    pub fn truth(&self, path: &str) -> Vec<Value> {
        let text = self.control("GET", path, "");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// One request on a connection of its own. None if it ended before a whole answer.
    pub fn raw(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let base = self.entry["control"].as_str().expect("control");
        let host = base.trim_start_matches("http://").trim_end_matches("/control");
        let stream = TcpStream::connect(host).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit that is not 0");
        exchange(stream, host, method, target, headers, body)
    }

    /// `GET /accounts/me` from another loopback address than the usual one.
    pub fn me_from_elsewhere(&self, token: &str) -> Answer {
        let base = self.entry["control"].as_str().expect("control");
        let host = base.trim_start_matches("http://").trim_end_matches("/control");
        let to = host.parse().expect("an address");
        let stream = tests::connect_from([127, 0, 0, 2], to);
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        exchange(stream, host, "GET", "/v5/accounts/me", &headers, b"").expect("an answer")
    }

    /// A product, and a group of that type in it.
    pub fn group(&self, kind: &str, name: &str) -> String {
        let product = match self.truth("/products").iter().find(|product| product["name"] == "P") {
            Some(product) => product["id"].as_str().expect("id").to_owned(),
            None => {
                let body = json!({"data": {"type": "product", "attributes": {"name": "P"}}});
                self.api("POST", "/products", &body).id()
            }
        };
        self.api("POST", "/devicegroups", &group_body(kind, name, &product)).id()
    }

    /// Adds devices to a group, or with DELETE removes them.
    pub fn members(&self, method: &str, group: &str, devices: &[&str]) -> Answer {
        let path = format!("/devicegroups/{group}/relationships/devices");
        self.api(method, &path, &batch(devices))
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The body that creates a group.
pub fn group_body(kind: &str, name: &str, product: &str) -> Value {
    json!({"data": {
        "type": format!("{kind}_devicegroup"),
        "attributes": {"name": name},
        "relationships": {"product": {"type": "product", "id": product}},
    }})
}

/// The body of a request about several devices.
pub fn batch(devices: &[&str]) -> Value {
    let devices: Vec<Value> =
        devices.iter().map(|id| json!({"type": "device", "id": id})).collect();
    json!({ "data": devices })
}
