//! Names to addresses: our own stub resolver, so that every answer keeps its server, its code and its time.
//!
//! The system's resolver is never called: getaddrinfo cannot be cancelled and hides which server failed and how. But it is
//! asked as programs ask: the hosts file, the search list, UDP, the order of the servers.

pub(crate) mod hosts_file;
pub(crate) mod query;
pub(crate) mod system;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::{join, join_all};
use futures::stream::FuturesUnordered;
use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::model::evidence::{Cause, Failure, LookupSource, ResolveDetail, SearchedName};
use crate::probe::lock::lock;
use hosts_file::{HostsEntry, HostsFile};
use query::{DnsAnswer, send_query};
use system::{QueryOptions, SearchList, SystemResolverConfig};

/// A stub resolver with a cache for the run. Each name is asked once, however many want it.
#[derive(Debug)]
pub struct Resolver {
    servers: Vec<Server>,
    origin: String,
    search: SearchList,
    hosts: HostsFile,
    options: QueryOptions,
    timeout: Duration,
    in_flight: Semaphore,
    cache: Mutex<HashMap<String, Arc<OnceCell<Arc<Lookup>>>>>,
}

/// The servers that this machine is configured with.
pub fn read_system_servers() -> Vec<SocketAddr> {
    SystemResolverConfig::read().servers
}

/// What came of a lookup.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The questions and the addresses.
    pub detail: ResolveDetail,
    /// `None` when there are addresses.
    pub failure: Option<Failure>,
    /// When the first question was sent.
    pub started: Instant,
    /// Until the last answer that was waited for.
    pub took: Duration,
}

#[derive(Debug)]
struct Server {
    address: SocketAddr,
    has_answered: AtomicBool,
    /// Turns true when a first question found it dead; who still waits for it stops waiting.
    unresponsive: watch::Sender<Option<Failure>>,
}

impl Resolver {
    /// Asks these servers.
    pub fn with_servers(servers: &[SocketAddr], from: impl Into<String>, timeout: Duration) -> Self {
        let server = |&address| Server {
            address,
            has_answered: AtomicBool::new(false),
            unresponsive: watch::Sender::new(None),
        };
        Self {
            servers: servers.iter().map(server).collect(),
            origin: from.into(),
            search: SearchList::default(),
            hosts: HostsFile::default(),
            options: QueryOptions::default(),
            timeout,
            in_flight: Semaphore::new(MAX_QUERIES_IN_FLIGHT),
            cache: Mutex::default(),
        }
    }

    /// Asks the servers that this machine is configured with, after a look into its hosts file.
    pub fn from_system(timeout: Duration) -> Self {
        let system = SystemResolverConfig::read();
        let plain = Self::with_servers(&system.servers, system.origin, timeout);
        Self { hosts: HostsFile::read_system(), search: system.search, options: system.options, ..plain }
    }

