//! The one table of what a user's role may do, for REST and for the command line. Every call is named; whatever is not in
//! it, no user may.
//!
//! The command line shows the operator's certificate of the domain's directory, and with it may what an admin may: whoever
//! has that directory has the domain.
//!
//! Owns: role × call. Refuses: ownership, which a call that is permitted is judged by next (`users::sees`, `users::owns`).

use actors_protocol::user::UserRole::{self, Admin, Operator, Provider, Viewer};

/// What can be asked of a domain by somebody outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `fusion service list`: services that the caller sees.
    ListServices,
    /// `fusion service show`
    ShowService,
    /// `fusion service register`
    RegisterService,
    /// `fusion service unregister`
    UnregisterService,
    /// `fusion service deploy`
    Deploy,
    /// `fusion service undeploy`
    Undeploy,
    /// `fusion deployment list`
    ListDeployments,
    /// One deployment or its operation.
    ShowDeployment,
    /// Instances and their slots.
    ListInstances,
    /// `fusion nodes`
    ListNodes,
    /// Zones, with what is in them.
    ListZones,
    /// `fusion user list`
    ListUsers,
    /// One user.
    ShowUser,
    /// `fusion user add`
    AddUser,
    /// `fusion user remove`
    RemoveUser,
    /// Who am I?
    ShowSelf,
}

const EVERYBODY: &[UserRole] = &[Admin, Provider, Operator, Viewer];
const STAFF: &[UserRole] = &[Admin, Operator];
const MAKERS: &[UserRole] = &[Admin, Provider];
const WORKERS: &[UserRole] = &[Admin, Provider, Operator];
const ADMINS: &[UserRole] = &[Admin];

/// (call, its name in OpenAPI and in refusals, who may).
pub const TABLE: &[(Call, &str, &[UserRole])] = &[
    (Call::ListServices, "list-services", EVERYBODY),
    (Call::ShowService, "show-service", EVERYBODY),
    (Call::RegisterService, "register-service", MAKERS),
    (Call::UnregisterService, "unregister-service", MAKERS),
    (Call::Deploy, "deploy", WORKERS),
    (Call::Undeploy, "undeploy", WORKERS),
    (Call::ListDeployments, "list-deployments", WORKERS),
    (Call::ShowDeployment, "show-deployment", WORKERS),
    (Call::ListInstances, "list-instances", WORKERS),
    (Call::ListNodes, "list-nodes", STAFF),
    (Call::ListZones, "list-zones", WORKERS),
    (Call::ListUsers, "list-users", ADMINS),
    (Call::ShowUser, "show-user", ADMINS),
    (Call::AddUser, "add-user", ADMINS),
    (Call::RemoveUser, "remove-user", ADMINS),
    (Call::ShowSelf, "show-self", EVERYBODY),
];

/// The call's row; none is nobody's.
fn row(call: Call) -> Option<&'static (Call, &'static str, &'static [UserRole])> {
    TABLE.iter().find(|(known, ..)| *known == call)
}

/// May a user in this role make this call?
pub fn permits(role: UserRole, call: Call) -> bool {
    row(call).is_some_and(|(_, _, roles)| roles.contains(&role))
}

/// Who may make the call.
pub fn callers(call: Call) -> &'static [UserRole] {
    row(call).map_or(&[], |(_, _, roles)| roles)
}

impl Call {
    /// Its name.
    pub fn name(self) -> &'static str {
        row(self).map_or("unnamed", |(_, name, _)| name)
    }
}
