//! The Azure services that know the hosts below wildcards, as they answer for eastus.

use super::{Host, Http};

/// For labs in which every other name is served by default, too.
pub fn azure() -> Vec<Host> {
    let json = |text: &str| Http::Json(200, text.to_owned());
    let hubs =
        r#"["g0-prod-bl2-010-sb.servicebus.windows.net", "g1-prod-bl2-010-sb.servicebus.windows.net"]"#;
    vec![
        Host::new("guestnotificationservice.azure.com", json(hubs)),
        Host::new("gbl.his.arc.azure.com", json(r#""https://eus.his.arc.azure.com""#)),
        Host::new(
            "mcr.microsoft.com",
            registry("/v2/azurearck8s/helm", "https://eastus.data.mcr.microsoft.com/x"),
        ),
    ]
}

/// A registry with one chart, behind an index, whose blob lies elsewhere.
pub fn registry(repository: &str, blob: &str) -> Http {
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let index = format!(r#"{{"schemaVersion": 2, "manifests": [{{"digest": "{}"}}]}}"#, digest("a"));
    let manifest = format!(
        r#"{{"schemaVersion": 2, "config": {{"digest": "{}"}}, "layers": [{{"digest": "{}"}}]}}"#,
        digest("b"),
        digest("c")
    );
    let redirect = vec![("Location".to_owned(), format!("{blob}?sig=secret"))];
    Http::Paths(vec![
        (format!("{repository}/manifests/sha256:"), Http::Json(200, manifest)),
        (format!("{repository}/manifests/"), Http::Json(200, index)),
        (format!("{repository}/blobs/{}", digest("c")), Http::Custom(307, redirect, String::new())),
    ])
}
