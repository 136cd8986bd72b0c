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
            _ => "there is none with this id or name that this account may see",
        },
    )
}

pub(super) fn ambiguous(kind: ResourceKind, text: &str, several: &[Record]) -> Error {
    let telling: &[&str] = match kind {
        ResourceKind::Deployment => &["created_at"],
        _ => &["product_id", "owner_id", "mac_address"],
    };
    let one = |record: &Record| {
        let within = telling.iter().find_map(|name| {
            Some(format!(" ({} {})", name.trim_end_matches("_id"), record.get(*name)?.as_str()?))
        });
        format!("{}{}", text_of(record, "id"), within.unwrap_or_default())
    };
    let mut candidates: Vec<String> = several.iter().take(10).map(one).collect();
    if several.len() > 10 {
        candidates.push(format!("and {} more", several.len() - 10));
    }
    let (count, noun) = (several.len(), kind.noun());
    Error::new(ErrorKind::Ambiguous, format!("{count} {noun}s are called {}", quoted(text)))
        .detail(format!("name one by its id: {}", candidates.join(", ")))
}

pub(super) fn too_many_parts(kind: ResourceKind, text: &str) -> Error {
    let title = format!("{} has too many parts for a {}", quoted(text), kind.noun());
    Error::new(ErrorKind::BadInput, title)
}
