//! The resolver, asked over plain sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, UdpSocket};
use std::time::{Duration, Instant};

use hickory_resolver::proto::op::{Edns, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::super::lab::{Dns, Host, Lab, LabOptions, Resolver, Serves};
use super::{PATIENCE, SILENCE, connect, output};

fn make_query(name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), kind));
    message
}

fn query_udp(lab: &Lab, question: &Message, patience: Duration) -> std::io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(patience))?;
    socket.connect(lab.resolver())?;
    socket.send(&question.to_vec().unwrap())?;
    let mut bytes = vec![0; 65_535];
    let length = socket.recv(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn query_tcp(lab: &Lab, question: &Message) -> std::io::Result<Vec<u8>> {
    let mut stream = connect(lab.resolver(), PATIENCE)?;
    let bytes = question.to_vec().unwrap();
    stream.write_all(&[&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn ask(lab: &Lab, name: &str, kind: RecordType) -> Message {
    Message::from_vec(&query_udp(lab, &make_query(name, kind), PATIENCE).unwrap()).unwrap()
}

fn list_addresses(message: &Message) -> Vec<IpAddr> {
    let address = |data: &RData| match data {
        RData::A(a) => Some(IpAddr::from(a.0)),
        RData::AAAA(aaaa) => Some(IpAddr::from(aaaa.0)),
        _ => None,
    };
    message.answers.iter().filter_map(|r| address(&r.data)).collect()
}

fn start_lab(dns: Dns) -> Lab {
    Lab::start(vec![Host::with_dns("one.lab.example", dns)])
}

fn start_with_resolver(resolver: Resolver) -> Lab {
    let options = LabOptions { resolver, ..Default::default() };
    Lab::start_with(vec![Host::good("one.lab.example")], options)
}

#[test]
fn answers_are_as_each_host_says() {
    let discarded: IpAddr = Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1).into();
    let given: [IpAddr; 2] = [[192, 168, 7, 8].into(), Ipv6Addr::LOCALHOST.into()];
    let none: &[IpAddr] = &[];
    let loopback: &[IpAddr] = &[[127, 0, 0, 1].into()];
    let ok = ResponseCode::NoError;
    let table: Vec<(Dns, ResponseCode, &[IpAddr], &[IpAddr])> = vec![
        (Dns::Loopback, ok, loopback, none),
        (Dns::Addresses(given.to_vec()), ok, &given[..1], &given[1..]),
        (Dns::Nxdomain, ResponseCode::NXDomain, none, none),
        (Dns::NoData, ok, none, none),
        (Dns::Servfail, ResponseCode::ServFail, none, none),
        (Dns::Refused, ResponseCode::Refused, none, none),
        (Dns::Sinkhole, ok, &[IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)], none),
        (Dns::PlusUnroutableV6, ok, loopback, std::slice::from_ref(&discarded)),
    ];
    let name = |row: usize| format!("h{row}.lab.example");
    let hosts = table.iter().enumerate().map(|(row, t)| Host::with_dns(name(row), t.0.clone())).collect();
    let lab = Lab::start(hosts);
    for (row, (dns, code, v4, v6)) in table.iter().enumerate() {
        for (kind, wanted) in [(RecordType::A, v4), (RecordType::AAAA, v6)] {
            let question = make_query(&name(row), kind);
            for bytes in [query_udp(&lab, &question, PATIENCE).unwrap(), query_tcp(&lab, &question).unwrap()]
            {
                let answer = Message::from_vec(&bytes).unwrap();
                assert_eq!(answer.metadata.id, question.metadata.id);
                assert_eq!(answer.metadata.response_code, *code, "{dns:?} {kind}");
                assert_eq!(list_addresses(&answer), *wanted, "{dns:?} {kind}");
            }
        }
    }
    assert_eq!(ask(&lab, "other.example", RecordType::A).metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(lab.log().last().unwrap(), "dns udp A other.example");
}

#[test]
fn names_are_found_in_any_case_and_by_wildcard() {
    let lab = Lab::start(vec![Host::with_dns("*.Lab.Example", Dns::Private)]);
    assert_eq!(list_addresses(&ask(&lab, "aNy.lab.exAMPLE", RecordType::A)), [IpAddr::from([10, 1, 2, 3])]);
    let deeper = ask(&lab, "one.more.lab.example", RecordType::A);
    assert_eq!(deeper.metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn unlisted_names_exist_where_there_is_a_default() {
    let options = LabOptions { default: Some(Serves::Good), ..Default::default() };
    let lab = Lab::start_with(Vec::new(), options);
    assert_eq!(list_addresses(&ask(&lab, "any.example", RecordType::A)), [IpAddr::from([127, 0, 0, 1])]);
}

#[test]
fn aliases_lead_to_an_address() {
    let lab = start_lab(Dns::Cname(vec!["two.lab.example".into(), "three.lab.example".into()]));
    let answer = ask(&lab, "one.lab.example", RecordType::A);
    let text: Vec<_> = answer.answers.iter().map(|r| format!("{} {}", r.name, r.data)).collect();
    let wanted = [
        "one.lab.example. two.lab.example.",
        "two.lab.example. three.lab.example.",
        "three.lab.example. 127.0.0.1",
    ];
    assert_eq!(text, wanted);
}

#[test]
fn large_answers_are_truncated_over_udp_only() {
    let lab = start_lab(Dns::HugeAnswer);
    let mut question = make_query("one.lab.example", RecordType::A);
    question.edns = Some(Edns::new());
    let short = Message::from_vec(&query_udp(&lab, &question, PATIENCE).unwrap()).unwrap();
    assert!(short.metadata.truncation && short.answers.is_empty() && short.edns.is_some());
    let whole = Message::from_vec(&query_tcp(&lab, &question).unwrap()).unwrap();
    assert!(!whole.metadata.truncation);
    assert_eq!(whole.answers.len(), 300);
}

#[test]
fn broken_answers() {
    let question = make_query("one.lab.example", RecordType::A);
    let foreign =
        Message::from_vec(&query_udp(&start_lab(Dns::WrongId), &question, PATIENCE).unwrap()).unwrap();
    assert_ne!(foreign.metadata.id, question.metadata.id);
    Message::from_vec(&query_udp(&start_lab(Dns::Garbage), &question, PATIENCE).unwrap()).unwrap_err();
    query_udp(&start_lab(Dns::Silent), &question, SILENCE).unwrap_err();
}

#[test]
fn manners_of_the_resolver() {
    let mut question = make_query("one.lab.example", RecordType::A);
    query_udp(&start_with_resolver(Resolver::Silent), &question, SILENCE).unwrap_err();

    let code = |resolver| {
        ask(&start_with_resolver(resolver), "one.lab.example", RecordType::A).metadata.response_code
    };
    assert_eq!(code(Resolver::RefusesAll), ResponseCode::Refused);
    assert_eq!(code(Resolver::ServfailAll), ResponseCode::ServFail);
    assert_eq!(code(Resolver::NoEdns), ResponseCode::NoError);

    let lab = start_with_resolver(Resolver::TruncatesUdp);
    assert!(ask(&lab, "one.lab.example", RecordType::A).metadata.truncation);
    assert_eq!(list_addresses(&Message::from_vec(&query_tcp(&lab, &question).unwrap()).unwrap()).len(), 1);

    let lab = start_with_resolver(Resolver::LosesFirst(2));
    query_udp(&lab, &question, SILENCE).unwrap_err();
    query_udp(&lab, &question, SILENCE).unwrap_err();
    query_udp(&lab, &question, PATIENCE).unwrap();

    question.edns = Some(Edns::new());
    let answer = query_udp(&start_with_resolver(Resolver::NoEdns), &question, PATIENCE).unwrap();
    assert_eq!(Message::from_vec(&answer).unwrap().metadata.response_code, ResponseCode::FormErr);
}

#[test]
fn nothing_listens_at_a_dead_resolver() {
    let lab = start_with_resolver(Resolver::Dead);
    let question = make_query("one.lab.example", RecordType::A);
    assert_eq!(query_tcp(&lab, &question).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    if cfg!(target_os = "linux") {
        assert_eq!(query_udp(&lab, &question, PATIENCE).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn answers_take_the_artificial_time() {
    let options = LabOptions { delay: Duration::from_millis(80), ..Default::default() };
    let lab = Lab::start_with(vec![Host::good("one.lab.example")], options);
    let begin = Instant::now();
    ask(&lab, "one.lab.example", RecordType::A);
    assert!(begin.elapsed() >= Duration::from_millis(80));
}

#[test]
fn dig_reads_the_answers() {
    let lab = start_lab(Dns::Cname(vec!["two.lab.example".into()]));
    let port = lab.resolver().port().to_string();
    let Some(text) = output("dig", &["@127.0.0.1", "-p", &port, "+short", "one.lab.example"]) else { return };
    assert_eq!(text, "two.lab.example.\n127.0.0.1\n");
}
