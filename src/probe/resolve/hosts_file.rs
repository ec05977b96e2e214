//! The machine's hosts file, which programs look into before they ask DNS.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

/// Names, lower case, with what stands there for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostsFile(HashMap<String, HostsEntry>);

/// What stands in the hosts file for a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HostsEntry {
    /// The line of the first address, counted from 1.
    pub(crate) line: usize,
    pub(crate) addresses: Vec<IpAddr>,
}

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
        let mut names: HashMap<String, HostsEntry> = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(address) = words.next().and_then(|w| w.parse::<IpAddr>().ok()) else { continue };
            for name in words {
                let entry = names.entry(name.to_ascii_lowercase());
                let new = || HostsEntry { line: index + 1, addresses: Vec::new() };
                entry.or_insert_with(new).addresses.push(address);
            }
        }
        Self(names)
    }

    /// What stands there for a name.
    pub(crate) fn find_entry(&self, name: &str) -> Option<&HostsEntry> {
        self.0.get(&name.to_ascii_lowercase())
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
        let entry = |line, addresses: &[&str]| HostsEntry {
            line,
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
        };
        assert_eq!(file.find_entry("a.example"), Some(&entry(3, &["10.1.2.3", "::1"])));
        assert_eq!(file.find_entry("B.EXAMPLE"), Some(&entry(3, &["10.1.2.3"])));
        assert_eq!(file.find_entry("c"), None);
    }
}
