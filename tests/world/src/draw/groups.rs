//! Groups of a factory: such as are made, where fixtures send their devices, and the oldest build still supported.

use serde_json::{Value, json};

use super::{Drawing, Parts, Row, Want};

/// A type as it is typed, and as the service calls it.
const TYPES: [(&str, &str); 5] = [
    ("production", "production_devicegroup"),
    ("dut", "dut_devicegroup"),
    ("pre-production", "pre_production_devicegroup"),
    ("pre-dut", "pre_dut_devicegroup"),
    ("factory", "factoryfixture_devicegroup"),
];

impl Drawing<'_> {
    pub(super) fn factory_groups(&mut self, verb: &str) -> Parts {
        match verb {
            "dg factory create" => self.made_of_type(),
            "dg target" => ("imp-dg update".to_owned(), self.targets(), Vec::new()),
            _ => ("imp-dg update".to_owned(), self.minima(), Vec::new()),
        }
    }

    fn made_of_type(&mut self) -> Parts {
        let product = self.random.one_of(&self.state.ids("products")).clone();
        let rows = (0..self.random.between(1, 4)).map(|at| {
            let (typed, kind) = *self.random.one_of(&TYPES);
            let name = format!("made-{}-{at}", self.number);
            let mut line = json!({"name": name, "dg_type": typed});
            let mut fields =
                vec![("name", json!(name)), ("product_id", json!(product)), ("type", json!(kind))];
            if typed == "factory" {
                let [target, dut] = self.targets_of(&product);
                fields.push(("production_target_id", json!(target)));
                fields.push(("dut_target_id", json!(dut)));
                (line["target"], line["dut"]) = (json!(target), json!(dut));
            }
            let want = if fields.iter().all(|(_, value)| !value.is_null()) {
                Want::New("devicegroups", fields)
            } else {
                Want::Nothing
            };
            Row { line: line.to_string(), thing: None, want }
        });
        let rows = rows.collect();
        (format!("imp-dg create --product {product}"), rows, Vec::new())
    }

    /// A production group and a DUT group of a product, where it has such.
    fn targets_of(&mut self, product: &str) -> [Option<String>; 2] {
        ["production_devicegroup", "dut_devicegroup"].map(|kind| {
            let is_one = |group: &Value| group["type"] == kind && group["product_id"] == product;
            let groups = self.groups(is_one);
            (!groups.is_empty()).then(|| self.random.one_of(&groups).clone())
        })
    }

    fn targets(&mut self) -> Vec<Row> {
        let is_fixture =
            |group: &Value| group["type"].as_str().is_some_and(|kind| kind.contains("fixture"));
        let fixtures = self.groups(is_fixture);
        let row = |id: String| {
            let thing = format!("devicegroups/{id}");
            let product = self.state.get(&thing)["product_id"].as_str().unwrap_or_default();
            let [target, dut] = self.targets_of(product);
            let (typed, field, of) = match self.random.percent(50) {
                true => ("target", "production_target_id", target),
                false => ("dut", "dut_target_id", dut),
            };
            let line = json!({"id": id, typed: of}).to_string();
            let want = of.map_or(Want::Nothing, |of| Want::Field(field, json!(of)));
            Row { line, thing: Some(thing), want }
        };
        fixtures.into_iter().map(row).collect()
    }

    /// Each group gets one of its builds, which may be older than the one that it has: that is refused.
    fn minima(&mut self) -> Vec<Row> {
        let builds = self.state.ids("deployments");
        let number = self.random.between(1, 4) as usize;
        let row = |build: String| {
            let group =
                self.state.get(&format!("deployments/{build}"))["devicegroup_id"].as_str()?;
            let line = json!({"id": group, "min_supported_deployment": build}).to_string();
            let want = Want::Field("min_supported_deployment_id", json!(build));
            Some(Row { line, thing: Some(format!("devicegroups/{group}")), want })
        };
        let mut rows: Vec<Row> =
            self.random.some_of(&builds, number).into_iter().filter_map(row).collect();
        rows.sort_by(|one, other| one.thing.cmp(&other.thing));
        rows.dedup_by(|one, other| one.thing == other.thing);
        rows
    }

    fn groups(&self, is_one: impl Fn(&Value) -> bool) -> Vec<String> {
        let is_it = |id: &String| is_one(self.state.get(&format!("devicegroups/{id}")));
        self.state.ids("devicegroups").into_iter().filter(is_it).collect()
    }
}
