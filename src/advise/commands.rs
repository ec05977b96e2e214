//! The commands of `az`, with placeholders in capitals where only the user knows. No password is in them.

use super::Known;
use crate::proxy::ProxyUrl;
use crate::report::v1::ConnectCommand;

/// `az connectedk8s connect`, with the environment that `az` itself needs on this machine.
pub fn connect(known: &Known<'_>, skip_range: &str) -> ConnectCommand {
    let region = known.region.unwrap_or("REGION");
    let head = format!("az connectedk8s connect --name NAME --resource-group GROUP --location {region}");
    written(known, &head, skip_range, true)
}

/// `az connectedk8s update`, for a cluster that is connected already.
pub fn update(known: &Known<'_>, skip_range: &str) -> ConnectCommand {
    written(known, "az connectedk8s update --name NAME --resource-group GROUP", skip_range, false)
}

fn written(known: &Known<'_>, head: &str, skip_range: &str, with_environment: bool) -> ConnectCommand {
    let (https, http) =
        (known.routes.https().map(|g| url(&g.value)), known.routes.http().map(|g| url(&g.value)));
    let Some(main) = https.clone().or(http.clone()) else {
        return ConnectCommand { bash: head.to_owned(), powershell: head.to_owned() };
    };
    let https = https.unwrap_or_else(|| main.clone());
    let http = http.unwrap_or(main);
    let mut flags = vec![
        format!("--proxy-https {https}"),
        format!("--proxy-http {http}"),
        format!("--proxy-skip-range {skip_range}"),
    ];
    flags.extend(known.has_proxy_cert.then(|| "--proxy-cert CA.pem".to_owned()));
    let variables = [("HTTPS_PROXY", &https), ("HTTP_PROXY", &http)];
    let own = skip_range.to_owned();
    let variables = variables.into_iter().chain([("NO_PROXY", &own)]).filter(|_| with_environment);
    let variables: Vec<_> = variables.collect();
    let bash: Vec<_> = variables.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    let powershell: Vec<_> =
        variables.iter().map(|(name, value)| format!("$env:{name} = '{value}'\n")).collect();
    let (bash, powershell) = (bash.concat(), powershell.concat());
    ConnectCommand {
        bash: format!("{bash}{head} \\\n  {}", flags.join(" \\\n  ")),
        powershell: format!("{powershell}{head} `\n  {}", flags.join(" `\n  ")),
    }
}

/// A password would end up in the history of the shell.
fn url(url: &ProxyUrl) -> String {
    let text = url.to_string();
    match (url.credentials(), text.split_once("://")) {
        (Some(_), Some((scheme, rest))) => format!("{scheme}://USER:PASSWORD@{rest}"),
        _ => text,
    }
}
