//! What is there at the start: three accounts, the devices of `--devices`, the product of
//! `--production`. All of it follows from the seed; times lie before 2024 so that they do too.
//!
//! imp-sim(1) documents the shares; a test can count on them.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use indexmap::IndexMap;
use serde_json::Map;

use super::State;
use super::accounts::Account;
use super::deployments::{Deployment, sha};
use super::devices::{Device, Devices, Events};
use super::groups::{Group, GroupType};
use super::ids::{AgentId, DeviceId, Id, Mac, Timestamp};
use super::login_keys::LoginKey;
use super::products::Product;
use super::random::Random;
use super::tokens::Tokens;

/// What to begin with.
#[derive(Clone, Debug, Default)]
pub struct Population {
    /// Everything random follows from it.
    pub seed: u64,
    /// Unassigned devices of the main account.
    pub devices: usize,
    /// Blessed devices in a production group of the main account.
    pub production: usize,
    /// The unblessing key of every account.
    pub unblessing_key: String,
    /// The main account's one-time password.
    pub one_time_password: Option<String>,
}

/// 2023-01-01, the day on which the population was made.
const BEGIN: Timestamp = Timestamp(1_672_531_200_000);
const YEAR: u64 = 365 * 24 * 3600 * 1000;

/// Shares of the models in a hundred devices, and the first four digits of their ids.
const MODELS: [(&str, u64, u64); 7] = [
    ("imp001", 5, 0),
    ("imp002", 5, 0x2000),
    ("imp003", 20, 0x3000),
    ("imp004m", 30, 0x4000),
    ("imp005", 20, 0x5000),
    ("imp006", 15, 0x600a),
    ("impC001", 5, 0xc001),
];

/// The state at the start of a new service.
pub fn populate(population: &Population) -> State {
    let mut state = State {
        accounts: IndexMap::new(),
        products: IndexMap::new(),
        groups: IndexMap::new(),
        deployments: IndexMap::new(),
        devices: Devices::default(),
        login_keys: Vec::new(),
        tokens: Tokens::default(),
        random: Random::new(population.seed, 0),
    };
    let [main, partner, free] = add_accounts(&mut state, population);
    let mut maker = DeviceMaker::new(population.seed, 2);
    for number in 0..population.devices {
        let name = device_name(number);
        state.devices.add(maker.device(main, name));
    }
    let mut maker = DeviceMaker::new(population.seed, 3);
    state.devices.add(maker.device(partner, Some("partner-unassigned".to_owned())));
    state.devices.add(maker.device(free, Some("free-unassigned".to_owned())));
    add_partner(&mut state, population.seed, partner, &mut maker);
    if population.production > 0 {
        let mut maker = DeviceMaker::new(population.seed, 4);
        add_production(&mut state, population, main, &mut maker);
    }
    state
}

impl State {
    /// App BlinkUp of so many new devices into the main account.
    pub fn enrol_devices(&mut self, count: usize) -> Vec<serde_json::Value> {
        let Some(&main) = self.accounts.keys().next() else {
            return Vec::new();
        };
        let mut maker = DeviceMaker::new(self.random.below(u64::MAX), 1);
        let mut added = Vec::new();
        while added.len() < count {
            let device = maker.device(main, Some(format!("added-{:06}", self.devices.len())));
            let line = serde_json::json!({"id": device.id, "mac_address": device.mac, "name": device.name});
            if self.devices.add(device) {
                added.push(line);
            }
        }
        added
    }
}

/// Every tenth device has no name, and two in a hundred share one.
fn device_name(number: usize) -> Option<String> {
    match number % 100 {
        _ if number % 10 == 9 => None,
        41 | 42 => Some("spare".to_owned()),
        _ => Some(format!("sensor-{number:06}")),
    }
}

