//! Products.

use serde::{Deserialize, Serialize};

use super::group_type::Zone;
use super::ids::{Id, Timestamp};
use super::refusal::Refusal;
use super::{State, replace, unique};

/// One product.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Product {
    /// Shown as `id`.
    pub id: Id,
    /// Unique for its owner; capitals count.
    pub name: String,
    /// Never null.
    pub description: String,
    /// Never changes.
    pub owner: Id,
    /// Who made it.
    pub creator: Id,
    /// Never changes.
    pub created_at: Timestamp,
    /// Moves on every update.
    pub updated_at: Timestamp,
}

/// What an update brings.
#[derive(Default)]
pub struct ProductChange {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
}

impl State {
    /// A product that the caller sees.
    pub fn product(&self, caller: Id, id: &str) -> Result<&Product, Refusal> {
        self.seen("Product", &self.products, |it| it.owner, (caller, id))
    }

    /// A new product of `owner`, made by `caller`.
    pub fn create_product(
        &mut self,
        caller: Id,
        owner: Id,
        name: String,
        description: String,
        now: Timestamp,
    ) -> Result<&Product, Refusal> {
        self.may_write(caller, owner, Zone::Development)?;
        self.check_product_name(owner, &name, None)?;
        let id = self.new_id();
        let product = Product {
            id,
            name,
            description,
            owner,
            creator: caller,
            created_at: now,
            updated_at: now,
        };
        Ok(self.products.entry(id).or_insert(product))
    }

    /// Changes a product. An empty change only moves `updated_at`.
    pub fn update_product(
        &mut self,
        caller: Id,
        id: &str,
        change: ProductChange,
        now: Timestamp,
    ) -> Result<&Product, Refusal> {
        let product = self.product(caller, id)?;
        let (id, owner) = (product.id, product.owner);
        self.may_write(caller, owner, Zone::Development)?;
        if let Some(name) = &change.name {
            self.check_product_name(owner, name, Some(id))?;
        }
        let product = &mut self.products[&id];
        replace(&mut product.name, change.name);
        replace(&mut product.description, change.description);
        product.updated_at = now;
        Ok(product)
    }

    /// Deletes a product that has no groups. Old deployments do not hold it.
    pub fn delete_product(&mut self, caller: Id, id: &str) -> Result<(), Refusal> {
        let product = self.product(caller, id)?;
        let id = product.id;
        self.may_write(caller, product.owner, Zone::Development)?;
        if self.groups.values().any(|group| group.product == id) {
            return Err(Refusal::dependent_groups());
        }
        self.products.shift_remove(&id);
        Ok(())
    }

    fn check_product_name(&self, owner: Id, name: &str, except: Option<Id>) -> Result<(), Refusal> {
        let own = self.products.values().filter(|product| product.owner == owner);
        let others = own.filter(|product| Some(product.id) != except);
        unique("Products", name, others.map(|product| product.name.as_str()))
    }
}
