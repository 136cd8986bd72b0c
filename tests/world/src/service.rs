//! The service as the commands reach it in memory, and as another client of the account does.

use std::sync::Arc;
use std::time::Duration;

use imp_sim::memory::{Cut, Simulator};
use serde_json::Value;
use simulated::{Reply, Request, World};

/// The service as a machine reaches it.
#[derive(Clone)]
pub struct Service {
    pub(crate) world: Arc<World>,
    pub(crate) simulator: Arc<Simulator>,
}

impl Service {
    /// Time since the world began.
    pub fn elapsed(&self) -> Duration {
        self.world.elapsed()
    }

    /// Answers a request.
    ///
    /// # Panics
    /// It is no HTTP.
    pub fn ask(&self, request: &Request<'_>) -> Reply {
        let Request { method, target, headers, body } = request;
        let answer = self.simulator.ask(self.elapsed(), method, target, headers, body.clone());
        let answer = answer.expect("the commands speak HTTP");
        match answer.cut {
            Some(Cut::Before | Cut::After | Cut::Middle) => Reply::Lost { after: answer.delay },
            None => Reply::Answer {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
                after: answer.delay,
            },
        }
    }

    /// What its control address answers.
    ///
    /// # Panics
    /// There is no such address.
    pub fn control(&self, method: &str, path: &str) -> String {
        self.simulator.control(method, path, "").expect("the simulator answers")
    }

    /// Asks as another client of the account, whom nothing holds up.
    ///
    /// # Panics
    /// It is no HTTP.
    pub fn by_owner(&self, method: &str, target: &str, body: Option<&Value>) -> Value {
        let entry = &self.simulator.entry;
        let sign_in = serde_json::json!({"id": entry.user, "password": entry.password});
        let json = ("content-type".to_owned(), "application/json".to_owned());
        let token = self.aside("POST", "/v5/auth", &[json], Some(&sign_in));
        let token = token["access_token"].as_str().unwrap_or_default();
        let headers = [
            ("content-type".to_owned(), "application/vnd.api+json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {token}")),
        ];
        self.aside(method, target, &headers, body)
    }

    fn aside(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Option<&Value>,
    ) -> Value {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self.simulator.ask_aside(self.elapsed(), method, target, headers, body);
        serde_json::from_slice(&answer.expect("HTTP").body).unwrap_or_default()
    }

    /// The group of a device.
    pub fn group_of(&self, device: &str) -> Option<String> {
        let lines = self.control("GET", "devices");
        let devices = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let group = devices.into_iter().find(|known| known["id"] == device)?;
        group["devicegroup_id"].as_str().map(str::to_owned)
    }
}
