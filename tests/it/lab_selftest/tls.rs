//! The front, through a rustls client that trusts the lab's public root, and through OpenSSL.

use std::io::{ErrorKind, Read, Write};

use jiff::SignedDuration;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, CertificateError, Error};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use super::super::lab::{App, Host, Http, Lab, LabOptions, Serves, Tls};
use super::{PATIENCE, SILENCE, careless_handshake, connect, exchange, handshake, is_silence, output};

const HOST: &str = "one.lab.example";

fn start_lab(tls: Tls) -> Lab {
    Lab::start(vec![Host::new(HOST, tls)])
}

fn plain_handshake(lab: &Lab) -> std::io::Result<super::TlsStream> {
    handshake(lab, HOST, &[b"http/1.1"], connect(lab.address(HOST), PATIENCE)?)
}

fn tls_error(lab: &Lab) -> Error {
    let error = plain_handshake(lab).map(|_| ()).unwrap_err();
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>())
        .unwrap_or_else(|| panic!("{error}"))
        .clone()
}

fn read_chain(lab: &Lab) -> Vec<CertificateDer<'static>> {
    careless_handshake(lab, HOST).unwrap().conn.peer_certificates().unwrap().to_vec()
}

#[test]
fn a_good_host_serves_http() {
    let lab = start_lab(Tls::Good);
    let stream = plain_handshake(&lab).unwrap();
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let (answer, ended) =
        exchange(stream, b"GET / HTTP/1.1\r\nHost: one\r\nConnection: close\r\n\r\n", PATIENCE);
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && ended.is_none(), "{ended:?} {answer}");
    assert_eq!(read_chain(&lab).len(), 2);
}

#[test]
fn faulty_certificates_are_distinguished() {
    type Judge = fn(&CertificateError) -> bool;
    let unknown: Judge = |e| matches!(e, CertificateError::UnknownIssuer);
    let table: [(Tls, usize, Judge); 7] = [
        (Tls::Expired, 2, |e| matches!(e, CertificateError::ExpiredContext { .. })),
        (Tls::NotYetValid, 2, |e| matches!(e, CertificateError::NotValidYetContext { .. })),
        (Tls::WrongName, 2, |e| matches!(e, CertificateError::NotValidForNameContext { .. })),
        (Tls::UnknownIssuer, 2, unknown),
        (Tls::SelfSigned, 1, unknown),
        (Tls::IncompleteChain, 1, unknown),
        (Tls::Intercepted, 2, unknown),
    ];
    for (tls, length, judge) in table {
        let lab = start_lab(tls);
        let error = tls_error(&lab);
        assert!(matches!(&error, Error::InvalidCertificate(e) if judge(e)), "{tls:?}: {error:?}");
        assert_eq!(read_chain(&lab).len(), length, "{tls:?}");
    }
}

#[test]
fn chains_name_their_authorities() {
    let names = |tls| {
        let chain = read_chain(&start_lab(tls));
        let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
        (leaf.subject().to_string(), leaf.issuer().to_string())
    };
    let (subject, issuer) = names(Tls::SelfSigned);
    assert_eq!(subject, issuer);
    assert_eq!(names(Tls::Intercepted).1, "CN=Contoso Corporate Proxy CA, O=Contoso");
    assert_eq!(names(Tls::IncompleteChain).1, "CN=Lab Public Intermediate, O=Lab");

    let lab = start_lab(Tls::Intercepted);
    let given = CertificateDer::from_pem_file(lab.corporate_ca()).unwrap();
    assert_eq!(read_chain(&lab)[1], given);
}

#[test]
fn leaves_say_where_their_issuer_is_found() {
    let chain = read_chain(&start_lab(Tls::IncompleteChain));
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let found = leaf.extensions().iter().any(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(aia) => {
            format!("{:?}", aia.accessdescs).contains("http://aia.lab.example/intermediate.crt")
        }
        _ => false,
    });
    assert!(found);
}

