//! From what a person or a row names to the thing itself, and the requests that take a thing's id.

use model::{ErrorKind, Record, ResourceKind};
use std::ops::ControlFlow;
use std::sync::Arc;

use api::list::{self, Reading};
use api::{Request, SeenIds, segment};
use pipe::{Failure, Identifier, NamedBy, Row};

use crate::command_error::{CommandError, failure};
use crate::journal;
use crate::rows::naming::name_device;
use crate::rows::source::Identifiers;
use crate::session::{Session, text};

impl Session {
    /// The one thing that a person means by `text`.
    ///
    /// # Errors
    /// `not_found`, `ambiguous`, or what the request failed with.
    pub fn find(&self, kind: ResourceKind, text: &str) -> Result<Record, Failure> {
        self.resolver.one(kind, text).map_err(failure)
    }

    /// The ids that the values of a filter option mean; all matches of a name count. `None` when the
    /// option was not given; none at all when it was `-` and nothing came from stdin.
    ///
    /// # Errors
    /// When one of them means nothing.
    pub fn ids_of(
        &self,
        kind: ResourceKind,
        option: &'static str,
        values: &[String],
    ) -> Result<Option<Vec<String>>, CommandError> {
        if values.is_empty() {
            return Ok(None);
        }
        self.distinct_ids(kind, option, values, |text| self.resolver.some(kind, text)).map(Some)
    }

    /// The ids that the values of an option mean, for a verb that acts: a name of several is an error.
    ///
    /// # Errors
    /// When one of them means nothing, or more than one thing.
    pub fn one_id_of_each(
        &self,
        kind: ResourceKind,
        option: &'static str,
        values: &[String],
    ) -> Result<Vec<String>, CommandError> {
        let one = |text: &str| self.resolver.one(kind, text).map(|found| Arc::new(vec![found]));
        self.distinct_ids(kind, option, values, one)
    }

    fn distinct_ids(
        &self,
        kind: ResourceKind,
        option: &'static str,
        values: &[String],
        look_up: impl Fn(&str) -> Result<Arc<Vec<Record>>, api::Error>,
    ) -> Result<Vec<String>, CommandError> {
        let texts = Identifiers { option, kind, values }.texts(&self.inputs)?;
        let mut ids = Vec::new();
        for text in texts {
            for found in look_up(&text)?.iter() {
                let id = self::text(found, "id").to_owned();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        Ok(ids)
    }

    /// The value of an option that names one thing; `-` takes it from stdin.
    ///
    /// # Errors
    /// Exit 2 when stdin gives none or several.
    pub fn single(
        &self,
        kind: ResourceKind,
        option: &'static str,
        value: Option<&String>,
    ) -> Result<Option<String>, CommandError> {
        let Some(value) = value.filter(|value| *value == "-") else { return Ok(value.cloned()) };
        let values = std::slice::from_ref(value);
        let mut texts = Identifiers { option, kind, values }.texts(&self.inputs)?;
        match (texts.pop(), texts.len()) {
            (Some(text), 0) => Ok(Some(text)),
            (_, others) => Err(CommandError::usage(format!(
                "{option} takes one {}, and stdin gives {}",
                kind.noun(),
                if others == 0 { "none".to_owned() } else { (others + 1).to_string() }
            ))),
        }
    }

    /// The thing that a row is about. A record of ours that has `type` and `id` needs no request.
    ///
    /// # Errors
    /// As [`Row::identifier`] and [`Session::find`].
    pub fn resource(
        &self,
        kind: ResourceKind,
        row: &Row,
        own_options: &[&str],
    ) -> Result<Record, Failure> {
        let identifier = row.identifier(kind, own_options)?;
        let type_name = text(&row.record, "type");
        if identifier.named_by == NamedBy::Id && kind.types().contains(&type_name) {
            let mut record = row.record.clone();
            record.insert("id", identifier.text.into());
            return Ok(record);
        }
        self.find(kind, &identifier.text)
    }

    /// The present state of what [`Session::resource`] gave for the row. What was looked up for it in this
    /// run is that; a record that somebody has kept may be old.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn present(
        &self,
        kind: ResourceKind,
        row: &Row,
        found: &Record,
    ) -> Result<Record, Failure> {
        if !row.record.contains_key("type") {
            return Ok(found.clone());
        }
        self.record(&Request::get(format!("{}/{}", kind.path(), segment(text(found, "id")))))
    }

    /// For what is foreseen: fails when the owner, a product's account or a group's product, has another thing
    /// of that name. Its list is read once a run.
    ///
    /// # Errors
    /// `conflict` when the name is taken; as [`api::Client::send`].
    pub fn name_is_free(
        &self,
        kind: ResourceKind,
        owner: &str,
        name: &str,
        own_id: &str,
    ) -> Result<(), Failure> {
        // Such a name cannot be looked up by its owner and itself.
        if name.contains(['{', '}']) {
            return Ok(());
        }
        let found = match self.resolver.some(kind, &format!("{{{owner}}}{{{name}}}")) {
            Ok(found) => found,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failure(error)),
        };
        let is_other = |found: &&Record| text(found, "name") == name && text(found, "id") != own_id;
        found.iter().find(is_other).map_or(Ok(()), |other| {
            let title = format!("There is a {} of that name already", kind.noun());
            let id = text(other, "id");
            Err(Failure::new(ErrorKind::Conflict, title).detail(format!("{id}: take another name")))
        })
    }