fn add_accounts(state: &mut State, population: &Population) -> [Id; 3] {
    let mut random = Random::new(population.seed, 1);
    let ids = [random.id(), random.id(), random.id()];
    let names = [("simuser", true), ("partner", true), ("free", false)];
    for (id, (username, production)) in ids.into_iter().zip(names) {
        let account = Account {
            id,
            username: username.to_owned(),
            email: format!("{username}@example.com"),
            password: format!("{username}-password"),
            production,
            one_time_password: None,
            unblessing_key: population.unblessing_key.clone(),
            developers: Vec::new(),
        };
        state.accounts.insert(id, account);
    }
    state.accounts[&ids[0]].one_time_password.clone_from(&population.one_time_password);
    state.accounts[&ids[1]].developers.push(ids[0]);
    let description = "made by imp-sim".to_owned();
    state.login_keys.push(LoginKey { id: random.hex(16), account: ids[0], description, usages: 0 });
    ids
}

/// The collaborator owns a product, a group and two devices in it.
fn add_partner(state: &mut State, seed: u64, partner: Id, maker: &mut DeviceMaker) {
    let mut random = Random::new(seed, 5);
    let product = add_product(state, random.id(), partner, "PartnerProduct");
    let kind = GroupType::Development;
    let group = add_group(state, random.id(), &product, kind, "PartnerGroup");
    for number in 1..=2 {
        let mut device = maker.device(partner, Some(format!("partner-{number}")));
        device.group = Some(group);
        device.agent_running = true;
        device.agent_state_changed_at = Some(device.device_state_changed_at);
        state.devices.add(device);
    }
}

/// A product with a factory that has worked: production, DUT and fixture group, blessed devices.
fn add_production(state: &mut State, population: &Population, main: Id, maker: &mut DeviceMaker) {
    let mut random = Random::new(population.seed, 6);
    let product = add_product(state, random.id(), main, "SimProduct");
    let production =
        add_group(state, random.id(), &product, GroupType::Production, "SimProduction");
    let dut = add_group(state, random.id(), &product, GroupType::Dut, "SimDUT");
    let fixture = add_group(state, random.id(), &product, GroupType::Fixture, "SimFixture");
    state.groups[&fixture].production_target = Some(production);
    state.groups[&fixture].dut_target = Some(dut);
    let build = first_build(random.id(), &product, production);
    state.groups[&production].current_deployment = Some(build.id);
    state.groups[&production].min_supported_deployment = Some(build.id);
    state.deployments.insert(build.id, build);
    for number in 0..population.production {
        let mut device = maker.production_device(main, number);
        device.group = Some(production);
        state.devices.add(device);
    }
}

fn add_product(state: &mut State, id: Id, owner: Id, name: &str) -> Product {
    let product = Product {
        id,
        name: name.to_owned(),
        description: "made by imp-sim".to_owned(),
        owner,
        creator: owner,
        created_at: BEGIN,
        updated_at: BEGIN,
    };
    state.products.insert(id, product.clone());
    product
}

fn add_group(state: &mut State, id: Id, product: &Product, kind: GroupType, name: &str) -> Id {
    let group = Group {
        id,
        kind,
        name: name.to_owned(),
        description: "made by imp-sim".to_owned(),
        region: None,
        load_code_after_blessing: true,
        env_vars: Map::new(),
        product: product.id,
        owner: product.owner,
        creator: product.owner,
        created_at: BEGIN,
        updated_at: BEGIN,
        current_deployment: None,
        min_supported_deployment: None,
        production_target: None,
        dut_target: None,
    };
    state.groups.insert(id, group);
    id
}

fn first_build(id: Id, product: &Product, group: Id) -> Deployment {
    let (device_code, agent_code) =
        ("server.log(\"device 1.0\");\n", "server.log(\"agent 1.0\");\n");
    Deployment {
        id,
        device_code: device_code.to_owned(),
        agent_code: agent_code.to_owned(),
        description: "application 1.0".to_owned(),
        origin: None,
        tags: vec!["1.0".to_owned()],
        sha: sha(device_code, agent_code),
        owner: product.owner,
        creator: product.owner,
        flagger: None,
        product: product.id,
        group: Some(group),
        created_at: BEGIN,
        updated_at: BEGIN,
    }
}