    /// The servers, in the order in which they are asked.
    pub fn servers(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|s| s.address).collect()
    }

    /// Where the list of servers comes from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Both families of a name, as programs look it up: the search list comes first where the name has few dots. A name that
    /// ends with a dot is complete, and an address stands for itself.
    pub async fn lookup_name(&self, host: &str) -> Arc<Lookup> {
        let key = host.to_ascii_lowercase();
        let cell = {
            let mut cache = lock(&self.cache);
            Arc::clone(cache.entry(key.clone()).or_default())
        };
        Arc::clone(cell.get_or_init(|| async { Arc::new(self.lookup_uncached(&key).await) }).await)
    }

    /// A name as people write it: the machine's search list is walked as programs do it (resolv.conf(5), `ndots`).
    pub async fn lookup_with_search_list(&self, host: &str) -> Arc<Lookup> {
        let mut first = None;
        for name in self.search.candidate_names(host) {
            let lookup = self.lookup_name(&(name.trim_end_matches('.').to_owned() + ".")).await;
            let is_missing = |f: &Failure| matches!(f.cause, Cause::DnsNxdomain | Cause::DnsNoData);
            if !lookup.failure.as_ref().is_some_and(is_missing) {
                return lookup;
            }
            first.get_or_insert(lookup);
        }
        match first {
            Some(lookup) => lookup,
            None => self.lookup_name(host).await,
        }
    }

    async fn lookup_uncached(&self, asked: &str) -> Lookup {
        let started = Instant::now();
        let host = asked.trim_end_matches('.');
        if let Some(detail) = self.find_without_dns(host) {
            return Lookup { detail, failure: None, started, took: started.elapsed() };
        }
        let (detail, failure) = match Name::from_ascii(format!("{host}.")) {
            Ok(name) => {
                let (absolute, searched) =
                    join(self.query_both_families(host, &name), self.search_names(asked)).await;
                apply_searched(absolute, searched)
            }
            Err(e) => {
                let failure = Failure::new(Cause::Unknown, format!("\"{host}\" is no DNS name: {e}"));
                (ResolveDetail { name: host.into(), ..ResolveDetail::default() }, Some(failure))
            }
        };
        Lookup { detail, failure, started, took: started.elapsed() }
    }

    fn find_without_dns(&self, host: &str) -> Option<ResolveDetail> {
        let detail = ResolveDetail { name: host.into(), ..ResolveDetail::default() };
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Some(ResolveDetail { source: LookupSource::Literal, addresses: vec![address], ..detail });
        }
        let HostsEntry { line, addresses } = self.hosts.find_entry(host)?.clone();
        Some(ResolveDetail { source: LookupSource::HostsFile, hosts_line: Some(line), addresses, ..detail })
    }

    /// What DNS has for the names that programs try first. Most have nothing, and are left out.
    async fn search_names(&self, host: &str) -> Vec<SearchedName> {
        let names = self.search.names_before(host);
        let searched = join_all(names.iter().map(|name| self.search_name(name))).await;
        searched.into_iter().flatten().collect()
    }

    async fn search_name(&self, text: &str) -> Option<SearchedName> {
        let name = Name::from_ascii(format!("{text}.")).ok()?;
        // waits begin with our turn: a long queue must not look like a silent server
        let _turn = self.in_flight.acquire().await;
        let wait = self.timeout.mul_f64(NEXT_SERVER_FRACTION);
        let answers = timeout(wait, self.query_servers(&name, RecordType::A)).await;
        let (addresses, cause) = match &answers {
            Err(_) => (Vec::new(), Some(Cause::DnsTimeout)),
            Ok(answers) => (
                answers.decisive_answer().map(|a| a.addresses.clone()).unwrap_or_default(),
                answers.failure().map(|f| f.cause),
            ),
        };
        let is_absent = matches!(cause, Some(Cause::DnsNxdomain | Cause::DnsNoData));
        (!is_absent).then(|| SearchedName { name: text.to_owned(), addresses, cause })
    }

    /// The second family gets a moment after the first: servers that ignore AAAA must not hold up a good A.
    async fn query_both_families(&self, host: &str, name: &Name) -> (ResolveDetail, Option<Failure>) {
        let _turn = self.in_flight.acquire_many(2).await;
        let a = self.query_servers(name, RecordType::A);
        let aaaa = self.query_servers(name, RecordType::AAAA);
        tokio::pin!(a, aaaa);
        let (v4, v6) = tokio::select! {
            v4 = &mut a => {
                let has_addresses = v4.failure().is_none();
                let wait = if has_addresses { SECOND_FAMILY_GRACE } else { self.timeout };
                let silence = || v4.silence_of(RecordType::AAAA, wait).filter(|_| has_addresses);
                let v6 = timeout(wait, aaaa).await.ok().or_else(silence);
                (Some(v4), v6)
            }
            v6 = &mut aaaa => {
                let wait = if v6.failure().is_none() { SECOND_FAMILY_GRACE.max(self.timeout / 2) } else { self.timeout };
                (timeout(wait, a).await.ok(), Some(v6))
            }
        };
        combine_families(host, v4, v6)
    }

    /// Servers in order. The next one is asked when one fails, and beside it when it stays silent for a while, so that
    /// three dead servers cost one time-out and not three.
    async fn query_servers(&self, name: &Name, kind: RecordType) -> ServerAnswers {
        let mut answers = ServerAnswers::default();
        let mut waiting = self.servers_for(name).filter(|s| s.unresponsive.borrow().is_none());
        let mut running = FuturesUnordered::new();
        let mut asked = Vec::new();
        let until = Instant::now() + self.timeout;
        // the last server gets its share of the time, too
        let share = self.timeout / u32::try_from(self.servers.len() + 1).unwrap_or(u32::MAX);
        let stagger = self.timeout.mul_f64(NEXT_SERVER_FRACTION).min(share);
        loop {
            if running.is_empty() || answers.needs_next_server {
                answers.needs_next_server = false;
                if let Some(server) = waiting.next().filter(|_| Instant::now() < until) {
                    asked.push((server.address, Instant::now()));
                    running.push(self.query_server(server, name, kind, until));
                }
            }
            if running.is_empty() {
                return answers.or_presumed_failure(&self.servers);
            }
            tokio::select! {
                Some(answer) = running.next() => {
                    if answers.add_answer(answer) {
                        asked.retain(|(_, sent)| sent.elapsed() >= stagger);
                        answers.add_silent_servers(&asked, kind);
                        return answers;
                    }
                }
                () = sleep(stagger) => answers.needs_next_server = true,
            }
        }
    }

    /// In the order in which they are asked for a name. With `rotate` programs begin with another one each time; which one it is
    /// here depends on the name alone, so that two runs ask alike.
    fn servers_for(&self, name: &Name) -> impl Iterator<Item = &Server> {
        let count = self.servers.len();
        let letters = name.iter().flatten().map(|&byte| usize::from(byte)).sum::<usize>();
        let first = if self.options.rotates { letters % count.max(1) } else { 0 };
        self.servers.iter().cycle().skip(first).take(count)
    }

    async fn query_server(
        &self,
        server: &Server,
        name: &Name,
        kind: RecordType,
        until: Instant,
    ) -> Option<DnsAnswer> {
        let mut dead = server.unresponsive.subscribe();
        let left = until.saturating_duration_since(Instant::now());
        let within = self.options.patience.unwrap_or(left).min(left);
        let mut answer = tokio::select! {
            biased;
            answer = send_query(server.address, name, kind, self.options, within) => answer,
            _ = dead.wait_for(Option::is_some) => return None,
        };
        if within < left {
            answer.blame_options();
        }
        server.update_liveness(&answer);
        Some(answer)
    }
}

