//! An API server as far as arcprobe asks one: it answers with objects and texts of real ones, for what the cluster of the
//! tests is too old for and for what must not go wrong there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::kubeconfig::write_kubeconfig;
use crate::program::Program;

/// What the server answers.
#[derive(Clone, Default)]
pub(crate) struct Scenario {
    /// Status and message for every request.
    pub(crate) refuses_all: Option<(u16, &'static str)>,
    /// Verb and resource that the user may not, such as `create jobs`.
    pub(crate) forbidden: Option<(&'static str, &'static str)>,
    /// Status and message for the creation of a Job.
    pub(crate) refuses_jobs: Option<(u16, &'static str)>,
    /// The event that the Job controller writes instead of making a pod.
    pub(crate) failed_create: Option<&'static str>,
    /// What is laid over the pod that it makes.
    pub(crate) pod: Option<Value>,
    /// What paths answer, before all else; without their queries.
    pub(crate) answers: Vec<(&'static str, u16, Value)>,
    /// Requests that begin like this, such as `DELETE /apis/batch`, get no answer for a long time.
    pub(crate) unanswered: Option<&'static str>,
    /// The log, for each time that it is read; the last one again and again.
    pub(crate) logs: Vec<String>,
    /// The log of a pod is what the real agent records of its task, asking this resolver; each task is carried out once.
    pub(crate) agent_resolver: Option<SocketAddr>,
    /// Nodes; at least one.
    pub(crate) nodes: usize,
}

/// A running server; it ends with the process.
pub(crate) struct FakeApi {
    address: SocketAddr,
    request_lines: Arc<Mutex<Vec<String>>>,
    recorded: Arc<Mutex<Vec<RecordedRequest>>>,
}

/// What a request has in addition to its path.
#[derive(Clone)]
pub(crate) struct RecordedRequest {
    pub(crate) request: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

impl FakeApi {
    pub(crate) fn start(scenario: Scenario) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::<Mutex<Vec<RecordedRequest>>>::default();
        let state = Arc::new(State {
            scenario,
            request_lines: Arc::clone(&seen),
            recorded: Arc::clone(&recorded),
            jobs: Mutex::default(),
            reads: Mutex::default(),
            tasks: Mutex::default(),
            agent_outputs: Mutex::default(),
        });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || state.serve_connection(stream));
            }
        });
        Self { address, request_lines: seen, recorded }
    }

    /// The requests so far, with their headers and bodies.
    pub(crate) fn recorded_requests(&self) -> Vec<RecordedRequest> {
        self.recorded.lock().unwrap().clone()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A kubeconfig for it.
    pub(crate) fn kubeconfig(&self, directory: &Path) -> PathBuf {
        kubeconfig(directory, &self.url())
    }

    /// The requests so far: method and path without its query.
    pub(crate) fn request_lines(&self) -> Vec<String> {
        self.request_lines.lock().unwrap().clone()
    }
}

/// Writes a kubeconfig whose only context is `fake`.
pub(crate) fn kubeconfig(directory: &Path, server: &str) -> PathBuf {
    write_kubeconfig(directory, "ops", &[("fake", json!({"server": server}))], &json!({"token": "t0ken"}))
}

struct State {
    scenario: Scenario,
    request_lines: Arc<Mutex<Vec<String>>>,
    recorded: Arc<Mutex<Vec<RecordedRequest>>>,
    jobs: Mutex<Vec<Value>>,
    reads: Mutex<usize>,
    /// What the Secrets hold, by their names.
    tasks: Mutex<BTreeMap<String, Vec<u8>>>,
    /// What agents recorded, by the names of the Secrets of their tasks.
    agent_outputs: Mutex<BTreeMap<String, String>>,
}

