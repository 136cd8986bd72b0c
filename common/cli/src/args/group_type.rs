//! The types of device groups as values of an option.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use model::GroupType;

/// Parses a type of device groups; the help tells what each is for.
pub fn group_type() -> impl TypedValueParser<Value = GroupType> {
    let value = |kind: GroupType| {
        PossibleValue::new(kind.name()).help(kind.purpose()).aliases(kind.other_name())
    };
    PossibleValuesParser::new(GroupType::ALL.map(value)).try_map(|text| {
        GroupType::named(&text).ok_or_else(|| format!("the types are {}", GroupType::names()))
    })
}