impl Server {
    /// One time-out or refusal before any answer means dead: the rest of the run does not wait for it again.
    fn update_liveness(&self, answer: &DnsAnswer) {
        if answer.is_from_server() {
            self.has_answered.store(true, Ordering::Relaxed);
            return;
        }
        if !self.has_answered.load(Ordering::Relaxed) && !answer.is_local_failure() {
            self.unresponsive.send_if_modified(|dead| {
                let first = dead.is_none();
                if first {
                    dead.clone_from(&answer.failure);
                }
                first
            });
        }
    }
}

/// The answers of several servers to one question.
#[derive(Default)]
pub(crate) struct ServerAnswers {
    answers: Vec<DnsAnswer>,
    /// Index of the answer that counts, once one settles the question.
    decisive: Option<usize>,
    /// What was known of servers that were not asked again.
    presumed_failure: Option<Failure>,
    needs_next_server: bool,
}

impl ServerAnswers {
    /// Takes an answer in; true when no other server needs to be asked.
    pub(crate) fn add_answer(&mut self, answer: Option<DnsAnswer>) -> bool {
        let Some(answer) = answer else {
            self.needs_next_server = true;
            return false;
        };
        let settles = answer.is_final();
        self.answers.push(answer);
        if settles {
            self.decisive = Some(self.answers.len() - 1);
        } else {
            self.needs_next_server = true;
        }
        settles
    }

