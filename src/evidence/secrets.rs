//! What foreign text must not bring into a report: the secrets in its URLs.

/// The text without user info and without queries and fragments that hold values; `…` stands where one was. Looks at URLs
/// wherever they stand, whole or relative.
pub fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '#', '/']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        rest = if let Some(authority) = tail.strip_prefix("//") {
            out.push_str("//");
            host_and_rest(authority)
        } else {
            let (mark, tail) = tail.split_at(1);
            out.push_str(mark);
            if mark == "/" { tail } else { after_values(tail, &mut out) }
        };
    }
    out + rest
}

/// The text without user info in its URLs, and otherwise as it is.
pub fn without_logins(text: &str) -> String {
    let mut parts = text.split("//");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + "//" + host_and_rest(part))
}

/// Without what stands before the last `@` of an authority (RFC 3986 3.2.1).
fn host_and_rest(text: &str) -> &str {
    let end = text.find(|c| ends_url(c) || matches!(c, '/' | '?' | '#')).unwrap_or(text.len());
    text[..end].rfind('@').map_or(text, |at| &text[at + 1..])
}

/// What follows a query or fragment; it stays where it holds no value, as in "Sorry? Yes."
fn after_values<'a>(text: &'a str, out: &mut String) -> &'a str {
    let end = text.find(ends_url).unwrap_or(text.len());
    if !text[..end].contains('=') {
        return text;
    }
    out.push('…');
    &text[end..]
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_alone_are_taken_out() {
        let table = [
            ("no URL a@b", "no URL a@b"),
            ("'http://u:pw@h:1' and http://me@x/?k=v", "'http://h:1' and http://x/?k=v"),
            ("// a comment of joe@x", "// a comment of joe@x"),
        ];
        for (text, told) in table {
            assert_eq!(without_logins(text), told);
        }
    }

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
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
            assert_eq!(without_secrets(text), expected, "{text}");
        }
    }
}
