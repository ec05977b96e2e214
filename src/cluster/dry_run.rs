//! What a run would create, for people to read.

use std::collections::BTreeMap;

use super::manifest;
use super::prepare::{AgentRequest, prepare_run};
use super::reader::ClusterReader;
use crate::model::vantage::VantageError;

/// The objects that an order would create, for people to read: without the bytes of the agent and of Secrets.
///
/// # Errors
/// Whatever would keep all positions from being looked from.
pub async fn list_planned_objects(
    reader: &ClusterReader,
    order: &AgentRequest,
) -> Result<Vec<serde_json::Value>, VantageError> {
    let prepared = prepare_run(reader, order).await?;
    let mut objects = Vec::new();
    let mut add = |kind: &str, version: &str, object: serde_json::Result<serde_json::Value>| {
        if let Ok(serde_json::Value::Object(mut fields)) = object {
            let mut all = serde_json::Map::new();
            all.insert("apiVersion".into(), version.into());
            all.insert("kind".into(), kind.into());
            all.append(&mut fields);
            objects.push(serde_json::Value::Object(all));
        }
    };
    for target in &prepared.targets {
        let job = manifest::build_job(&prepared.job_plan(
            order,
            target,
            0,
            &prepared.agent_source(order, target, 0),
        ));
        add("Job", "batch/v1", serde_json::to_value(job));
    }
    for map in prepared.agents.values().flatten() {
        let sizes = map.files.iter().map(|(key, bytes)| (key.clone(), describe_size(bytes.len())));
        let mut object =
            serde_json::to_value(manifest::build_agent_map(&prepared.names, &map.name, BTreeMap::new(), &[]));
        if let Ok(object) = &mut object {
            object["binaryData"] = sizes.collect::<serde_json::Map<_, _>>().into();
        }
        add("ConfigMap", "v1", object);
    }
    for (kind, task) in &order.tasks {
        let mut object =
            serde_json::to_value(manifest::build_task_secret(&prepared.names, *kind, Vec::new(), &[]));
        if let Ok(object) = &mut object {
            for value in object["data"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
                *value = describe_size(task.len());
            }
        }
        add("Secret", "v1", object);
    }
    Ok(objects)
}

fn describe_size(bytes: usize) -> serde_json::Value {
    format!("({bytes} bytes, not shown)").into()
}
