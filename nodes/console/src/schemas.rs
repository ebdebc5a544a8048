//! The schemas of what comes in and goes out (JSON Schema 2020-12, as OpenAPI 3.1 has it).
//!
//! Owns: their words. Refuses: being wrong: the end-to-end tests hold every answer against them.

use actors_cores::users::SUFFIXES_MAX;
use actors_protocol::deployment::ZONES_NAMED_MAX;
use actors_protocol::manifest::SLOTS_MOST_MAX;
use actors_protocol::name::{LABEL_BYTES_MAX, NAME_BYTES_MAX};
use serde_json::{Map, Value, json};

/// One label of DNS.
const LABEL: &str = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

/// All, by name.
pub fn all() -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |name: &str, schema: Value| drop(all.insert(name.to_owned(), schema));
    add("Label", json!({ "type": "string", "pattern": format!("^{LABEL}$"), "maxLength": LABEL_BYTES_MAX }));
    add("ServiceName", name(2, "A service: at least two labels"));
    add("Suffix", name(1, "The end of the names of somebody's services"));
    add("Problem", problem());
    add("User", user());
    let mut new = user();
    new["properties"]["token"] = json!({ "type": "string", "description": "The bearer token, shown this once" });
    new["required"] = json!(["name", "role", "suffixes", "token"]);
    add("NewUser", new);
    add("UserPage", page("User"));
    add("SlotCounts", counts());
    add("Service", service());
    add("ServicePage", page("Service"));
    add("Id", json!({ "type": "string", "pattern": "^[0-9a-f]{32}$", "description": "128 random bits" }));
    add("Manifest", manifest());
    add("ShownService", shown_service());
    add(
        "Registered",
        object(
            "What came of it",
            json!({
                "service": reference("ServiceName"), "change": { "type": "string", "enum": ["new", "replaced", "same"] },
            }),
        ),
    );
    add("Leaving", object("It is forgotten when these are removed", json!({ "deployments": list("Id") })));
    add("Order", order());
    add("Accepted", object("What is under way", json!({ "deployment": reference("Id") })));
    add("Deployment", deployment());
    add("DeploymentSummary", object("A deployment in short", deployment_in_short()));
    add("DeploymentPage", page("DeploymentSummary"));
    add("Instance", instance());
    add("InstancePage", page("Instance"));
    add("Node", node());
    add("NodePage", page("Node"));
    add("Zone", zone());
    add("ZonePage", page("Zone"));
    all
}

/// A body that would be taken.
pub fn example(schema: &str) -> Value {
    match schema {
        "Manifest" => json!({
            "manifest": 1, "name": "echo.example", "provider": "example", "visibility": "public",
            "kind": { "actor": { "builder": "echo" } }, "slots": { "each": 4 },
        }),
        "Order" => json!({ "service": "echo.example", "slots": 4 }),
        _ => json!({ "name": "ann", "role": "viewer" }),
    }
}

pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object with exactly these properties, all of them required.
pub(crate) fn object(description: &str, properties: Value) -> Value {
    let required: Vec<_> = properties.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    json!({
        "type": "object", "description": description, "properties": properties,
        "required": required, "additionalProperties": false,
    })
}

pub(crate) fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(crate) fn list(of: &str) -> Value {
    json!({ "type": "array", "items": reference(of) })
}

pub(crate) fn or_null(of: &str) -> Value {
    json!({ "oneOf": [reference(of), { "type": "null" }] })
}

fn name(labels: usize, description: &str) -> Value {
    let more = if labels > 1 { "+" } else { "*" };
    json!({
        "type": "string", "description": description, "maxLength": NAME_BYTES_MAX,
        "pattern": format!("^{LABEL}(\\.{LABEL}){more}$"),
    })
}

fn page(of: &str) -> Value {
    let next =
        json!({ "type": ["string", "null"], "description": "The cursor of the next page; null: this was the last" });
    object("A page", json!({ "items": list(of), "next": next }))
}

fn problem() -> Value {
    let error = object(
        "One thing that is wrong",
        json!({
            "place": { "type": "string", "description": "A JSON pointer (RFC 6901), or line and column" },
            "what": { "type": "string" }, "remedy": { "type": "string" },
        }),
    );
    json!({
        "type": "object", "description": "RFC 9457",
        "properties": {
            "type": { "type": "string", "format": "uri" }, "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 }, "detail": { "type": "string" },
            "errors": { "type": "array", "items": error },
        },
        "required": ["type", "title", "status", "detail"],
    })
}

fn user() -> Value {
    json!({
        "type": "object", "description": "Only a provider has suffixes, and it needs one",
        "properties": {
            "name": reference("Label"),
            "role": { "type": "string", "enum": ["admin", "provider", "operator", "viewer"] },
            "suffixes": { "type": "array", "items": reference("Suffix"), "maxItems": SUFFIXES_MAX, "uniqueItems": true },
        },
        "required": ["name", "role"], "additionalProperties": false,
    })
}

fn counts() -> Value {
    object(
        "Slots in each state; capacity is their sum",
        json!({
            "warming": number(), "free": number(), "reserved": number(), "active": number(), "draining": number(),
            "capacity": number(),
        }),
    )
}

