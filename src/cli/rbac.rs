//! `arcprobe rbac`: the rights that looking from inside a cluster needs, ready for `kubectl apply -f -`.

use anyhow::Context as _;
use serde_json::json;

use super::{CommandError, Result, print_output};
use crate::cli::args::RbacArgs;
use crate::cli::exit::Exit;
use crate::cluster;

pub(super) fn run(args: &RbacArgs) -> Result<Exit> {
    let subject = match &args.service_account {
        Some((namespace, name)) => json!({"kind": "ServiceAccount", "namespace": namespace, "name": name}),
        None => json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": args.user}),
    };
    let objects = if args.diagnose {
        cluster::rbac_for_diagnose(&subject)
    } else {
        cluster::rbac_for_probe_pods(&args.namespace, &subject)
    };
    print_output(&render_yaml(&objects)?)
}

/// Documents one below the other.
pub(super) fn render_yaml(objects: &[serde_json::Value]) -> Result<String> {
    let mut text = String::new();
    for object in objects {
        let object = serde_yaml::to_string(object)
            .context("an object cannot be written")
            .map_err(CommandError::Failed)?;
        text.extend(["---\n", &object]);
    }
    Ok(text)
}