    /// Records the servers that were asked and had not answered when another one did.
    fn add_silent_servers(&mut self, asked: &[(SocketAddr, Instant)], kind: RecordType) {
        for &(server, sent) in asked {
            if self.answers.iter().all(|a| a.query.server != server) {
                self.answers.push(DnsAnswer::from_silence(server, kind, sent.elapsed()));
            }
        }
    }

    /// With no answer at all, what made the servers count as dead stands in for one.
    fn or_presumed_failure(mut self, servers: &[Server]) -> Self {
        if self.answers.is_empty() {
            self.presumed_failure = servers.iter().find_map(|s| s.unresponsive.borrow().clone());
            if servers.is_empty() {
                self.presumed_failure =
                    Some(Failure::new(Cause::DnsUnreachable, "no DNS server is configured"));
            }
        }
        self
    }

    /// The other family of a name, which stayed away at the server that answered for this one.
    fn silence_of(&self, kind: RecordType, waited: Duration) -> Option<Self> {
        let server = self.decisive_answer()?.query.server;
        Some(Self { answers: vec![DnsAnswer::from_silence(server, kind, waited)], ..Self::default() })
    }

    fn decisive_answer(&self) -> Option<&DnsAnswer> {
        // without a settling answer, one in which a server spoke tells more than silence
        self.decisive
            .and_then(|i| self.answers.get(i))
            .or_else(|| self.answers.iter().find(|a| a.is_from_server()))
            .or_else(|| self.answers.first())
    }

    fn failure(&self) -> Option<&Failure> {
        match self.decisive_answer() {
            Some(answer) => answer.failure.as_ref(),
            None => self.presumed_failure.as_ref(),
        }
    }
}

/// The first of the searched names with addresses counts. What failed among them is of interest where the name itself did
/// not.
fn apply_searched(
    (mut detail, failure): (ResolveDetail, Option<Failure>),
    searched: Vec<SearchedName>,
) -> (ResolveDetail, Option<Failure>) {
    if let Some(first) = searched.iter().find(|s| !s.addresses.is_empty()) {
        detail.addresses.clone_from(&first.addresses);
        detail.cnames.clear();
        detail.searched = searched;
        return (detail, None);
    }
    if failure.is_none() {
        detail.searched = searched;
    }
    (detail, failure)
}

pub(crate) fn combine_families(
    host: &str,
    v4: Option<ServerAnswers>,
    v6: Option<ServerAnswers>,
) -> (ResolveDetail, Option<Failure>) {
    let mut detail = ResolveDetail { name: host.into(), ..ResolveDetail::default() };
    let mut failure = None;
    for asked in [v4, v6].into_iter().flatten() {
        if let Some(answer) = asked.decisive_answer() {
            detail.addresses.extend(&answer.addresses);
            if detail.cnames.is_empty() {
                detail.cnames.clone_from(&answer.cnames);
            }
        }
        failure = more_specific_failure(failure, asked.failure().cloned());
        detail.queries.extend(asked.answers.into_iter().map(|a| a.query));
    }
    if detail.queries.is_empty() && detail.addresses.is_empty() {
        detail.source = LookupSource::Settled;
    }
    if !detail.addresses.is_empty() {
        failure = None;
    }
    (detail, failure)
}

/// The families can disagree; "no data" is the weakest word, since it is the normal answer for AAAA.
fn more_specific_failure(first: Option<Failure>, second: Option<Failure>) -> Option<Failure> {
    match (first, second) {
        (Some(first), Some(second)) if first.cause == Cause::DnsNoData => Some(second),
        (Some(first), _) => Some(first),
        (None, second) => second,
    }
}

/// How many servers `--resolver` and the system may name between them is not bounded; how many questions wait is. Each
/// has a socket of its own, and a server's receive buffer holds a few hundred small datagrams.
const MAX_QUERIES_IN_FLIGHT: usize = 200;

/// How long the second family may take once the first has addresses.
const SECOND_FAMILY_GRACE: Duration = Duration::from_millis(400);

/// Of a time-out: when the next server is asked beside a silent one, and a searched name counts as silent.
const NEXT_SERVER_FRACTION: f64 = 0.2;
