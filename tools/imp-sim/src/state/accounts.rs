//! Accounts, who works for whom, and what each may do.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::State;
use super::groups::Zone;
use super::ids::Id;
use super::refusal::Refusal;

/// What those who collaborate on an account may do there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything in the development and test zones.
    #[default]
    Developer,
    /// Everything in the production zone.
    ProductionOps,
    /// Look at everything but code, and move production devices from group to group.
    Support,
}

/// One account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Shown as `id`.
    pub id: Id,
    /// Sign-in name.
    pub username: String,
    /// Also good for signing in.
    pub email: String,
    /// In the clear: nothing real is ever protected by it.
    pub password: String,
    /// Whether the account is a paid one, with production rights.
    pub production: bool,
    /// The one-time password, where sign-in needs one.
    pub one_time_password: Option<String>,
    /// Needed to unbless production devices.
    pub unblessing_key: String,
    /// Accounts that work here.
    #[serde(alias = "developers")]
    pub collaborators: Vec<Id>,
    /// Their role.
    #[serde(default)]
    pub role: Role,
}

/// What a record of `--load` says of an account.
#[derive(Clone, Debug)]
pub struct LoadedAccount {
    /// Shown as `id`.
    pub id: Id,
    /// Sign-in name.
    pub username: String,
    /// Also good for signing in.
    pub email: String,
    /// Whether the account is a paid one.
    pub production: bool,
}

impl State {
    /// The account of a sign-in name, which is its username or email address.
    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.username == name || account.email == name)
    }

    /// The accounts whose things `caller` sees: its own first, then those it collaborates on.
    pub fn visible_accounts(&self, caller: Id) -> Vec<Id> {
        let shared =
            self.accounts.values().filter(|account| account.collaborators.contains(&caller));
        std::iter::once(caller).chain(shared.map(|account| account.id)).collect()
    }

    /// Whether `caller` sees what `owner` owns.
    pub fn sees(&self, caller: Id, owner: Id) -> bool {
        caller == owner
            || self
                .accounts
                .get(&owner)
                .is_some_and(|account| account.collaborators.contains(&caller))
    }

    /// In which role `caller` looks at what `owner` owns. None: it is its own.
    pub fn role(&self, caller: Id, owner: Id) -> Option<Role> {
        let account = self.accounts.get(&owner).filter(|account| account.id != caller);
        account.map(|account| account.role)
    }

    /// Whether `caller` may read code of `owner`.
    pub fn sees_code(&self, caller: Id, owner: Id) -> bool {
        self.sees(caller, owner) && self.role(caller, owner) != Some(Role::Support)
    }

    /// Refuses unless `caller` may change what `owner` owns in `zone`.
    pub fn may_write(&self, caller: Id, owner: Id, zone: Zone) -> Result<(), Refusal> {
        let paid = self.accounts.get(&owner).is_some_and(|account| account.production);
        if zone != Zone::Development && !paid {
            return Err(Refusal::permission("The account has no production rights."));
        }
        let refusal = match self.role(caller, owner) {
            Some(Role::Developer) if zone == Zone::Production => {
                "Developers have no access to the production zone."
            }
            Some(Role::ProductionOps) if zone != Zone::Production => {
                "Production Ops have access to the production zone only."
            }
            Some(Role::Support) => "Support may only look.",
            _ => "",
        };
        if !refusal.is_empty() {
            return Err(Refusal::permission(refusal));
        }
        if self.sees(caller, owner) {
            Ok(())
        } else {
            Err(Refusal::permission("The account belongs to somebody else."))
        }
    }
}
