//! A running simulator, and how tests prepare what is in it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{Answer, ask};
use crate::port::Port;
use crate::{DEVELOPMENT, commands, wait};

/// A simulator on a free port; it ends with the test.
pub struct Sim {
    process: Child,
    /// Its own also when the process has ended: who asks then is refused, whatever else has started.
    port: Arc<Port>,
    /// Kept open, so that the simulator's own output has somewhere to go.
    _stdout: BufReader<ChildStdout>,
    /// What it printed when it was ready.
    pub entry: Entry,
    token: OnceLock<Value>,
}

/// The line that `imp-sim serve` prints when it is ready.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "named as in imp-sim(1)")]
pub struct Entry {
    pub endpoint: String,
    pub control: String,
    pub user: String,
    pub password: String,
    pub login_key: String,
    pub otp: Option<String>,
    pub unbond_key: String,
    pub ca_file: Option<std::path::PathBuf>,
}

impl Sim {
    /// Starts a simulator with these options; without a rate limit unless they name one.
    pub fn start(options: &[&str]) -> Sim {
        Sim::start_at(Arc::new(Port::reserve()), options)
    }

    /// Starts another one at the address of this one, which has ended: a service that comes back.
    pub fn start_again(&self, options: &[&str]) -> Sim {
        Sim::start_at(self.port.clone(), options)
    }

    fn start_at(port: Arc<Port>, options: &[&str]) -> Sim {
        let mut command = Command::new(commands::directory().join("imp-sim"));
        command.args(["serve", "--listen", &port.address()]).args(options);
        if !options.contains(&"--rate-limit") {
            command.args(["--rate-limit", "off"]);
        }
        let mut process = command.stdout(Stdio::piped()).spawn().expect("imp-sim can be started");
        let mut stdout = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line when it is ready");
        let entry = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("imp-sim serve {options:?}: {error}: {line}"));
        Sim { process, port, _stdout: stdout, entry, token: OnceLock::new() }
    }

    /// Its address and port.
    pub fn address(&self) -> String {
        self.port.address()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Ends the process, as a service that goes down.
    pub fn stop(&mut self) {
        let _already_gone = self.process.kill();
        let _its_status = self.process.wait();
    }

    /// Ends the process in good order: what `--state` names is complete.
    pub fn finish(&mut self) {
        let kill = format!("kill -s TERM {}", self.process.id());
        let sent = Command::new("bash").args(["-c", &kill]).status();
        assert!(sent.expect("bash is there").success(), "{kill}");
        let mut status = None;
        let ended = wait::until(wait::LIMIT, || {
            status = self.process.try_wait().expect("it is our child");
            status.is_some()
        });
        assert!(ended, "imp-sim does not end");
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
    }

    /// The answer to signing in with the login key; one token for the whole test.
    pub(crate) fn sign_in(&self) -> &Value {
        self.token.get_or_init(|| {
            let url = format!("{}/auth/token", self.entry.endpoint);
            let body = json!({"key": self.entry.login_key}).to_string();
            let answer = ask("POST", &url, &[("content-type", "application/json")], &body);
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.json()
        })
    }

    /// A request of the main account, made by the test itself.
    pub fn api(&self, method: &str, path: &str, body: &Value) -> Answer {
        let token = self.sign_in()["access_token"].as_str().expect("a token");
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/vnd.api+json"),
            ("accept", "application/vnd.api+json"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask(method, &format!("{}{path}", self.entry.endpoint), &headers, &body)
    }

    fn create(&self, path: &str, body: &Value) -> String {
        let answer = self.api("POST", path, body);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["data"]["id"].as_str().expect("an id").to_owned()
    }

    /// Makes a product.
    pub fn product(&self, name: &str) -> String {
        let data = json!({"type": "product", "attributes": {"name": name}});
        self.create("/products", &json!({"data": data}))
    }

    /// Makes a group of the type `kind`.
    pub fn group(&self, product: &str, kind: &str, name: &str) -> String {
        self.group_with(product, kind, name, json!({}))
    }

    /// Makes a group with more relationships than that to its product.
    pub fn group_with(&self, product: &str, kind: &str, name: &str, relations: Value) -> String {
        let mut relations = relations;
        relations["product"] = json!({"type": "product", "id": product});
        let data = json!({"type": kind, "attributes": {"name": name}, "relationships": relations});
        self.create("/devicegroups", &json!({"data": data}))
    }

    /// Makes a product `Ovens` with development groups of these names, and forgets that it was asked.
    pub fn groups<const N: usize>(&self, names: [&str; N]) -> [String; N] {
        let product = self.product("Ovens");
        let groups = names.map(|name| self.group(&product, DEVELOPMENT, name));
        self.reset();
        groups
    }

    /// Puts devices into a group, and forgets that it was asked.
    pub fn put(&self, group: &str, devices: &[String]) {
        for batch in devices.chunks(1000) {
            let data: Vec<Value> =
                batch.iter().map(|id| json!({"type": "device", "id": id})).collect();
            let path = format!("/devicegroups/{group}/relationships/devices");
            let answer = self.api("POST", &path, &json!({"data": data}));
            assert_eq!(answer.status, 204, "{answer:?}");
        }
        self.reset();
    }

    /// Starts with the first test request: tokens are fetched before anything is counted.
    pub fn reset(&self) {
        self.control("POST", "reset", "");
    }

    /// Asks the control address.
    pub fn control(&self, method: &str, what: &str, body: &str) -> Answer {
        let answer = ask(method, &format!("{}/{what}", self.entry.control), &[], body);
        assert_eq!(answer.status, 200, "{method} {what}: {answer:?}");
        answer
    }

    /// From now on requests go wrong as the rule says.
    pub fn fault(&self, rule: &str) {
        self.control("POST", "faults", rule);
    }

    /// Ends all fault rules.
    pub fn no_faults(&self) {
        self.control("DELETE", "faults", "");
    }

    /// How often each fault rule was applied.
    pub fn faults_applied(&self) -> Vec<u64> {
        let rules = self.control("GET", "faults", "");
        rules.lines().map(|rule| rule["applied"].as_u64().expect("a number")).collect()
    }

    /// All access tokens are refused from now on, whatever clients believe.
    pub fn expire_tokens(&self) {
        self.control("POST", "expire-tokens", "");
    }

    /// New devices appear in the account, by BlinkUp.
    pub fn add_devices(&self, count: usize) -> Vec<Value> {
        self.control("POST", "add-devices", &json!({"count": count}).to_string()).lines().collect()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop();
    }
}
