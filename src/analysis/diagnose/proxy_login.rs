//! The proxy wants a login (407), and none was given or it does not do.

use super::prelude::*;
use crate::model::run_flags::CREDENTIALS;
use crate::proxy::ProxyUrl;

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis { id: "proxy_login", group_checks, describe_finding };

fn group_checks<'a>(view: &VantageFacts<'a>) -> Vec<CheckGroup<'a>> {
    by_proxy::group_by_proxy(view, &[Cause::ProxyAuthRequired])
}

fn describe_finding(group: &CheckGroup<'_>, scene: &RunFacts<'_>) -> FindingText {
    let login = ProxyAuthentication::from_group(group);
    FindingText {
        summary: login.summary(by_proxy::group_proxy(group)),
        subject: by_proxy::group_proxy(group).to_owned(),
        explanation: format!(
            "From {} {} {} answered with {}. {}{}{}",
            describe_vantages(group, scene),
            format_count(group.unmet_checks().count(), "check"),
            pluralize(group.unmet_checks().count(), "is", "are"),
            list_some(
                &by_proxy::proxy_statuses(group).iter().map(ToString::to_string).collect::<Vec<_>>(),
                3
            ),
            if login.has_credentials { "Credentials were given. " } else { "No credentials were given. " },
            login.describe_schemes(),
            if by_proxy::passes_others(group, scene) {
                " Other destinations are let through without asking."
            } else {
                ""
            }
        ),
        remedy: login.remedy().into(),
        commands: login.commands(group),
        ..FindingText::default()
    }
}

/// What is known of the login.
struct ProxyAuthentication {
    /// Whether credentials were sent.
    has_credentials: bool,
    /// The schemes of the 407, each once.
    offers: Vec<String>,
    /// The page where people log on, for proxies that send them there.
    page: Option<String>,
}

impl ProxyAuthentication {
    fn from_group(group: &CheckGroup<'_>) -> Self {
        let details: Vec<_> = group.checks.iter().filter_map(|c| by_proxy::proxy_detail(c)).collect();
        let mut offers: Vec<String> = Vec::new();
        for offer in details.iter().flat_map(|d| &d.offers) {
            if !offers.iter().any(|o| o.eq_ignore_ascii_case(offer)) {
                offers.push(offer.clone());
            }
        }
        let page = details.iter().find(|d| matches!(d.status, Some(300..400 | 511)));
        let page =
            page.map(|d| d.headers.get("location").cloned().unwrap_or_else(|| "a page of its own".into()));
        Self { has_credentials: details.iter().any(|d| d.with_credentials), offers, page }
    }

    /// The agents and container runtimes can do Basic only; a 407 that names no scheme leaves it open.
    fn is_supported(&self) -> bool {
        self.page.is_none() && self.offers.is_empty()
            || self.offers.iter().any(|o| o.eq_ignore_ascii_case("basic"))
    }

    fn summary(&self, label: &str) -> String {
        if let Some(page) = &self.page {
            return format!("The proxy {label} requires people to log on first, at {page}.");
        }
        match (self.is_supported(), self.has_credentials) {
            (false, _) => {
                format!(
                    "The proxy {label} wants a login that the agents cannot do ({}).",
                    list_some(&self.offers, 3)
                )
            }
            (true, true) => format!("The proxy {label} does not accept the credentials."),
            (true, false) => format!("The proxy {label} wants a login, and no credentials were given."),
        }
    }

    fn describe_schemes(&self) -> String {
        match self.offers[..] {
            _ if self.page.is_some() => "Agents cannot log on to a page.".to_owned(),
            [] => "The proxy names no scheme; the agents can do Basic only.".to_owned(),
            _ => format!("The proxy offers {}; the agents can do Basic only.", list_some(&self.offers, 4)),
        }
    }

    fn remedy(&self) -> &'static str {
        if self.page.is_some() {
            return "Ask the proxy team to let the networks of the cluster and of this machine through without a log-on page. \
                    Logging on in a browser helps this machine alone, and only until the session ends.";
        }
        match (self.is_supported(), self.has_credentials) {
            (false, _) => {
                "Have the proxy let the cluster's networks through to these endpoints without a login, or offer Basic to \
                 them. A small proxy inside that does the login for the cluster is the third way."
            }
            (true, true) => {
                "Look whether user and password are right, not expired and not locked, and whether special characters are \
                 percent-encoded in the proxy's URL (@ is %40, : is %3A, # is %23, / is %2F). Better: have the proxy let \
                 the cluster's networks through without a login."
            }
            (true, false) => {
                "Put user and password into the proxy's URL, special characters percent-encoded (@ is %40, : is %3A, # is \
                 %23, / is %2F). Better: have the proxy let the cluster's networks through without a login."
            }
        }
    }

    /// With placeholders: credentials never go into a report. Passwords are asked for, so that no shell remembers them.
    fn commands(&self, group: &CheckGroup<'_>) -> Vec<Instruction> {
        let label = by_proxy::group_proxy(group);
        let host = group.hosts().first().copied().unwrap_or("management.azure.com").to_owned();
        let verify = format!("curl -v --proxy {label} --proxy-user USER https://{host}/");
        if !self.is_supported() {
            return vec![format!("curl -v --proxy {label} https://{host}/").into()];
        }
        let url = label.replacen("://", &format!("://{CREDENTIALS}"), 1);
        let url = ProxyUrl::parse(&url).map_or(url, |(parsed, _)| parsed.for_cluster());
        vec![
            r#"python3 -c 'import getpass, urllib.parse as u; print(u.quote(getpass.getpass(), safe=""))'"#
                .into(),
            verify.into(),
            format!(
                "az connectedk8s update --name NAME --resource-group GROUP --proxy-https '{url}' --proxy-http '{url}' \
                 --proxy-skip-range RANGE"
            )
            .into(),
        ]
    }
}
