//! The scalar values of a rules file. Each is checked while it is read, so that the message carries line and column.

use std::fmt;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::visitors::{IntVisitor, StrVisitor};

/// Placeholders that a host or path may hold, and what each stands for. `{region}`, `{his_code}` and `{geography}` come
/// from the region; the others from `--set NAME=VALUE`.
pub const PLACEHOLDERS: &[(&str, &str)] = &[
    ("region", "the region's name, such as eastus"),
    ("his_code", "the short code of the hybrid identity service, such as eus"),
    ("geography", "the geography label, such as northamerica"),
    ("gateway_prefix", "the first label of the Arc gateway's URL"),
    ("vault", "the name of a Key Vault"),
    ("git_host", "the host of the Git, Helm or bucket source"),
    ("workspace_id", "the id of a Log Analytics workspace"),
    ("storage_account", "the name of a storage account"),
    ("eventgrid_namespace", "the name of an Event Grid namespace"),
    ("eventhubs_namespace", "the name of an Event Hubs namespace"),
];

/// How long a host name can be (RFC 1035 2.3.4).
const MAX_HOST_NAME_LEN: usize = 253;

macro_rules! checked_string {
    ($(#[$doc:meta])* $name:ident, $check:path, $pattern:literal, $about:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub(crate) String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                d.deserialize_str(StrVisitor { expected: $about, parse: |text: &str| text.parse() })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $about })
            }
        }
    };
}

checked_string!(
    /// A word of lower-case letters, digits and dashes.
    Id, check_id, "^[a-z0-9][a-z0-9-]*$", "lower-case letters, digits and dashes"
);
checked_string!(
    /// A fully qualified host name without a trailing dot; ASCII.
    HostName, check_host_name, "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", "a host name such as management.azure.com"
);
checked_string!(
    /// A host name, a template with placeholders, or a wildcard for the labels below a suffix.
    HostPattern, check_host_pattern, "^(\\*\\.)?[A-Za-z0-9{}_.-]+$",
    "a host name, a template such as {region}.dp.example.com, or a wildcard such as *.example.com"
);
checked_string!(
    /// A path with its query, beginning with a slash; may hold placeholders.
    PathTemplate, check_path, "^/[!-~]*$", "a path that begins with a slash"
);
checked_string!(
    /// A date as YYYY-MM-DD.
    Date, check_date, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "YYYY-MM-DD"
);

impl HostPattern {
    /// Whether it stands for the names below a suffix.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// The names of the placeholders in it.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        placeholder_names(&self.0)
    }

    /// Whether this is a wildcard and the name lies below it. A placeholder stands for any text within its label.
    pub fn covers(&self, name: &str) -> bool {
        let Some(suffix) = self.0.strip_prefix("*.") else { return false };
        let labels = suffix.split('.').count();
        let Some(extra) = name.split('.').count().checked_sub(labels).filter(|&n| n > 0) else {
            return false;
        };
        suffix
            .split('.')
            .zip(name.split('.').skip(extra))
            .all(|(pattern, label)| label_matches(pattern, label))
    }
}

/// A TCP port, 1 to 65535; 443 when not given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(transparent)]
pub struct Port(pub u16);

impl Default for Port {
    fn default() -> Self {
        Self(443)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let make = |n: i64| {
            let port = u16::try_from(n).ok().filter(|&p| p > 0);
            port.map(Self).ok_or_else(|| format!("port {n} is impossible; allowed are 1 to 65535"))
        };
        d.deserialize_i64(IntVisitor { expected: "a port number", parse: make })
    }
}

impl JsonSchema for Port {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Port".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 65535 })
    }
}

/// An HTTP status, 100 to 599.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize)]
#[serde(transparent)]
pub struct HttpStatus(pub u16);

impl<'de> Deserialize<'de> for HttpStatus {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let make = |n: i64| {
            let status = u16::try_from(n).ok().filter(|s| (100..600).contains(s));
            status.map(Self).ok_or_else(|| format!("{n} is no HTTP status; allowed are 100 to 599"))
        };
        d.deserialize_i64(IntVisitor { expected: "an HTTP status", parse: make })
    }
}

