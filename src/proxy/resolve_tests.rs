use super::*;
use crate::model::plan::RouteKind;
use crate::model::rules::Protocol;

type Variables = &'static [(&'static str, &'static str)];

fn environment(variables: Variables) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn resolved_origins(flags: &ProxyFlags<'_>, variables: Variables) -> [String; 3] {
    let routes = resolve_proxies(flags, &environment(variables)).unwrap().routes;
    let url = |given: Option<&Sourced<ProxyUrl>>| given.map(|g| format!("{} ({})", g.value, g.origin));
    let skip = routes.skip_range().map(|g| format!("{} ({})", g.value.value(), g.origin));
    [url(routes.https()), url(routes.http()), skip].map(Option::unwrap_or_default)
}

#[test]
fn flags_take_precedence_then_upper_case_variables() {
    let https = |https| ProxyFlags { https: Some(https), ..ProxyFlags::default() };
    let none = ProxyFlags::default();
    let ignored = ProxyFlags { no_proxy: true, ..https("http://f:1") };
    let table: [(&ProxyFlags<'_>, Variables, [&str; 3]); 8] = [
        (&none, &[], ["", "", ""]),
        (&none, &[("HTTPS_PROXY", "http://a:1")], ["http://a:1 (HTTPS_PROXY, environment)", "", ""]),
        (&none, &[("https_proxy", "http://b:1")], ["http://b:1 (https_proxy, environment)", "", ""]),
        (
            &none,
            &[("HTTPS_PROXY", ""), ("https_proxy", "http://b:1")],
            ["http://b:1 (https_proxy, environment)", "", ""],
        ),
        (
            &none,
            &[("http_proxy", "http://b:1"), ("HTTP_PROXY", "http://a:1"), ("no_proxy", "x")],
            ["", "http://a:1 (HTTP_PROXY, environment)", "x (no_proxy, environment)"],
        ),
        (&https("http://f:1"), &[("HTTPS_PROXY", "http://a:1")], ["http://f:1 (--proxy-https)", "", ""]),
        (&https(""), &[("HTTPS_PROXY", "http://a:1")], ["http://a:1 (HTTPS_PROXY, environment)", "", ""]),
        (
            &ignored,
            &[("HTTP_PROXY", "socks5://a:1"), ("NO_PROXY", "x")],
            ["http://f:1 (--proxy-https)", "", ""],
        ),
    ];
    for (flags, variables, expected) in table {
        assert_eq!(resolved_origins(flags, variables), expected, "{variables:?}");
    }
}

#[test]
fn advice_never_shows_a_value() {
    let advice_of =
        |flags: &ProxyFlags<'_>, variables| resolve_proxies(flags, &environment(variables)).unwrap().advice;
    let two = advice_of(
        &ProxyFlags::default(),
        &[("HTTPS_PROXY", "http://u:secret@a:1"), ("https_proxy", "u:other@a:1")],
    );
    assert_eq!(
        two,
        [
            "HTTPS_PROXY and https_proxy differ; HTTPS_PROXY is taken, as the agents do, but curl and az take https_proxy"
        ]
    );
    let flags = ProxyFlags { https: Some("a"), ..ProxyFlags::default() };
    let mixed = advice_of(&flags, &[("NO_PROXY", "x")]);
    assert!(mixed[0].starts_with("--proxy-https: it has no scheme; http:// is taken"), "{mixed:?}");
    assert!(mixed[1].starts_with("--proxy-https: it has no port"), "{mixed:?}");
    assert!(
        mixed[2].starts_with("the proxy is from --proxy-https and the skip range from NO_PROXY, environment")
    );
    let one = advice_of(&ProxyFlags::default(), &[("http_proxy", "http://a:1")]);
    assert!(one[0].starts_with("only http_proxy, environment is given"), "{one:?}");
    let same =
        advice_of(&ProxyFlags::default(), &[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://a:1")]);
    assert!(same.is_empty(), "{same:?}");
}

#[test]
fn errors_name_the_flag_or_variable() {
    let failed =
        |flags: &ProxyFlags<'_>, variables| resolve_proxies(flags, &environment(variables)).unwrap_err();
    let socks = failed(&ProxyFlags::default(), &[("https_proxy", "socks5://u:secret@a:1")]).to_string();
    assert!(
        socks.starts_with("https_proxy, environment: the proxy's URL cannot be used: the agents"),
        "{socks}"
    );
    assert!(!socks.contains("secret"));
    let flags = ProxyFlags { http: Some("http://a:x"), ..ProxyFlags::default() };
    let error = failed(&flags, &[]);
    assert_eq!((error.origin, error.problem), (Origin::flag("--proxy-http"), UrlError::Port));
}

/// `az` expands the flag; a variable is read by programs that do not know the word.
#[test]
fn the_keyword_of_az_is_expanded_in_the_flag_only() {
    let flags =
        ProxyFlags { https: Some("http://p:1"), skip_range: Some("Arc,.svc"), ..ProxyFlags::default() };
    let routes = resolve_proxies(&flags, &BTreeMap::new()).unwrap().routes;
    let host = "eastus.dp.kubernetesconfiguration.azure.com";
    assert_eq!(routes.route_to(host, 443, Protocol::Https).kind, RouteKind::Direct);
    let typed = ProxyFlags { skip_range: None, ..flags };
    let variables = BTreeMap::from([("NO_PROXY".to_owned(), "Arc,.svc".to_owned())]);
    let routes = resolve_proxies(&typed, &variables).unwrap().routes;
    assert_eq!(routes.route_to(host, 443, Protocol::Https).kind, RouteKind::Proxy);
}
