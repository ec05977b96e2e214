//! Reads files of waivers.

use serde::Deserialize;

use super::suggest::did_you_mean;
use crate::model::waiver::Waiver;

/// A file that cannot be read as waivers.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct WaiversError {
    file: String,
    problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiversFile {
    waivers: Vec<Waiver>,
}

/// The waivers of a file; `codes` are all that can be waived.
///
/// # Errors
/// When it is no such file, or a waiver is about something that does not exist; the error names it and the value.
pub fn parse_waivers(file: &str, text: &str, codes: &[String]) -> Result<Vec<Waiver>, WaiversError> {
    let failed = |problem: String| WaiversError { file: file.to_owned(), problem };
    if text.len() > MAX_FILE_BYTES {
        return Err(failed(format!("{} bytes; at most {MAX_FILE_BYTES} are read", text.len())));
    }
    if let Some(problem) = super::load::describe_unsafe_yaml(text) {
        return Err(failed(problem));
    }
    let read: WaiversFile = serde_yaml::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|e| failed(super::load::describe_yaml_error(&e)))?;
    for (place, waiver) in read.waivers.iter().enumerate() {
        check_waiver(waiver, codes).map_err(|problem| failed(format!("waiver {}: {problem}", place + 1)))?;
    }
    Ok(read.waivers)
}

fn check_waiver(waiver: &Waiver, codes: &[String]) -> Result<(), String> {
    let code = &waiver.code;
    if !codes.contains(code) {
        let guess = did_you_mean(code, codes.iter().map(String::as_str));
        return Err(format!("unknown code \"{code}\"{guess}; `arcprobe explain` lists all"));
    }
    let host = waiver.endpoint.strip_prefix("*.").unwrap_or(&waiver.endpoint);
    let is_name = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let is_host = is_name || host.parse::<std::net::IpAddr>().is_ok();
    if waiver.endpoint != "*" && !is_host {
        return Err(format!(
            "the endpoint \"{}\" is no host, no suffix such as *.example.com, and not *; it has no scheme, port or path",
            waiver.endpoint
        ));
    }
    if let Some(vantage) = waiver.vantage.as_deref().filter(|v| !["workstation", "pod", "node"].contains(v)) {
        return Err(format!("unknown vantage \"{vantage}\"; allowed are workstation, pod, node"));
    }
    if waiver.reason.trim().is_empty() {
        return Err("the reason is empty; say why it is accepted, and by whom".to_owned());
    }
    Ok(())
}

/// In bytes.
const MAX_FILE_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_file_is_rejected_with_its_name_and_the_value() {
        let codes = ["tls_intercepted".to_owned(), "arc_az".to_owned()];
        let waiver = |code: &str, endpoint: &str, until: &str, more: &str| {
            format!("waivers: [{{code: {code}, endpoint: '{endpoint}', reason: r, until: {until}{more}}}]")
        };
        let good = waiver("tls_intercepted", "*.servicebus.windows.net", "2027-01-31", ", vantage: pod");
        let read = |text: &str| parse_waivers("own.yaml", text, &codes);
        assert_eq!(read(&good).unwrap()[0].until.to_string(), "2027-01-31");
        let table = [
            (String::new(), "own.yaml: "),
            ("waivers: [&a {}, *a]".into(), "aliases are not supported at line 1 column 18"),
            (format!("waivers: {}", "[".repeat(200)), "too many brackets"),
            ("waivers: 3".into(), "own.yaml: "),
            (
                waiver("tls_intercept", "*", "2027-01-31", ""),
                "waiver 1: unknown code \"tls_intercept\"; did you mean \"tls_intercepted\"?",
            ),
            (waiver("arc_az", "a b", "2027-01-31", ""), "the endpoint \"a b\" is no host"),
            (waiver("arc_az", "a.example:443", "2027-01-31", ""), "it has no scheme, port or path"),
            (waiver("arc_az", "https://a.example/", "2027-01-31", ""), "it has no scheme, port or path"),
            (waiver("arc_az", "*", "31.01.2027", ""), "\"31.01.2027\" is no day such as 2027-01-31"),
            (waiver("arc_az", "a.*.b", "2027-01-31", ""), "the endpoint \"a.*.b\" is no host"),
            (waiver("arc_az", "*", "2027-02-31", ""), "waivers[0]"),
            (waiver("arc_az", "*", "soon", ""), "waivers[0]"),
            (waiver("arc_az", "*", "2027-01-31", ", vantage: moon"), "unknown vantage \"moon\""),
            (waiver("arc_az", "*", "2027-01-31", ", colour: red"), "unknown field `colour`"),
            ("waivers: [{code: arc_az, endpoint: '*', until: 2027-01-31}]".into(), "missing field `reason`"),
            (
                "waivers: [{code: arc_az, endpoint: '*', reason: ' ', until: 2027-01-31}]".into(),
                "the reason is empty",
            ),
        ];
        for (text, expected) in table {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.starts_with("own.yaml: ") && error.contains(expected), "{text}: {error}");
        }
    }
}