impl JsonSchema for HttpStatus {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HttpStatus".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 100, "maximum": 599 })
    }
}

/// The names between braces, in order.
pub(crate) fn placeholder_names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

fn check_id(text: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !text.is_empty() && text.chars().all(fits) && !text.starts_with('-') {
        return Ok(());
    }
    Err(format!("\"{text}\" is no id; allowed are lower-case letters, digits and dashes"))
}

pub(crate) fn check_host_name(text: &str) -> Result<(), String> {
    if text.len() > MAX_HOST_NAME_LEN {
        return Err(format!(
            "a host name of {} characters is too long; allowed are {MAX_HOST_NAME_LEN}",
            text.len()
        ));
    }
    if text.contains([':', '/']) {
        return Err(format!(
            "\"{text}\" is no host name; give the name alone, without scheme, port and path"
        ));
    }
    for label in text.split('.') {
        check_label(label, text)?;
    }
    Ok(())
}

fn check_label(label: &str, whole: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if label.is_empty() {
        return Err(format!("\"{whole}\" is no host name: it has an empty label"));
    }
    if label.len() > 63 {
        return Err(format!("\"{whole}\" is no host name: a label has more than 63 characters"));
    }
    if let Some(c) = label.chars().find(|&c| !fits(c)) {
        return Err(format!(
            "\"{whole}\" is no host name: \"{c}\" cannot stand in it (give names in ASCII, xn-- form)"
        ));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(format!("\"{whole}\" is no host name: a label begins or ends with a dash"));
    }
    Ok(())
}

fn check_host_pattern(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix("*.").unwrap_or(text);
    if rest.contains('*') {
        return Err(format!(
            "\"{text}\" is a bad host pattern: \"*\" may only stand for the leading labels, as in *.example.com"
        ));
    }
    check_placeholders(text)?;
    let filled = substitute_placeholders(rest);
    check_host_name(&filled).map_err(|_| match check_host_name(&filled) {
        Err(message) => message.replace(&filled, text),
        Ok(()) => format!("\"{text}\" is a bad host pattern"),
    })?;
    if text.starts_with("*.") && !rest.contains('.') {
        return Err(format!(
            "\"{text}\" is a bad host pattern: a wildcard needs a suffix of two labels at least"
        ));
    }
    Ok(())
}

/// Whether a label is the pattern, with any text in place of its first placeholder.
fn label_matches(pattern: &str, label: &str) -> bool {
    let (pattern, label) = (pattern.to_ascii_lowercase(), label.to_ascii_lowercase());
    match (pattern.split_once('{'), pattern.rsplit_once('}')) {
        (Some((before, _)), Some((_, after))) => {
            label.len() > before.len() + after.len() && label.starts_with(before) && label.ends_with(after)
        }
        _ => pattern == label,
    }
}

fn check_path(text: &str) -> Result<(), String> {
    if !text.starts_with('/') {
        return Err(format!("\"{text}\" is no path; it has to begin with \"/\""));
    }
    if let Some(c) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(format!("\"{text}\" is no path: {c:?} has to be percent-encoded"));
    }
    check_placeholders(text)
}

fn check_placeholders(text: &str) -> Result<(), String> {
    if !has_paired_braces(text) {
        return Err(format!("\"{text}\" has an unpaired brace"));
    }
    match placeholder_names(text).find(|name| !PLACEHOLDERS.iter().any(|(known, _)| known == name)) {
        Some(name) => Err(format!("unknown placeholder {{{name}}}; allowed are {}", *PLACEHOLDER_LIST)),
        None => Ok(()),
    }
}

/// Whether each opening brace is closed before the next one opens.
fn has_paired_braces(text: &str) -> bool {
    let mut open = false;
    for c in text.chars().filter(|c| matches!(c, '{' | '}')) {
        if open == (c == '{') {
            return false;
        }
        open = !open;
    }
    !open
}

