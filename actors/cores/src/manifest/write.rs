//! A manifest as JSON, in its normal form: two equal manifests give equal texts.
//!
//! Owns: what is left out. Refuses: nothing: every sound manifest can be written.

use actors_protocol::manifest::Manifest;
use serde_json::{Map, Value};

/// The JSON of a sound manifest; [`read`](super::read) gives the same manifest back.
pub fn write(manifest: &Manifest) -> Value {
    // Maps with text keys, texts and numbers: none of these can fail.
    let Ok(Value::Object(mut whole)) = serde_json::to_value(manifest) else { return Value::Null };
    strip(&mut whole);
    for (key, unread) in [("utility", &manifest.utility), ("scaling", &manifest.scaling)] {
        if let Some(unread) = unread {
            whole.insert(key.to_owned(), serde_json::from_str(&unread.0).unwrap_or_default());
        }
    }
    if manifest.graph.as_ref().is_some_and(|graph| graph.components.is_empty()) {
        whole.insert("graph".to_owned(), serde_json::json!({ "components": {} }));
    }
    Value::Object(whole)
}

/// Takes out what says nothing: null, and lists and objects without content.
fn strip(map: &mut Map<String, Value>) {
    map.retain(|_, value| {
        match value {
            Value::Object(inner) => strip(inner),
            Value::Array(list) => list.iter_mut().filter_map(Value::as_object_mut).for_each(strip),
            _ => {}
        }
        let empty = value.is_null()
            || value.as_object().is_some_and(Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        !empty
    });
}
