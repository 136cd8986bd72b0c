//! Records of `--load`, as the list commands print them: attributes and `r_id` at the top level.
//!
//! They may come in any order. What they leave out gets a plain value; an owner that is not known
//! becomes the main account, so that a list of another account can be rehearsed on. What is there
//! already, as the accounts of the start are, stays as it is. An export of a whole account says which
//! account it is of: that is the main one then, and the service is its twin.

mod fields;

use anyhow::anyhow;
use serde_json::{Map, Value};

use super::State;
use super::accounts::{Account, LoadedAccount, Role};
use super::deployments::{Deployment, ShaRecipe, sha};
use super::devices::Firmware;
use super::devices::{Device, Events};
use super::groups::{Group, GroupType};
use super::hooks::{ContentType, Hook};
use super::ids::{AgentId, DeviceId, Id, Mac};
use super::login_keys::LoginKey;
use super::products::Product;

/// One record and where it was read.
pub struct Record {
    /// `FILE:LINE`.
    pub source: String,
    /// The record.
    pub fields: Map<String, Value>,
}

/// The account that the records are an export of, if they are one.
pub fn main_account(records: &[Record]) -> Result<Option<LoadedAccount>, String> {
    let mut main: Option<LoadedAccount> = None;
    let of_main = |record: &&Record| record.kind() == "account" && record.flag("me");
    for record in records.iter().filter(of_main) {
        let error = |why: String| format!("{}: {why}", record.source);
        let account = record.loaded_account().map_err(error)?;
        if main.as_ref().is_some_and(|main| main.id != account.id) {
            return Err(error("this is an export of another account than before".to_owned()));
        }
        main = Some(account);
    }
    Ok(main)
}

/// Adds all records, the devices behind all others and as they come. The error names the record that cannot
/// be added.
pub fn load(
    state: &mut State,
    mut records: Vec<Record>,
    devices: impl Iterator<Item = anyhow::Result<Record>>,
) -> anyhow::Result<()> {
    // What others refer to comes first; deployments come in order of age.
    records.sort_by_key(|record| (record.rank(), record.time("created_at").ok()));
    for record in records.into_iter().map(Ok).chain(devices) {
        let record = record?;
        record.add(state).map_err(|why| anyhow!("{}: {why}", record.source))?;
    }
    forget_what_is_missing(state);
    state.start_all();
    Ok(())
}

/// Relationships to groups and deployments that were not loaded are left out.
fn forget_what_is_missing(state: &mut State) {
    let groups: Vec<Id> = state.groups.keys().copied().collect();
    let builds = &state.deployments;
    for group in state.groups.values_mut() {
        let newest = builds.values().rev().find(|build| build.group == Some(group.id));
        let oldest = builds.values().find(|build| build.group == Some(group.id));
        let current = group.current_deployment.filter(|id| builds.contains_key(id));
        group.current_deployment = current.or(newest.map(|build| build.id));
        let minimum = group.min_supported_deployment.filter(|id| builds.contains_key(id));
        group.min_supported_deployment = minimum.or(oldest.map(|build| build.id));
        group.production_target = group.production_target.filter(|id| groups.contains(id));
        group.dut_target = group.dut_target.filter(|id| groups.contains(id));
    }
}

