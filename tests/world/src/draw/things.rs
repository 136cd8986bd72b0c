//! Things that are made and deleted: products, groups, builds, webhooks.

use serde_json::json;

use super::{Drawing, Parts, Row, Want, collection_of};
use crate::machine::Machine;

impl Drawing<'_> {
    pub(super) fn deletions(&mut self, line: &str, verb: &str) -> Parts {
        let rows = self.things(collection_of(verb), 2, |_| Want::Gone);
        let mut also = Vec::new();
        let force = if verb == "hook delete" { "" } else { " --force" };
        let mut groups: Vec<String> = Vec::new();
        for row in &rows {
            let id = row.thing.as_deref().and_then(|thing| thing.split_once('/')).map(|it| it.1);
            let id = id.unwrap_or_default();
            match verb {
                "dg delete" => groups.push(id.to_owned()),
                "product delete" => {
                    let of_product = |group: &String| {
                        self.state.get(&format!("devicegroups/{group}"))["product_id"] == id
                    };
                    groups.extend(self.state.ids("devicegroups").into_iter().filter(of_product));
                }
                // The group loses its current build.
                "build delete" => also.push("devicegroups/".to_owned()),
                _ => {}
            }
        }
        for group in groups {
            also.extend(self.state.members(&group).into_iter().map(|id| format!("devices/{id}")));
            also.push(format!("devicegroups/{group}"));
            let of_group = |key: &&String| self.state.get(key)["devicegroup_id"] == group.as_str();
            also.extend(self.state.0.keys().filter(of_group).cloned());
        }
        (format!("{line} --confirmed{force}"), rows, also)
    }

    pub(super) fn creations(&mut self, line: &str, verb: &str) -> Parts {
        let products = self.state.ids("products");
        let is_group = verb == "dg create";
        let number = self.random.between(1, 5);
        let names: Vec<String> =
            (0..number).map(|at| format!("new-{}-{at}", self.number)).collect();
        let product = if is_group { self.random.one_of(&products).clone() } else { String::new() };
        let row = |name: &String| {
            let mut fields = vec![("name", json!(name))];
            if is_group {
                fields.push(("product_id", json!(product)));
            }
            let collection = if is_group { "devicegroups" } else { "products" };
            Row {
                line: json!({"name": name}).to_string(),
                thing: None,
                want: Want::New(collection, fields),
            }
        };
        let line = if is_group { format!("{line} --product {product}") } else { line.to_owned() };
        (line, names.iter().map(row).collect(), Vec::new())
    }

    pub(super) fn hooks(&mut self) -> Vec<Row> {
        let groups = self.state.ids("devicegroups");
        let number = self.random.between(1, 3) as usize;
        let tag = self.number;
        let row = |(at, group): (usize, String)| {
            let url = format!("https://example.test/{tag}/{at}");
            let fields = vec![
                ("url", json!(url)),
                ("event", json!("blinkup")),
                ("devicegroup_id", json!(group)),
            ];
            Row {
                line: json!({"dg": group, "url": url, "event": "blinkup"}).to_string(),
                thing: None,
                want: Want::New("webhooks", fields),
            }
        };
        self.random.some_of(&groups, number).into_iter().enumerate().map(row).collect()
    }

    pub(super) fn builds(&mut self, machine: &Machine, line: &str, verb: &str) -> Parts {
        let builds = self.state.ids("deployments");
        let mut line = line.to_owned();
        if verb == "build copy" && !builds.is_empty() {
            line += &format!(" --build {}", self.random.one_of(&builds));
        } else {
            let code = format!("local drawn = {};", self.random.below(5));
            let file = machine.write(&format!("code-{}.nut", self.number), &code);
            line = format!("imp-build deploy -x {file}");
        }
        line += *self.random.one_of(&["", "", " --if-changed"]);
        let groups = self.state.ids("devicegroups");
        let number = self.random.between(1, 3) as usize;
        let chosen = self.random.some_of(&groups, number);
        let also = chosen.iter().map(|group| format!("devicegroups/{group}")).collect();
        let row = |group: String| Row {
            line: json!({"dg": group}).to_string(),
            thing: None,
            want: Want::New("deployments", vec![("devicegroup_id", json!(group))]),
        };
        (format!("{line} --confirmed"), chosen.into_iter().map(row).collect(), also)
    }
}