    /// Sends a request about one device, whatever form its identifier has. What looks like an agent id
    /// and is none may still be a name.
    ///
    /// # Errors
    /// As [`Client::send`] and [`Session::find`].
    pub fn with_device(
        &self,
        device: &Identifier,
        request: impl Fn(String) -> Request,
    ) -> Result<api::Answer, Failure> {
        let is_name = device.named_by == NamedBy::Name;
        self.resolver.with_device(&device.text, is_name, request).map_err(failure)
    }

    /// Makes a record that began as nothing but an identifier one that the next command can read, after a
    /// request about the device. What looked like an agent id was a name if it had to be looked for.
    pub fn name_device(&self, record: &mut Record, device: &Identifier) {
        let found = self.resolver.found_before(ResourceKind::Device, &device.text);
        let named_by = if found.is_some() { NamedBy::Name } else { device.named_by };
        let id = || found.map(|found| text(&found, "id").to_owned());
        name_device(record, (named_by, &device.text), id);
    }

    /// A whole list.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn collect(&self, path: &str, filters: &[(&str, &str)]) -> Result<Vec<Record>, Failure> {
        let filters: Vec<_> =
            filters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let records =
            api::list::collect(&self.client, path, &filters, usize::from(self.common.jobs));
        records.map_err(failure)
    }

    /// For a row whose creation was under way when the run that is resumed was interrupted: what it made, the
    /// newest that `is_same` and was made since the run began. `None` as well for any other row.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn made_before(
        &self,
        path: &str,
        filters: &[(&str, &str)],
        is_same: impl Fn(&Record) -> bool,
    ) -> Result<Option<Record>, Failure> {
        Ok(self.all_made_before(path, filters, is_same)?.into_iter().next())
    }

    /// All that may be what such a row made, the newest first.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn all_made_before(
        &self,
        path: &str,
        filters: &[(&str, &str)],
        is_same: impl Fn(&Record) -> bool,
    ) -> Result<Vec<Record>, Failure> {
        let Some(since) = journal::made_since().filter(|_| journal::was_under_way()) else {
            return Ok(Vec::new());
        };
        let mut made = self.collect(path, filters)?;
        // Time stamps have one form and sort as text (imp-service(7), section 1.6).
        made.retain(|record| text(record, "created_at") >= since.as_str() && is_same(record));
        made.sort_by(|one, other| text(other, "created_at").cmp(text(one, "created_at")));
        Ok(made)
    }

    /// Sends a request for a row.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn send(&self, request: &Request) -> Result<api::Answer, Failure> {
        self.client.send(request).map_err(failure)
    }

    /// One resource as a record.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn get(&self, collection: &str, id: &str) -> Result<Record, Failure> {
        self.record(&Request::get(format!("/{collection}/{}", segment(id))))
    }

    /// The record that answers a request.
    ///
    /// # Errors
    /// As [`api::Client::send`] and [`api::Answer::record`].
    pub fn record(&self, request: &Request) -> Result<Record, Failure> {
        self.client.send(request).and_then(|answer| answer.record()).map_err(failure)
    }

    /// The record that a request has created.
    ///
    /// # Errors
    /// As [`api::Client::send`] and [`api::Answer::created`].
    pub fn create(&self, request: &Request) -> Result<Record, Failure> {
        self.client.send(request).and_then(|answer| answer.created()).map_err(failure)
    }

    /// The record of a device, whatever form its identifier has.
    ///
    /// # Errors
    /// As [`Session::with_device`] and [`api::Answer::record`].
    pub fn device(&self, device: &Identifier) -> Result<Record, Failure> {
        self.with_device(device, Request::get)?.record().map_err(failure)
    }

    /// The ids of a group's devices.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn members(&self, group: &str) -> Result<Vec<String>, Failure> {
        let filters = [("filter[devicegroup.id]".to_owned(), group.to_owned())];
        let reading = Reading::whole(usize::from(self.common.jobs));
        let mut ids = Vec::new();
        let mut seen = SeenIds::default();
        let listed =
            list::list(&self.client, "/devices", &filters, &reading, &mut seen, |device| {
                ids.push(text(&device, "id").to_owned());
                ControlFlow::Continue(())
            });
        let _all = listed.map_err(failure)?;
        Ok(ids)
    }
}
