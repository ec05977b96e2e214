//! The commands of `az`, with placeholders in capitals where only the user knows. No password is in them.

use super::AdviceInput;
use crate::model::report::AzCommand;
use crate::model::shell::Shell;
use crate::proxy::ProxyUrl;

/// `az connectedk8s connect`, with the environment that `az` itself needs on this machine.
pub fn connect_command(known: &AdviceInput<'_>, skip_range: &str) -> AzCommand {
    let region = known.region.unwrap_or("REGION");
    let head = format!("az connectedk8s connect --name NAME --resource-group GROUP --location {region}");
    render_command(known, &head, skip_range, true)
}

/// `az connectedk8s update`, for a cluster that is connected already.
pub fn update_command(known: &AdviceInput<'_>, skip_range: &str) -> AzCommand {
    render_command(known, "az connectedk8s update --name NAME --resource-group GROUP", skip_range, false)
}

fn render_command(
    known: &AdviceInput<'_>,
    head: &str,
    skip_range: &str,
    with_environment: bool,
) -> AzCommand {
    let (https, http) = (
        known.routes.https().map(|g| url_with_placeholders(&g.value)),
        known.routes.http().map(|g| url_with_placeholders(&g.value)),
    );
    let Some(main) = https.clone().or(http.clone()) else {
        return AzCommand { bash: head.to_owned(), powershell: head.to_owned() };
    };
    let https = https.unwrap_or_else(|| main.clone());
    let http = http.unwrap_or(main);
    let mut flags = vec![("--proxy-https", https.clone()), ("--proxy-http", http.clone())];
    flags.push(("--proxy-skip-range", skip_range.to_owned()));
    flags.extend(known.proxy_cert.map(|file| ("--proxy-cert", file.display().to_string())));
    let variables = [("HTTPS_PROXY", https), ("HTTP_PROXY", http), ("NO_PROXY", skip_range.to_owned())];
    let variables: Vec<_> = variables.into_iter().filter(|_| with_environment).collect();
    let render = |start: &str, gives: &str, line_end: &str, shell: Shell| {
        let variables = variables
            .iter()
            .map(|(name, value)| [start, name, gives, &shell.quote_whole(value), "\n"].concat());
        let flags = flags.iter().map(|(name, value)| format!(" {line_end}\n  {name} {}", shell.quote(value)));
        variables.collect::<String>() + head + &flags.collect::<String>()
    };
    AzCommand {
        bash: render("export ", "=", "\\", Shell::Bash),
        powershell: render("$env:", " = ", "`", Shell::PowerShell),
    }
}

/// A password would end up in the history of the shell.
fn url_with_placeholders(url: &ProxyUrl) -> String {
    let text = url.to_string();
    match (url.authorization(), text.split_once("://")) {
        (Some(_), Some((scheme, rest))) => format!("{scheme}://USER:PASSWORD@{rest}"),
        _ => text,
    }
}
