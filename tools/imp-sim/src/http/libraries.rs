//! `/libraries` and their versions.

use serde_json::{Value, json};

use super::Call;
use super::answer::{self, Answer, Related};
use super::document;
use super::page;
use super::products::{DESCRIPTION, NAME};
use crate::state::libraries::{Library, LibraryChange, Version};
use crate::state::refusal::Refusal;

/// Characters of a reference, which is an address most of the time.
const REFERENCE: usize = 2000;

const VERSION: &str = "libraryversion";

fn resource(call: &Call<'_>, library: &Library) -> Value {
    let attributes = json!({
        "name": library.name,
        "description": library.description,
        "reference": library.reference,
        "permission": library.permission,
        "supported": library.supported,
        "created_at": library.created_at,
        "updated_at": library.updated_at,
    });
    let identifier = |version| json!({"type": VERSION, "id": library.version_id(version)});
    let relationships = json!({
        "owner": Related::account(library.owner),
        "creator": Related::account(library.creator),
        "versions": library.versions.iter().map(identifier).collect::<Vec<_>>(),
    });
    answer::resource(call, "library", "libraries", library.id, attributes, relationships)
}

fn version_resource(
    call: &Call<'_>,
    (library, version): (&Library, &Version),
    code: bool,
) -> Value {
    let attributes = json!({
        "version": version.version,
        "code": version.code,
        "description": version.description,
        "reference": version.reference,
        "supported": version.supported,
        "created_at": version.created_at,
        "updated_at": version.updated_at,
    });
    let attributes = answer::without(attributes, if code { &[] } else { &["code"] });
    let collection = format!("libraries/{}/versions", library.id);
    let id = library.version_id(version);
    let relationships = json!({"library": Related::new("library", library.id)});
    answer::resource(call, VERSION, &collection, id, attributes, relationships)
}

/// Libraries, oldest first.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.request.allow_filters(&[])?;
    let state = call.sim.state();
    let libraries =
        state.libraries.values().filter(|library| call.lists(&state, library.owner, false));
    page::of_all(call, libraries, |library| resource(call, library))
}

/// One library.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    Ok(Answer::data(200, &resource(call, state.library(call.caller, id)?)))
}

/// A new library.
pub fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut sent = document::Resource::to_create(call.request)?;
    sent.expect_type(&["library"])?;
    let change = library_change(&mut sent)?;
    let mut state = call.sim.state();
    let library = state.create_library(call.caller, change, call.now)?;
    Ok(Answer::data(201, &resource(call, library)))
}

/// Other attributes.
pub fn update(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().library(call.caller, id)?;
    let mut sent = document::Resource::to_update(call.request, "library", |sent| sent == id)?;
    let change = library_change(&mut sent)?;
    let mut state = call.sim.state();
    let library = state.update_library(call.caller, id, change, call.now)?;
    Ok(Answer::data(200, &resource(call, library)))
}

/// One version.
pub fn get_version(call: &Call<'_>, id: &str, version: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    let library = state.library(call.caller, id)?;
    let version = library.version(version)?;
    let code = state.sees_code(call.caller, library.owner);
    Ok(Answer::data(200, &version_resource(call, (library, version), code)))
}

/// A new version.
pub fn create_version(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().library(call.caller, id)?;
    let mut sent = document::Resource::to_create(call.request)?;
    sent.expect_type(&[VERSION])?;
    let version = sent.required_text("version", 1, NAME)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !version.bytes().all(plain) {
        let detail = format!("`version` cannot be `{version}`: use A-Z, a-z, 0-9, ., - and _");
        return Err(Refusal::attribute(detail));
    }
    let code = sent.required_text("code", 0, usize::MAX)?;
    let change = common_change(&mut sent)?;
    sent.nothing_else()?;
    let mut state = call.sim.state();
    let created = state.create_version(call.caller, id, (version, code), change, call.now)?;
    Ok(Answer::data(201, &version_resource(call, created, true)))
}

/// Other attributes of a version, whose number and code stay.
pub fn update_version(call: &Call<'_>, id: &str, version: &str) -> Result<Answer, Refusal> {
    call.sim.state().library(call.caller, id)?.version(version)?;
    let mut sent = document::Resource::to_update(call.request, VERSION, |sent| sent == version)?;
    let change = common_change(&mut sent)?;
    sent.nothing_else()?;
    let mut state = call.sim.state();
    let updated = state.update_version(call.caller, (id, version), change, call.now)?;
    Ok(Answer::data(200, &version_resource(call, updated, true)))
}

fn library_change(sent: &mut document::Resource) -> Result<LibraryChange, Refusal> {
    let permission = sent.word("permission", NAME, "private, require or view")?;
    let name = sent.text("name", 1, NAME)?;
    let change = LibraryChange { name, permission, ..common_change(sent)? };
    sent.nothing_else()?;
    Ok(change)
}

/// What libraries and versions have in common.
fn common_change(sent: &mut document::Resource) -> Result<LibraryChange, Refusal> {
    Ok(LibraryChange {
        description: sent.text("description", 0, DESCRIPTION)?,
        reference: sent.text("reference", 0, REFERENCE)?,
        supported: sent.boolean("supported")?,
        ..LibraryChange::default()
    })
}
