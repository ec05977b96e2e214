//! Carries a task out and tells what comes of it, line by line.

use std::io::{self, Write};
use std::sync::Arc;

use super::framing::RecordWriter;
use super::{AgentFailure, CheckObservation, Hello, Record, RunSummary, Task, VERSION};
use crate::model::evidence::{ClusterNameLookup, Evidence};
use crate::model::plan::Plan;
use crate::model::vantage::VantageKind;
use crate::probe::ProbeEvent;
use crate::probe::net::Net;
use crate::probe::vantage_run::{measure_vantage, wait_for_interrupt};

/// Carries out the task that a file holds and writes records to `out`. What keeps it from doing so is a record too, so
/// that it reaches the workstation by the same way.
///
/// # Errors
/// When `out` takes nothing more, or the asynchronous runtime does not start.
pub fn run_task(task: &[u8], out: impl Write) -> io::Result<()> {
    let mut sink = RecordSink { out, writer: RecordWriter::default() };
    let prepared = Task::parse(task).map_err(|e| e.to_string()).and_then(|task| {
        let (net, routes) = task.prepare_net().map_err(|e| e.to_string())?;
        Ok((task, net, routes))
    });
    let (task, net, routes) = match prepared {
        Ok(prepared) => prepared,
        Err(text) => return sink.write_record(&Record::Failed(AgentFailure { text })),
    };
    sink.write_record(&Record::Hello(build_hello(&net)))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stopped = runtime.spawn(wait_for_interrupt());
    let stop = async { drop(stopped.await) };
    let mut done = 0;
    let mut written = Ok(());
    let listen = |event: ProbeEvent<'_>| {
        let record = match event {
            ProbeEvent::Planned(number) => Record::Planned(number),
            ProbeEvent::Finished(_) => {
                done += 1;
                Record::Done(done)
            }
            ProbeEvent::Started(..) => return,
        };
        if written.is_ok() {
            written = sink.write_record(&record);
        }
    };
    let scope = task.vantage_scope(&routes);
    let net = Arc::new(net);
    let inside_name = resolve_api_server_name(&net, task.vantage);
    let measured = measure_vantage(&scope, Arc::clone(&net), task.probe.run_limits(), stop, listen);
    let (inside, (plan, evidence)) = runtime.block_on(async { tokio::join!(inside_name, measured) });
    runtime.shutdown_background();
    written?;
    if let Some(name) = inside {
        sink.write_record(&Record::ClusterName(name))?;
    }
    sink.write_results(plan, evidence)
}

/// Every cluster has this name; the search list of a pod completes it.
const API_SERVER_NAME: &str = "kubernetes.default.svc";

async fn resolve_api_server_name(net: &Net, vantage: VantageKind) -> Option<ClusterNameLookup> {
    if vantage != VantageKind::Pod {
        return None;
    }
    let lookup = net.resolver.lookup_with_search_list(API_SERVER_NAME).await;
    let failure = lookup.failure.clone();
    Some(ClusterNameLookup {
        name: API_SERVER_NAME.to_owned(),
        cause: failure.as_ref().map(|f| f.cause),
        raw: failure.map(|f| f.raw),
    })
}

fn build_hello(net: &Net) -> Hello {
    Hello {
        version: VERSION.to_owned(),
        resolvers: net.resolver.servers(),
        resolvers_from: net.resolver.origin().to_owned(),
        now: net.clock.now().to_string(),
    }
}

struct RecordSink<W> {
    out: W,
    writer: RecordWriter,
}

impl<W: Write> RecordSink<W> {
    fn write_record(&mut self, record: &Record) -> io::Result<()> {
        let lines = self.writer.frame_record(record)?;
        self.out.write_all(lines.as_bytes())?;
        self.out.flush()
    }

    fn write_results(&mut self, plan: Plan, evidence: Evidence) -> io::Result<()> {
        for discovery in evidence.discoveries {
            self.write_record(&Record::Discovered(discovery))?;
        }
        for (item, observation) in plan.items.into_iter().zip(evidence.observations) {
            self.write_record(&Record::Observed(CheckObservation { id: item.check.id, observation }))?;
        }
        self.write_record(&Record::End(RunSummary {
            took: evidence.took,
            interrupted: evidence.interrupted,
            deadline_passed: evidence.deadline_passed,
        }))
    }
}
