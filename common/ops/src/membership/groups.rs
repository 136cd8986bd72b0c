//! Groups, as far as moving devices needs them, each with a small number.

use std::collections::HashMap;
use std::num::NonZeroU32;

use model::{GroupType, Record};
use serde_json::Value;

/// A group, as far as moving devices needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its specific type.
    pub kind: String,
    /// The product that it belongs to.
    pub product: Option<String>,
}

impl Group {
    /// Its type, if it is one that we know.
    pub fn kind(&self) -> Option<GroupType> {
        GroupType::of_api(&self.kind)
    }

    /// Only blessed devices are in it.
    pub fn is_blessed(&self) -> bool {
        self.kind().is_some_and(GroupType::is_blessed)
    }

    /// Its devices are unblessed when they leave it, and that needs the key.
    pub fn is_production(&self) -> bool {
        self.kind() == Some(GroupType::Production)
    }

    /// From the record of a group.
    pub fn of(record: &Record) -> Self {
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        Group {
            id: text("id").unwrap_or_default(),
            kind: text("type").unwrap_or_default(),
            product: text("product_id"),
        }
    }
}

/// The number of a group in [`Groups`]; small, because each row of a move has some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GroupNumber(NonZeroU32);

/// The number of a group, or none, in three bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Small([u8; 3]);

impl Small {
    pub fn of(group: Option<GroupNumber>) -> Small {
        let [a, b, c, _] = group.map_or(0, |group| group.0.get()).to_le_bytes();
        Small([a, b, c])
    }

    pub fn group(self) -> Option<GroupNumber> {
        let [a, b, c] = self.0;
        NonZeroU32::new(u32::from_le_bytes([a, b, c, 0])).map(GroupNumber)
    }
}

impl GroupNumber {
    /// As a plain number.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The other way round.
    pub fn of(number: u32) -> Option<GroupNumber> {
        NonZeroU32::new(number).map(GroupNumber)
    }
}

/// Groups that have been seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    all: Vec<Group>,
    numbers: HashMap<String, GroupNumber>,
    /// The last that was asked for: most devices are in the group of the one before.
    last: Option<GroupNumber>,
}

impl Groups {
    /// The group with this number.
    pub fn group(&self, number: GroupNumber) -> &Group {
        &self.all[number.get() as usize - 1]
    }

    /// The number of a group, which is noted if it is new.
    pub fn number(&mut self, group: &Group) -> GroupNumber {
        self.number_of(&group.id, || group.clone())
    }

    /// The number of the group with this id, which `group` gives if it is new.
    pub fn number_of(&mut self, id: &str, group: impl FnOnce() -> Group) -> GroupNumber {
        if let Some(last) = self.last.filter(|last| self.group(*last).id == id) {
            return last;
        }
        let number = self.numbers.get(id).copied().unwrap_or_else(|| {
            self.all.push(group());
            let number = u32::try_from(self.all.len()).ok().filter(|number| *number < 1 << 24);
            let number = number.and_then(GroupNumber::of).expect("fewer than 2^24 groups");
            self.numbers.insert(id.to_owned(), number);
            number
        });
        self.last = Some(number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_one_number_and_it_fits() {
        let mut groups = Groups::default();
        let group =
            |id: &str, kind: &str| Group { id: id.into(), kind: kind.into(), product: None };
        let [a, b, again] = ["a", "b", "a"].map(|id| groups.number(&group(id, "x")));
        assert!(a == again && a != b);
        assert_eq!(groups.number(&group("b", "other")), b);
        assert_eq!(groups.group(b).kind, "x", "what was known first counts");
        for number in [1, 255, 256, 0x00ff_ffff] {
            let number = GroupNumber::of(number);
            assert_eq!(Small::of(number).group(), number);
        }
        assert_eq!(Small::of(None).group(), None);
    }
}
