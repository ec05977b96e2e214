//! The reports that the renderings are checked with. `fixtures/reports` holds them as JSON.

use std::time::Duration;

use arcprobe::analysis::waivers;
use arcprobe::model::command::Instruction;
use arcprobe::model::evidence::{Attempt, Cause, Detail, Discovery, DiscoveryOutcome};
use arcprobe::model::finding::{Confidence, Remedy, Severity};
use arcprobe::model::plan::{Route, RouteKind, UnverifiedKind};
use arcprobe::model::report::{
    AzCommand, Check, CheckVerdict, Prerequisite, PrerequisiteVerdict, Report, VantageDetails, Verdict,
};
use arcprobe::model::scope::Connectivity;
use arcprobe::model::vantage::VantageKind;
use arcprobe::model::waiver::{Waiver, WaiverRef};
use jiff::civil::{Date, date};

use super::build::{direct, fail_check, finding, met_check, report, unverify_check, vantage};

/// The name of the fixture and what makes it.
type Sample = (&'static str, fn() -> Report);

/// Every sample.
pub(super) const ALL: [Sample; 8] = [
    ("all-met", all_met),
    ("warnings", warnings),
    ("dead-resolver", dead_resolver),
    ("mixed", mixed),
    ("hostile", hostile),
    ("incomplete", incomplete),
    ("accepted", accepted),
    ("prerequisites", prerequisites),
];

fn all_met() -> Report {
    let mut checks = met_check("workstation", &direct());
    let spare = checks.iter_mut().find(|c| c.planned.endpoint == "kubectl-cdn").unwrap();
    fail_check(spare, Cause::TcpTimeout, 5000, "no SYN-ACK within 5 s");
    let mut report = report(Verdict::Ready, vec![vantage(VantageKind::Workstation, "10.0.0.53:53")], checks);
    report.advice.connect_command = Some(AzCommand {
        bash: "az connectedk8s connect --name CLUSTER --resource-group GROUP --location eastus".into(),
        powershell: "az connectedk8s connect --name CLUSTER --resource-group GROUP --location eastus".into(),
        cmd: String::new(),
        flags: Vec::new(),
    });
    report
}

/// Only what is optional fails, and something is met with a blemish.
fn warnings() -> Report {
    let mut checks = met_check("workstation", &direct());
    for check in checks
        .iter_mut()
        .filter(|c| c.planned.endpoint == "akams" || c.planned.endpoint.starts_with("kubelogin"))
    {
        fail_check(check, Cause::TcpRefused, 4, "Connection refused");
    }
    let dead_path = checks.iter_mut().find(|c| c.planned.endpoint == "mcr").unwrap();
    dead_path.note = Some("2 of 4 addresses answer; 2603:1061::10 drops packets".into());
    unverify_check(checks.last_mut().unwrap(), UnverifiedKind::WildcardUnknown);
    let refused = |c: &Check| c.cause == Some(Cause::TcpRefused);
    let mut found = finding(
        "optional-blocked",
        Severity::Warning,
        "3 optional hosts refuse connections.",
        &checks,
        refused,
    );
    found.explanation = "A firewall between here and them answers with resets.".into();
    found.consequence = "az has to be given kubelogin by hand.".into();
    found.remedy.text = "Open TCP 443 to github.com, api.github.com and aka.ms.".into();
    let mut report =
        report(Verdict::ReadyWithWarnings, vec![vantage(VantageKind::Workstation, "10.0.0.53:53")], checks);
    report.findings = vec![found];
    report
}

fn dead_resolver() -> Report {
    let mut checks = met_check("workstation", &direct());
    for check in &mut checks {
        fail_check(check, Cause::DnsTimeout, 5000, "no answer from 10.0.0.53:53 within 5 s");
    }
    let mut found = finding(
        "dead-resolver",
        Severity::Blocking,
        "The DNS server 10.0.0.53 does not answer.",
        &checks,
        |_| true,
    );
    found.subject = "10.0.0.53:53".into();
    found.explanation =
        "6 names were asked over UDP and TCP; none got an answer within 5 s. The other 26 were not \
        asked, since they would have waited for the same server. Nothing is known of the paths behind it."
            .into();
    found.consequence =
        "Nothing in Azure can be found by name: az cannot sign in, and no agent can start.".into();
    found.remedy = Remedy {
        text: "Let this machine reach 10.0.0.53 on port 53 (UDP and TCP), or set another server in \
            /etc/resolv.conf. To see whether another one would do:"
            .into(),
        commands: vec!["arcprobe check -l eastus --resolver 168.63.129.16".into()],
    };
    let mut report =
        report(Verdict::Blocked, vec![vantage(VantageKind::Workstation, "10.0.0.53:53")], checks);
    report.run.took = Duration::from_millis(5_230);
    report.findings = vec![found];
    report
}

/// Two vantages behind a proxy that inspects TLS and strips `Upgrade`, a closed port and a wildcard.
fn mixed() -> Report {
    let proxy = Route {
        kind: RouteKind::Proxy,
        proxy: Some("http://proxy.contoso.example:3128".into()),
        proxy_id: None,
        reason: "--proxy-https".into(),
    };
    let mut checks = met_check("pod", &proxy);
    checks.extend(met_check("node", &proxy).into_iter().filter(|c| c.planned.endpoint.starts_with("mcr")));
    checks.iter_mut().for_each(break_mixed);
    let mut report = report(
        Verdict::Blocked,
        vec![vantage(VantageKind::Pod, "10.96.0.10:53"), vantage(VantageKind::Node, "10.0.0.53:53")],
        checks,
    );
    report.run.connectivity = Connectivity::Proxy;
    report.run.took = Duration::from_millis(6_907);
    mixed_findings(&mut report);
    report
}

fn break_mixed(check: &mut Check) {
    match check.planned.endpoint.as_str() {
        "obo" => {
            check.planned.route = Route::direct("skip range entry .obo.arc.azure.com");
            fail_check(check, Cause::TcpTimeout, 5000, "no SYN-ACK within 5 s");
        }
        "relay" => fail_check(check, Cause::WsUpgradeStripped, 61, "200 OK without Upgrade, Via: 1.1 squid"),
        "defender" => unverify_check(check, UnverifiedKind::WildcardUnknown),
        "kubelogin" => fail_check(check, Cause::ProxyDenied, 12, "403 Forbidden"),
        "sts" => {
            check.note = Some("HTTP 503 from the service's own edge; tried once".into());
            fail_check(check, Cause::HttpUnexpectedStatus, 143, "503 Service Unavailable");
        }
        "his-global" | "his-regional" | "arm" | "config-dp" | "aad" | "aad-legacy" | "mcr" => {
            fail_check(check, Cause::TlsIntercepted, 38, "chain ends in CN=Contoso Inspection CA");
        }
        _ => {}
    }
}

fn mixed_findings(report: &mut Report) {
    let by = |cause: Cause| move |check: &Check| check.cause == Some(cause);
    let mut tls = finding(
        "tls-inspection",
        Severity::Blocking,
        "TLS is inspected: connections are re-signed by \"Contoso Inspection CA\".",
        &report.checks,
        by(Cause::TlsIntercepted),
    );
    tls.explanation =
        "8 endpoints present a chain that ends in CN=Contoso Inspection CA, O=Contoso; 3 others on \
        the same path present their public one. This machine trusts the authority, the agents do not."
            .into();
    tls.consequence =
        "The agents refuse these connections: the cluster stays Connecting, images are not pulled.".into();
    tls.remedy = Remedy {
        text: "Exempt the endpoints from inspection, or give the authority to the agents:".into(),
        commands: vec![
            "az connectedk8s connect --proxy-cert contoso-inspection-ca.pem \\\n  --name CLUSTER --resource-group GROUP"
                .into(),
        ],
    };
    let mut websocket = finding(
        "websocket-stripped",
        Severity::Blocking,
        "The proxy strips the WebSocket upgrade.",
        &report.checks,
        by(Cause::WsUpgradeStripped),
    );
    websocket.explanation = "3 of 3 Service Bus hosts answered 200 instead of 101; Via names squid.".into();
    websocket.consequence = "Cluster connect and custom locations do not work; the rest does.".into();
    websocket.remedy.text =
        "Have the proxy pass *.servicebus.windows.net through without looking inside (tunnel, no inspection).".into();
    let mut port = finding(
        "port-8084-blocked",
        Severity::Warning,
        "Port 8084 of eastus.obo.arc.azure.com is closed on the way.",
        &report.checks,
        by(Cause::TcpTimeout),
    );
    port.confidence = Confidence::Medium;
    port.explanation =
        "The name resolves and port 443 of the same host answers; port 8084 drops packets.".into();
    port.consequence = "Users in more than 200 groups see overage claim errors in cluster connect.".into();
    port.remedy.text = "Open TCP 8084 to eastus.obo.arc.azure.com.".into();
    report.findings = vec![tls, websocket, port];
}

/// What a peer or a tampered file could say to deceive a reader.
fn hostile() -> Report {
    let mut checks = met_check("workstation", &direct());
    let evil = "\u{1b}[2J\u{1b}[1;32mREADY\u{1b}[0m \u{202e}ydaer\u{202c}\r\n\u{9b}31m\u{7}\u{200b}";
    for check in checks.iter_mut().filter(|c| c.planned.endpoint == "git-ssh") {
        if let Some(Attempt { steps, .. }) = check.attempts.last_mut()
            && let Some(Detail::Greeting(greeting)) = steps.last_mut().map(|s| &mut s.detail)
        {
            greeting.banner = Some(format!("SSH-2.0-{evil}"));
        }
        check.note = Some(format!("banner {evil}"));
    }
    for check in checks.iter_mut().filter(|c| c.planned.endpoint == "aad") {
        fail_check(check, Cause::HttpBlockPage, 31, evil);
        check.note = Some(format!("<title>{evil}</title>"));
    }
    let mut found = finding(
        "block-page",
        Severity::Blocking,
        &format!("\"{evil}\" answers in place of login.microsoftonline.com."),
        &checks,
        |c| c.verdict == CheckVerdict::Unmet,
    );
    found.explanation = format!("The certificate says CN={evil}.");
    found.remedy.commands = vec![Instruction::Text(format!("echo {evil}")), Instruction::Text(String::new())];
    let mut report =
        report(Verdict::Blocked, vec![vantage(VantageKind::Workstation, "[2001:db8::35]:5353")], checks);
    report.findings = vec![found];
    report.vantages[0].facts.resolvers_from = Some(evil.into());
    report.prerequisites = vec![
        prerequisite("nodes", evil, PrerequisiteVerdict::Unmet, (evil, evil)),
        prerequisite("permissions", evil, PrerequisiteVerdict::Warning, (evil, evil)),
    ];
    report.prerequisites[1].accepted =
        Some(WaiverRef { code: evil.into(), reason: evil.into(), until: evil.into() });
    let waivers = [("http_block_page", "*", YESTERDAY), (evil, evil, LATER), ("proxy_tls", evil, LATER)];
    waivers::apply_waivers(
        report,
        &waivers.map(|(code, endpoint, until)| waiver(code, endpoint, until, evil)),
        TODAY,
    )
}

pub(super) const TODAY: Date = date(2026, 10, 2);
pub(super) const YESTERDAY: Date = date(2026, 10, 1);
const LATER: Date = date(2026, 12, 31);

pub(super) fn waiver(code: &str, endpoint: &str, until: Date, reason: &str) -> Waiver {
    Waiver { code: code.into(), endpoint: endpoint.into(), vantage: None, reason: reason.into(), until }
}

/// The same with two troubles accepted, and waivers of which one is over and others are not needed.
fn accepted() -> Report {
    let until_exempt = "CHG-1042, until the firewall team exempts these endpoints.";
    let mut denied = waiver("proxy_denied", "*", LATER, "kubelogin comes with the image of the machine");
    denied.vantage = Some("pod".into());
    let waivers = [
        waiver("tls-inspection", "*", LATER, until_exempt),
        denied,
        waiver(
            "port-8084-blocked",
            "eastus.obo.arc.azure.com",
            YESTERDAY,
            "CHG-0977: nobody is in 200 groups",
        ),
        waiver("dns_nxdomain", "*.privatelink.example", LATER, "CHG-1001"),
        waiver("resolver_silent", "10.0.0.53", YESTERDAY, "CHG-1002"),
    ];
    waivers::apply_waivers(mixed(), &waivers, TODAY)
}

/// Nothing is wrong with the network, but with what else is needed.
fn prerequisites() -> Report {
    use PrerequisiteVerdict::{Met, Unmet, Unverified, Warning};
    let mut report = all_met();
    report.run.took = Duration::from_millis(1_310);
    report.prerequisites = vec![
        prerequisite(
            "kubeconfig",
            "kubeconfig",
            Met,
            ("context prod, 10.1.0.4:6443 answers", "a context whose API server answers"),
        ),
        prerequisite(
            "kubernetes",
            "Kubernetes",
            Met,
            ("v1.34.1", "1.32 or newer: the newest minor version and the two before are supported"),
        ),
        prerequisite(
            "nodes",
            "nodes",
            Unmet,
            ("tainted or cordoned: worker-1, worker-2", "a ready node with Linux on amd64 or arm64"),
        ),
        prerequisite(
            "capacity",
            "free capacity",
            Unverified,
            ("pods may not be listed", "850 MB of memory and 700 m of CPU"),
        ),
        prerequisite(
            "permissions",
            "permissions",
            Warning,
            (
                "not everything is allowed, but each of what is known to be needed",
                "cluster-admin, to install the agents",
            ),
        ),
        prerequisite(
            "providers",
            "resource providers",
            Unmet,
            (
                "Microsoft.ExtendedLocation: NotRegistered",
                "Microsoft.Kubernetes, Microsoft.KubernetesConfiguration, Microsoft.ExtendedLocation registered",
            ),
        ),
    ];
    let found = [
        ("arc_no_place", Severity::Blocking, "No node can take the agents."),
        ("arc_provider", Severity::Blocking, "A resource provider of the subscription is not registered."),
        ("arc_not_admin", Severity::Warning, "The user of the kubeconfig is no cluster-admin."),
    ];
    report.findings =
        found.map(|(id, severity, summary)| finding(id, severity, summary, &[], |_| true)).into();
    let waiver = waiver("arc_provider", "*", LATER, "CHG-1050: custom locations come next year");
    waivers::apply_waivers(report, &[waiver], TODAY)
}

fn prerequisite(
    id: &str,
    title: &str,
    verdict: PrerequisiteVerdict,
    (found, wanted): (&str, &str),
) -> Prerequisite {
    let finding = match id {
        "nodes" => Some("arc_no_place"),
        "permissions" => Some("arc_not_admin"),
        "providers" => Some("arc_provider"),
        _ => None,
    };
    let (id, title, finding) = (id.into(), title.into(), finding.map(Into::into));
    Prerequisite {
        id,
        title,
        verdict,
        found: found.into(),
        wanted: wanted.into(),
        finding,
        is_workstation: false,
        accepted: None,
    }
}

fn inquiry(endpoint: &str, method: &str, asked: &str) -> Discovery {
    Discovery {
        vantage: "workstation".into(),
        endpoint: endpoint.into(),
        pattern: format!("*.{endpoint}.contoso.example"),
        method: method.into(),
        asked: asked.into(),
        outcome: DiscoveryOutcome::Failed,
        hosts: Vec::new(),
        refused: Vec::new(),
        phase: None,
        cause: None,
        raw: None,
        note: None,
        took: Duration::from_millis(210),
    }
}

/// A deadline that passed, and a pod that could not be started.
fn incomplete() -> Report {
    let mut checks = met_check("workstation", &direct());
    for check in checks.iter_mut().skip(20) {
        unverify_check(check, UnverifiedKind::NotRun);
    }
    unverify_check(&mut checks[6], UnverifiedKind::NotDiscovered);
    unverify_check(&mut checks[12], UnverifiedKind::WildcardUnknown);
    let mut pod = vantage(VantageKind::Pod, "10.96.0.10:53");
    (pod.facts, pod.error) =
        (VantageDetails::default(), Some("the pod did not start within 60 s: ImagePullBackOff".into()));
    let workstation = vantage(VantageKind::Workstation, "10.0.0.53:53");
    let mut report = report(Verdict::Incomplete, vec![workstation, pod], checks);
    report.run.deadline_passed = true;
    report.discoveries = vec![
        inquiry("mcr-data", "registry-redirect", "mcr.microsoft.com/v2/x/blobs/sha256:0"),
        inquiry("relay", "notification-allow-list", "guestnotificationservice.azure.com/urls/allowlist"),
    ];
    report.discoveries[0].hosts = vec!["eastus.data.mcr.microsoft.com".into()];
    report.discoveries[0].outcome = DiscoveryOutcome::Found;
    report.discoveries[1].raw = Some("the run's deadline passed first".into());
    report.run.took = Duration::from_secs(30);
    report
}
