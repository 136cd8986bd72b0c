//! What is said when a text means nothing, or more than one thing.

use super::text_of;
use crate::Error;
use model::text::quoted;
use model::{ErrorKind, Record, ResourceKind};

pub(super) fn not_found(kind: ResourceKind, text: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("No {} {}", kind.noun(), quoted(text))).detail(
        match kind {
            ResourceKind::Deployment => {
                "there is none with this id, sha, tag or origin that this account may see"
            }
            ResourceKind::Product => {
                "the lists of this account have none with this id or name; that of a collaborator may need its id or \
                 {ACCOUNT}{PRODUCT}"
            }
            ResourceKind::DeviceGroup => {
                "the lists of this account have none with this id or name; that of a collaborator may need its id or \
                 {ACCOUNT}{PRODUCT}{GROUP}"
            }
            _ => "there is none with this id or name that this account may see",
        },
    )
}

/// `product_name` gives the name of a product, if it can be learnt.
pub(super) fn ambiguous(
    kind: ResourceKind,
    text: &str,
    several: &[Record],
    product_name: impl Fn(&str) -> Option<String>,
) -> Error {
    let telling: &[&str] = match kind {
        ResourceKind::Deployment => &["created_at"],
        _ => &["product_id", "owner_id", "mac_address"],
    };
    let one = |record: &Record| {
        let within = telling.iter().find_map(|name| {
            Some(format!(" ({} {})", name.trim_end_matches("_id"), record.get(name)?.as_str()?))
        });
        format!("{}{}", text_of(record, "id"), within.unwrap_or_default())
    };
    let several_ids: Vec<&str> = several.iter().map(|group| text_of(group, "product_id")).collect();
    // `{Ovens}{Bench}`, where that names one of them.
    let in_product = |group: &Record| {
        let product = text_of(group, "product_id");
        let is_one = several_ids.iter().filter(|other| **other == product).count() == 1;
        let name = product_name(product).filter(|_| is_one)?;
        (!name.contains(['{', '}'])).then(|| format!("{{{name}}}{{{}}}", text_of(group, "name")))
    };
    let typed: Option<Vec<String>> = match kind {
        ResourceKind::DeviceGroup => several.iter().take(10).map(in_product).collect(),
        _ => None,
    };
    let typed = typed.filter(|typed| {
        typed.iter().collect::<std::collections::HashSet<_>>().len() == typed.len()
    });
    let with_id =
        |(typed, record): (String, &Record)| format!("{typed} ({})", text_of(record, "id"));
    let typed: Option<Vec<String>> =
        typed.map(|typed| typed.into_iter().zip(several).map(with_id).collect());
    let advice = if typed.is_some() { "name one by its path or id" } else { "name one by its id" };
    let mut candidates =
        typed.unwrap_or_else(|| several.iter().take(10).map(one).collect::<Vec<_>>());
    if several.len() > 10 {
        candidates.push(format!("and {} more", several.len() - 10));
    }
    let (count, noun) = (several.len(), kind.noun());
    Error::new(ErrorKind::Ambiguous, format!("{count} {noun}s are called {}", quoted(text)))
        .detail(format!("{advice}: {}", candidates.join(", ")))
}

pub(super) fn too_many_parts(kind: ResourceKind, text: &str) -> Error {
    let title = format!("{} has too many parts for a {}", quoted(text), kind.noun());
    Error::new(ErrorKind::BadInput, title)
}
