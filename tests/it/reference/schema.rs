//! A JSON Schema as tables: its document, then each type that it names.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{prose, table};

pub(super) fn page(schema: &Value) -> String {
    let title = schema["title"].as_str().unwrap_or("document");
    let mut text = part(title, schema);
    for (name, of) in schema["$defs"].as_object().expect("types") {
        text += &part(name, of);
    }
    text
}

fn part(name: &str, schema: &Value) -> String {
    let mut text = format!("\n## {name}\n\n");
    if let Some(about) = schema["description"].as_str() {
        let about = prose(about);
        let end = if about.ends_with(['.', ':']) { "" } else { "." };
        let _ = write!(text, "{about}{end}\n\n");
    }
    if let Some(properties) = schema["properties"].as_object() {
        text += &keys(properties, &schema["required"]);
    }
    match schema["oneOf"].as_array() {
        Some(all) if all.iter().all(|one| one.get("properties").is_some()) => {
            text += if schema.get("properties").is_some() {
                "\nAnd one of these:\n\n"
            } else {
                "One of these:\n\n"
            };
            for one in all {
                let only = Map::new();
                let table = keys(one["properties"].as_object().unwrap_or(&only), &one["required"]);
                text.extend([table, "\n".to_owned()]);
            }
        }
        Some(all) if all.iter().all(|one| one.get("const").is_some()) => {
            let row =
                |one: &Value| [code(&one["const"]), prose(one["description"].as_str().unwrap_or_default())];
            text += &table(["value", "meaning"], all.iter().map(row));
        }
        _ if schema.get("properties").is_none() => text.extend([upper(&kind(schema)), ".\n".to_owned()]),
        _ => {}
    }
    text.trim_end().to_owned() + "\n"
}

fn keys(properties: &Map<String, Value>, required: &Value) -> String {
    let is_required = |key: &str| required.as_array().is_some_and(|all| all.iter().any(|one| one == key));
    let rows = properties.iter().map(|(key, of)| {
        let default = match of.get("default") {
            _ if is_required(key) => "required".to_owned(),
            Some(Value::Null) | None => String::new(),
            Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
            Some(default) => code(default),
        };
        [format!("`{key}`"), kind(of), default, prose(of["description"].as_str().unwrap_or_default())]
    });
    table(["key", "type", "default", "meaning"], rows)
}

fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for list in ["anyOf", "oneOf"] {
        if let Some(all) = schema[list].as_array() {
            return all.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(value) = schema.get("const") {
        return code(value);
    }
    if let Some(all) = schema["enum"].as_array() {
        return all.iter().map(code).collect::<Vec<_>>().join(" or ");
    }
    let limits = || match (schema.get("minimum"), schema.get("maximum"), schema.get("pattern")) {
        (Some(least), Some(most), _) => format!(", {least} to {most}"),
        (Some(least), None, _) if least != 0 => format!(", {least} or more"),
        (_, _, Some(pattern)) => format!(" that fits {}", code(pattern).replace('"', "")),
        _ => String::new(),
    };
    match &schema["type"] {
        Value::String(name) => named(name, schema) + &limits(),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).map(|name| named(name, schema));
            names.collect::<Vec<_>>().join(" or ") + &limits()
        }
        _ => "anything".to_owned(),
    }
}

fn named(name: &str, schema: &Value) -> String {
    match name {
        "array" if schema.get("prefixItems").is_some() => {
            let items = schema["prefixItems"].as_array().into_iter().flatten().map(kind);
            format!("list of {}", items.collect::<Vec<_>>().join(" and "))
        }
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema.get("additionalProperties").is_some_and(Value::is_object) => {
            format!("mapping to {}", kind(&schema["additionalProperties"]))
        }
        "object" if schema["properties"].is_object() => {
            let keys = schema["properties"].as_object().into_iter().flatten();
            format!("object with {}", keys.map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>().join(", "))
        }
        name => name.to_owned(),
    }
}

fn code(value: &Value) -> String {
    format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