fn check_date(text: &str) -> Result<(), String> {
    text.parse::<jiff::civil::Date>()
        .map(|_| ())
        .map_err(|_| format!("\"{text}\" is no date; write it as YYYY-MM-DD"))
}

/// A pattern with each placeholder replaced by a letter, so that the rest can be checked as a name.
fn substitute_placeholders(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                out.push('x');
            }
            _ if inside => {}
            _ => out.push(c),
        }
    }
    out
}

static PLACEHOLDER_LIST: LazyLock<String> = LazyLock::new(|| {
    PLACEHOLDERS.iter().map(|(name, _)| format!("{{{name}}}")).collect::<Vec<_>>().join(", ")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_patterns_are_checked() {
        for good in [
            "a.example.com",
            "*.example.com",
            "{region}.dp.example.com",
            "*.{region}.example.com",
            "{git_host}",
        ] {
            assert_eq!(check_host_pattern(good), Ok(()), "{good}");
        }
        let bad = [
            ("*", "*"),
            ("*.com", "two labels"),
            ("a.*.example.com", "leading labels"),
            ("{nobody}.example.com", "unknown placeholder {nobody}"),
            ("https://example.com", "the name alone"),
            ("a..example.com", "empty label"),
            ("{region.example.com", "unpaired"),
            ("{{region}}.example.com", "unpaired"),
            ("}region{.example.com", "unpaired"),
        ];
        for (text, message) in bad {
            let got = check_host_pattern(text).unwrap_err();
            assert!(got.contains(message), "{text}: {got}");
        }
    }

    #[test]
    fn samples_lie_below_their_wildcard() {
        let table = [
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.Example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "aexample.com", false),
            ("*.{region}.example.com", "a.eastus.example.com", true),
            ("*.{region}.example.com", "eastus.example.com", false),
            ("*.{region}-1.ts.example.com", "a.eastus-1.ts.example.com", true),
            ("*.{region}-1.ts.example.com", "a.eastus-2.ts.example.com", false),
            ("example.com", "a.example.com", false),
        ];
        for (pattern, name, below) in table {
            assert_eq!(pattern.parse::<HostPattern>().unwrap().covers(name), below, "{pattern} {name}");
        }
    }

    #[test]
    fn placeholders_have_names() {
        let names = |text: &str| -> Vec<String> {
            text.parse::<HostPattern>().unwrap().placeholders().map(str::to_owned).collect()
        };
        assert_eq!(names("{vault}.{region}.example.com"), ["vault", "region"]);
        assert_eq!(names("*.example.com"), Vec::<String>::new());
    }

    proptest::proptest! {
        #[test]
        fn a_filled_pattern_is_a_host_name(text in "(\\*\\.)?([a-z{}.-]|\\{region\\}){1,12}") {
            if let Ok(pattern) = text.parse::<HostPattern>() {
                let host = pattern.as_str().trim_start_matches("*.").replace("{region}", "r");
                proptest::prop_assert_eq!(check_host_name(&host), Ok(()));
            }
        }

        #[test]
        fn any_text_is_a_host_pattern_or_an_error(text in "[a-z*.{}_ -]{0,40}") {
            match text.parse::<HostPattern>() {
                Ok(pattern) => proptest::prop_assert_eq!(pattern.as_str(), text),
                Err(message) => proptest::prop_assert!(!message.is_empty()),
            }
        }

        #[test]
        fn a_wildcard_covers_what_is_put_before_its_suffix(label in "[a-z0-9]{1,20}", suffix in "[a-z]{1,9}\\.[a-z]{2,5}") {
            let pattern: HostPattern = format!("*.{suffix}").parse().unwrap();
            let name = format!("{label}.{suffix}");
            proptest::prop_assert!(pattern.covers(&name));
            proptest::prop_assert!(!pattern.covers(&suffix));
        }
    }
}
