//! Reads a page of a list: its records straight from the text, without a value for what passes through unread.
//!
//! Careful to give the same records as [`resource`](crate::resource) gives of single ones.

use std::borrow::Cow;
use std::fmt;

use model::Record;
use model::record::{Builder, Key, MOST_FIELDS, leave_out_unreadable_keys, without_repeated_keys};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::few::Few;
use super::plain_page;

/// A page of a list.
pub(crate) struct Page {
    /// Its records.
    pub(crate) data: Vec<Record>,
    /// Where other pages are.
    pub(crate) links: Value,
}

/// The fields that are wanted; all of them where it says nothing.
type Only = Option<&'static [&'static str]>;

impl Page {
    /// Reads a page, and of its records these fields.
    pub(crate) fn read(text: &str, only: Only) -> serde_json::Result<Page> {
        plain_page::read(text).map_or_else(|| Page::read_json(text, only), Ok)
    }

    /// The same, however it is written.
    pub(super) fn read_json(text: &str, only: Only) -> serde_json::Result<Page> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let page = deserializer.deserialize_map(PageOf(only))?;
        deserializer.end()?;
        Ok(page)
    }
}

/// The parts of a page, in whatever order they come.
struct PageOf(Only);

impl<'de> Visitor<'de> for PageOf {
    type Value = Page;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Page, A::Error> {
        let (mut data, mut links) = (None, Value::Null);
        while let Some(name) = members.next_key_seed(Key)? {
            match &*name {
                "data" => data = Some(members.next_value_seed(Records(self.0))?),
                "links" => links = members.next_value()?,
                _ => _ = members.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Page { data: data.ok_or_else(|| A::Error::missing_field("data"))?, links })
    }
}

struct Records(Only);

impl<'de> DeserializeSeed<'de> for Records {
    type Value = Vec<Record>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Record>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records {
    type Value = Vec<Record>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of resources")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut resources: A) -> Result<Vec<Record>, A::Error> {
        let mut records = Vec::new();
        match self.0 {
            None => {
                while let Some(record) = resources.next_element_seed(Resource)? {
                    records.push(record);
                }
            }
            Some(only) => {
                while let Some(record) = resources.next_element_seed(Few(only))? {
                    records.push(record);
                }
            }
        }
        Ok(records)
    }
}

/// The parts of a resource, in whatever order they come.
struct Resource;

impl<'de> DeserializeSeed<'de> for Resource {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Record, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Resource {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Record, A::Error> {
        let (mut kind, mut id) = (None, None);
        let (mut attributes, mut relationships): (Option<Members<'de>>, Option<Members<'de>>) =
            (None, None);
        while let Some(name) = members.next_key_seed(Key)? {
            match &*name {
                "type" => kind = Some(members.next_value::<&RawValue>()?),
                "id" => id = Some(members.next_value::<&RawValue>()?),
                "attributes" => attributes = Some(members.next_value()?),
                "relationships" => relationships = Some(members.next_value()?),
                _ => _ = members.next_value::<IgnoredAny>()?,
            }
        }
        // What is no resource, such as an entry of a log, is not read in this way.
        if attributes.is_none() && relationships.is_none() {
            return Err(A::Error::custom("neither attributes nor relationships"));
        }
        record(kind, id, (attributes.unwrap_or_default(), relationships.unwrap_or_default()))
    }
}

/// The record of a resource.
fn record<E: serde::de::Error>(
    kind: Option<&RawValue>,
    id: Option<&RawValue>,
    (attributes, relationships): (Members<'_>, Members<'_>),
) -> Result<Record, E> {
    let (attributes, relationships) = (attributes.0, relationships.0);
    if attributes.len() + relationships.len() > MOST_FIELDS {
        return Err(E::custom("more than a record may have"));
    }
    let bytes: usize = attributes.iter().chain(&relationships).map(Members::bytes).sum();
    let mut record = Builder::with_room_for(attributes.len() + 10, bytes + 256);
    let mut take = |name: &str, is_plain, json: &RawValue| {
        record.take(name, is_plain, json).map(|_| ()).map_err(E::custom)
    };
    for (name, json) in [("type", kind), ("id", id)] {
        json.map_or(Ok(()), |json| take(name, true, json))?;
    }
    // An attribute must not hide what the record is.
    for (name, json) in attributes.iter().filter(|(name, _)| name != "type" && name != "id") {
        // What a reader of the record would refuse is made one value a key, as in single resources.
        let once = without_repeated_keys(json.get()).map_err(E::custom)?;
        let once = once.map(RawValue::from_string).transpose().map_err(E::custom)?;
        take(name, matches!(name, Cow::Borrowed(_)), once.as_deref().unwrap_or(json))?;
    }
    let mut record = record.finish();
    for (name, json) in relationships {
        relate(&mut record, &name, json).map_err(E::custom)?;
    }
    Ok(record)
}

/// The members of an object, none made a value.
#[derive(Default)]
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Members<'_> {
    /// About what a member needs in a record.
    fn bytes((name, json): &(Cow<'_, str>, &RawValue)) -> usize {
        name.len() + json.get().len() + 4
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(24);
                while let Some(name) = map.next_key_seed(Key)? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// A relationship of the usual kind, or one wrapped in `data`.
#[derive(Deserialize)]
struct Target<'a> {
    /// Also where it is null: then there is no target.
    #[serde(borrow, default, deserialize_with = "there")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
}

fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

fn relate(record: &mut Record, name: &str, json: &RawValue) -> serde_json::Result<()> {
    if !Record::may_have(name) {
        return Ok(());
    }
    if !json.get().starts_with('{') {
        crate::resource::relate(record, name, &value(json.get())?);
        return Ok(());
    }
    let target: Target<'_> = serde_json::from_str(json.get())?;
    if let Some(data) = target.data {
        crate::resource::relate(record, name, &value(data.get())?);
        return Ok(());
    }
    for (ending, json) in [("_id", target.id), ("_type", target.kind)] {
        let mut name = name.to_owned();
        name.push_str(ending);
        match json.map_or("null", RawValue::get) {
            "null" => record.insert_json(&name, "null"),
            json if json.starts_with('"') && !json.contains('\\') => {
                record.insert_json(&name, json);
            }
            json => record.insert(&name, value(json)?),
        }
    }
    Ok(())
}

fn value(json: &str) -> serde_json::Result<Value> {
    let mut value = serde_json::from_str(json)?;
    leave_out_unreadable_keys(&mut value);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_gives_what_single_resources_give() {
        let resources = json!([
            {"type":"device","id":"23","links":{"self":"x"},
             "attributes":{"name":null,"device_online":false,"rssi":-40,"type":"hidden"},
             "relationships":{"devicegroup":{"type":"dut_devicegroup","id":"g"},
                "owner":{"data":{"type":"account","id":"a"}}, "odd": {"type": "x"}, "none": null,
                "nobody": {"data": null, "id": "x"},
                "versions":[{"type":"v","id":"1"},{"type":"v","id":"2"}]}},
            {"relationships":{"product":{"id":"p","type":"product"}},"id":"24","type":"dut_devicegroup",
             "attributes":{"env_vars":{"a":[1]},"name":"é\n"}},
            {"id":"25","attributes":{}},
        ]);
        let text = json!({"data": resources, "links": {"next": "n"}, "meta": 1}).to_string();
        let page = Page::read(&text, None).expect("a page");
        let expected: Vec<Record> =
            resources.as_array().expect("a list").iter().map(crate::resource::fields).collect();
        assert_eq!(page.data, expected);
        let keys = |records: &[Record]| -> Vec<String> {
            records.iter().flat_map(|record| record.keys().map(str::to_owned)).collect()
        };
        assert_eq!(keys(&page.data), keys(&expected));
        assert_eq!(page.links["next"], "n");
        let only = &["type", "id", "name", "devicegroup_id", "owner_id", "product_type"];
        let few = Page::read(&text, Some(only)).expect("a page").data;
        for (few, mut all) in few.into_iter().zip(expected) {
            all.retain(|name| only.contains(&name));
            assert_eq!(few, all);
        }
    }

    #[test]
    fn a_record_is_one_that_can_be_read_again() {
        let odd = r#"{"data":[{"id":"23","type":"device","attributes":{"a":{"b":1,"b":[2,{"c":3,"c":4}]}}}]}"#;
        let page = Page::read(odd, None).expect("a page");
        let text = page.data[0].to_string();
        assert_eq!(text, r#"{"type":"device","id":"23","a":{"b":[2,{"c":4}]}}"#);
        assert!(Record::read(&text).is_ok());
    }

    #[test]
    fn what_is_no_page_of_resources_is_none() {
        for text in
            [r#"{"data":[{"ts":"t","msg":"m"}]}"#, r#"{"data":{}}"#, "{}", r#"{"data":[1]}"#]
        {
            assert!(
                Page::read(text, None).is_err() && Page::read(text, Some(&["id"])).is_err(),
                "{text}"
            );
        }
    }
}
