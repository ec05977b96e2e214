//! The Azure services that know the hosts below wildcards, as they answer for eastus.

/// An answer of HTTP; `Date` and `Content-Length` are added.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the parts of an answer")]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Answers by the beginning of the path; the first that fits counts.
pub type PathAnswers = Vec<(String, Answer)>;

impl Answer {
    fn new(status: u16, header: (&str, &str), body: &str) -> Self {
        let headers = vec![(header.0.to_owned(), header.1.to_owned())];
        Self { status, headers, body: body.to_owned() }
    }

    fn json(body: &str) -> Self {
        Self::new(200, ("Content-Type", "application/json"), body)
    }
}

/// Of each host that has answers of its own; every other one says 200 to whatever it is asked.
pub fn azure_answers() -> Vec<(&'static str, PathAnswers)> {
    let hubs =
        r#"["g0-prod-bl2-010-sb.servicebus.windows.net", "g1-prod-bl2-010-sb.servicebus.windows.net"]"#;
    let to_all = |body: &str| vec![(String::new(), Answer::json(body))];
    vec![
        ("guestnotificationservice.azure.com", to_all(hubs)),
        ("gbl.his.arc.azure.com", to_all(r#""https://eus.his.arc.azure.com""#)),
        (
            "mcr.microsoft.com",
            registry_answers("/v2/azurearck8s/helm", "https://eastus.data.mcr.microsoft.com/x"),
        ),
    ]
}

/// A registry with one chart, behind an index, whose blob lies elsewhere.
pub fn registry_answers(repository: &str, blob: &str) -> PathAnswers {
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let index = format!(r#"{{"schemaVersion": 2, "manifests": [{{"digest": "{}"}}]}}"#, digest("a"));
    let manifest = format!(
        r#"{{"schemaVersion": 2, "config": {{"digest": "{}"}}, "layers": [{{"digest": "{}"}}]}}"#,
        digest("b"),
        digest("c")
    );
    let redirect = Answer::new(307, ("Location", &format!("{blob}?sig=secret")), "");
    vec![
        (format!("{repository}/manifests/sha256:"), Answer::json(&manifest)),
        (format!("{repository}/manifests/"), Answer::json(&index)),
        (format!("{repository}/blobs/{}", digest("c")), redirect),
        ("/v2/".to_owned(), Answer::new(200, ("Docker-Distribution-Api-Version", "registry/2.0"), "{}")),
    ]
}

pub(super) fn find_answer(host: &str, path: &str) -> Answer {
    let plain = |status| Answer::new(status, ("Content-Type", "text/plain"), "the demo\n");
    match azure_answers().into_iter().find(|(name, _)| *name == host) {
        None => plain(200),
        Some((_, answers)) => {
            let found = answers.into_iter().find(|(start, _)| path.starts_with(start.as_str()));
            found.map_or_else(|| plain(404), |(_, answer)| answer)
        }
    }
}
