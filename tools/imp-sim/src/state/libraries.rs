//! Libraries of Squirrel code, and their versions. They are kept and shown; no program uses them.

use serde::{Deserialize, Serialize};

use super::groups::Zone;
use super::ids::{Id, Timestamp};
use super::refusal::Refusal;
use super::{State, replace, unique};

/// What others may do with a library. Kept, not acted on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Nothing.
    #[default]
    Private,
    /// Require it in their code.
    Require,
    /// Read its code too.
    View,
}

/// One library.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Library {
    /// Shown as `id`.
    pub id: Id,
    /// Unique for its owner; capitals count.
    pub name: String,
    /// Never null.
    pub description: String,
    /// Where more is told; free text.
    pub reference: String,
    /// For others.
    pub permission: Permission,
    /// Whether its makers look after it.
    pub supported: bool,
    /// Never changes.
    pub owner: Id,
    /// Who made it.
    pub creator: Id,
    /// In order of creation.
    pub versions: Vec<Version>,
    /// Never changes.
    pub created_at: Timestamp,
    /// Moves on every update.
    pub updated_at: Timestamp,
}

/// One version of a library. Its code never changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Version {
    /// For example `1.2.0`; unique in its library.
    pub version: String,
    /// Squirrel.
    pub code: String,
    /// Never null.
    pub description: String,
    /// Where more is told; free text.
    pub reference: String,
    /// Whether its makers look after it.
    pub supported: bool,
    /// Never changes.
    pub created_at: Timestamp,
    /// Moves on every update.
    pub updated_at: Timestamp,
}

/// What a create or update of a library or a version brings.
#[derive(Default)]
pub struct LibraryChange {
    /// Of a library only.
    pub name: Option<String>,
    /// Of a library only.
    pub permission: Option<Permission>,
    /// A new description.
    pub description: Option<String>,
    /// A new reference.
    pub reference: Option<String>,
    /// Looked after or not.
    pub supported: Option<bool>,
}

impl Library {
    /// The id of a version in it.
    pub fn version_id(&self, version: &Version) -> String {
        format!("{}:{}", self.id, version.version)
    }

    fn place(&self, id: &str) -> Result<usize, Refusal> {
        let place = self.versions.iter().position(|version| self.version_id(version) == id);
        place.ok_or_else(|| Refusal::not_found("Library version", id))
    }

    /// The version of that id.
    pub fn version(&self, id: &str) -> Result<&Version, Refusal> {
        Ok(&self.versions[self.place(id)?])
    }
}

impl State {
    /// A library that the caller sees.
    pub fn library(&self, caller: Id, id: &str) -> Result<&Library, Refusal> {
        self.seen("Library", &self.libraries, |it| it.owner, (caller, id))
    }

    /// A new library of the caller.
    pub fn create_library(
        &mut self,
        caller: Id,
        change: LibraryChange,
        now: Timestamp,
    ) -> Result<&Library, Refusal> {
        let name = change.name.ok_or_else(|| Refusal::required("name"))?;
        self.check_library_name(caller, &name, None)?;
        let id = self.new_id();
        let library = Library {
            id,
            name,
            description: change.description.unwrap_or_default(),
            reference: change.reference.unwrap_or_default(),
            permission: change.permission.unwrap_or_default(),
            supported: change.supported.unwrap_or(true),
            owner: caller,
            creator: caller,
            versions: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        Ok(self.libraries.entry(id).or_insert(library))
    }

    /// Changes a library.
    pub fn update_library(
        &mut self,
        caller: Id,
        id: &str,
        change: LibraryChange,
        now: Timestamp,
    ) -> Result<&Library, Refusal> {
        let library = self.library(caller, id)?;
        if let Some(name) = &change.name {
            self.check_library_name(library.owner, name, Some(library.id))?;
        }
        let library = self.writable_library(caller, id)?;
        replace(&mut library.name, change.name);
        replace(&mut library.permission, change.permission);
        replace(&mut library.description, change.description);
        replace(&mut library.reference, change.reference);
        replace(&mut library.supported, change.supported);
        library.updated_at = now;
        Ok(library)
    }

    /// A new version of a library.
    pub fn create_version(
        &mut self,
        caller: Id,
        id: &str,
        (version, code): (String, String),
        change: LibraryChange,
        now: Timestamp,
    ) -> Result<(&Library, &Version), Refusal> {
        let library = self.writable_library(caller, id)?;
        if library.versions.iter().any(|other| other.version == version) {
            return Err(Refusal::duplicate_name("Versions of a library"));
        }
        library.versions.push(Version {
            version,
            code,
            description: change.description.unwrap_or_default(),
            reference: change.reference.unwrap_or_default(),
            supported: change.supported.unwrap_or(true),
            created_at: now,
            updated_at: now,
        });
        Ok((library, &library.versions[library.versions.len() - 1]))
    }

    /// Changes a version.
    pub fn update_version(
        &mut self,
        caller: Id,
        (id, version): (&str, &str),
        change: LibraryChange,
        now: Timestamp,
    ) -> Result<(&Library, &Version), Refusal> {
        let library = self.writable_library(caller, id)?;
        let place = library.place(version)?;
        let version = &mut library.versions[place];
        replace(&mut version.description, change.description);
        replace(&mut version.reference, change.reference);
        replace(&mut version.supported, change.supported);
        version.updated_at = now;
        Ok((library, &library.versions[place]))
    }

    fn writable_library(&mut self, caller: Id, id: &str) -> Result<&mut Library, Refusal> {
        let library = self.library(caller, id)?;
        let (id, owner) = (library.id, library.owner);
        self.may_write(caller, owner, Zone::Development)?;
        Ok(&mut self.libraries[&id])
    }

    fn check_library_name(&self, owner: Id, name: &str, except: Option<Id>) -> Result<(), Refusal> {
        let own = self.libraries.values().filter(|library| library.owner == owner);
        let others = own.filter(|library| Some(library.id) != except);
        unique("Libraries", name, others.map(|library| library.name.as_str()))
    }
}
