//! Commands, chosen at random among all verbs that write and have a way back.

use serde_json::Value;

use super::{Case, DEVELOPMENT};

/// Verbs by whom they are chosen; each as likely as the others.
const VERBS: [fn(&mut Case) -> String; 16] = [
    Case::assign,
    Case::unassign,
    Case::reassign,
    Case::unassign_group,
    Case::rename_devices,
    Case::create_group,
    Case::create_fixture,
    Case::update_group,
    Case::delete_group,
    Case::create_product,
    Case::update_product,
    Case::delete_product,
    Case::deploy,
    Case::update_build,
    Case::create_hook,
    Case::change_hook,
];

impl Case {
    /// A command for the account as it is.
    pub(super) fn some_command(&mut self) -> String {
        let verb = VERBS[self.below(VERBS.len())];
        verb(self)
    }

    /// Some of the ids of a list of the simulator, of those that `is_meant`. The partner's are left
    /// alone: what is taken out of them is out of reach.
    fn some(&mut self, what: &str, most: usize, is_meant: impl Fn(&Value) -> bool) -> Vec<String> {
        let all = self.sim.all(what);
        let id = |one: &Value| one["id"].as_str().expect("an id").to_owned();
        let own = all.iter().filter(|one| one["owner_id"] == self.owner);
        let mut ids: Vec<String> = own.filter(|one| is_meant(one)).map(id).collect();
        let number = 1 + self.below(most);
        let mut chosen = Vec::new();
        while chosen.len() < number && !ids.is_empty() {
            let place = self.below(ids.len());
            chosen.push(ids.swap_remove(place));
        }
        chosen
    }

    fn one(&mut self, what: &str, is_meant: impl Fn(&Value) -> bool) -> String {
        self.some(what, 1, is_meant).pop().unwrap_or_else(|| "nothing".into())
    }

    fn bench(&mut self) -> String {
        self.one("devicegroups", |group| group["type"] == DEVELOPMENT)
    }

    /// Writes an input file; gives its option.
    fn input(&self, ids: &[String]) -> String {
        let name = format!("rows{}", self.step);
        self.dir.write(&name, ids.iter().map(|id| format!("{id}\n")).collect::<String>());
        format!("--input {name}")
    }

    fn assign(&mut self) -> String {
        let (devices, group) = (self.some("devices", 12, |_| true), self.bench());
        format!("imp-device assign --dg {group} {}", self.input(&devices))
    }

    fn unassign(&mut self) -> String {
        let devices = self.some("devices", 9, |device| device["devicegroup_id"].is_string());
        format!("imp-device unassign {}", self.input(&devices))
    }

    fn reassign(&mut self) -> String {
        format!("imp-dg reassign --from {} --to {}", self.bench(), self.bench())
    }

    fn unassign_group(&mut self) -> String {
        format!("imp-dg unassign -g {}", self.bench())
    }

    fn rename_devices(&mut self) -> String {
        let name = ["", "same", "other"][self.below(3)];
        let devices = self.some("devices", 5, |_| true);
        format!("imp-device update -n '{name}' {}", self.input(&devices))
    }

    fn create_group(&mut self) -> String {
        let (name, product) = (self.below(4), ["Ovens", "Toasters", "New"][self.below(3)]);
        format!(
            "imp-dg create -n G{name} -p {product} -c -s 'step {}' -e STEP={}",
            self.step, self.step
        )
    }

    fn create_fixture(&mut self) -> String {
        let (name, target) = (self.below(3), self.below(3));
        format!(
            "imp-dg create -n F{name} -p Ovens -y factory -u D{target} -w -t T{target} --create-target"
        )
    }

    fn update_group(&mut self) -> String {
        let groups = self.some("devicegroups", 2, |_| true);
        let change = match self.below(3) {
            0 => format!("-s 'step {}'", self.step),
            1 => format!("-e STEP={} -s ''", self.step),
            _ => format!("-n R{}", self.step),
        };
        format!("imp-dg update {change} {}", self.input(&groups))
    }

    /// The ids of groups with builds. These go with their group, and their code is gone then.
    fn groups_with_builds(&self) -> Vec<Value> {
        let builds = self.sim.all("deployments");
        builds.into_iter().map(|build| build["devicegroup_id"].clone()).collect()
    }

    fn delete_group(&mut self) -> String {
        let force = ["", "-f"][self.below(2)];
        let builds = self.groups_with_builds();
        let groups = self.some("devicegroups", 3, |group| !builds.contains(&group["id"]));
        format!("imp-dg delete -q {force} {}", self.input(&groups))
    }

    fn create_product(&mut self) -> String {
        format!("imp-product create -n P{} -s 'step {}'", self.below(3), self.step)
    }

    fn update_product(&mut self) -> String {
        let product = self.one("products", |_| true);
        let change = match self.below(2) {
            0 => format!("-n Q{}", self.step),
            _ => format!("-s 'step {}'", self.step),
        };
        format!("imp-product update -p {product} {change}")
    }

    fn delete_product(&mut self) -> String {
        let force = ["", "-f"][self.below(2)];
        let builds = self.groups_with_builds();
        let groups = self.sim.all("devicegroups");
        let has_builds = move |product: &Value| {
            let own = groups.iter().filter(|group| group["product_id"] == product["id"]);
            own.into_iter().any(|group| builds.contains(&group["id"]))
        };
        let product = self.one("products", |product| !has_builds(product));
        format!("imp-product delete -q {force} -p {product}")
    }

    /// To a group that has code already: from a first deployment there is no way back.
    fn deploy(&mut self) -> String {
        let group = self.one("devicegroups", |group| group["current_deployment_id"].is_string());
        let build = self.one("deployments", |_| true);
        let code = format!("server.log({});", self.below(4));
        self.dir.write("code", code);
        match self.below(3) {
            0 => format!("imp-build copy -b {build} -g {group} --all"),
            1 => format!("imp-build copy -b {build} -g {group}"),
            _ => format!("imp-build deploy -x code -g {group} -t t{} -s text", self.step),
        }
    }

    fn update_build(&mut self) -> String {
        let change = match self.below(4) {
            0 => "--flagged true",
            1 => "--flagged false -s ''",
            2 => "-t more -s second",
            _ => "-r old -t new",
        };
        let builds = self.some("deployments", 2, |_| true);
        format!("imp-build update {change} {}", self.input(&builds))
    }

    fn create_hook(&mut self) -> String {
        let event = ["blinkup", "deployment"][self.below(2)];
        let group = self.bench();
        format!("imp-hook create -g {group} -u http://h{}/ -e {event}", self.step)
    }

    /// No two become the same: of a pair one alone would be made again.
    fn change_hook(&mut self) -> String {
        let most = self.below(2) + 1;
        let hooks = self.some("webhooks", most, |_| true);
        let verb = match self.below(3) {
            0 => "delete -q".to_owned(),
            1 if hooks.len() == 1 => format!("update -u http://u{}/", self.step),
            _ => "update -m urlencoded".to_owned(),
        };
        format!("imp-hook {verb} {}", self.input(&hooks))
    }
}
