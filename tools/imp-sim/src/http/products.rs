//! `/products`.

use serde_json::{Value, json};

use super::Call;
use super::answer::{self, Answer, Related};
use super::document;
use super::page;
use crate::state::products::{Product, ProductChange};
use crate::state::refusal::Refusal;

/// Characters of a product's or group's name.
pub const NAME: usize = 80;
/// Characters of a description.
pub const DESCRIPTION: usize = 255;

fn resource(call: &Call<'_>, product: &Product) -> Value {
    let attributes = json!({
        "name": product.name,
        "description": product.description,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    });
    let relationships = json!({
        "owner": Related::account(product.owner),
        "creator": Related::account(product.creator),
    });
    answer::resource(call, "product", "products", product.id, attributes, relationships)
}

/// The products of the caller and of those it collaborates with.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.request.allow_filters(&["owner.id"])?;
    let owner = call.request.filter("owner.id")?;
    let state = call.sim.state();
    let products = state.products.values().filter(|product| {
        state.sees(call.caller, product.owner) && owner.is_none_or(|id| product.owner.is(id))
    });
    page::of_all(call, products, |product| resource(call, product))
}

/// One product.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    Ok(Answer::data(200, &resource(call, state.product(call.caller, id)?)))
}

/// A new product.
pub fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut sent = document::Resource::to_create(call.request)?;
    sent.expect_type(&["product"])?;
    let name = sent.required_text("name", 1, NAME)?;
    let description = sent.text("description", 0, DESCRIPTION)?.unwrap_or_default();
    let owner = sent.relationship("owner")?;
    sent.nothing_else()?;
    let mut state = call.sim.state();
    let owner = match owner {
        None => call.caller,
        Some(owner) => {
            let id = owner.id.parse().ok().filter(|&id| state.sees(call.caller, id));
            id.filter(|_| owner.kind == "account")
                .ok_or_else(|| Refusal::attribute("`relationships.owner` is no known account."))?
        }
    };
    let product = state.create_product(call.caller, owner, name, description, call.now)?;
    Ok(Answer::data(201, &resource(call, product)))
}

/// Another name or description.
pub fn update(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().product(call.caller, id)?;
    let mut sent = document::Resource::to_update(call.request, "product", |sent| sent == id)?;
    let change = ProductChange {
        name: sent.text("name", 1, NAME)?,
        description: sent.text("description", 0, DESCRIPTION)?,
    };
    sent.nothing_else()?;
    let mut state = call.sim.state();
    let product = state.update_product(call.caller, id, change, call.now)?;
    Ok(Answer::data(200, &resource(call, product)))
}

/// Deletes a product without groups.
pub fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().delete_product(call.caller, id)?;
    Ok(Answer::empty())
}
