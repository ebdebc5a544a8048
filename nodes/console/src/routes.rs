//! The one table of what can be asked over HTTP: what is dispatched, and what `/openapi.json` says, come from here.
//!
//! Owns: method, path, call, parameters and answers of each. Refuses: who may; that is the table of calls in
//! `actors_cores::users`.

use actors_cores::users::Call;

use crate::problem::Kind;

/// A query parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// How many entries a page has.
    Limit,
    /// Where a page begins.
    Cursor,
    /// Only of this service.
    Service,
    /// End sessions at once.
    Force,
}

impl Query {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Query::Limit => "limit",
            Query::Cursor => "cursor",
            Query::Service => "service",
            Query::Force => "force",
        }
    }
}

/// One row.
pub struct Route {
    /// In capitals.
    pub method: &'static str,
    /// With `{name}` for what varies.
    pub path: &'static str,
    /// What is asked.
    pub call: Call,
    /// A line for people.
    pub summary: &'static str,
    /// What may stand in the query.
    pub query: &'static [Query],
    /// The schema of the body, if there is one.
    pub body: Option<&'static str>,
    /// What comes when all is well: status, the schema of the body, and whether there is a `Location`.
    pub answers: &'static [(u16, Option<&'static str>, bool)],
    /// Problems of its own, besides those that its other columns bring.
    pub problems: &'static [Kind],
}

const PAGED: &[Query] = &[Query::Limit, Query::Cursor];
const PAGED_BY_SERVICE: &[Query] = &[Query::Service, Query::Limit, Query::Cursor];

const fn get(
    path: &'static str,
    call: Call,
    summary: &'static str,
    answers: &'static [(u16, Option<&'static str>, bool)],
) -> Route {
    Route { method: "GET", path, call, summary, query: &[], body: None, answers, problems: &[] }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    get("/v1/self", Call::ShowSelf, "Whose token this is", &[(200, Some("User"), false)]),
    Route {
        query: PAGED,
        ..get("/v1/services", Call::ListServices, "Services that the caller sees", &[(200, Some("ServicePage"), false)])
    },
    get(
        "/v1/services/{service}",
        Call::ShowService,
        "One service, with its manifest",
        &[(200, Some("ShownService"), false)],
    ),
    Route {
        method: "PUT",
        body: Some("Manifest"),
        problems: &[Kind::Conflict],
        ..get(
            "/v1/services/{service}",
            Call::RegisterService,
            "Register a service, or give it another manifest; the same again changes nothing",
            &[(200, Some("Registered"), false), (201, Some("Registered"), true)],
        )
    },
    Route {
        method: "DELETE",
        query: &[Query::Force],
        ..get(
            "/v1/services/{service}",
            Call::UnregisterService,
            "Unregister a service; its deployments are removed first",
            &[(202, Some("Leaving"), false), (204, None, false)],
        )
    },
    Route {
        query: PAGED_BY_SERVICE,
        ..get("/v1/deployments", Call::ListDeployments, "Deployments", &[(200, Some("DeploymentPage"), false)])
    },
    Route {
        method: "POST",
        body: Some("Order"),
        ..get(
            "/v1/deployments",
            Call::Deploy,
            "Deploy slots of a registered service: all or none; what is at Location tells how far it is",
            &[(202, Some("Accepted"), true)],
        )
    },
    get(
        "/v1/deployments/{deployment}",
        Call::ShowDeployment,
        "One deployment: how far it is, and why",
        &[(200, Some("Deployment"), false)],
    ),
    Route {
        method: "DELETE",
        query: &[Query::Force],
        ..get(
            "/v1/deployments/{deployment}",
            Call::Undeploy,
            "Remove a deployment; what is at Location tells when it is over",
            &[(202, Some("Accepted"), true)],
        )
    },
    Route {
        query: PAGED_BY_SERVICE,
        ..get("/v1/instances", Call::ListInstances, "Instances and their slots", &[(200, Some("InstancePage"), false)])
    },
    Route {
        query: PAGED,
        ..get("/v1/nodes", Call::ListNodes, "Nodes of the domain", &[(200, Some("NodePage"), false)])
    },
    Route {
        query: PAGED,
        ..get("/v1/zones", Call::ListZones, "Zones, with their nodes", &[(200, Some("ZonePage"), false)])
    },
    Route { query: PAGED, ..get("/v1/users", Call::ListUsers, "Users", &[(200, Some("UserPage"), false)]) },
    Route {
        method: "POST",
        body: Some("User"),
        problems: &[Kind::Conflict],
        ..get(
            "/v1/users",
            Call::AddUser,
            "Add a user; the answer shows its bearer token, this once",
            &[(201, Some("NewUser"), true)],
        )
    },
    get("/v1/users/{user}", Call::ShowUser, "One user", &[(200, Some("User"), false)]),
    Route {
        method: "DELETE",
        problems: &[Kind::Conflict],
        ..get("/v1/users/{user}", Call::RemoveUser, "Remove a user; its token works no more", &[(204, None, false)])
    },
];

/// What a path and a method lead to.
pub enum Match {
    /// This route, with what stands for its `{…}`.
    Route(&'static Route, Vec<String>),
    /// The path is known, and these are its methods.
    Method(Vec<&'static str>),
    /// Nothing.
    None,
}

/// Finds the route. HEAD is GET without a body (RFC 9110 §9.3.2).
pub fn find(method: &str, path: &str) -> Match {
    let method = if method == "HEAD" { "GET" } else { method };
    let mut methods = Vec::new();
    for route in ROUTES {
        if let Some(values) = values(route.path, path) {
            if route.method == method {
                return Match::Route(route, values);
            }
            methods.push(route.method);
            if route.method == "GET" {
                methods.push("HEAD");
            }
        }
    }
    if methods.is_empty() { Match::None } else { Match::Method(methods) }
}

fn values(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    let mut values = Vec::new();
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(values),
            (Some(part), Some(given)) if part.starts_with('{') && !given.is_empty() => {
                values.push(crate::input::decoded(given, false)?);
            }
            (Some(part), Some(given)) if part == given => {}
            _ => return None,
        }
    }
}
