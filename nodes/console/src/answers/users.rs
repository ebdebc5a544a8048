//! Users: list, show, add, remove.

use actors_control::USERS;
use actors_protocol::user::{
    AddUser, ListUsers, RemoveUser, ShowUser, User, UserAddition, UserRemoval, UserRole, UserShown, Users,
};
use actors_protocol::{DomainName, ProviderName};
use serde::Deserialize;
use serde_json::json;

use super::{Asked, Reply};
use crate::door::Door;
use crate::input;
use crate::page::{self, Page};
use crate::problem::{Kind, Problem};

/// What a user is added with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: ProviderName,
    role: UserRole,
    #[serde(default)]
    suffixes: Vec<DomainName>,
}

/// A page of users.
pub async fn list(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let Page { limit, after } = Page::read(&asked.query)?;
    let after = match after.map(|text| text.parse::<ProviderName>()).transpose() {
        Ok(after) => after,
        Err(error) => return Err(Problem::new(Kind::Malformed, format!("'cursor' is none of ours: {error}"))),
    };
    let page = door.ask::<Users, _>(USERS, ListUsers { after, limit }).await?;
    let next = if page.more { page.users.last().map(|user| user.name.to_string()) } else { None };
    Ok(Reply::body(200, page::of(page.users.iter().map(|user| json!(user)).collect(), next)))
}

fn named(text: &str) -> Result<ProviderName, Problem> {
    text.parse().map_err(|_| Problem::unknown::<&str>("user", text, &[]))
}

/// One user.
pub async fn show(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let name = named(asked.value())?;
    match door.ask::<Users, _>(USERS, ShowUser { name: name.clone() }).await? {
        UserShown::User(user) => Ok(Reply::body(200, json!(user))),
        UserShown::Unknown { near } => Err(Problem::unknown("user", name.as_str(), &near)),
    }
}

/// Adds a user; its token is in the answer.
pub async fn add(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let NewUser { name, role, suffixes } = input::body(&asked.body)?;
    let user = User { name: name.clone(), role, suffixes };
    match door.ask::<Users, _>(USERS, AddUser { user: user.clone() }).await? {
        UserAddition::Added { token } => {
            let body = json!({ "name": user.name, "role": user.role, "suffixes": user.suffixes, "token": token });
            Ok(Reply { location: Some(format!("/v1/users/{name}")), ..Reply::body(201, body) })
        }
        UserAddition::Exists => Err(Problem::new(
            Kind::Conflict,
            format!("there is a user {name}; choose another name, or remove that one first"),
        )),
        UserAddition::Refused { reason } => Err(Problem::new(Kind::Refused, reason)),
        UserAddition::Busy => Err(Problem::new(Kind::Busy, "too many tokens are being hashed; ask again in a second")),
    }
}

/// Removes a user.
pub async fn remove(door: &Door, asked: &Asked) -> Result<Reply, Problem> {
    let name = named(asked.value())?;
    if name == asked.user.name {
        return Err(Problem::new(
            Kind::Conflict,
            "nobody removes itself; let another admin do it, or `fusion user remove`",
        ));
    }
    match door.ask::<Users, _>(USERS, RemoveUser { name: name.clone() }).await? {
        UserRemoval::Removed => Ok(Reply::done()),
        UserRemoval::Unknown { near } => Err(Problem::unknown("user", name.as_str(), &near)),
    }
}
