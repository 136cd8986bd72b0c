//! Makes up devices as they look after BlinkUp: models, ids, MAC addresses, versions.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use super::devices::Firmware;
use super::devices::{Device, Events};
use super::ids::{AgentId, DeviceId, Id, Mac, Timestamp};
use super::random::Random;

/// The day on which the population was made: 2023-01-01.
pub const BEGIN: Timestamp = Timestamp(1_672_531_200_000);

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
        let model = self.model();
        self.device_of_model(owner, name, model)
    }

    /// A device of this `imp_type`; None if there is no such model.
    pub fn device_of_type(
        &mut self,
        owner: Id,
        name: Option<String>,
        imp_type: &str,
    ) -> Option<Device> {
        let (name_of_model, _, prefix) = MODELS.into_iter().find(|model| model.0 == imp_type)?;
        let mut device = self.device_of_model(owner, name, (name_of_model, prefix));
        (device.imp_type, device.online) = (Some(name_of_model.to_owned()), true);
        Some(device)
    }

    fn device_of_model(
        &mut self,
        owner: Id,
        name: Option<String>,
        (imp_type, prefix): (&str, u64),
    ) -> Device {
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
            firmware: Firmware::default(),
            events: Events::default(),
            silenced: false,
        }
    }

    /// A blessed device. Two in three are activated: they have a plan and an agent.
    pub fn production_device(&mut self, owner: Id, number: usize) -> Device {
        let mut device = self.device(owner, None);
        while device.is_imp001() {
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
