//! Fields of things that not every seed changes: names, variables, flags, tags, forms; and devices that are unblessed.

use serde_json::{Value, json};

use super::{Drawing, Parts, Row, Want};
use crate::machine::Machine;

impl Drawing<'_> {
    pub(super) fn other_fields(&mut self, machine: &Machine, verb: &'static str) -> Parts {
        let tag = self.random.below(1000);
        let (line, rows) = match verb {
            "dg rename" => ("imp-dg update".to_owned(), self.names("devicegroups")),
            "product rename" => ("imp-product update".to_owned(), self.names("products")),
            "dg variables" => {
                let variables = json!({"number": tag.to_string()});
                let rows =
                    self.things("devicegroups", 4, |_| Want::Field("env_vars", variables.clone()));
                (format!("imp-dg update --env-variable number={tag}"), rows)
            }
            "build flag" => {
                let rows = self.things("deployments", 4, |_| Want::Field("flagged", json!(true)));
                ("imp-build update --flagged true".to_owned(), rows)
            }
            "build tag" => {
                (format!("imp-build update --tag t{tag}"), self.tags(&format!("t{tag}")))
            }
            "hook form" => {
                let form = json!("application/x-www-form-urlencoded");
                let rows =
                    self.things("webhooks", 3, |_| Want::Field("content_type", form.clone()));
                ("imp-hook update --mime urlencoded".to_owned(), rows)
            }
            _ => {
                let rows = self.devices(|_, _| Want::Field("devicegroup_id", Value::Null));
                let key = machine.write("unbond-key", &machine.simulator().entry.unbond_key);
                (format!("imp-device unassign --confirmed --unbond-file {key}"), rows)
            }
        };
        (line, rows, Vec::new())
    }

    fn names(&mut self, collection: &str) -> Vec<Row> {
        self.things(collection, 4, |tag| Want::Field("name", json!(format!("named {tag}"))))
    }

    fn tags(&mut self, tag: &str) -> Vec<Row> {
        let mut rows = self.things("deployments", 4, |_| Want::Nothing);
        for row in &mut rows {
            let known = row.thing.as_ref().map(|thing| self.state.get(thing)["tags"].clone());
            let mut tags = known.and_then(|tags| tags.as_array().cloned()).unwrap_or_default();
            // A tag that it has already is not added again.
            if !tags.iter().any(|known| known == tag) {
                tags.push(json!(tag));
            }
            row.want = Want::Field("tags", Value::Array(tags));
        }
        rows
    }
}
