//! `delete --force`: removes what stands in the way of deleting a group or a product.
//!
//! Nothing is deleted here but groups of a product that is to go; devices are taken out in bulk, flags of
//! deployments are taken away. Interrupted halfway, the same command goes on where it was.

use api::{Request, membership, resource, segment};
use pipe::{Failure, Kind, Record};
use serde_json::Value;

use crate::session::{Session, text};
use crate::stop::failure;

/// Devices in one request.
const BATCH: usize = 100;

impl Session {
    /// Empties a group: its devices become unassigned, its deployments lose their flags.
    ///
    /// # Errors
    /// What the service refuses; production devices, for one, stay where they are.
    pub fn clear_group(&self, group: &str) -> Result<(), Failure> {
        let devices = self.collect("/devices", &[("filter[devicegroup.id]", group)])?;
        let production = devices
            .iter()
            .filter(|device| device["devicegroup_type"] == "production_devicegroup")
            .count();
        refuse_production("group", production)?;
        let ids: Vec<&str> = devices.iter().filter_map(|device| device["id"].as_str()).collect();
        for batch in ids.chunks(BATCH) {
            match self.client.send(&membership::unassign(group, batch, None)) {
                // Whoever is still there will show when the group is deleted.
                Err(error) if error.kind == api::Kind::UnknownOutcome => {}
                sent => sent.map(|_| ()).map_err(failure)?,
            }
        }
        let flagged = [("filter[devicegroup.id]", group), ("filter[flagged]", "true")];
        for deployment in self.collect("/deployments", &flagged)? {
            let id = deployment["id"].as_str().unwrap_or_default();
            let unflag = Record::from_iter([("flagged".to_owned(), Value::Bool(false))]);
            let body = resource::update_body("deployment", id, unflag, Record::new());
            self.send(&Request::patch(format!("/deployments/{}", segment(id))).body(body))?;
        }
        Ok(())
    }

    /// Deletes the groups of a product: fixture groups first, since the others are their targets. None of
    /// them if one has production devices, which stay where they are.
    ///
    /// # Errors
    /// As [`Session::clear_group`].
    pub fn clear_product(&self, product: &str) -> Result<(), Failure> {
        let of_product = ("filter[product.id]", product);
        let blessed = ("filter[devicegroup.type]", "production_devicegroup");
        refuse_production("product", self.collect("/devices", &[of_product, blessed])?.len())?;
        let groups = self.collect("/devicegroups", &[of_product])?;
        let is_fixture = |group: &Value| {
            group["type"].as_str().is_some_and(|kind| kind.contains("factoryfixture"))
        };
        let (fixtures, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_fixture);
        for group in fixtures.iter().chain(&others) {
            let id = group["id"].as_str().unwrap_or_default();
            self.clear_group(id)?;
            self.send(&Request::delete(format!("/devicegroups/{}", segment(id))))?;
        }
        Ok(())
    }

    /// A whole list, as values to put into a record.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn collect(&self, path: &str, filters: &[(&str, &str)]) -> Result<Vec<Value>, Failure> {
        let filters: Vec<_> =
            filters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let records =
            api::paging::collect(&self.client, path, &filters, usize::from(self.common.jobs));
        records.map(|records| records.into_iter().map(Value::Object).collect()).map_err(failure)
    }

    /// Sends a request for a row.
    ///
    /// # Errors
    /// As [`api::Client::send`].
    pub fn send(&self, request: &Request) -> Result<api::Answer, Failure> {
        self.client.send(request).map_err(failure)
    }

    /// Moves the members of `groups`, as they are listed now.
    ///
    /// # Errors
    /// As [`Session::move_devices`].
    pub fn move_members(&self, order: &crate::bulk::Move<'_>, groups: &[String]) -> crate::Result {
        let mut members = Vec::new();
        for group in groups {
            let filters = [("filter[devicegroup.id]".to_owned(), group.clone())];
            let mut listed = api::paging::collect(
                &self.client,
                "/devices",
                &filters,
                usize::from(self.common.jobs),
            )?;
            members.append(&mut listed);
        }
        let option = order.work.given.option;
        let rows = members.into_iter().map(|record| {
            let source = format!("{option} {}", text(&record, "devicegroup_id"));
            pipe::Row { record, source }
        });
        self.move_listed(order, rows)
    }
}

fn refuse_production(noun: &str, devices: usize) -> Result<(), Failure> {
    if devices == 0 {
        return Ok(());
    }
    let plural = if devices == 1 { "" } else { "s" };
    let title = format!("The {noun} has {devices} production device{plural}");
    Err(Failure::new(Kind::Refused, title).detail(
        "unbless them first, with `imp-dg unassign` and the unblessing key, if that is really meant",
    ))
}
