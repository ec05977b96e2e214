//! Ways to the API server.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::bed::on_the_lab;

/// A proxy that knows CONNECT and nothing else.
struct TunnelProxy {
    address: SocketAddr,
    targets: Arc<Mutex<Vec<String>>>,
}

impl TunnelProxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve_tunnel(client, &log));
            }
        });
        Self { address, targets: asked }
    }

    fn take_targets(&self) -> Vec<String> {
        std::mem::take(&mut self.targets.lock().unwrap())
    }
}

fn serve_tunnel(mut client: TcpStream, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(target.clone());
    let Ok(server) = TcpStream::connect(target) else { return };
    let _ = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
    let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let mut server = server;
    let _ = std::io::copy(&mut reader, &mut server);
}

#[test]
fn the_api_server_is_reached_through_a_proxy() {
    on_the_lab(|namespace| {
        let proxy = TunnelProxy::start();
        let url = format!("http://{}", proxy.address);
        let cleanup = || namespace.program("cleanup");

        cleanup().env("HTTPS_PROXY", &url).run().exits(0);
        assert!(proxy.take_targets().iter().all(|target| target == "172.30.240.1:6443"));
        cleanup().env("HTTPS_PROXY", &url).env("NO_PROXY", "172.30.240.0/24").run().exits(0);
        assert!(proxy.take_targets().is_empty());

        // the kubeconfig's own proxy wins over the environment, blanks and commas in NO_PROXY included
        let directory = tempfile::tempdir().unwrap();
        let raw = namespace.cluster.kubectl(&["config", "view", "--raw", "-o", "json"]);
        let mut config: serde_json::Value = serde_json::from_str(&raw).unwrap();
        config["clusters"][0]["cluster"]["proxy-url"] = url.into();
        let path = directory.path().join("kubeconfig");
        std::fs::write(&path, config.to_string()).unwrap();
        let path = path.to_str().unwrap();
        cleanup().args(["--kube-config", path]).env("NO_PROXY", "172.30.240.1, ,").run().exits(0);
        assert!(!proxy.take_targets().is_empty());
    });
}

#[test]
fn an_expired_token_of_a_credential_plugin_is_reported() {
    on_the_lab(|namespace| {
        let directory = tempfile::tempdir().unwrap();
        let raw = namespace.cluster.kubectl(&["config", "view", "--raw", "-o", "json"]);
        let mut config: serde_json::Value = serde_json::from_str(&raw).unwrap();
        let credential = r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "expired"}}"#;
        config["users"][0]["user"] = serde_json::json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1",
            "command": "echo", "args": [credential], "interactiveMode": "Never"}});
        let path = directory.path().join("kubeconfig");
        std::fs::write(&path, config.to_string()).unwrap();
        let ran = namespace.program("cleanup").args(["--kube-config", path.to_str().unwrap()]).run().exits(5);
        assert!(ran.stderr.contains("does not accept the credentials (401)"), "{}", ran.stderr);
        assert!(ran.stderr.contains("server https://172.30.240.1:6443"), "{}", ran.stderr);
    });
}
