//! The description of the interface, OpenAPI 3.1, made from the table of routes.
//!
//! Owns: how a route is described. Refuses: saying anything that the table does not.

use actors_cores::users::{Call, callers};
use serde_json::{Map, Value, json};

use crate::page::{CURSOR_CHARS_MAX, LIMIT_DEFAULT, LIMIT_MAX};
use crate::problem::{Kind, MEDIA_TYPE};
use crate::routes::{Query, ROUTES, Route};
use crate::schemas;
use crate::serve::common_problems;

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_lowercase()] = operation(route);
    }
    paths.insert("/openapi.json".to_owned(), itself());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Fusion",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A domain of session-slot media services. Every error is a problem (RFC 9457). Lists come in pages: ask again with the cursor that was `next`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "What `fusion user add` prints, or POST /v1/users answers." },
            },
            "schemas": schemas::all(),
        },
    })
}

fn itself() -> Value {
    json!({ "get": {
        "operationId": "openapi", "summary": "This description", "security": [],
        "responses": { "200": { "description": "OpenAPI 3.1", "content": { "application/json": { "schema": { "type": "object" } } } } },
    } })
}

fn operation(route: &Route) -> Value {
    let roles: Vec<_> = callers(route.call).iter().map(ToString::to_string).collect();
    let mut operation = json!({
        "operationId": route.call.name(), "summary": route.summary,
        "description": format!("For {}.", roles.join(", ")), "x-roles": roles,
        "responses": responses(route),
    });
    let parameters: Vec<_> = path_parameters(route.path).chain(route.query.iter().map(query_parameter)).collect();
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(schema) = route.body {
        let content =
            json!({ "application/json": { "schema": reference(schema), "example": schemas::example(schema) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn responses(route: &Route) -> Map<String, Value> {
    let mut responses = Map::new();
    for (status, schema, located) in route.answers {
        let mut response = json!({ "description": if schema.is_some() { route.summary } else { "Done" } });
        if let Some(schema) = schema {
            response["content"] = json!({ "application/json": { "schema": reference(schema) } });
        }
        if *located {
            response["headers"] = json!({ "Location": header("Where it is", true) });
        }
        if *schema == Some("Accepted") {
            response["links"] = links();
        }
        responses.insert(status.to_string(), response);
    }
    for kind in common_problems(route).iter().chain(route.problems) {
        responses.insert(kind.row().0.to_string(), problem(*kind));
    }
    responses
}

/// What can be done with a deployment that was accepted.
fn links() -> Value {
    let link = |call: Call| json!({ "operationId": call.name(), "parameters": { "deployment": "$response.body#/deployment" } });
    json!({ "follow": link(Call::ShowDeployment), "remove": link(Call::Undeploy) })
}

fn problem(kind: Kind) -> Value {
    let (_, word, title) = kind.row();
    let mut response = json!({
        "description": format!("{title} (`urn:fusion:problem:{word}`)"),
        "content": { MEDIA_TYPE: { "schema": reference("Problem") } },
    });
    match kind {
        Kind::Unauthenticated | Kind::Forbidden => {
            response["headers"] = json!({ "WWW-Authenticate": header("RFC 6750 §3", true) });
        }
        Kind::Busy => response["headers"] = json!({ "Retry-After": header("Seconds", false) }),
        _ => {}
    }
    response
}

fn header(description: &str, required: bool) -> Value {
    json!({ "description": description, "required": required, "schema": { "type": "string" } })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let (schema, example) = match name {
            "user" => (reference("Label"), "ann"),
            "service" => (reference("ServiceName"), "echo.example"),
            _ => (reference("Id"), "0123456789abcdef0123456789abcdef"),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema, "example": example })
    })
}

fn query_parameter(query: &Query) -> Value {
    let (description, schema) = match query {
        Query::Limit => (
            "Entries of a page at most",
            json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT }),
        ),
        Query::Cursor => (
            "What `next` of the page before was",
            json!({ "type": "string", "minLength": 1, "maxLength": CURSOR_CHARS_MAX }),
        ),
        Query::Service => ("Only of this service", reference("ServiceName")),
        Query::Force => ("End its sessions at once", json!({ "type": "boolean", "default": false })),
    };
    json!({ "name": query.name(), "in": "query", "required": false, "description": description, "schema": schema })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in &found {
            let pointer = reference.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
        for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
            assert!(found.contains(&format!("#/components/schemas/{name}")), "nothing is a {name}");
        }
    }

    #[test]
    fn each_operation_has_an_id_of_its_own_and_says_who_may() {
        let document = document();
        let mut ids = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                let id = operation["operationId"].as_str().expect("an id").to_owned();
                assert!(ids.insert(id.clone()), "{id} stands twice");
                let open = operation["security"].as_array().is_some_and(Vec::is_empty);
                assert_eq!(open, path == "/openapi.json", "{method} {path}");
                assert!(
                    open || operation["x-roles"].as_array().is_some_and(|roles| !roles.is_empty()),
                    "{method} {path}"
                );
            }
        }
    }
}