/// Makes devices whose ids and MAC addresses never repeat.
pub struct DeviceMaker {
    random: Random,
    macs: u64,
    made: u64,
    cards: HashSet<u64>,
}

impl DeviceMaker {
    /// `purpose` keeps the ids of several makers apart.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut random = Random::new(seed, purpose);
        let macs = random.below(1 << 20);
        // Two bits of the address say which maker it was.
        Self { random, macs: (purpose & 3) << 22 | macs, made: 0, cards: HashSet::new() }
    }

    /// A device as it looks after BlinkUp: unassigned, without an agent.
    pub fn device(&mut self, owner: Id, name: Option<String>) -> Device {
        let (imp_type, prefix) = self.model();
        let mac = self.mac();
        let id = if prefix == 0 { self.card_id() } else { DeviceId(prefix << 48 | mac.0) };
        let random = &mut self.random;
        let since = |random: &mut Random| BEGIN.0 + random.below(YEAR);
        let online = random.percent(70.0);
        let enrolled_at = since(random);
        let version = format!(
            "{:07x} - release-{}.{} - Wed Dec 20 10:52:30 2017 - production",
            random.below(1 << 28),
            36 + random.below(8),
            random.below(20)
        );
        Device {
            id,
            mac,
            name,
            owner,
            group: None,
            agent: AgentId::of(id, &owner.to_string()),
            agent_running: false,
            agent_state_changed_at: None,
            online,
            device_state_changed_at: Timestamp(since(random)),
            last_enrolled_at: (!random.percent(2.0)).then_some(Timestamp(enrolled_at)),
            imp_type: (!random.percent(1.0)).then(|| imp_type.to_owned()),
            ip_address: (!random.percent(3.0)).then(|| address(random)),
            free_memory: (!random.percent(10.0)).then(|| 30_000 + low(random, 90_000)),
            rssi: (!random.percent(10.0)).then(|| -40 - low(random, 50) as i16),
            swversion: (!random.percent(2.0)).then_some(version),
            plan_id: None,
            events: Events::default(),
        }
    }

    /// A blessed device. Two in three are activated: they have a plan and an agent.
    fn production_device(&mut self, owner: Id, number: usize) -> Device {
        let mut device = self.device(owner, None);
        while device.imp_type.as_deref() == Some("imp001") || device.id.0 >> 56 == 0x23 {
            device = self.device(owner, None);
        }
        if number % 3 != 2 {
            let plan = self.random.hex(16);
            device.agent = AgentId::of(device.id, &plan);
            device.plan_id = Some(plan);
            device.agent_running = true;
            device.agent_state_changed_at = Some(device.device_state_changed_at);
        }
        device
    }

    fn model(&mut self) -> (&'static str, u64) {
        let mut lot = self.random.below(100);
        for (name, share, prefix) in MODELS {
            if lot < share {
                return (name, prefix);
            }
            lot -= share;
        }
        (MODELS[3].0, MODELS[3].2)
    }

    /// Scattered, but no two alike within four million.
    fn mac(&mut self) -> Mac {
        let low = (self.macs & 3 << 22) | ((self.macs + self.made * 0x2_9e37) & 0x3f_ffff);
        self.made += 1;
        Mac(0x0c2a_6900_0000 | low)
    }

    /// The id of an imp001 has nothing to do with its MAC address.
    fn card_id(&mut self) -> DeviceId {
        loop {
            let id = 0x23 << 56 | self.random.below(1 << 48) << 8 | 0xee;
            if self.cards.insert(id) {
                return DeviceId(id);
            }
        }
    }
}

fn low(random: &mut Random, end: u64) -> u32 {
    u32::try_from(random.below(end)).unwrap_or_default()
}

fn address(random: &mut Random) -> Ipv4Addr {
    Ipv4Addr::from(0xcb00_7100 | low(random, 256))
}
