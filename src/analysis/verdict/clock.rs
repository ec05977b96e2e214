//! Whether a certificate out of its time is the certificate's fault or the clock's.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::model::evidence::{Cause, CertificateSummary, Detail, Step, TlsDetail};

/// Clocks that differ by less are close enough: tokens and Kerberos tolerate five minutes too.
pub(crate) const TOLERATED_SKEW_S: u64 = 300;

/// The cause of a failed step, with `tls_expired` and `tls_not_yet_valid` turned into `clock_skew` when the chain is in its
/// time by the server's clock and ours is more than five minutes away from it.
pub(super) fn correct_cause_for_clock(step: &Step) -> Cause {
    let cause = step.cause.unwrap_or(Cause::Unknown);
    match (cause, &step.detail) {
        (Cause::TlsExpired | Cause::TlsNotYetValid, Detail::Tls(tls)) if is_our_clock_wrong(tls) => {
            Cause::ClockSkew
        }
        _ => cause,
    }
}

fn is_our_clock_wrong(tls: &TlsDetail) -> bool {
    let is_far_off = tls.clock_skew_s.is_some_and(|s| s.unsigned_abs() > TOLERATED_SKEW_S);
    let server_now = tls.server_date.as_deref().and_then(parse_time);
    is_far_off && !tls.chain.is_empty() && server_now.is_some_and(|now| is_chain_valid_at(&tls.chain, now))
}

/// Roots that a server sends along are left out: they are looked up in the stores, not judged by their dates.
fn is_chain_valid_at(chain: &[CertificateSummary], now: Timestamp) -> bool {
    chain.iter().enumerate().filter(|(at, c)| *at == 0 || c.subject != c.issuer).all(|(_, c)| {
        let begins = c.not_before.as_deref().and_then(parse_time);
        let ends = c.not_after.as_deref().and_then(parse_time);
        begins.is_some_and(|t| t <= now) && ends.is_some_and(|t| now <= t)
    })
}

/// A `Date` header (RFC 9110 5.6.7) or an RFC 3339 time.
fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Some(rfc2822::parse(text).ok()?.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "Wed, 01 Jul 2026 12:00:00 GMT";

    #[test]
    fn the_clock_is_blamed_only_when_the_server_contradicts_it() {
        let table = [
            // skew, server's date, valid until, is the clock to blame
            (Some(-864_000), Some(SERVER), "2026-07-05T00:00:00Z", true),
            (Some(-864_000), Some("2026-07-01T12:00:00Z"), "2026-07-05T00:00:00Z", true),
            (Some(-864_000), Some(SERVER), "2026-06-05T00:00:00Z", false),
            (Some(-300), Some(SERVER), "2026-07-05T00:00:00Z", false),
            (Some(301), Some(SERVER), "2026-07-05T00:00:00Z", true),
            (None, Some(SERVER), "2026-07-05T00:00:00Z", false),
            (Some(-864_000), None, "2026-07-05T00:00:00Z", false),
            (Some(-864_000), Some("yesterday"), "2026-07-05T00:00:00Z", false),
            (Some(-864_000), Some(SERVER), "never", false),
        ];
        for (skew, date, until, is_wrong) in table {
            let leaf = CertificateSummary {
                not_before: Some("2026-06-01T00:00:00Z".into()),
                not_after: Some(until.into()),
                ..Default::default()
            };
            let tls = TlsDetail {
                chain: vec![leaf],
                server_date: date.map(Into::into),
                clock_skew_s: skew,
                ..Default::default()
            };
            assert_eq!(is_our_clock_wrong(&tls), is_wrong, "{skew:?} {date:?} {until}");
        }
    }
}
