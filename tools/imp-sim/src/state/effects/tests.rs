//! Who goes offline, when, and who comes back.

use super::*;
use crate::state::groups::{Group, GroupType};
use crate::state::population::{Population, populate};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A production group of 1000 devices, all of them online, and another group of that product whose
/// build is another.
struct Fleet {
    state: State,
    variants: Variants,
    main: Id,
    other: Id,
    sha: String,
}

impl Fleet {
    fn new() -> Self {
        let mut state = populate(&Population { production: 1000, ..Population::default() });
        let variants = Variants::from_options(&[]).unwrap();
        let main = *state.accounts.keys().next().unwrap();
        let production = |group: &&Group| group.kind == GroupType::Production;
        let first = state.groups.values().find(production).unwrap().clone();
        let build = state.deployments[&first.current_deployment.unwrap()].clone();
        let (other, newer) = (Id(1), Id(2));
        let group = Group { id: other, current_deployment: Some(newer), ..first };
        state.groups.insert(other, group);
        let sha = build.sha.clone();
        let changed = "another".to_owned();
        let build = super::super::deployments::Deployment { id: newer, sha: changed, ..build };
        state.deployments.insert(newer, build);
        for slot in state.devices.slots() {
            state.set_online(slot, true, &variants, NOW);
        }
        Self { state, variants, main, other, sha }
    }

    fn after(&mut self, seconds: u64) -> Vec<DeviceId> {
        let now = NOW.plus(Duration::from_secs(seconds));
        self.state.carry_out_effects(&self.variants, now);
        self.state.devices.iter().filter(|device| !device.online).map(|device| device.id).collect()
    }

    fn effect(&mut self, rest: &str) {
        self.state.add_effect(&format!("build={} {rest}", self.sha), NOW).unwrap();
    }

    fn assign(&mut self, group: Id, device: DeviceId, seconds: u64) {
        let (now, device) = (NOW.plus(Duration::from_secs(seconds)), device.to_string());
        self.state.assign(self.main, group, &device, &self.variants, now).unwrap();
    }
}

#[test]
fn a_share_is_offline_when_the_time_is_over_and_not_before() {
    let mut fleet = Fleet::new();
    fleet.effect("offline=5% after=60s");
    assert!(fleet.after(59).is_empty());
    let few = fleet.after(60);
    assert!((30..70).contains(&few.len()), "{}", few.len());
    let at = NOW.plus(Duration::from_secs(60));
    let changed = |slot| fleet.state.devices.get(slot).unwrap().device_state_changed_at;
    assert!(few.iter().all(|id| changed(fleet.state.devices.find(&id.to_string()).unwrap()) == at));
    let mut wider = Fleet::new();
    wider.effect("offline=10%");
    let many = wider.after(0);
    assert!(few.iter().all(|id| many.contains(id)) && many.len() > few.len());
}

#[test]
fn a_start_begins_the_time_anew_and_another_build_ends_it() {
    let mut fleet = Fleet::new();
    fleet.effect("offline=100% after=60s");
    let devices: Vec<DeviceId> = fleet.state.devices.iter().map(|device| device.id).collect();
    let blessed = devices.iter().rev().copied().take(3).collect::<Vec<_>>();
    let at = NOW.plus(Duration::from_secs(30));
    let (who, id) = ((fleet.main, false), blessed[0].to_string());
    fleet.state.restart_device(who, &id, &fleet.variants, at).unwrap();
    fleet.assign(fleet.other, blessed[1], 30);
    let offline = fleet.after(60);
    let are = |offline: &[DeviceId]| blessed.iter().map(|id| offline.contains(id)).collect();
    let wanted: Vec<bool> = are(&offline);
    assert_eq!(wanted, [false, false, true]);
    let later: Vec<bool> = are(&fleet.after(90));
    assert_eq!(later, [true, false, true]);
}

#[test]
fn devices_are_back_with_another_build_and_with_none() {
    let mut fleet = Fleet::new();
    fleet.effect("offline=100%");
    let offline = fleet.after(0);
    let [moved, unassigned, restarted] = offline[offline.len() - 3..] else { panic!("three") };
    let slot = |fleet: &Fleet, id: DeviceId| fleet.state.devices.find(&id.to_string()).unwrap();
    fleet.assign(fleet.other, moved, 1);
    let group = fleet.state.devices.get(slot(&fleet, unassigned)).unwrap().group.unwrap();
    let (main, name) = (fleet.main, unassigned.to_string());
    fleet.state.unassign(main, group, &name, &fleet.variants, NOW).unwrap();
    fleet
        .state
        .restart_device((main, false), &restarted.to_string(), &fleet.variants, NOW)
        .unwrap();
    let still = fleet.after(1000);
    assert_eq!(still.len(), offline.len() - 2);
    assert!(still.contains(&restarted), "the same build as before");
    let device = fleet.state.devices.get(slot(&fleet, moved)).unwrap();
    assert_eq!(device.firmware.device, Some(Id(2)));
    // Back in the old group it goes offline again.
    fleet.assign(group, moved, 1001);
    assert!(fleet.after(1001).contains(&moved));
}

#[test]
fn whoever_is_switched_off_by_hand_is_not_brought_back() {
    let mut fleet = Fleet::new();
    fleet.effect("offline=100% after=1h");
    let slot = fleet.state.devices.slots().last().unwrap();
    fleet.state.set_online(slot, false, &fleet.variants, NOW);
    let id = fleet.state.devices.get(slot).unwrap().id;
    fleet.assign(fleet.other, id, 5);
    assert_eq!(fleet.after(5), [id]);
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    for rule in [
        "",
        "offline=5%",
        "build=a",
        "build= offline=5%",
        "build=a offline=5",
        "build=a offline=101%",
    ] {
        assert!(Fleet::new().state.add_effect(rule, NOW).is_err(), "{rule}");
    }
    let mut fleet = Fleet::new();
    let build = *fleet.state.deployments.keys().next().unwrap();
    fleet.state.add_effect(&format!("build={build} offline=0.5%"), NOW).unwrap();
    assert!((1..15).contains(&fleet.after(0).len()), "a build has an id too");
}
