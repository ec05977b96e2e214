//! The suffix below which nothing works: filters, zones and access lists are written for suffixes.

use std::collections::HashSet;

use super::wording::label_suffixes;

/// The shortest suffix of at least two labels that no good name has; `good` holds all suffixes of the good names.
pub(super) fn failing_suffix<'a>(host: &'a str, good: &HashSet<&str>) -> &'a str {
    label_suffixes(host).filter(|s| s.contains('.')).take_while(|s| !good.contains(s)).last().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_suffix_without_a_working_name_is_found() {
        let good: HashSet<_> =
            ["management.azure.com", "mcr.microsoft.com"].into_iter().flat_map(label_suffixes).collect();
        let table = [
            ("gbl.his.arc.azure.com", "arc.azure.com"),
            ("weu.servicebus.windows.net", "windows.net"),
            ("x.mcr.microsoft.com", "x.mcr.microsoft.com"),
            ("mcr.microsoft.com", "mcr.microsoft.com"),
            ("single", "single"),
        ];
        for (host, suffix) in table {
            assert_eq!(failing_suffix(host, &good), suffix, "{host}");
        }
    }
}
