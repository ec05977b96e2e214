//! `user:password` in the URL of a proxy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::url_error::{UrlAdvice, UrlError};
use crate::model::secret::Secret;

/// The value of `Authorization` or `Proxy-Authorization` (RFC 7617) for a `user:password` as it stands before the `@` of a URL;
/// `None` where there is nothing.
///
/// # Errors
/// It cannot be sent. The error never repeats the text.
pub fn encode_basic_credentials(user_info: &str) -> Result<Option<Secret>, UrlError> {
    parse_credentials(user_info, &mut Vec::new())
}

pub(super) fn parse_credentials(text: &str, advice: &mut Vec<UrlAdvice>) -> Result<Option<Secret>, UrlError> {
    if text.is_empty() {
        return Ok(None);
    }
    let forbidden = list_forbidden_characters(text);
    if !forbidden.is_empty() {
        return Err(UrlError::Unescaped(forbidden));
    }
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    if password.contains(':') {
        advice.push(UrlAdvice::ColonInPassword);
    }
    let (user, password) = (decode_percent(user)?, decode_percent(password)?);
    if user.contains(':') {
        return Err(UrlError::ColonInUser);
    }
    Ok(Some(Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))))
}

/// What a user info cannot hold (RFC 3986 3.2.1), each once. The caller splits at the last `@`, as all clients do, so that
/// an `@` or `/` of the password ends up here and is named.
fn list_forbidden_characters(text: &str) -> Vec<char> {
    let mut forbidden = Vec::new();
    for c in text.chars().filter(|c| !c.is_ascii_alphanumeric() && !"-._~!$&'()*+,;=:%".contains(*c)) {
        if !forbidden.contains(&c) {
            forbidden.push(c);
        }
    }
    forbidden
}

fn decode_percent(text: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or(UrlError::PercentEncoding)?;
        bytes.push(decode_hex_byte(digits)?);
        bytes.extend(rest.bytes());
    }
    let text = String::from_utf8(bytes).map_err(|_| UrlError::NotUtf8)?;
    if text.chars().any(char::is_control) { Err(UrlError::ControlCharacter) } else { Ok(text) }
}

/// The digits are looked at first: the parser of numbers would take a sign.
fn decode_hex_byte(digits: &str) -> Result<u8, UrlError> {
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| is_hex).ok_or(UrlError::PercentEncoding)
}
