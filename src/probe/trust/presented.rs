//! The certificates that a server presented, as a path from its own to the one that a store has to know.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::model::evidence::Cause;
use crate::probe::certificate::ParsedCertificate;
use crate::probe::classify;

/// A chain as it was presented.
pub(super) struct PresentedChain<'a> {
    /// All of it, in the order of the server.
    pub(super) certificates: &'a [ParsedCertificate],
    /// What the leaf leads to, by the names of issuers; the leaf is left out.
    path: Vec<&'a ParsedCertificate>,
    leaf: &'a ParsedCertificate,
    name: &'a ServerName<'static>,
    now: UnixTime,
}

/// The chain does not lead to the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct UnknownIssuer;

impl<'a> PresentedChain<'a> {
    /// `None` without a certificate.
    pub(super) fn new(
        certificates: &'a [ParsedCertificate],
        name: &'a ServerName<'static>,
        now: UnixTime,
    ) -> Option<Self> {
        let (leaf, rest) = certificates.split_first()?;
        let mut path = Vec::new();
        follow_issuers(&mut path, leaf, rest);
        Some(Self { certificates, path, leaf, name, now })
    }

    /// The certificate of the server itself.
    pub(super) fn leaf(&self) -> &'a ParsedCertificate {
        self.leaf
    }

    /// The certificate that the path ends in, whatever order they were sent in.
    pub(super) fn last(&self) -> &'a ParsedCertificate {
        let is_end = |c: &&&ParsedCertificate| c.is_self_issued || !self.path.iter().any(|o| o.issued(c));
        self.path.iter().find(is_end).or(self.path.last()).copied().unwrap_or(self.leaf)
    }

    #[cfg(test)]
    pub(super) fn path_length(&self) -> usize {
        self.path.len()
    }

    /// Those of the known certificates that stand between this chain and a root.
    pub(super) fn completed_by<'b>(&self, known: &'b [ParsedCertificate]) -> Vec<&'b ParsedCertificate> {
        let mut added = Vec::new();
        for start in std::iter::once(self.leaf).chain(self.path.iter().copied()) {
            follow_issuers(&mut added, start, known);
        }
        added.retain(|c| !self.path.iter().any(|sent| sent.der == c.der));
        added
    }

    /// Whether the server sent a certificate, at whatever place.
    pub(super) fn contains(&self, certificate: &ParsedCertificate) -> bool {
        self.certificates.iter().any(|sent| sent.der == certificate.der)
    }

    /// What is wrong with the certificate, seen by one store that the chain leads to.
    ///
    /// A certificate that is out of its time is refused before its issuer is looked for. It counts only if chain and name verify
    /// at a moment at which all of the path was valid: an expired certificate of an unknown CA is the work of an unknown CA.
    pub(super) fn problem_in(
        &self,
        verifier: &Arc<WebPkiServerVerifier>,
        added: &[&ParsedCertificate],
    ) -> Result<Option<Cause>, UnknownIssuer> {
        let path: Vec<_> = self.path.iter().chain(added).map(|c| c.der.clone()).collect();
        let problem = self.verify_at(verifier, &path, self.now);
        match problem {
            None | Some(Cause::TlsNameMismatch) => Ok(problem),
            Some(Cause::TlsExpired | Cause::TlsNotYetValid) => {
                let valid = self.moment_of_validity().ok_or(UnknownIssuer)?;
                match self.verify_at(verifier, &path, valid) {
                    None => Ok(problem),
                    Some(Cause::TlsNameMismatch) => Ok(Some(Cause::TlsNameMismatch)),
                    Some(_) => Err(UnknownIssuer),
                }
            }
            Some(_) => Err(UnknownIssuer),
        }
    }

    fn verify_at(
        &self,
        verifier: &Arc<WebPkiServerVerifier>,
        path: &[CertificateDer<'static>],
        at: UnixTime,
    ) -> Option<Cause> {
        let result = verifier.verify_server_cert(&self.leaf.der, path, self.name, &[], at);
        result.err().map(|e| classify::classify_certificate_error(&e))
    }

    /// The middle of the time in which the leaf and its issuers were all valid; roots that are sent along do not count.
    fn moment_of_validity(&self) -> Option<UnixTime> {
        let issuers = self.path.iter().filter(|c| !c.is_self_issued);
        let (from, until) = issuers.fold((self.leaf.not_before, self.leaf.not_after), |(from, until), c| {
            (from.max(c.not_before), until.min(c.not_after))
        });
        let middle = u64::try_from(from / 2 + until / 2).ok().filter(|_| from <= until)?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(middle)))
    }
}

/// Adds the issuers of a certificate, their issuers and so on. A peer may send any number of one name, and all paths through them
/// would be tried: two of a name are what a root and its cross certificate need.
fn follow_issuers<'a>(
    path: &mut Vec<&'a ParsedCertificate>,
    from: &ParsedCertificate,
    among: &'a [ParsedCertificate],
) {
    for next in among.iter().filter(|next| next.issued(from)) {
        let is_new = !path.iter().any(|c| c.der == next.der);
        let of_name = path.iter().filter(|c| c.subject_der == next.subject_der).count();
        if is_new && of_name < MAX_OF_NAME && path.len() < MAX_PATH_LENGTH {
            path.push(next);
            follow_issuers(path, next, among);
        }
    }
}

const MAX_OF_NAME: usize = 2;

/// Without the leaf.
const MAX_PATH_LENGTH: usize = 8;