impl Record {
    fn kind(&self) -> &str {
        self.fields.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it is one of those that are most of an export.
    pub fn is_device(&self) -> bool {
        self.kind() == "device"
    }

    fn rank(&self) -> usize {
        match self.kind() {
            "account" => 0,
            "product" => 1,
            "deployment" | "webhook" => 3,
            _ => 2,
        }
    }

    fn add(&self, state: &mut State) -> Result<(), String> {
        match self.kind() {
            "account" => self.account(state),
            "login_key" => self.login_key(state),
            "product" => self.product(state),
            "deployment" => self.deployment(state),
            "webhook" => self.hook(state),
            "device" => self.device(state),
            kind => match GroupType::named(kind) {
                Some(kind) => self.group(state, kind),
                None => Err(format!("`{kind}` is no type that can be loaded")),
            },
        }
    }

    /// The names of tiers are not known; the account of a twin may do all unless it certainly is a free one.
    fn loaded_account(&self) -> Result<LoadedAccount, String> {
        let username: String = self.required("username")?;
        let tier = self.text("tier")?.unwrap_or_default();
        Ok(LoadedAccount {
            id: self.required("id")?,
            email: self.text("email")?.unwrap_or_else(|| format!("{username}@example.com")),
            production: tier.starts_with("ent") || (self.flag("me") && tier != "free"),
            username,
        })
    }

    /// A new account, on which the main one collaborates.
    fn account(&self, state: &mut State) -> Result<(), String> {
        let LoadedAccount { id, username, email, production } = self.loaded_account()?;
        let main = state.accounts.values().next().cloned().ok_or("no account")?;
        let account = Account {
            id,
            email,
            password: format!("{username}-password"),
            production,
            collaborators: vec![main.id],
            role: Role::Developer,
            one_time_password: None,
            username,
            unblessing_key: main.unblessing_key,
        };
        state.accounts.entry(id).or_insert(account);
        Ok(())
    }

    fn login_key(&self, state: &mut State) -> Result<(), String> {
        let key = LoginKey {
            id: self.required("id")?,
            account: self.account_id(state, "owner_id")?,
            description: self.text("description")?.unwrap_or_default(),
            usages: self.number("usages").unwrap_or_default(),
        };
        if state.login_keys.iter().all(|other| other.id != key.id) {
            state.login_keys.push(key);
        }
        Ok(())
    }

    fn product(&self, state: &mut State) -> Result<(), String> {
        let id = self.required("id")?;
        let owner = self.account_id(state, "owner_id")?;
        let product = Product {
            id,
            name: self.required("name")?,
            description: self.text("description")?.unwrap_or_default(),
            owner,
            creator: self.account_or(state, "creator_id", owner)?,
            created_at: self.time("created_at")?,
            updated_at: self.time("updated_at")?,
        };
        state.products.entry(id).or_insert(product);
        Ok(())
    }

    fn group(&self, state: &mut State, kind: GroupType) -> Result<(), String> {
        let id = self.required("id")?;
        let product_id: Id = self.required("product_id")?;
        let product = state.products.get(&product_id);
        let product = product.ok_or_else(|| format!("product {product_id} is not there"))?;
        let load = self.fields.get("load_code_after_blessing").and_then(Value::as_bool);
        let env_vars = self.fields.get("env_vars").and_then(Value::as_object);
        let name = self.required("name")?;
        let group = Group {
            description: self.text("description")?.unwrap_or_default(),
            region: self.text("region")?,
            load_code_after_blessing: load.unwrap_or(true),
            env_vars: env_vars.cloned().unwrap_or_default(),
            creator: self.account_or(state, "creator_id", product.owner)?,
            updated_at: self.time("updated_at")?,
            current_deployment: self.parsed("current_deployment_id")?,
            min_supported_deployment: self.parsed("min_supported_deployment_id")?,
            production_target: self.parsed("production_target_id")?,
            dut_target: self.parsed("dut_target_id")?,
            ..Group::new(id, kind, name, product, self.time("created_at")?)
        };
        if state.groups.entry(id).or_insert(group).kind == kind {
            Ok(())
        } else {
            Err("the id is that of a group of another type".to_owned())
        }
    }

    fn deployment(&self, state: &mut State) -> Result<(), String> {
        let id = self.required("id")?;
        let owner = self.account_id(state, "owner_id")?;
        let code = [self.text("device_code")?, self.text("agent_code")?];
        // What the account may not see is not known here either.
        let lacks_code = code.iter().all(Option::is_none);
        let [device_code, agent_code] = code.map(Option::unwrap_or_default);
        let sha_of_code = || sha(ShaRecipe::default(), &device_code, &agent_code);
        let group = self.parsed("devicegroup_id")?.filter(|id| state.groups.contains_key(id));
        let of_group = group.and_then(|group| state.groups.get(&group)).map(|group| group.product);
        let product = of_group.map_or_else(|| self.required("product_id"), Ok)?;
        let flagger = self.account_or(state, "flagger_id", owner)?;
        let tags = self.fields.get("tags").and_then(Value::as_array);
        let tags =
            tags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let build = Deployment {
            id,
            sha: self.text("sha")?.unwrap_or_else(sha_of_code),
            device_code,
            agent_code,
            lacks_code,
            description: self.text("description")?.unwrap_or_default(),
            origin: self.text("origin")?,
            tags,
            owner,
            creator: self.account_or(state, "creator_id", owner)?,
            flagger: self.flag("flagged").then_some(flagger),
            product,
            group,
            created_at: self.time("created_at")?,
            updated_at: self.time("updated_at")?,
        };
        state.deployments.entry(id).or_insert(build);
        Ok(())
    }

    fn hook(&self, state: &mut State) -> Result<(), String> {
        let id = self.required("id")?;
        let group: Id = self.required("devicegroup_id")?;
        let owner = state.groups.get(&group).map(|group| group.owner);
        let owner = owner.ok_or_else(|| format!("devicegroup {group} is not there"))?;
        let hook = Hook {
            id,
            url: self.required("url")?,
            event: self.word("event")?.ok_or("`event` is missing")?,
            content_type: self.word("content_type")?.unwrap_or(ContentType::Json),
            group,
            owner,
            creator: self.account_or(state, "creator_id", owner)?,
            created_at: self.time("created_at")?,
            updated_at: self.time("updated_at")?,
        };
        state.hooks.entry(id).or_insert(hook);
        Ok(())
    }

    /// The owner of the group where the device's own is not known.
    fn owner_of_device(&self, state: &State, group: Option<Id>) -> Result<Id, String> {
        let Some(id) = group else { return self.account_id(state, "owner_id") };
        let group = state.groups.get(&id);
        let group = group.ok_or_else(|| format!("devicegroup {id} is not there"))?;
        self.account_or(state, "owner_id", group.owner)
    }

    fn device(&self, state: &mut State) -> Result<(), String> {
        let id: DeviceId = self.required("id")?;
        let group: Option<Id> = self.parsed("devicegroup_id")?;
        let owner = self.owner_of_device(state, group)?;
        let agent: Option<AgentId> = self.parsed("agent_id")?;
        // The ids of all but imp001 end in the MAC address.
        let mac = self.parsed("mac_address")?.unwrap_or(Mac(id.0 & 0xffff_ffff_ffff));
        let device = Device {
            id,
            mac,
            name: self.text("name")?.filter(|name| !name.is_empty()),
            owner,
            group,
            agent: agent.unwrap_or_else(|| AgentId::of(id, &owner.to_string())),
            agent_running: agent.is_some(),
            agent_state_changed_at: self.parsed("agent_state_changed_at")?,
            online: self.flag("device_online"),
            device_state_changed_at: self.time("device_state_changed_at")?,
            last_enrolled_at: self.parsed("last_enrolled_at")?,
            imp_type: self.text("imp_type")?,
            ip_address: self.parsed("ip_address")?,
            free_memory: self.number("free_memory"),
            rssi: self.number("rssi"),
            swversion: self.text("swversion")?,
            plan_id: self.text("plan_id")?,
            firmware: Firmware::default(),
            events: Events::default(),
            silenced: false,
        };
        let is_there = state.devices.find(&id.to_string()).is_some();
        if is_there || state.devices.add(device) {
            Ok(())
        } else {
            Err("the MAC address is another device's".to_owned())
        }
    }
}

#[cfg(test)]
mod tests;
