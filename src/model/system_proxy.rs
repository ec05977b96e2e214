//! A proxy in the settings of a machine, as opposed to flags and variables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the settings of a machine say about proxies. Neither credentials nor the query of a URL are in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SystemProxy {
    /// Whose settings.
    pub source: SettingsSource,
    /// `scheme://host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// The address of a PAC file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pac: Option<String>,
}

/// Where settings stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words speak for themselves")]
pub enum SettingsSource {
    Gnome,
    Kde,
    Macos,
    /// Of the user ("Internet Settings").
    Windows,
    /// Of Windows services.
    Winhttp,
}

impl SettingsSource {
    /// Its name on a screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gnome => "GNOME",
            Self::Kde => "KDE",
            Self::Macos => "macOS",
            Self::Windows => "Windows",
            Self::Winhttp => "WinHTTP",
        }
    }

    /// Whether Python asks there where no variable is set (`urllib.request.getproxies`): for a proxy, and never for a PAC file.
    pub fn is_read_by_python(self) -> bool {
        matches!(self, Self::Macos | Self::Windows)
    }
}

impl SystemProxy {
    /// What the settings name, as a flag takes it.
    pub fn address(&self) -> &str {
        self.proxy.as_deref().or(self.pac.as_deref()).unwrap_or_default()
    }
}
