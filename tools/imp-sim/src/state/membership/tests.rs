//! The table of assignments, and what moving does to lists.

use super::*;
use crate::state::device_maker::DeviceMaker;
use crate::state::groups::GroupChange;
use crate::state::ids::DeviceId;
use crate::state::population::{Population, populate};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A state with a group of each type in two products, and a way to put a device anywhere.
struct Factory {
    state: State,
    main: Id,
    groups: Vec<[Id; 7]>,
    maker: DeviceMaker,
    variants: Variants,
}

impl Factory {
    fn new() -> Self {
        let mut state = populate(&Population::default());
        let main = *state.accounts.keys().next().unwrap();
        let mut groups = Vec::new();
        for name in ["one", "two"] {
            let product = state.create_product(main, main, name.into(), String::new(), NOW);
            let product = product.unwrap().id;
            groups.push(GroupType::ALL.map(|kind| {
                let name = Some(kind.name().to_owned());
                let template = GroupChange { name, ..GroupChange::default() };
                // Targets do not matter here, and only fixture groups would need them.
                let made = if kind.is_fixture() { GroupType::Development } else { kind };
                let id = state.create_group(main, made, &product.to_string(), template, NOW);
                let id = id.unwrap().id;
                state.groups[&id].kind = kind;
                id
            }));
        }
        let variants = Variants::from_options(&[]).unwrap();
        Self { state, main, groups, maker: DeviceMaker::new(7, 1), variants }
    }

    fn group(&self, product: usize, kind: GroupType) -> Id {
        let place = GroupType::ALL.iter().position(|&other| other == kind).unwrap();
        self.groups[product][place]
    }

    fn device(&mut self, imp_type: &str, group: Option<Id>) -> DeviceId {
        let mut device = self.maker.device(self.main, None);
        device.imp_type = Some(imp_type.to_owned());
        device.group = group;
        let id = device.id;
        assert!(self.state.devices.add(device));
        id
    }

    /// Whether a device of the first product may go to a group.
    fn goes(&mut self, from: Option<GroupType>, to: (usize, GroupType)) -> bool {
        let from = from.map(|kind| self.group(0, kind));
        let device = self.device("imp004m", from).to_string();
        let to = self.group(to.0, to.1);
        self.state.assign(self.main, to, &device, &self.variants, NOW).is_ok()
    }
}

#[test]
fn the_table_of_assignments() {
    use GroupType::{Development, Dut, Fixture, PreDut, PreFixture, PreProduction, Production};
    let open = [Development, PreFixture, PreDut, Fixture, Dut];
    let mut factory = Factory::new();
    for from in [None, Some(Development), Some(Fixture), Some(PreFixture), Some(PreDut)] {
        for to in GroupType::ALL {
            assert_eq!(factory.goes(from, (0, to)), open.contains(&to), "{from:?} to {to:?}");
            assert_eq!(factory.goes(from, (1, to)), open.contains(&to), "other product");
        }
    }
    for from in [PreProduction, Production] {
        for to in GroupType::ALL {
            assert_eq!(factory.goes(Some(from), (0, to)), from == to, "{from:?} to {to:?}");
            assert!(!factory.goes(Some(from), (1, to)), "other product");
        }
    }
}

#[test]
fn an_imp001_stays_in_development() {
    let mut factory = Factory::new();
    for kind in GroupType::ALL {
        let device = factory.device("imp001", None).to_string();
        let group = factory.group(0, kind);
        let variants = &factory.variants;
        let assigned = factory.state.assign(factory.main, group, &device, variants, NOW);
        assert_eq!(assigned.is_ok(), kind == GroupType::Development, "{kind:?}");
    }
}

#[test]
fn an_imp001_whose_type_is_unknown_is_told_by_its_id() {
    let mut factory = Factory::new();
    let group = factory.group(0, GroupType::Fixture);
    for (id, goes) in [(0x2347_7680_1163_a9ee, false), (0x5000_d8c4_6a56_cfca, true)] {
        let mut device = factory.maker.device(factory.main, None);
        (device.id, device.imp_type) = (DeviceId(id), None);
        assert!(factory.state.devices.add(device));
        let device = DeviceId(id).to_string();
        let variants = &factory.variants;
        let assigned = factory.state.assign(factory.main, group, &device, variants, NOW);
        assert_eq!(assigned.is_ok(), goes, "{device}");
    }
}

#[test]
fn lists_keep_their_order_whatever_moves() {
    let mut factory = Factory::new();
    let group = factory.group(0, GroupType::Development);
    let other = factory.group(1, GroupType::Development);
    let ids: Vec<String> = (0..4).map(|_| factory.device("imp003", None).to_string()).collect();
    for (device, group) in [(3, group), (0, group), (2, group), (0, other), (2, group)] {
        let assigned =
            factory.state.assign(factory.main, group, &ids[device], &factory.variants, NOW);
        assigned.unwrap();
    }
    let slots = |run: &[u32]| -> Vec<String> {
        run.iter().map(|&slot| factory.state.devices.get(slot).unwrap().id.to_string()).collect()
    };
    assert_eq!(slots(factory.state.devices.of_group(group)), [ids[2].as_str(), &ids[3]]);
    assert_eq!(slots(factory.state.devices.of_group(other)), [ids[0].as_str()]);
    assert_eq!(slots(factory.state.devices.unassigned_of(factory.main)), [ids[1].as_str()]);
    assert_eq!(slots(factory.state.devices.of_account(factory.main)), ids);
}

#[test]
fn an_unblessed_device_is_a_development_device() {
    let mut factory = Factory::new();
    let group = factory.group(0, GroupType::Production);
    let id = factory.device("imp005", Some(group));
    let slot = factory.state.devices.find(&id.to_string()).unwrap();
    factory.state.devices.get_mut(slot).unwrap().plan_id = Some("plan".to_owned());
    let (main, variants) = (factory.main, &factory.variants);
    factory.state.unassign(main, group, &id.to_string(), variants, NOW).unwrap();
    let device = factory.state.devices.get(slot).unwrap();
    assert_eq!((device.group, &device.plan_id, device.agent_running), (None, &None, false));
    assert_eq!(device.agent, AgentId::of(id, &factory.main.to_string()));
    assert!(factory.goes(None, (0, GroupType::Development)));
}
