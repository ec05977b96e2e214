use super::*;

fn list_problems(value: &str) -> Vec<String> {
    redundant_entries(&SkipRange::parse(value)).into_iter().map(|problem| problem.text).collect()
}

#[test]
fn an_entry_inside_another_is_not_needed() {
    let inner = "10.1.0.0/16 is not needed: 10.0.0.0/8 holds it";
    let table: &[(&str, &[&str])] = &[
        ("10.0.0.0/8,10.1.0.0/16", &[inner]),
        ("10.1.0.0/16,10.0.0.0/8", &[inner]),
        ("10.1.0.0/16,192.168.0.0/16,10.0.0.0/8", &[inner]),
        ("10.0.0.0/8,10.9.9.9", &["10.9.9.9 is not needed: 10.0.0.0/8 holds it"]),
        ("fd00::/16,fd00:0:1::/48", &["fd00:0:1::/48 is not needed: fd00::/16 holds it"]),
        ("fd00::/16,fd00::9", &["fd00::9 is not needed: fd00::/16 holds it"]),
        // by what it stands for, not by how it is written
        ("10.9.9.9/8,10.1.0.0/16", &["10.1.0.0/16 is not needed: 10.9.9.9/8 holds it"]),
    ];
    for (value, expected) in table {
        assert_eq!(list_problems(value), *expected, "{value}");
    }
}

/// One of them has to stay.
#[test]
fn of_equal_entries_the_first_is_needed() {
    for entry in ["10.0.0.0/8", "10.9.9.9", "fd00::/16"] {
        let once = format!("{entry} is not needed: {entry} holds it");
        assert_eq!(list_problems(&format!("{entry},{entry}")), [once.as_str()]);
        assert_eq!(list_problems(&format!("{entry},{entry},{entry}")), [once.as_str(), &once]);
    }
    assert_eq!(list_problems("10.9.9.9/8,10.0.0.0/8"), ["10.0.0.0/8 is not needed: 10.9.9.9/8 holds it"]);
}

#[test]
fn entries_beside_each_other_are_all_needed() {
    for value in ["", "10.0.0.0/8", "10.0.0.0/16,10.1.0.0/16", "10.0.0.1,10.0.0.2", "10.0.0.0/8,fd00::/8"] {
        assert_eq!(list_problems(value), Vec::<String>::new(), "{value}");
    }
    // these stand for no network
    for value in ["10.0.0.0/8,10.9.9.9:443", "0.0.0.0/0,.svc,corp.example,*", "*,10.0.0.0/8"] {
        assert_eq!(list_problems(value), Vec::<String>::new(), "{value}");
    }
}

#[test]
fn networks_and_addresses_without_a_port_are_networks() {
    let range = SkipRange::parse("10.9.9.9/8,10.0.0.1,10.0.0.2:443,fd00::1,.svc,corp.example,10.*,*");
    let found: Vec<_> =
        network_entries(&range).into_iter().map(|(text, net)| (text, net.to_string())).collect();
    let expected = [("10.9.9.9/8", "10.0.0.0/8"), ("10.0.0.1", "10.0.0.1/32"), ("fd00::1", "fd00::1/128")];
    assert_eq!(found, expected.map(|(text, net)| (text.to_owned(), net.to_owned())));
}
