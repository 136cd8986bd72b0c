//! Reads a few fields of a resource, and passes over the rest: for a list of a million devices of which nobody wants
//! more than where they are.
//!
//! Careful to give the same as the whole record has. Only texts are taken; any other value of a wanted field is left
//! out, as one that is not there.

use std::borrow::Cow;
use std::fmt;

use model::Record;
use model::record::{Builder, Key};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// A resource, of which these fields are wanted.
pub(super) struct Few(pub(super) &'static [&'static str]);

impl Few {
    /// Whether the field of this name is wanted.
    fn wanted(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    /// The wanted fields that tell of a relationship: its name, an underscore, and what they are.
    fn of_relationship(&self, name: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0
            .iter()
            .filter_map(move |field| Some((*field, field.strip_prefix(name)?.strip_prefix('_')?)))
    }
}

impl<'de> DeserializeSeed<'de> for Few {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Few {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Record, A::Error> {
        let mut record = Builder::with_room_for(self.0.len() + 1, 64 * self.0.len()).finish();
        let mut is_resource = false;
        while let Some(name) = members.next_key_seed(Key)? {
            match &*name {
                "type" | "id" => {
                    if let Some(text) = members.next_value_seed(Text)? {
                        record.insert_text(&name, &text);
                    }
                }
                "attributes" => {
                    is_resource = true;
                    members.next_value_seed(Part {
                        few: &self,
                        of: &mut record,
                        is_related: false,
                    })?;
                }
                "relationships" => {
                    is_resource = true;
                    members.next_value_seed(Part {
                        few: &self,
                        of: &mut record,
                        is_related: true,
                    })?;
                }
                _ => _ = members.next_value::<IgnoredAny>()?,
            }
        }
        // What is no resource, such as an entry of a log, is not read in this way.
        if !is_resource {
            return Err(A::Error::custom("neither attributes nor relationships"));
        }
        Ok(record)
    }
}

/// The attributes or the relationships of a resource.
struct Part<'a> {
    few: &'a Few,
    of: &'a mut Record,
    is_related: bool,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Part { few, of, is_related } = self;
        let mut take = |name: &str, text: Option<&str>| match text {
            Some(text) => of.insert_text(name, text),
            None => of.insert_json(name, "null"),
        };
        while let Some(name) = members.next_key_seed(Key)? {
            let name = &*name;
            if is_related && few.of_relationship(name).next().is_some() {
                let Some(target) = members.next_value_seed(Relation)? else { continue };
                for (field, part) in few.of_relationship(name) {
                    match part {
                        "id" => take(field, target.id.as_deref()),
                        "type" => take(field, target.kind.as_deref()),
                        _ => {}
                    }
                }
            } else if !is_related && few.wanted(name) && name != "id" && name != "type" {
                take(name, members.next_value_seed(Text)?.as_deref());
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A text; nothing where there is something else.
struct Text;

/// What is related; nothing where that cannot be told by an id and a type.
struct Relation;

/// An identifier of a resource.
#[derive(Default)]
struct Target<'a> {
    id: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de> DeserializeSeed<'de> for Relation {
    type Value = Option<Target<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Relation {
    type Value = Option<Target<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a relationship")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut target, mut inside) = (Target::default(), None);
        while let Some(name) = members.next_key_seed(Key)? {
            match &*name {
                "id" => target.id = members.next_value_seed(Text)?,
                "type" => target.kind = members.next_value_seed(Text)?,
                // Also where it is null: then there is no target.
                "data" => inside = Some(members.next_value_seed(Relation)?),
                _ => _ = members.next_value::<IgnoredAny>()?,
            }
        }
        Ok(inside.unwrap_or(Some(target)))
    }
}
