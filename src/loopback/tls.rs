//! The front: one listener that reads the ClientHello and behaves as the named host does.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{Accepted, Acceptor};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::StartHandshake;

use super::authorities::{Authority, authority_params, leaf_params, make_key, make_root};
use super::{Fault, Faults, LoopbackError, http, now, tcp};

/// What servers present, made when it is asked for.
pub(super) struct ServerConfigs {
    /// Stands for the public roots; signs nothing but the intermediate.
    root: Authority,
    intermediate: Authority,
    /// Signs what the inspecting proxy shows.
    corporate: Authority,
    leaf_key: KeyPair,
    provider: Arc<rustls::crypto::CryptoProvider>,
    made: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl ServerConfigs {
    pub(super) fn new() -> Result<Self, LoopbackError> {
        let root = make_root("Lab Public Root", "Lab", now())?;
        let below = authority_params("Lab Public Intermediate", "Lab", now())?;
        Ok(Self {
            intermediate: CertifiedIssuer::signed_by(below, make_key()?, &root)?,
            corporate: make_root("Contoso Corporate Proxy CA", "Contoso", now())?,
            root,
            leaf_key: make_key()?,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            made: Mutex::default(),
        })
    }

    pub(super) fn public_root(&self) -> &CertificateDer<'static> {
        self.root.der()
    }

    fn find_or_make(&self, name: &str, is_inspected: bool) -> Result<Arc<ServerConfig>, LoopbackError> {
        // what one connection broke must not break the others
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = made.get(name) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make(name, is_inspected)?);
        made.insert(name.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    /// Leaf and issuer; the root is left out, as public servers do.
    fn make(&self, name: &str, is_inspected: bool) -> Result<ServerConfig, LoopbackError> {
        let issuer = if is_inspected { &self.corporate } else { &self.intermediate };
        let leaf = leaf_params(name, now(), -1, 90)?.signed_by(&self.leaf_key, issuer)?;
        let chain = vec![leaf.der().clone(), issuer.der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.send_tls13_tickets = 0; // nobody resumes, and a late ticket turns a clean close into a reset
        Ok(config)
    }
}

pub(super) fn start(faults: Arc<Faults>, configs: Arc<ServerConfigs>) -> io::Result<u16> {
    tcp::serve_each(tcp::listen(1024)?, move |stream| {
        serve(Arc::clone(&faults), Arc::clone(&configs), stream)
    })
}

async fn serve(faults: Arc<Faults>, configs: Arc<ServerConfigs>, mut stream: TcpStream) {
    let Some((accepted, _)) = read_hello(&mut stream).await else { return tcp::close(stream).await };
    let name = accepted.client_hello().server_name().unwrap_or_default().to_ascii_lowercase();
    let fault = faults.get(name.as_str());
    if fault == Some(&Fault::ResetAfterHello) {
        return tcp::reset(stream);
    }
    // a client may ask for a name that no certificate can have
    let Ok(config) = configs.find_or_make(&name, fault == Some(&Fault::Inspected)) else {
        return tcp::close(stream).await;
    };
    let handshake = StartHandshake::from_parts(accepted, stream).into_stream(config);
    match handshake.into_fallible().await {
        Ok(stream) => http::serve(stream, name).await,
        // An alert was sent; a reset, because of a request that is on its way, would overtake it.
        Err((_, stream)) => tcp::close(stream).await,
    }
}

/// Reads records until they hold a ClientHello, and counts their bytes; `None` if what comes is something else.
pub async fn read_hello(stream: &mut TcpStream) -> Option<(Accepted, usize)> {
    let mut acceptor = Acceptor::default();
    let mut size = 0;
    loop {
        let mut record = vec![0; 5];
        stream.read_exact(&mut record).await.ok()?;
        let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
        record.resize(5 + length, 0);
        stream.read_exact(&mut record[5..]).await.ok()?;
        size += record.len();
        acceptor.read_tls(&mut &record[..]).ok()?;
        if let Some(accepted) = acceptor.accept().ok()? {
            return Some((accepted, size));
        }
    }
}
