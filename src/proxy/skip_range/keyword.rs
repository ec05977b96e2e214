//! Words in `--proxy-skip-range` that stand for hosts.

use std::borrow::Cow;

use crate::model::rules::Cloud;

/// What `az` makes of the flag before agents get it: `Arc`, in any case, stands for the suffixes that a private link carries.
/// No program knows the word in `NO_PROXY` (azure-cli-extensions, connectedk8s 1.11.2, `expand_proxy_skip_range_keywords` and
/// its tests, 2026-08-20).
pub(in crate::proxy) fn expand_keywords(value: &str, cloud: Cloud) -> Cow<'_, str> {
    let is_keyword = |entry: &str| entry.trim().eq_ignore_ascii_case("arc");
    if !value.split(',').any(is_keyword) {
        return Cow::Borrowed(value);
    }
    let domain = match cloud {
        Cloud::AzureCloud => "com",
        Cloud::AzureUSGovernment => "us",
        Cloud::AzureChinaCloud => "cn",
    };
    let suffixes = SUFFIXES.map(|suffix| format!("{suffix}.{domain}")).join(",");
    let mut is_expanded = false;
    let entries = value.split(',').filter_map(|entry| match is_keyword(entry) {
        true if std::mem::replace(&mut is_expanded, true) => None,
        true => Some(suffixes.as_str()),
        false => Some(entry),
    });
    Cow::Owned(entries.collect::<Vec<_>>().join(","))
}

const SUFFIXES: [&str; 3] =
    [".his.arc.azure", ".dp.kubernetesconfiguration.azure", ".guestconfiguration.azure"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyword_stands_for_the_hosts_of_a_private_link() {
        let public = ".his.arc.azure.com,.dp.kubernetesconfiguration.azure.com,.guestconfiguration.azure.com";
        let table = [
            ("Arc", public.to_owned()),
            (" aRc ", public.to_owned()),
            ("10.0.0.0/16,Arc,.svc,arc", format!("10.0.0.0/16,{public},.svc")),
            ("10.0.0.0/16,.arc,arc.example", "10.0.0.0/16,.arc,arc.example".to_owned()),
            ("", String::new()),
        ];
        for (value, expected) in table {
            assert_eq!(expand_keywords(value, Cloud::AzureCloud), expected, "{value}");
        }
        assert!(expand_keywords("Arc", Cloud::AzureChinaCloud).starts_with(".his.arc.azure.cn,"));
    }
}
