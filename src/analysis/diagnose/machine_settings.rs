//! The proxies in the settings of this machine, in words.

use super::wording::list_some;
use crate::model::command::Instruction;
use crate::model::system_proxy::SystemProxy;

/// One sentence: whose settings name what.
pub(super) fn describe_settings(found: &[SystemProxy]) -> String {
    let named = found.iter().map(|one| {
        let kind = if one.proxy.is_some() { "the proxy" } else { "the PAC file" };
        format!("{kind} {} ({})", one.address(), one.source.name())
    });
    let named: Vec<_> = named.collect();
    format!("The settings of this machine name {}, and no variable does.", list_some(&named, 3))
}

/// Python: <https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies>; Go:
/// <https://pkg.go.dev/net/http#ProxyFromEnvironment>; both read 2026-11-30.
pub(super) fn describe_readers(found: &[SystemProxy]) -> String {
    let is_read = |one: &SystemProxy| one.proxy.is_some() && one.source.is_read_by_python();
    let python = if found.iter().any(is_read) {
        " On Windows and macOS az reads that proxy, too, but no PAC file."
    } else {
        ""
    };
    format!("kubectl, helm, the Arc agents (Go), az (Python) and arcprobe read flags and variables.{python}")
}

/// What to do with a PAC file: in the place of a proxy it is refused with the proxies that it names.
pub(super) fn list_pac_proxies(found: &[SystemProxy]) -> Option<Instruction> {
    let pac = found.iter().find(|one| one.proxy.is_none())?;
    Some(Instruction::Text(format!(
        "pass {} to --proxy-https: the error lists the proxies that it names",
        pac.address()
    )))
}
