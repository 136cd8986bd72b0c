//! `--create`: the webhooks that live as long as the listener does.

use api::{Request, segment};
use cli::terminal::stderr;
use cli::{CommandError, Identifiers, Session};
use model::{ErrorKind, Record, ResourceKind};
use ops::webhooks;
use pipe::Failure;

use crate::create::attributes;
use crate::hook::{Event, Mime};

/// Webhooks that were created for this run.
pub struct Registration {
    session: Session,
    hooks: Vec<Record>,
}

impl Registration {
    /// Creates a webhook for each of `events` in each of `groups`, which calls `base` and its name. One
    /// that a killed listener left is taken over.
    ///
    /// # Errors
    /// What the service refuses; nothing is left behind then.
    pub fn create(
        session: Session,
        groups: &[String],
        events: &[Event],
        base: &str,
    ) -> Result<Self, CommandError> {
        let groups =
            Identifiers { option: "--dg", kind: ResourceKind::DeviceGroup, values: groups };
        let groups = groups.texts(&session.inputs)?;
        let mut registration = Registration { session, hooks: Vec::new() };
        for group in &groups {
            for event in events {
                if let Err(failure) = registration.add(group, *event, base) {
                    registration.remove();
                    let title = format!("{} of {group}: {}", event.word(), failure.title);
                    return Err(Failure { title, ..failure }.into());
                }
            }
        }
        Ok(registration)
    }

    fn add(&mut self, group: &str, event: Event, base: &str) -> Result<(), Failure> {
        let group = self.session.find(ResourceKind::DeviceGroup, group)?;
        let id = cli::text(&group, "id");
        let url = format!("{base}{}.{id}", event.word());
        // A group or an event may be named twice.
        if self.hooks.iter().any(|hook| cli::text(hook, "url") == url) {
            return Ok(());
        }
        if let Some(hook) = self.find(id, event, &url)? {
            self.hooks.push(hook);
            return Ok(());
        }
        let attributes = attributes(&url, event, Mime::Json);
        let made = match webhooks::create(&self.session, attributes, &group) {
            Ok(made) => made,
            // No answer: the URL has the secret, so a webhook that has it is the one we asked for.
            Err(failure) if failure.kind == ErrorKind::UnknownOutcome => {
                self.find(id, event, &url)?.ok_or(failure)?
            }
            Err(failure) => return Err(failure),
        };
        self.hooks.push(made);
        Ok(())
    }

    /// The webhook of a group that calls `url` for `event`, if there is one.
    fn find(&self, group: &str, event: Event, url: &str) -> Result<Option<Record>, Failure> {
        let present = self.session.collect("/webhooks", &[("filter[devicegroup.id]", group)])?;
        let same = |hook: &Record| hook["url"] == *url && hook["event"] == event.word();
        Ok(present.into_iter().find(same))
    }

    /// Deletes them; false when one is left, which is said. One that somebody else has deleted counts as
    /// deleted.
    pub fn remove(&self) -> bool {
        let remove = |hook: &Record| {
            let path = format!("/webhooks/{}", segment(cli::text(hook, "id")));
            self.session.send(&Request::delete(path))
        };
        let mut all = true;
        // After Ctrl-C too.
        self.session.run_despite_signal(|| {
            for hook in &self.hooks {
                if let Err(failure) = remove(hook)
                    && failure.kind != ErrorKind::NotFound
                {
                    let id = cli::text(hook, "id");
                    stderr::say(&format!("webhook {id} is left: {}", failure.sentence()));
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
