//! Who answered: over a public chain the service, behind an inspection and over plain HTTP whoever shows it.

use arcprobe::model::evidence::{BodyForm, HttpDetail, TrustStore};
use arcprobe::model::report::{Check, CheckVerdict, Proof};
use arcprobe::model::rules::{Content, HttpStatus, MarkPattern, Protocol, Statuses};
use arcprobe::model::vantage::VantageKind;

use super::make::{CheckCase, https, judge_cases, wss};

const AT: &str = "20.0.0.1";

/// An answer in one line.
#[derive(Clone, Copy)]
struct Seen {
    status: u16,
    form: BodyForm,
    mark: bool,
    page: &'static str,
}

const JSON: Seen = Seen { status: 200, form: BodyForm::Json, mark: false, page: "{}" };
const HTML: Seen = Seen { status: 403, form: BodyForm::Html, mark: false, page: "a page" };
const TEXT: Seen = Seen { status: 200, form: BodyForm::Text, mark: false, page: "a text" };
const EMPTY: Seen = Seen { status: 404, form: BodyForm::Empty, mark: false, page: "" };

fn status(status: u16, seen: Seen) -> Seen {
    Seen { status, ..seen }
}

fn marked(seen: Seen) -> Seen {
    Seen { mark: true, ..seen }
}

fn fill(answer: &mut HttpDetail, seen: Seen) {
    answer.status = Some(seen.status);
    answer.content = Some(seen.form);
    answer.mark = seen.mark.then(|| "header x-ms-request-id".into());
    answer.page_sha256 = (!seen.page.is_empty()).then(|| seen.page.into());
}

fn answers(case: CheckCase, by: TrustStore, seen: Seen) -> CheckCase {
    case.good(AT).tls(|tls| tls.trusted_by = Some(by)).http(|answer| fill(answer, seen))
}

fn over(by: TrustStore, seen: Seen) -> CheckCase {
    answers(https("host.example.com"), by, seen)
}

fn wants(case: CheckCase, statuses: &[u16], content: Option<Content>) -> CheckCase {
    let list = statuses.iter().map(|status| HttpStatus(*status)).collect();
    case.spec(|spec| (spec.answer.status, spec.answer.content) = (Statuses::Listed(list), content))
}

fn word(check: &Check) -> String {
    let proof = check.proof.map(|proof| format!(" by {proof:?}").to_lowercase()).unwrap_or_default();
    match (check.verdict, check.cause) {
        (CheckVerdict::Met, _) => format!("met{proof}"),
        (CheckVerdict::Unmet, cause) => cause.unwrap().to_string(),
        (CheckVerdict::Unverified, _) => format!("{:?}", check.unverified.unwrap()),
    }
}

fn judge(case: CheckCase) -> Check {
    judge_cases(VantageKind::Workstation, vec![case]).remove(0)
}

#[test]
fn a_public_chain_is_proof_whatever_the_status() {
    for seen in [200, 302, 400, 401, 403, 404, 410, 429, 500, 502, 503, 504].map(|code| status(code, HTML)) {
        let case = wants(over(TrustStore::Public, seen), &[200], Some(Content::Json));
        let check = judge(case.http(|h| h.block_words = Some("access denied".into())));
        assert_eq!(word(&check), "met by tls", "{}", seen.status);
        let note = check.note.unwrap_or_default();
        let expected = match seen.status {
            200 => "",
            429 | 500.. => "it is throttled or failing",
            _ => "which the rules do not list",
        };
        assert!(note.contains(expected) && note.is_empty() == expected.is_empty(), "{}: {note}", seen.status);
    }
}

#[test]
fn behind_an_inspection_the_answer_has_to_prove_itself() {
    let json = Some(Content::Json);
    let given = |seen| over(TrustStore::Given, seen);
    let table = vec![
        // the service's own marks prove any status and form
        ("met by mark", wants(given(marked(JSON)), &[200], json)),
        ("met by mark", wants(given(marked(status(503, JSON))), &[200], json)),
        ("met by mark", wants(given(marked(status(404, HTML))), &[200], json)),
        ("met by mark", given(marked(status(403, EMPTY)))),
        // without them, what the service is known for
        ("met by form", wants(given(JSON), &[200], json)),
        ("met by form", wants(given(status(401, TEXT)), &[200, 401], None)),
        ("met by form", given(status(404, EMPTY))),
        ("met by form", given(status(401, JSON))),
        // a page, or any other status, shows nothing
        ("Unproven", given(HTML)),
        ("Unproven", given(status(502, HTML))),
        ("Unproven", given(status(404, HTML))),
        ("Unproven", given(status(403, TEXT))),
        ("Unproven", given(status(503, EMPTY))),
        ("Unproven", given(status(200, TEXT))),
        ("Unproven", wants(given(status(403, JSON)), &[200], json)),
        ("Unproven", wants(given(TEXT), &[200], json)),
        ("Unproven", wants(given(status(200, HTML)), &[200], Some(Content::Html))),
        // a page where data is expected is somebody else's
        ("http_block_page", wants(given(status(200, HTML)), &[200], json)),
        ("http_block_page", given(status(511, HTML))),
        // one's own certificate is what the rules expect there
        ("met by tls", given(HTML).spec(|s| s.certificate.public = false)),
    ];
    for (expected, case) in table {
        assert_eq!(word(&judge(case.clone())), expected, "{case:#?}");
    }
}

