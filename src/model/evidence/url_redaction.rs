//! What must not get into a report: the secrets in URLs, in the text of others and as they are typed. Nothing else in the
//! program takes them out.

/// The text without user info and without queries and fragments that hold values; `…` stands where one was. Looks at URLs
/// wherever they stand, whole or relative.
pub fn redact_url_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut values = UrlValues::default();
    let mut at = 0;
    while let Some(next) = text[at..].find(['?', '#', '/']) {
        out.push_str(&text[at..at + next]);
        at += next;
        if let Some(authority) = text[at..].strip_prefix("//") {
            out.push_str("//");
            at = text.len() - skip_user_info(authority).len();
            continue;
        }
        let is_path = text[at..].starts_with('/');
        out.push_str(&text[at..=at]);
        at += 1;
        // a query or fragment stays where it holds no value, as in "Sorry? Yes."
        if let Some(end) = values.end_of_url_with_value(text, at).filter(|_| !is_path) {
            out.push('…');
            at = end;
        }
    }
    out + &text[at..]
}

/// Where the URL ends that is looked at, and the last value in it. Looked for once for each: a peer may send a text of
/// question marks alone.
#[derive(Default)]
struct UrlValues {
    end: usize,
    last: Option<usize>,
}

impl UrlValues {
    /// The end of the URL, if it has a value behind this place.
    fn end_of_url_with_value(&mut self, text: &str, at: usize) -> Option<usize> {
        if at >= self.end {
            self.end = text[at..].find(is_url_end).map_or(text.len(), |end| at + end);
            self.last = text[at..self.end].rfind('=').map(|equals| at + equals);
        }
        self.last.filter(|last| *last >= at).map(|_| self.end)
    }
}

/// The text without user info in its URLs, and otherwise as it is.
pub fn redact_url_credentials(text: &str) -> String {
    mark_url_credentials(text, "")
}

/// The same with a mark where user info was.
pub fn mark_url_credentials(text: &str, mark: &str) -> String {
    let mut parts = text.split("//");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let rest = skip_user_info(part);
        out + "//" + if rest.len() < part.len() { mark } else { "" } + rest
    })
}

/// A URL, or what was meant to be one, with a mark in place of its user info; `None` where it has none. The scheme may be
/// missing and the password may hold anything, so that all before the last `@` is taken for it.
pub fn mark_user_info(url: &str, mark: &str) -> Option<String> {
    let (front, host) = url.rsplit_once('@')?;
    let is_scheme =
        |word: &&str| word.trim_start().bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let scheme = front.split_once("://").map(|(word, _)| word).filter(is_scheme);
    Some(format!("{}{mark}{host}", scheme.map(|word| format!("{word}://")).unwrap_or_default()))
}

/// Without what stands before the last `@` of an authority (RFC 3986 3.2.1).
fn skip_user_info(text: &str) -> &str {
    let end = text.find(|c| is_url_end(c) || matches!(c, '/' | '?' | '#')).unwrap_or(text.len());
    text[..end].rfind('@').map_or(text, |at| &text[at + 1..])
}

fn is_url_end(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_alone_are_redacted() {
        let table = [
            ("no URL a@b", "no URL a@b"),
            ("'http://u:pw@h:1' and http://me@x/?k=v", "'http://h:1' and http://x/?k=v"),
            ("// a comment of joe@x", "// a comment of joe@x"),
            ("http://me@x,http://u:p@ss@[fd00::1]:8/a@b", "http://x,http://[fd00::1]:8/a@b"),
            ("//u:p%40ss@h", "//h"),
            ("HTTPS://U:PW@H", "HTTPS://H"),
        ];
        for (text, expected) in table {
            assert_eq!(redact_url_credentials(text), expected);
        }
        assert_eq!(mark_url_credentials("http://u:p@h http://x", "***@"), "http://***@h http://x");
    }

    #[test]
    fn a_typed_url_keeps_its_host_alone() {
        let table = [
            ("http://proxy:3128", None),
            ("", None),
            ("joe@proxy", Some("***@proxy")),
            ("u:pw@proxy:3128", Some("***@proxy:3128")),
            ("http://u:pw@proxy:3128/", Some("http://***@proxy:3128/")),
            ("http://u:p@s/s?w#d@proxy:1", Some("http://***@proxy:1")),
            ("http://u:p%40ss@[fd00::1]:3128", Some("http://***@[fd00::1]:3128")),
            ("u:a://b@proxy", Some("***@proxy")),
        ];
        for (url, marked) in table {
            assert_eq!(mark_user_info(url, "***@").as_deref(), marked, "{url}");
        }
    }

    /// Proportional to the length: this took minutes when every mark looked for the end of the text.
    #[test]
    fn redaction_takes_linear_time() {
        for sign in ["?", "#", "/", "//", "?/", "//@", "=?", "//a"] {
            let text = sign.repeat(1 << 17);
            assert!(redact_url_secrets(&text).len() <= text.len());
            assert!(redact_url_credentials(&text).len() <= text.len());
        }
    }

    #[test]
    fn secrets_are_redacted_and_the_rest_stays() {
        let table = [
            ("", ""),
            ("https://a.example/b/c", "https://a.example/b/c"),
            ("https://me:pw@a.example:8/b", "https://a.example:8/b"),
            ("https://a@b:pw@a.example", "https://a.example"),
            ("//me@a.example/@b", "//a.example/@b"),
            ("https://a.example?k=v&l=w now", "https://a.example?… now"),
            ("<a href=\"/x?t=1#u=2\">y</a>", "<a href=\"/x?…\">y</a>"),
            ("https://a.example/#token=1", "https://a.example/#…"),
            ("Sorry? Ask #42. 1/2 a@b.example", "Sorry? Ask #42. 1/2 a@b.example"),
            ("//", "//"),
        ];
        for (text, expected) in table {
            assert_eq!(redact_url_secrets(text), expected, "{text}");
        }
    }
}
