//! From what was typed to the rules and settings of a run.

use super::{CommandError, Environment};
use crate::cli::{CheckArgs, FailOn, ScopeArgs};
use crate::finding::Severity;
use crate::proxy::{self, ProxyFlags, Routes, Secret, Settled};
use crate::rules::model::RuleSet;
use crate::rules::{self, Asked};
use crate::settings::{CheckSettings, Connectivity, ProbeSettings, Scope};
use crate::vantage::VantageKind;

/// What `check` works with, and notes on what is not certain about it.
pub(super) struct Prepared {
    pub(super) rules: RuleSet,
    pub(super) settings: CheckSettings,
    pub(super) notes: Vec<String>,
}

/// Everything that `check` was told, validated.
pub(super) fn check(args: &CheckArgs, environment: &Environment) -> Result<Prepared, CommandError> {
    let rules = rule_set(&args.scope)?;
    let Settled { routes, advice } = proxies(args, environment)?;
    let (scope, notes) = scope(&args.scope, &rules, &routes)?;
    let settings = CheckSettings {
        scope,
        vantages: vantages(&args.from)?,
        probe: probe(args),
        routes,
        discovery: !args.no_discovery,
        fail_on: match args.fail_on {
            FailOn::Blocking => Severity::Blocking,
            FailOn::Warning => Severity::Warning,
        },
    };
    Ok(Prepared { rules, settings, notes: advice.into_iter().chain(notes).collect() })
}

fn rule_set(args: &ScopeArgs) -> Result<RuleSet, CommandError> {
    let cloud = rules::cloud(&args.cloud).map_err(CommandError::usage)?;
    let builtin = (!args.no_builtin_rules).then_some(args.rule_set.as_str());
    RuleSet::choose(builtin, &args.rules, Some(cloud)).map_err(CommandError::usage)
}

/// The proxies in force; none with `--connectivity direct`, which is about the way without them.
fn proxies(args: &CheckArgs, environment: &Environment) -> Result<Settled, CommandError> {
    let is_direct = args.scope.connectivity == Some(Connectivity::Direct);
    let given = &args.proxy;
    if is_direct && (given.proxy_https.is_some() || given.proxy_http.is_some()) {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "--connectivity direct goes without a proxy; leave out --proxy-https and --proxy-http, or the connectivity"
        )));
    }
    let flags = ProxyFlags {
        https: given.proxy_https.as_ref().map(Secret::reveal),
        http: given.proxy_http.as_ref().map(Secret::reveal),
        skip_range: given.proxy_skip_range.as_ref().map(Secret::reveal),
        no_proxy: given.no_proxy || is_direct,
    };
    let settled = proxy::settle(&flags, environment).map_err(CommandError::usage)?;
    if args.scope.connectivity == Some(Connectivity::Proxy) && !settled.routes.uses_proxy() {
        return Err(CommandError::Usage(anyhow::anyhow!(
            "--connectivity proxy needs a proxy; give --proxy-https URL or set HTTPS_PROXY"
        )));
    }
    Ok(settled)
}

fn scope(args: &ScopeArgs, rules: &RuleSet, routes: &Routes) -> Result<(Scope, Vec<String>), CommandError> {
    let asked = Asked {
        cloud: rules::cloud(&args.cloud).map_err(CommandError::usage)?,
        location: args.location.clone(),
        features: args.feature.clone(),
        connectivity: args.connectivity.unwrap_or_else(|| routes.connectivity()),
        values: rules::values(&args.set).map_err(CommandError::usage)?,
    };
    rules::scope(&asked, rules).map_err(CommandError::usage)
}

fn vantages(words: &[String]) -> Result<Vec<VantageKind>, CommandError> {
    let kind = |word: &String| match word.trim() {
        "workstation" => Ok(VantageKind::Workstation),
        "pod" | "node" => Err(CommandError::Usage(anyhow::anyhow!(
            "--from \"{word}\": this version looks from the workstation only; allowed is workstation"
        ))),
        _ => Err(CommandError::Usage(anyhow::anyhow!(
            "--from \"{word}\": unknown vantage; allowed is workstation"
        ))),
    };
    words.iter().map(kind).collect()
}

fn probe(args: &CheckArgs) -> ProbeSettings {
    let cross_checks = !args.proxy.no_cross_check;
    let args = &args.probe;
    ProbeSettings {
        resolvers: args.resolver.clone(),
        connect_to: args.connect_to.clone(),
        public_roots: args.public_roots.clone(),
        cross_checks,
        proxy_cert: args.proxy_cert.clone(),
        timeout: args.timeout,
        deadline: args.deadline,
        retries: args.retries,
        concurrency: args.concurrency,
    }
}