#[test]
fn a_stranger_shows_itself() {
    let given = |seen| over(TrustStore::Given, seen);
    let product = |case: CheckCase| case.http(|h| h.appliance = Some("Zscaler".into()));
    let words = |case: CheckCase| case.http(|h| h.block_words = Some("access denied".into()));
    let to =
        |case: CheckCase, place: &str| case.http(|h| drop(h.headers.insert("location".into(), place.into())));
    // found in the text itself
    let in_text = |seen| {
        given(marked(seen)).http(|h| h.mark = Some(MarkPattern::Text(".his.arc.azure.".into()).to_string()))
    };
    let table = vec![
        ("http_block_page", product(given(JSON))),
        ("http_block_page", product(given(marked(HTML)))),
        ("http_block_page", words(given(HTML))),
        ("http_block_page", words(given(status(200, TEXT)))),
        // a filter can leave the headers of the service on a page of its own; data can hold the same words
        ("http_block_page", words(given(marked(HTML)))),
        ("met by mark", words(given(marked(status(403, TEXT))))),
        ("http_block_page", words(in_text(status(403, TEXT)))),
        ("met by mark", words(in_text(status(403, JSON)))),
        ("met by mark", in_text(TEXT)),
        ("http_redirected", to(given(status(302, HTML)), "https://portal.contoso.example/logon")),
        ("http_redirected", to(given(status(307, EMPTY)), "//10.1.1.1/")),
        ("met by form", to(given(status(302, EMPTY)), "https://other.example.com/")),
        ("Unproven", to(given(status(302, EMPTY)), "/login")),
        ("met by mark", to(given(marked(status(302, EMPTY))), "https://www.office.com/login")),
    ];
    for (expected, case) in table {
        assert_eq!(word(&judge(case.clone())), expected, "{case:#?}");
    }
}

#[test]
fn plain_http_is_no_proof() {
    let plain = |seen| CheckCase::new("crl.example.com", 80, Protocol::Http).good(AT).http(|h| fill(h, seen));
    let table = vec![
        ("met by mark", plain(marked(status(403, EMPTY)))),
        ("met by form", wants(plain(TEXT), &[200], None)),
        ("Unproven", plain(HTML)),
        ("Unproven", plain(status(503, EMPTY))),
    ];
    for (expected, case) in table {
        assert_eq!(word(&judge(case.clone())), expected, "{case:#?}");
    }
}

#[test]
fn the_best_address_counts() {
    let case = over(TrustStore::Given, HTML).good("20.0.0.2");
    let case = case.tls(|tls| tls.trusted_by = Some(TrustStore::Given)).http(|h| fill(h, marked(JSON)));
    assert_eq!(word(&judge(case)), "met by mark");
}

#[test]
fn a_websocket_that_opens_is_proof() {
    let open = wss("hub.example.com").good(AT).tls(|tls| tls.trusted_by = Some(TrustStore::Given));
    assert_eq!(word(&judge(open.http(|h| h.status = Some(101)))), "met by mark");
}

#[test]
fn a_page_that_was_recognized_once_is_recognized_everywhere() {
    let at = |host: &str, seen| answers(https(host), TrustStore::Given, seen);
    let named = |case: CheckCase| {
        let case = case.bad(AT, arcprobe::model::evidence::Cause::HttpBlockPage);
        case.http(|h| (h.page_sha256, h.appliance) = (Some("a page".into()), Some("FortiGate".into())))
    };
    let words = |cases: Vec<CheckCase>| {
        judge_cases(VantageKind::Workstation, cases).iter().map(word).collect::<Vec<_>>()
    };
    let recognized = vec![
        named(https("a.one.example")),
        at("b.two.example", HTML),
        at("c.three.example", marked(status(404, HTML))),
        at("d.four.example", Seen { page: "another", ..HTML }),
        answers(https("e.five.example"), TrustStore::Public, HTML),
    ];
    let expected = ["http_block_page", "http_block_page", "http_block_page", "Unproven", "met by tls"];
    assert_eq!(words(recognized), expected);
    // nobody knows the page, and hosts that have nothing to do with each other send it
    let unrelated = ["a.one.example", "b.two.example", "c.three.example"];
    assert_eq!(words(unrelated.map(|host| at(host, HTML)).to_vec()), ["http_block_page"; 3]);
    assert_eq!(words(unrelated.map(|host| at(host, status(401, JSON))).to_vec()), ["http_block_page"; 3]);
    assert_eq!(words(unrelated.map(|host| at(host, marked(HTML))).to_vec()), ["met by mark"; 3]);
    assert_eq!(words(unrelated.map(|host| at(host, EMPTY)).to_vec()), ["Unproven"; 3]);
    let says = |host, text: &str| at(host, status(401, JSON)).http(|h| h.body = Some(text.into()));
    let two = ["a.one.example", "b.two.example"];
    assert_eq!(words(two.map(|host| says(host, "{\"blocked\": true}")).to_vec()), ["http_block_page"; 2]);
    assert_eq!(words(two.map(|host| says(host, "{}")).to_vec()), ["met by form"; 2]);
    let to_itself = |host: &str| {
        let place = format!("https://{host}/logon");
        at(host, status(302, EMPTY)).http(|h| drop(h.headers.insert("location".into(), place)))
    };
    assert_eq!(words(unrelated.map(to_itself).to_vec()), ["Unproven"; 3]);
    assert_eq!(words(two.map(to_itself).to_vec()), ["met by form"; 2]);
    let related = ["a.one.example", "b.one.example", "c.one.example"];
    assert_eq!(words(related.map(|host| at(host, HTML)).to_vec()), ["Unproven"; 3]);
    assert_eq!(words(related.map(|host| at(host, EMPTY)).to_vec()), ["met by form"; 3]);
}

#[test]
fn a_proof_is_kept_of_the_best_attempt() {
    assert!(Proof::Tls < Proof::Mark && Proof::Mark < Proof::Form);
}
