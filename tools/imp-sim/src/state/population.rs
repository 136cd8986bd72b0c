//! What is there at the start: three accounts, or that of a twin, the devices of `--devices`, the product of
//! `--production` or `--example`. All of it follows from the seed; times lie before 2024 so that they do too.
//!
//! imp-sim(1) documents the shares; a test can count on them.

use super::State;
use super::accounts::{Account, LoadedAccount, Role};
use super::deployments::{Deployment, ShaRecipe, sha};
use super::device_maker::{BEGIN, DeviceMaker};
use super::groups::{Group, GroupType};
use super::ids::Id;
use super::login_keys::LoginKey;
use super::products::Product;
use super::random::Random;

/// What to begin with.
#[derive(Clone, Debug, Default)]
pub struct Population {
    /// Everything random follows from it.
    pub seed: u64,
    /// Unassigned devices of the main account.
    pub devices: usize,
    /// Blessed devices in a production group of the main account.
    pub production: usize,
    /// Instead of both, what the README's pipelines are about.
    pub example: bool,
    /// The unblessing key of every account.
    pub unblessing_key: String,
    /// What the main account may do in the partner's.
    pub role: Role,
    /// The main account's one-time password.
    pub one_time_password: Option<String>,
    /// The main account of a twin. Nobody else is there then.
    pub main: Option<LoadedAccount>,
}

/// Names of the product of `--production`, its production group, its DUT and its fixture group.
const NAMES: [&str; 4] = ["SimProduct", "SimProduction", "SimDUT", "SimFixture"];
/// The same in the example.
const NAMES_IN_EXAMPLE: [&str; 4] = ["Ovens", "Shipped", "DUTs", "Fixtures"];
/// In the example: blessed devices, others, and how many of those are in a group.
const SHIPPED: usize = 250;
const OTHERS: usize = 200;
const ON_BENCH: usize = 100;

impl Population {
    fn numbers(&self) -> (usize, usize) {
        if self.example { (OTHERS, SHIPPED) } else { (self.devices, self.production) }
    }
}

/// The state at the start of a new service.
pub fn populate(population: &Population) -> State {
    let (devices, production) = population.numbers();
    let mut state = State::empty(population.seed);
    let ids = add_accounts(&mut state, population);
    let main = ids[0];
    let mut maker = DeviceMaker::new(population.seed, 2);
    for number in 0..devices {
        let name = device_name(number);
        state.devices.add(maker.device(main, name));
    }
    if population.main.is_none() {
        add_neighbours(&mut state, population.seed, ids);
    }
    if production > 0 {
        let mut maker = DeviceMaker::new(population.seed, 4);
        let names = if population.example { NAMES_IN_EXAMPLE } else { NAMES };
        let product = add_production(&mut state, population, main, names, &mut maker);
        if population.example {
            add_bench(&mut state, population.seed, main, &product);
        }
    }
    state.start_all();
    state
}

/// Every tenth device has no name, and two in a hundred share one.
fn device_name(number: usize) -> Option<String> {
    match number % 100 {
        _ if number % 10 == 9 => None,
        41 | 42 => Some("spare".to_owned()),
        _ => Some(format!("sensor-{number:06}")),
    }
}

/// The main account, and two others unless it is that of a twin.
fn add_accounts(state: &mut State, population: &Population) -> [Id; 3] {
    let mut random = Random::new(population.seed, 1);
    let mut ids = [random.id(), random.id(), random.id()];
    let names = [("simuser", true), ("partner", true), ("free", false)];
    let at_start = |(id, (username, production)): (Id, (&str, bool))| LoadedAccount {
        id,
        username: username.to_owned(),
        email: format!("{username}@example.com"),
        production,
    };
    let accounts = match &population.main {
        Some(main) => vec![main.clone()],
        None => ids.into_iter().zip(names).map(at_start).collect(),
    };
    ids[0] = accounts[0].id;
    for LoadedAccount { id, username, email, production } in accounts {
        let account = Account {
            id,
            password: format!("{username}-password"),
            username,
            email,
            production,
            one_time_password: None,
            unblessing_key: population.unblessing_key.clone(),
            collaborators: Vec::new(),
            role: population.role,
        };
        state.accounts.insert(id, account);
    }
    state.accounts[&ids[0]].one_time_password.clone_from(&population.one_time_password);
    if let Some(partner) = state.accounts.get_mut(&ids[1]) {
        partner.collaborators.push(ids[0]);
    }
    let description = "made by imp-sim".to_owned();
    state.login_keys.push(LoginKey { id: random.hex(16), account: ids[0], description, usages: 0 });
    ids
}

/// What the two other accounts own.
fn add_neighbours(state: &mut State, seed: u64, [_, partner, free]: [Id; 3]) {
    let mut maker = DeviceMaker::new(seed, 3);
    state.devices.add(maker.device(partner, Some("partner-unassigned".to_owned())));
    state.devices.add(maker.device(free, Some("free-unassigned".to_owned())));
    add_partner(state, seed, partner, &mut maker);
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
fn add_production(
    state: &mut State,
    population: &Population,
    main: Id,
    [product, production, dut, fixture]: [&str; 4],
    maker: &mut DeviceMaker,
) -> Product {
    let mut random = Random::new(population.seed, 6);
    let product = add_product(state, random.id(), main, product);
    let production = add_group(state, random.id(), &product, GroupType::Production, production);
    let dut = add_group(state, random.id(), &product, GroupType::Dut, dut);
    let fixture = add_group(state, random.id(), &product, GroupType::Fixture, fixture);
    state.groups[&fixture].production_target = Some(production);
    state.groups[&fixture].dut_target = Some(dut);
    let build = first_build(random.id(), &product, production);
    state.groups[&production].current_deployment = Some(build.id);
    state.groups[&production].min_supported_deployment = Some(build.id);
    state.deployments.insert(build.id, build);
    for number in 0..population.numbers().1 {
        let mut device = maker.production_device(main, number);
        device.group = Some(production);
        state.devices.add(device);
    }
    product
}

/// In the example: two development groups, and devices in one of them.
fn add_bench(state: &mut State, seed: u64, main: Id, product: &Product) {
    let mut random = Random::new(seed, 7);
    let bench = add_group(state, random.id(), product, GroupType::Development, "Bench");
    add_group(state, random.id(), product, GroupType::Development, "Burn-in");
    let slots = state.devices.unassigned_of(main).to_vec();
    for slot in slots.into_iter().take(ON_BENCH) {
        state.devices.move_to(slot, Some(bench), true, BEGIN);
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
    let mut group = Group::new(id, kind, name.to_owned(), product, BEGIN);
    group.description = "made by imp-sim".to_owned();
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
        lacks_code: false,
        description: "application 1.0".to_owned(),
        origin: None,
        tags: vec!["1.0".to_owned()],
        sha: sha(ShaRecipe::default(), device_code, agent_code),
        owner: product.owner,
        creator: product.owner,
        flagger: None,
        product: product.id,
        group: Some(group),
        created_at: BEGIN,
        updated_at: BEGIN,
    }
}