#[test]
fn refusals_and_breaks() {
    assert_eq!(tls_error(&start_lab(Tls::Alert)), Error::AlertReceived(AlertDescription::HandshakeFailure));
    assert_eq!(
        tls_error(&start_lab(Tls::OldVersion)),
        Error::AlertReceived(AlertDescription::ProtocolVersion)
    );
    assert!(matches!(tls_error(&start_lab(Tls::NotTls)), Error::InvalidMessage(_)));
    let kind = |tls| plain_handshake(&start_lab(tls)).map(|_| ()).unwrap_err().kind();
    assert_eq!(kind(Tls::ResetAfterHello), ErrorKind::ConnectionReset);
    assert_eq!(kind(Tls::CloseAfterHello), ErrorKind::UnexpectedEof);
    let flaps = start_lab(Tls::ResetsFirstHello);
    assert_eq!(plain_handshake(&flaps).map(|_| ()).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(plain_handshake(&flaps).is_ok());
}

#[test]
fn unlisted_names_are_refused_without_a_default() {
    let lab = start_lab(Tls::Good);
    let stream = connect(lab.address(HOST), PATIENCE).unwrap();
    let error = handshake(&lab, "other.example", &[], stream).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("UnrecognisedName"), "{error}");

    let options = LabOptions { default: Some(Serves::Good), ..Default::default() };
    let lab = Lab::start_with(Vec::new(), options);
    let stream = connect(lab.address("other.example"), PATIENCE).unwrap();
    handshake(&lab, "other.example", &[], stream).unwrap();
}

#[test]
fn silence_after_the_hello() {
    let lab = start_lab(Tls::Stall);
    let stream = connect(lab.address(HOST), SILENCE).unwrap();
    assert!(is_silence(Some(handshake(&lab, HOST, &[], stream).map(|_| ()).unwrap_err().kind())));
}

#[test]
fn a_large_hello_is_dropped() {
    let lab = start_lab(Tls::DropsLargeHello);
    plain_handshake(&lab).unwrap();
    let filler = [b'x'; 250];
    let alpn: Vec<&[u8]> = std::iter::once(&b"http/1.1"[..]).chain([&filler[..]; 5]).collect();
    let stream = connect(lab.address(HOST), SILENCE).unwrap();
    assert!(is_silence(Some(handshake(&lab, HOST, &alpn, stream).map(|_| ()).unwrap_err().kind())));
    let sizes: Vec<usize> =
        lab.log().iter().filter_map(|entry| entry.split_once("hello=")?.1.parse().ok()).collect();
    assert!(matches!(sizes[..], [200..400, 1400..1700]), "{sizes:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_small_path_lets_small_segments_through() {
    use socket2::{Domain, Socket, Type};

    let lab = start_lab(Tls::SmallPath);
    let stream = connect(lab.address(HOST), SILENCE).unwrap();
    assert!(is_silence(Some(handshake(&lab, HOST, &[], stream).map(|_| ()).unwrap_err().kind())));

    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_tcp_mss(536).unwrap();
    socket.connect(&lab.address(HOST).into()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    handshake(&lab, HOST, &[], socket.into()).unwrap();
}

#[test]
fn a_missing_client_certificate_is_reported_after_the_handshake() {
    let lab = start_lab(Tls::RequiresClientCertificate);
    let mut stream = plain_handshake(&lab).unwrap();
    let _ = stream.write_all(b"GET / HTTP/1.1\r\n\r\n");
    let error = stream.read(&mut [0; 100]).unwrap_err();
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
}

#[test]
fn certificates_follow_the_clock() {
    let options = LabOptions { clock_offset: SignedDuration::from_hours(-24 * 200), ..Default::default() };
    let lab = Lab::start_with(vec![Host::good(HOST)], options);
    assert!(matches!(tls_error(&lab), Error::InvalidCertificate(CertificateError::ExpiredContext { .. })));
}

#[test]
fn a_fault_can_stand_above_another() {
    let lab =
        Lab::start(vec![Host::new(HOST, Serves::TlsAndApp(Tls::Intercepted, App::Http(Http::BlockPage)))]);
    let stream = careless_handshake(&lab, HOST).unwrap();
    let (answer, _) = exchange(stream, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", PATIENCE);
    assert!(answer.starts_with(b"HTTP/1.1 403 "));
}

#[test]
fn openssl_agrees() {
    let lab = Lab::start(vec![
        Host::good(HOST),
        Host::new("expired.lab.example", Tls::Expired),
        Host::new("incomplete.lab.example", Tls::IncompleteChain),
    ]);
    let table = [
        (HOST, "Verify return code: 0 (ok)"),
        ("expired.lab.example", "certificate has expired"),
        ("incomplete.lab.example", "unable to get local issuer certificate"),
    ];
    for (host, verdict) in table {
        let at = lab.address(host).to_string();
        let roots = lab.roots().to_str().unwrap();
        let args = ["s_client", "-connect", &at, "-servername", host, "-CAfile", roots];
        let Some(text) = output("openssl", &args) else { return };
        assert!(text.contains(verdict), "{host}: {text}");
    }
}
