//! Carries a task out and tells what comes of it, line by line.

use std::io::{self, Write};
use std::sync::Arc;

use super::lines::Writer;
use super::{Failed, Hello, Record, Seen, Summary, Task, VERSION};
use crate::model::evidence::{Evidence, InsideName};
use crate::model::plan::Plan;
use crate::model::vantage::VantageKind;
use crate::probe::Event;
use crate::probe::measure::{interruption, measure};
use crate::probe::net::Net;

/// Carries out the task that a file holds and writes records to `out`. What keeps it from doing so is a record too, so
/// that it reaches the workstation by the same way.
///
/// # Errors
/// When `out` takes nothing more, or the asynchronous runtime does not start.
pub fn run(task: &[u8], out: impl Write) -> io::Result<()> {
    let mut teller = Teller { out, writer: Writer::default() };
    let prepared = Task::parse(task).map_err(|e| e.to_string()).and_then(|task| {
        let (net, routes) = task.prepare().map_err(|e| e.to_string())?;
        Ok((task, net, routes))
    });
    let (task, net, routes) = match prepared {
        Ok(prepared) => prepared,
        Err(text) => return teller.tell(&Record::Failed(Failed { text })),
    };
    teller.tell(&Record::Hello(hello(&net)))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stopped = runtime.spawn(interruption());
    let stop = async { drop(stopped.await) };
    let mut done = 0;
    let mut told = Ok(());
    let listen = |event: Event<'_>| {
        let record = match event {
            Event::Planned(number) => Record::Planned(number),
            Event::Finished(_) => {
                done += 1;
                Record::Done(done)
            }
            Event::Started(..) => return,
        };
        if told.is_ok() {
            told = teller.tell(&record);
        }
    };
    let lookout = task.lookout(&routes);
    let net = Arc::new(net);
    let inside = inside(&net, task.vantage);
    let measured = measure(&lookout, Arc::clone(&net), task.probe.bounds(), stop, listen);
    let (inside, (plan, evidence)) = runtime.block_on(async { tokio::join!(inside, measured) });
    runtime.shutdown_background();
    told?;
    if let Some(name) = inside {
        teller.tell(&Record::Inside(name))?;
    }
    teller.tell_all(plan, evidence)
}

/// Every cluster has this name; the search list of a pod completes it.
const INSIDE: &str = "kubernetes.default.svc";

async fn inside(net: &Net, vantage: VantageKind) -> Option<InsideName> {
    if vantage != VantageKind::Pod {
        return None;
    }
    let lookup = net.resolver.search(INSIDE).await;
    let failure = lookup.failure.clone();
    Some(InsideName {
        name: INSIDE.to_owned(),
        cause: failure.as_ref().map(|f| f.cause),
        raw: failure.map(|f| f.raw),
    })
}

fn hello(net: &Net) -> Hello {
    Hello {
        version: VERSION.to_owned(),
        resolvers: net.resolver.servers(),
        resolvers_from: net.resolver.origin().to_owned(),
        now: net.clock.now().to_string(),
    }
}

struct Teller<W> {
    out: W,
    writer: Writer,
}

impl<W: Write> Teller<W> {
    fn tell(&mut self, record: &Record) -> io::Result<()> {
        let lines = self.writer.lines(record)?;
        self.out.write_all(lines.as_bytes())?;
        self.out.flush()
    }

    fn tell_all(&mut self, plan: Plan, evidence: Evidence) -> io::Result<()> {
        for inquiry in evidence.inquiries {
            self.tell(&Record::Inquiry(inquiry))?;
        }
        for (check, observation) in plan.checks.into_iter().zip(evidence.observations) {
            self.tell(&Record::Seen(Seen { id: check.id, observation }))?;
        }
        self.tell(&Record::End(Summary {
            took: evidence.took,
            interrupted: evidence.interrupted,
            deadline_passed: evidence.deadline_passed,
        }))
    }
}
