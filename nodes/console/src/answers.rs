//! What each call answers: actors are asked, and their replies become JSON.
//!
//! Owns: the shape of the JSON. Refuses: HTTP, and judging who may call; ownership alone is asked of the rules here, because
//! it needs what is there.

use std::collections::BTreeMap;

use actors_cores::users::Call;
use actors_protocol::user::User;
use serde_json::{Value, json};

use crate::door::Door;
use crate::problem::{Kind, Problem};

mod deployments;
mod domain;
mod services;
mod users;

/// What is asked, and by whom.
pub struct Asked {
    /// Whose token it is.
    pub user: User,
    /// What stands for the `{…}` of the path, in their order.
    pub values: Vec<String>,
    /// The query.
    pub query: BTreeMap<&'static str, String>,
    /// The body; empty where there is none.
    pub body: String,
}

impl Asked {
    /// Is `force` said?
    fn force(&self) -> Result<bool, Problem> {
        match self.query.get("force").map(String::as_str) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::new(Kind::Malformed, "'force' is true or false")),
        }
    }

    /// What stands for the one `{…}` of the path.
    fn value(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }
}

/// What comes back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Of HTTP.
    pub status: u16,
    /// JSON.
    pub body: Option<Value>,
    /// Where what was made is.
    pub location: Option<String>,
}

impl Reply {
    /// With a body.
    pub fn body(status: u16, body: Value) -> Reply {
        Reply { status, body: Some(body), location: None }
    }

    /// 204: done, and nothing to say.
    pub fn done() -> Reply {
        Reply { status: 204, body: None, location: None }
    }
}

/// Makes the call.
pub async fn answer(call: Call, door: &Door, asked: Asked) -> Result<Reply, Problem> {
    match call {
        Call::ShowSelf => Ok(Reply::body(200, json!(asked.user))),
        Call::ListServices => services::list(door, &asked).await,
        Call::ListInstances => domain::instances(door, &asked).await,
        Call::ListNodes => domain::nodes(door, &asked).await,
        Call::ListZones => domain::zones(door, &asked).await,
        Call::ListUsers => users::list(door, &asked).await,
        Call::ShowUser => users::show(door, &asked).await,
        Call::AddUser => users::add(door, &asked).await,
        Call::RemoveUser => users::remove(door, &asked).await,
        Call::ShowService => services::show(door, &asked).await,
        Call::RegisterService => services::register(door, &asked).await,
        Call::UnregisterService => services::unregister(door, &asked).await,
        Call::ListDeployments => deployments::list(door, &asked).await,
        Call::ShowDeployment => deployments::show(door, &asked).await,
        Call::Deploy => deployments::deploy(door, &asked).await,
        Call::Undeploy => deployments::remove(door, &asked).await,
    }
}
