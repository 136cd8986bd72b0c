//! `--create`: the webhooks that live as long as the listener does.

use cli::api::identify::Thing;
use cli::api::{Request, resource, segment};
use cli::{FailureKind, Record, Session, Stop, console};

use crate::create::{attributes, body};
use crate::hook::{Event, Mime};

/// Webhooks that were made for this run.
pub struct Registration {
    session: Session,
    hooks: Vec<Record>,
}

impl Registration {
    /// Makes a webhook for each of `events` in each of `groups`, which calls `base` and its name. One
    /// that a killed listener left is taken over.
    ///
    /// # Errors
    /// What the service refuses; nothing is left behind then.
    pub fn make(
        session: Session,
        groups: &[String],
        events: &[Event],
        base: &str,
    ) -> Result<Self, Stop> {
        let mut registration = Registration { session, hooks: Vec::new() };
        for group in groups {
            for event in events {
                if let Err(stop) = registration.add(group, *event, base) {
                    registration.remove();
                    return Err(stop);
                }
            }
        }
        Ok(registration)
    }

    fn add(&mut self, group: &str, event: Event, base: &str) -> Result<(), Stop> {
        let group = self.session.find(Thing::DeviceGroup, group)?;
        let id = cli::text(&group, "id");
        let url = format!("{base}{}.{id}", event.word());
        // A group or an event may be named twice.
        if self.hooks.iter().any(|hook| cli::text(hook, "url") == url) {
            return Ok(());
        }
        let present = self.session.collect("/webhooks", &[("filter[devicegroup.id]", id)])?;
        let same = |hook: &&serde_json::Value| hook["url"] == *url && hook["event"] == event.word();
        if let Some(hook) = present.iter().find(same).and_then(|hook| hook.as_object()) {
            self.hooks.push(hook.clone());
            return Ok(());
        }
        let body = body(attributes(&url, event, Mime::Json), &group);
        let answer = self.session.send(&Request::post("/webhooks").body(body))?;
        self.hooks.push(resource::lift_data(&answer.body));
        Ok(())
    }

    /// Removes them again; false when one is left, which is said. One that somebody else has deleted is
    /// removed.
    pub fn remove(&self) -> bool {
        let remove = |hook: &Record| {
            let path = format!("/webhooks/{}", segment(cli::text(hook, "id")));
            self.session.send(&Request::delete(path))
        };
        let mut all = true;
        // After Ctrl-C too: what we made is what we take away.
        self.session.after_stop(|| {
            for hook in &self.hooks {
                if let Err(failure) = remove(hook)
                    && failure.kind != FailureKind::NotFound
                {
                    let id = cli::text(hook, "id");
                    console::say(&format!("webhook {id} is left: {}", failure.sentence()));
                    all = false;
                }
            }
        });
        all
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.hooks.len()
    }
}