fn service_in_short() -> Value {
    json!({
        "service": reference("ServiceName"), "registered": { "type": "boolean" }, "provider": or_null("Label"),
        "visibility": { "type": "string", "enum": ["public", "private"] },
        "kind": { "type": ["string", "null"] }, "description": { "type": ["string", "null"] },
        "deployed": { "type": "integer", "minimum": 0, "description": "Slots that deployments have asked for" },
        "leaving": { "type": "boolean", "description": "It is being unregistered" },
        "instances": number(), "free": number(), "used": number(),
    })
}

fn service() -> Value {
    object("A service: registered, or named in a zone's configuration", service_in_short())
}

fn shown_service() -> Value {
    let mut properties = service_in_short();
    properties["manifest"] =
        json!({ "type": ["object", "null"], "description": "As it was registered, in its normal form" });
    properties["deployments"] = list("Id");
    object("A service with its manifest", properties)
}

/// The published schema, with its references led to where it stands here.
fn manifest() -> Value {
    fn lead(value: &mut Value) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get_mut("$ref")
                    && let Some(rest) = reference.strip_prefix("#/$defs/")
                {
                    *reference = format!("#/components/schemas/Manifest/$defs/{rest}");
                }
                object.values_mut().for_each(lead);
            }
            Value::Array(list) => list.iter_mut().for_each(lead),
            _ => {}
        }
    }
    let mut schema: Value = serde_json::from_str(actors_cores::manifest::SCHEMA).expect("the published schema is JSON");
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    lead(&mut schema);
    schema
}

fn order() -> Value {
    let millis =
        |description: &str| json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX, "description": description });
    json!({
        "type": "object", "description": "What is to be deployed",
        "properties": {
            "deployment": { "allOf": [reference("Id")], "description": "Chosen by the caller; the same again is the same deployment" },
            "service": reference("ServiceName"),
            "slots": { "type": "integer", "minimum": 1, "maximum": SLOTS_MOST_MAX },
            "zones": { "type": "array", "items": reference("Label"), "maxItems": ZONES_NAMED_MAX, "description": "Only in these; empty: in any" },
            "zones_most": { "type": "integer", "minimum": 0, "maximum": u32::MAX, "description": "In no more zones than this; 0: in as many as it takes" },
            "price_most": { "type": "integer", "minimum": 0, "maximum": u32::MAX, "description": "No slot dearer than this" },
            "offer_within_ms": millis("How long offers are waited for"),
            "deploy_within_ms": millis("How long slots are waited for"),
        },
        "required": ["service", "slots"], "additionalProperties": false,
    })
}

fn deployment_in_short() -> Value {
    let stages = ["offering", "deploying", "confirming", "standing", "undoing", "over"];
    json!({
        "deployment": reference("Id"), "service": reference("ServiceName"), "slots": number(),
        "stage": { "type": "string", "enum": stages }, "zones": list("Label"),
        "cause": { "type": ["string", "null"], "description": "Why there is nothing, or why it goes" },
    })
}

fn deployment() -> Value {
    let maybe = json!({ "type": ["integer", "null"] });
    let instance = object(
        "An instance",
        json!({
            "instance": reference("Label"), "zone": reference("Label"), "host": reference("Label"), "slots": number(),
        }),
    );
    let offer = object(
        "What a zone offered, and why it was taken or lost",
        json!({
            "zone": reference("Label"), "score": maybe, "slots": maybe, "price": maybe,
            "reason": { "type": ["string", "null"] }, "cached": { "type": "boolean" }, "given": number(),
            "why": { "type": "string" },
        }),
    );
    let step = object(
        "A step that ended",
        json!({
            "step": { "type": "string" }, "zone": or_null("Label"), "began_ms": number(), "took_ms": number(),
        }),
    );
    let mut properties = deployment_in_short();
    properties["left"] = json!({ "type": "array", "items": { "type": "string" }, "description": "What is not finished and will be by itself" });
    properties["took_ms"] = number();
    properties["instances"] = json!({ "type": "array", "items": instance });
    properties["offers"] = json!({ "type": "array", "items": offer });
    properties["steps"] = json!({ "type": "array", "items": step });
    object("A deployment", properties)
}

fn instance() -> Value {
    let drawn = object(
        "A service that draws on its slots",
        json!({
            "service": reference("ServiceName"), "cap": { "type": ["integer", "null"] }, "used": number(),
        }),
    );
    object(
        "An instance",
        json!({
            "instance": reference("Label"), "zone": reference("Label"), "host": reference("Label"),
            "services": { "type": "array", "items": drawn }, "slots": reference("SlotCounts"),
            "age_ms": { "type": "integer", "description": "How old the report is" },
            "note": { "type": ["string", "null"], "description": "Why it offers fewer slots than it could" },
        }),
    )
}

fn node() -> Value {
    object(
        "A node",
        json!({
            "node": reference("Label"), "roles": { "type": "array", "items": { "type": "string" } }, "zone": or_null("Label"),
            "advertise": { "type": ["string", "null"], "description": "The UDP address that others dial" },
            "incarnation": number(), "alive": { "type": "boolean" },
        }),
    )
}

fn zone() -> Value {
    object(
        "A zone",
        json!({
            "zone": reference("Label"), "manager": or_null("Label"), "alive": { "type": "boolean" },
            "hosts": list("Label"), "instances": list("Label"),
        }),
    )
}
