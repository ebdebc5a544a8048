//! Calls about users that must not be carried out (I9).

use actors_protocol::user::{AddUser, Authenticate, ListUsers, RemoveUser, ShowUser, User, UserRole};

use super::Trespass;
use crate::cast::name;

/// Tries them all.
pub(super) async fn everything(trespass: &mut Trespass<'_>) {
    let user = User { name: name("evil"), role: UserRole::Admin, suffixes: Vec::new() };
    trespass.call("users", AddUser { user }).await;
    trespass.call("users", ListUsers { after: None, limit: 1 }).await;
    trespass.call("users", ShowUser { name: name("admin") }).await;
    trespass.call("users", RemoveUser { name: name("admin") }).await;
    trespass.call("users", Authenticate { token: String::new() }).await;
}
