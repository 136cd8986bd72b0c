//! Accounts, who works for whom, and what each may do.

use serde::{Deserialize, Serialize};

use super::State;
use super::groups::Zone;
use super::ids::Id;
use super::refusal::Refusal;

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
    /// Accounts that work here in the role Developer.
    pub developers: Vec<Id>,
}

impl State {
    /// The account of a sign-in name, which is its username or email address.
    pub fn account_named(&self, name: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.username == name || account.email == name)
    }

    /// The accounts whose things `caller` sees: its own first, then those it collaborates on.
    pub fn visible_accounts(&self, caller: Id) -> Vec<Id> {
        let shared = self.accounts.values().filter(|account| account.developers.contains(&caller));
        std::iter::once(caller).chain(shared.map(|account| account.id)).collect()
    }

    /// Whether `caller` sees what `owner` owns.
    pub fn sees(&self, caller: Id, owner: Id) -> bool {
        caller == owner
            || self.accounts.get(&owner).is_some_and(|account| account.developers.contains(&caller))
    }

    /// Refuses unless `caller` may change what `owner` owns in `zone`.
    ///
    /// A Developer has the development and test zones of the account, never its production zone.
    pub fn may_write(&self, caller: Id, owner: Id, zone: Zone) -> Result<(), Refusal> {
        let paid = self.accounts.get(&owner).is_some_and(|account| account.production);
        if zone != Zone::Development && !paid {
            return Err(Refusal::permission("The account has no production rights."));
        }
        if caller != owner && zone == Zone::Production {
            return Err(Refusal::permission("Developers have no access to the production zone."));
        }
        if self.sees(caller, owner) {
            Ok(())
        } else {
            Err(Refusal::permission("The account belongs to somebody else."))
        }
    }
}
