//! The machine's hosts file, which programs look into before they ask DNS.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

/// Names with their addresses, lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostsFile(HashMap<String, Vec<IpAddr>>);

impl HostsFile {
    /// Reads the system's file; one that is absent, unreadable or huge counts as empty.
    pub(super) fn read_system() -> Self {
        let path = if cfg!(windows) { r"C:\Windows\System32\drivers\etc\hosts" } else { "/etc/hosts" };
        let is_readable_size = std::fs::metadata(path).is_ok_and(|m| m.len() <= MAX_FILE_BYTES);
        let text = if is_readable_size {
            std::fs::read_to_string(Path::new(path)).unwrap_or_default()
        } else {
            String::new()
        };
        Self::parse(&text)
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut names: HashMap<String, Vec<IpAddr>> = HashMap::new();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(address) = words.next().and_then(|w| w.parse::<IpAddr>().ok()) else { continue };
            for name in words {
                names.entry(name.to_ascii_lowercase()).or_default().push(address);
            }
        }
        Self(names)
    }

    /// The addresses of a name.
    pub(crate) fn find_addresses(&self, name: &str) -> Option<&[IpAddr]> {
        self.0.get(&name.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

/// Block lists of a few hundred kilobytes exist.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_several_names_are_parsed() {
        let file = HostsFile::parse(
            "# x\n127.0.0.1 localhost\n10.1.2.3\tA.Example b.example # c\nnonsense d\n::1 a.example",
        );
        assert_eq!(
            file.find_addresses("a.example"),
            Some(&["10.1.2.3".parse().unwrap(), "::1".parse().unwrap()][..])
        );
        assert_eq!(file.find_addresses("B.EXAMPLE").map(<[_]>::len), Some(1));
        assert_eq!(file.find_addresses("c"), None);
    }
}