impl State {
    fn serve_connection(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some((head, authorization, body)) = read_request(&mut reader) {
            let mut words = head.split(' ');
            let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let path = target.split('?').next().unwrap_or_default();
            let request = format!("{method} {path}");
            self.request_lines.lock().unwrap().push(request.clone());
            let text = String::from_utf8_lossy(&body).into_owned();
            self.recorded.lock().unwrap().push(RecordedRequest { request, authorization, body: text });
            if self.scenario.unanswered.is_some_and(|silent| head.starts_with(silent)) {
                std::thread::sleep(std::time::Duration::from_secs(100));
            }
            let (status, text) = self.answer_request(method, path, &body);
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                text.len()
            );
            if stream.write_all(format!("{head}{text}").as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer_request(&self, method: &str, path: &str, body: &[u8]) -> (u16, String) {
        let scenario = &self.scenario;
        if let Some((code, message)) = scenario.refuses_all {
            return status_object(code, message);
        }
        if path.ends_with("/log") {
            return (
                200,
                match scenario.agent_resolver {
                    Some(resolver) => self.agent_output(path, resolver),
                    None => self.log(),
                },
            );
        }
        if let Some((_, status, body)) = scenario.answers.iter().find(|(known, ..)| *known == path) {
            return if *status == 200 {
                (200, body.to_string())
            } else {
                status_object(*status, body.as_str().unwrap_or_default())
            };
        }
        let last = path.rsplit('/').next().unwrap_or_default();
        match (method, last) {
            ("POST", "selfsubjectaccessreviews") => (200, self.review_access(body)),
            ("POST", "jobs") if scenario.refuses_jobs.is_some() => {
                let (code, message) = scenario.refuses_jobs.unwrap();
                status_object(code, message)
            }
            ("POST", _) => (201, self.create_object(last, body)),
            ("DELETE", _) => {
                (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}).to_string())
            }
            ("GET", "apis") => {
                (200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": []}).to_string())
            }
            ("GET", "nodes") => {
                (200, list("NodeList", &(1..=scenario.nodes.max(1)).map(node).collect::<Vec<_>>()))
            }
            ("GET", "events") => (200, list("EventList", &self.list_events())),
            ("GET", "pods") => (200, list("PodList", &self.list_pods())),
            _ => status_object(404, "the server could not find the requested resource"),
        }
    }

    fn log(&self) -> String {
        let mut reads = self.reads.lock().unwrap();
        let logs = &self.scenario.logs;
        let log = logs.get(*reads).or(logs.last()).cloned().unwrap_or_default();
        *reads += 1;
        log
    }

    /// What the agent in a pod records.
    fn agent_output(&self, path: &str, resolver: SocketAddr) -> String {
        let pod = path.rsplit('/').nth(1).unwrap_or_default();
        let jobs = self.jobs.lock().unwrap();
        let is_its = |job: &&Value| pod.strip_suffix("-abcde") == job["metadata"]["name"].as_str();
        let volumes = &jobs.iter().find(is_its).unwrap()["spec"]["template"]["spec"]["volumes"];
        let mut secrets =
            volumes.as_array().unwrap().iter().filter_map(|volume| volume["secret"]["secretName"].as_str());
        let name = secrets.next_back().unwrap().to_owned();
        drop(jobs);
        // held while it runs, so that the others wait for its records
        let mut agents = self.agent_outputs.lock().unwrap();
        agents
            .entry(name.clone())
            .or_insert_with(|| run_agent(&self.tasks.lock().unwrap()[&name], resolver))
            .clone()
    }

    fn review_access(&self, body: &[u8]) -> String {
        let mut review: Value = serde_json::from_slice(body).unwrap();
        let asked = &review["spec"]["resourceAttributes"];
        let is_it = |(verb, resource): (&str, &str)| asked["verb"] == verb && asked["resource"] == resource;
        let allowed = !self.scenario.forbidden.is_some_and(is_it);
        review["status"] = json!({"allowed": allowed});
        review.to_string()
    }

    fn create_object(&self, resource: &str, body: &[u8]) -> String {
        let mut object: Value = serde_json::from_slice(body).unwrap();
        let name = object["metadata"]["name"].as_str().map(str::to_owned);
        let name = name.unwrap_or_else(|| {
            format!("{}x", object["metadata"]["generateName"].as_str().unwrap_or_default())
        });
        object["metadata"]["uid"] = json!(format!("uid-of-{name}"));
        object["metadata"]["name"] = json!(name);
        if resource == "jobs" {
            self.jobs.lock().unwrap().push(object.clone());
        }
        if resource == "secrets" {
            let task = object["data"]["task.json"].as_str().unwrap_or_default();
            self.tasks.lock().unwrap().insert(name, BASE64_STANDARD.decode(task).unwrap());
        }
        object.to_string()
    }

    /// The pods that a Job controller would have made.
    fn list_pods(&self) -> Vec<Value> {
        if self.scenario.failed_create.is_some() {
            return Vec::new();
        }
        let pod = |job: &Value| {
            let name = job["metadata"]["name"].as_str().unwrap();
            let mut labels = job["metadata"]["labels"].clone();
            labels["job-name"] = json!(name);
            let mut pod = json!({
                "metadata": {"name": format!("{name}-abcde"), "labels": labels},
                "spec": job["spec"]["template"]["spec"],
                "status": {"phase": "Succeeded", "containerStatuses": [state(&json!({"terminated": {"exitCode": 0}}))]},
            });
            if let Some(over) = &self.scenario.pod {
                merge(&mut pod, over);
            }
            pod
        };
        self.jobs.lock().unwrap().iter().map(pod).collect()
    }

    fn list_events(&self) -> Vec<Value> {
        let event = |message: &&str| json!({"metadata": {"name": "e"}, "involvedObject": {}, "reason": "FailedCreate", "message": message});
        self.scenario.failed_create.iter().map(event).collect()
    }
}

/// The status of the agent's container.
pub(crate) fn state(state: &Value) -> Value {
    json!({"name": "agent", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state})
}

fn merge(into: &mut Value, over: &Value) {
    match (into, over) {
        (Value::Object(into), Value::Object(over)) => {
            for (key, value) in over {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(over)) if into.len() == over.len() => {
            into.iter_mut().zip(over).for_each(|(into, over)| merge(into, over));
        }
        (into, over) => *into = over.clone(),
    }
}

/// What the real agent records of a task.
fn run_agent(task: &[u8], resolver: SocketAddr) -> String {
    // in a pod it would ask the cluster's own
    let mut task: Value = serde_json::from_slice(task).unwrap();
    task["probe"]["resolvers"] = json!([resolver]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("task.json");
    std::fs::write(&file, task.to_string()).unwrap();
    Program::new().args(["agent", file.to_str().unwrap()]).run().exits(0).stdout
}

fn node(number: usize) -> Value {
    json!({
        "metadata": {"name": format!("node{number}")},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "images": [{"names": ["registry.k8s.io/pause:3.9"], "sizeBytes": 300}],
            "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux", "bootID": "", "containerRuntimeVersion": "",
                "kernelVersion": "", "kubeProxyVersion": "", "kubeletVersion": "v1.30.0", "machineID": "", "osImage": "",
                "systemUUID": ""}
        }
    })
}

fn list(kind: &str, items: &[Value]) -> String {
    json!({"kind": kind, "apiVersion": "v1", "metadata": {}, "items": items}).to_string()
}

fn status_object(code: u16, message: &str) -> (u16, String) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": "",
        "code": code
    });
    (code, status.to_string())
}

/// The first line, the login and the body.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, String, Vec<u8>)> {
    let mut head = String::new();
    reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if line.to_ascii_lowercase().starts_with("authorization:") {
            line.trim().clone_into(&mut authorization);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, authorization, body))
}
