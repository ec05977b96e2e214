//! Reads the proxy settings of this machine, where neither flags nor variables name a proxy. Nothing is used of them: az, kubectl and
//! agents read variables, so that a proxy that stands here only is a fact to report.

use std::time::Duration;

use tokio::time::timeout;

use super::Environment;
use super::external_tool::run_tool;
use crate::model::system_proxy::SystemProxy;
use crate::proxy::system_settings as settings;

/// What the settings name; nothing where a variable names a proxy.
pub(super) async fn find_system_proxies(environment: Environment) -> Vec<SystemProxy> {
    let has_variable = VARIABLES.iter().any(|name| {
        [name.to_ascii_lowercase(), (*name).to_owned()]
            .iter()
            .any(|name| !read(&environment, name).is_empty())
    });
    if has_variable { Vec::new() } else { read_settings(&environment).await }
}

#[cfg(target_os = "macos")]
async fn read_settings(_: &Environment) -> Vec<SystemProxy> {
    ask("scutil", &["--proxy"], settings::parse_macos).await.into_iter().collect()
}

#[cfg(windows)]
async fn read_settings(_: &Environment) -> Vec<SystemProxy> {
    const KEY: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings";
    let (user, services) = tokio::join!(
        ask("reg", &["query", KEY], settings::parse_windows),
        ask("netsh", &["winhttp", "show", "proxy"], settings::parse_winhttp)
    );
    user.into_iter().chain(services).collect()
}

/// Of the desktop that is running; a server has none.
#[cfg(not(any(windows, target_os = "macos")))]
async fn read_settings(environment: &Environment) -> Vec<SystemProxy> {
    let desktop = read(environment, "XDG_CURRENT_DESKTOP").to_ascii_uppercase();
    if desktop.contains("KDE") {
        return read_kde(environment).await.into_iter().collect();
    }
    if desktop.is_empty() {
        return Vec::new();
    }
    let arguments = ["list-recursively", "org.gnome.system.proxy"];
    ask("gsettings", &arguments, settings::parse_gnome).await.into_iter().collect()
}

#[cfg(not(any(windows, target_os = "macos")))]
async fn read_kde(environment: &Environment) -> Option<SystemProxy> {
    use std::path::Path;

    let own = Some(read(environment, "XDG_CONFIG_HOME")).filter(|folder| !folder.is_empty());
    let folder = own.map_or_else(|| Path::new(read(environment, "HOME")).join(".config"), Into::into);
    let file = folder.join("kioslaverc");
    let size = tokio::fs::metadata(&file).await.ok().filter(std::fs::Metadata::is_file)?.len();
    let text = tokio::fs::read(&file).await.ok().filter(|_| size <= MAX_FILE_BYTES)?;
    settings::parse_kde(&String::from_utf8_lossy(&text))
}

async fn ask(
    program: &str,
    arguments: &[&str],
    parse: fn(&str) -> Option<SystemProxy>,
) -> Option<SystemProxy> {
    let output = timeout(TIME_LIMIT, run_tool(program, arguments)).await.ok()?.ok()?;
    parse(&output)
}

fn read<'a>(environment: &'a Environment, name: &str) -> &'a str {
    environment.get(name).map(String::as_str).unwrap_or_default()
}

const VARIABLES: &[&str] = &["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/// A run of healthy endpoints takes as long.
const TIME_LIMIT: Duration = Duration::from_millis(500);

#[cfg(not(any(windows, target_os = "macos")))]
const MAX_FILE_BYTES: u64 = 1 << 20;
