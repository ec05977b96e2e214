//! Who may import whom: the dependency rule of `ARCHITECTURE.md`, checked by reading the paths that the code of `src` names.
//!
//! Tests inside `src` are left out: they may read rules files to have something to work on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemUse, Macro, UseTree};

/// The rooms of `src`. A module imports only from rooms to the left of its own.
const ROOMS: [&str; 9] = ["model", "rules", "proxy", "plan", "analysis", "probe", "cluster", "report", "cli"];

/// Stand beside the rooms: what they may import of the crate, and the rooms that may import them.
const BESIDE: &[(&str, &[&str], &[&str])] = &[
    ("loopback", &[], &["cli"]), // servers of the demo: they know nothing of the crate
    ("bin", &["cluster"], &[]),
    ("main", &["cli"], &[]),
];

/// Rooms that compute: no runtime, no network, no files.
const PURE: &[&str] = &["model", "proxy", "plan", "analysis", "report"];

/// What only rooms that do something may use.
const DOING: &[&str] =
    &["tokio", "hyper", "kube", "hickory_resolver", "std::fs", "std::process", "std::thread"];

/// Crates and parts of std that have a home: a folder, a file, or several. `loopback` uses what it likes.
const HOMES: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["rules::problem"]),
    ("anyhow", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("flate2", &["cli::evidence"]),
    ("hickory_resolver", &["probe"]),
    ("http_body_util", &["probe"]),
    ("hyper", &["probe"]),
    ("hyper_util", &["cluster", "probe"]),
    ("indicatif", &["cli::progress"]),
    ("k8s_openapi", &["cluster"]),
    ("kube", &["cluster"]),
    ("lzma_rust2", &["bin::loader"]),
    ("maud", &["report"]),
    ("rcgen", &[]),
    ("regex", &["analysis::connectivity", "model::shown_text", "model::signature"]),
    ("reqwest", &["probe::client"]),
    ("rustls", &["cluster::error", "probe"]),
    ("rustls_native_certs", &["probe::trust"]),
    ("serde_yaml", &["analysis::connectivity::import", "cli::rbac", "rules"]),
    ("socket2", &["probe"]),
    ("tar", &["cli::evidence"]),
    ("tempfile", &[]),
    ("terminal_size", &["cli"]),
    ("tokio", &["cli", "cluster", "probe"]),
    ("tokio_rustls", &["probe"]),
    ("tokio_tungstenite", &["probe"]),
    ("tower", &["cluster"]),
    ("webpki_roots", &["probe::net::roots"]),
    ("x509_parser", &["probe::certificate"]),
    ("zip", &["cli::evidence"]),
    ("std::env::args_os", &["bin::agent", "main"]),
    ("std::env::current_exe", &["cluster::payload"]),
    ("std::env::split_paths", &["cluster::kubeconfig"]),
    ("std::env::vars_os", &["main"]),
    ("std::fs", &["bin::agent", "cli", "cluster", "probe", "rules::load"]),
    ("std::net::TcpStream", &[]),
    ("std::net::UdpSocket", &["probe::net::source_address"]),
    ("std::process::Command", &["cli::program"]),
];

/// Macros that write; there is no other place for them than these.
const WRITERS: &[&str] = &["bin::agent", "cli"];

#[test]
fn a_module_imports_only_from_its_left() {
    let is_allowed = |from: &str, to: &str| {
        let place = |room: &str| ROOMS.iter().position(|r| *r == room);
        let beside = |room: &str| BESIDE.iter().find(|(name, ..)| *name == room);
        match (beside(from), beside(to)) {
            (Some((_, may, _)), _) => may.contains(&to),
            (None, Some((_, _, by))) => by.contains(&from),
            (None, None) => place(to) < place(from),
        }
    };
    let offends = |file: &Source, path: &str| {
        let Some(target) = path.strip_prefix("crate::") else { return false };
        let (from, to) = (room(&file.module), room(target));
        from != to && from != "lib" && !is_allowed(from, to)
    };
    refuse_imports("an import that points right", offends);
}

#[test]
fn every_folder_of_src_is_a_room_or_stands_beside_them() {
    let known: BTreeSet<_> =
        ROOMS.iter().chain(BESIDE.iter().map(|(name, ..)| name)).chain([&"lib"]).collect();
    for source in sources() {
        assert!(known.contains(&room(&source.module)), "{} is in no room", source.module);
    }
}

#[test]
fn architecture_shows_the_same_order() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    let order = ROOMS.join(" -> ");
    assert!(page.contains(&order), "ARCHITECTURE.md does not show {order}");
}

/// A parent and its children may name each other; files of different branches may not form a circle.
#[test]
fn no_circle_of_imports() {
    let sources = sources();
    let modules: BTreeSet<&str> = sources.iter().map(|s| s.module.as_str()).collect();
    let edges: BTreeMap<&str, BTreeSet<&str>> =
        sources.iter().map(|s| (s.module.as_str(), imported_modules(s, &modules))).collect();
    let circles = find_circles(&edges);
    assert!(circles.is_empty(), "files that import each other: {circles:#?}");
}

#[test]
fn pure_rooms_do_nothing() {
    let offends = |file: &Source, path: &str| PURE.contains(&room(&file.module)) && is_in_any(path, DOING);
    refuse_imports("a pure room that does something", offends);
}

#[test]
fn crates_are_used_in_their_rooms_only() {
    let offends = |file: &Source, path: &str| {
        let is_at_home = |homes| room(&file.module) == "loopback" || is_in_any(&file.module, homes);
        HOMES.iter().any(|(name, homes)| is_in(path, name) && !is_at_home(homes))
    };
    refuse_imports("a crate or a part of std outside its home (HOMES)", offends);
}

#[test]
fn clap_is_only_derived_outside_of_the_command_line() {
    let offends = |file: &Source, path: &str| {
        room(&file.module) != "cli" && is_in(path, "clap") && path != "clap::ValueEnum"
    };
    refuse_imports("only ValueEnum is derived outside of cli", offends);
}

#[test]
fn only_the_command_line_writes() {
    let macros = ["print!", "println!", "eprint!", "eprintln!", "dbg!"];
    let offends = |file: &Source, path: &str| {
        let writes = macros.contains(&path) || path.ends_with("io::stdout") || path.ends_with("io::stderr");
        writes && !is_in_any(&file.module, WRITERS)
    };
    refuse_imports("standard output and error belong to cli", offends);
}

/// Two files of the loader make system calls and manage memory; nothing else has a reason.
#[test]
fn only_the_loader_is_unsafe() {
    let allowed = ["bin::loader::memory", "bin::loader::system"];
    let unsafe_files: Vec<_> =
        read_files().into_iter().filter(|(_, text)| text.contains("unsafe_code")).map(|(m, _)| m).collect();
    assert!(unsafe_files.iter().all(|module| allowed.contains(&module.as_str())), "{unsafe_files:?}");
    assert_eq!(unsafe_files.len(), allowed.len());
}

/// A guard that reads nothing would always pass.
#[test]
fn the_reader_finds_imports_and_circles() {
    let text = r#"
        //! use crate::probe::never;
        use std::{fmt, net::{IpAddr, SocketAddr as Address}};
        use super::observed::{self, Observed};
        /* use tokio::fs; */
        fn f<'a>(x: &'a str) -> char { println!("use hyper::x; {}", clap::ValueEnum::y(x)); 'x' }
        #[cfg(test)]
        mod tests { use serde_yaml::z; fn g() { { tokio::spawn() } } }
        fn last() -> crate::plan::Plan { ::bytes::Bytes::new() }
    "#;
    let expected = [
        "std::fmt",
        "std::net::IpAddr",
        "std::net::SocketAddr",
        "crate::analysis::diagnose::observed",
        "crate::analysis::diagnose::observed::Observed",
        "println!",
        "clap::ValueEnum::y",
        "crate::plan::Plan",
        "bytes::Bytes::new",
    ];
    assert_eq!(Source::new("analysis::diagnose::clock_wrong", text).paths, expected);

    let edges = BTreeMap::from([
        ("a::x", BTreeSet::from(["a::y"])),
        ("a::y", BTreeSet::from(["b"])),
        ("b", BTreeSet::from(["a::x", "c"])),
        ("c", BTreeSet::new()),
    ]);
    assert_eq!(find_circles(&edges), ["a::x a::y b"]);

    let sources = sources();
    assert!(sources.len() > 100 && sources.iter().all(|s| !s.module.contains('/')));
    let names = |module: &str, path: &str| {
        sources.iter().any(|s| s.module == module && s.paths.iter().any(|p| is_in(p, path)))
    };
    assert!(names("probe::connect", "tokio") && names("rules::load", "serde_yaml"));
}

/// Fails with every path that offends, and where it stands.
fn refuse_imports(rule: &str, offends: impl Fn(&Source, &str) -> bool) {
    let mut found = String::new();
    for file in sources() {
        for path in file.paths.iter().filter(|path| offends(file, path)) {
            writeln!(found, "  {} names {path}", file.module).unwrap();
        }
    }
    assert!(found.is_empty(), "{rule}:\n{found}");
}

/// The first part of a path.
fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

fn is_in_any(path: &str, any: &[&str]) -> bool {
    any.iter().any(|module| is_in(path, module))
}

/// Whether a path is the module or something below it.
fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The modules that a file imports from, without its parents and children.
fn imported_modules<'a>(source: &Source, modules: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let paths = source.paths.iter().filter_map(|path| path.strip_prefix("crate::"));
    let longest = |path: &str| modules.iter().copied().filter(|m| is_in(path, m)).max_by_key(|m| m.len());
    paths.filter_map(longest).filter(|to| !is_in(to, &source.module) && !is_in(&source.module, to)).collect()
}

/// Each set of modules that reach each other, as one line.
fn find_circles(edges: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let reached: BTreeMap<_, _> = edges.keys().map(|&from| (from, reachable(edges, from))).collect();
    let is_mutual =
        |a: &str, b: &str| reached[a].contains(b) && reached.get(b).is_some_and(|r| r.contains(a));
    let mut circles = BTreeSet::new();
    for &module in edges.keys().filter(|&&m| reached[m].contains(m)) {
        let members: Vec<_> = edges.keys().copied().filter(|other| is_mutual(module, other)).collect();
        circles.insert(members.join(" "));
    }
    circles.into_iter().collect()
}

fn reachable<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = edges.get(from).into_iter().flatten().copied().collect();
    while let Some(module) = open.pop() {
        if reached.insert(module) {
            open.extend(edges.get(module).into_iter().flatten());
        }
    }
    reached
}

/// A file of `src` with all paths that its code names, those of the crate in full.
struct Source {
    module: String,
    paths: Vec<String>,
}

impl Source {
    fn new(module: &str, text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{module}: {e}"));
        let mut reader = PathReader { module: module.to_owned(), paths: Vec::new() };
        reader.visit_file(&file);
        Self { module: reader.module, paths: reader.paths }
    }
}

/// Collects the paths of a file, without those of its tests.
struct PathReader {
    module: String,
    paths: Vec<String>,
}

impl PathReader {
    fn add(&mut self, path: &str) {
        self.paths.push(to_absolute(&self.module, path));
    }

    fn add_use_tree(&mut self, before: &str, tree: &UseTree) {
        let join = |name: &dyn std::fmt::Display| {
            if before.is_empty() { name.to_string() } else { format!("{before}::{name}") }
        };
        match tree {
            UseTree::Path(path) => self.add_use_tree(&join(&path.ident), &path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_use_tree(before, tree)),
            UseTree::Name(name) if name.ident == "self" => self.add(before),
            UseTree::Name(name) => self.add(&join(&name.ident)),
            UseTree::Rename(rename) => self.add(&join(&rename.ident)),
            UseTree::Glob(_) => self.add(before),
        }
    }

    /// Paths inside of a macro's arguments, which are tokens only.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path = String::new();
        for token in tokens {
            match token {
                TokenTree::Ident(name) if path.is_empty() || path.ends_with(':') => path += &name.to_string(),
                TokenTree::Punct(sign) if sign.as_char() == ':' && !path.is_empty() => path.push(':'),
                other => {
                    self.add_path_of_tokens(&std::mem::take(&mut path));
                    match other {
                        TokenTree::Group(group) => self.add_tokens(group.stream()),
                        TokenTree::Ident(name) => path = name.to_string(),
                        _ => {}
                    }
                }
            }
        }
        self.add_path_of_tokens(&path);
    }

    fn add_path_of_tokens(&mut self, path: &str) {
        if path.trim_end_matches(':').contains("::") {
            self.add(path.trim_end_matches(':'));
        }
    }
}

impl<'ast> Visit<'ast> for PathReader {
    fn visit_file(&mut self, file: &'ast File) {
        file.items.iter().for_each(|item| self.visit_item(item));
    }

    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes_of(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_use_tree("", &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let names: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
            self.add(&names.join("::"));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        let names: Vec<_> = called.path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.add(&format!("{}!", names.join("::")));
        self.add_tokens(called.tokens.clone());
    }
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]`, alone or as one of several conditions.
fn is_test(attributes: &[Attribute]) -> bool {
    let has_word_test =
        |condition: &str| condition.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test");
    attributes.iter().any(|a| {
        a.path().is_ident("cfg") && a.meta.require_list().is_ok_and(|l| has_word_test(&l.tokens.to_string()))
    })
}

/// Every file of `src` but those that hold only tests, read once.
fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
        read_files().into_iter().map(|(module, text)| Source::new(&module, &text)).collect()
    });
    &SOURCES
}

/// The modules of `src` with their texts, without those that only test.
fn read_files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let file = path.strip_prefix(&root).unwrap().with_extension("");
                let names: Vec<_> = file.iter().map(|n| n.to_str().unwrap()).collect();
                let module = names.join("::");
                let module = module.strip_suffix("::mod").unwrap_or(&module);
                if !module.ends_with("tests") {
                    files.push((module.to_owned(), fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    files
}

/// `self` and `super` resolved; a file `a/mod.rs` and a file `a.rs` are both the module `a`.
fn to_absolute(module: &str, path: &str) -> String {
    let mut here: Vec<&str> = module.split("::").collect();
    let mut rest = path;
    let mut is_relative = false;
    while let Some((first, after)) = rest.split_once("::").filter(|(f, _)| matches!(*f, "self" | "super")) {
        if first == "super" {
            here.pop();
        }
        (rest, is_relative) = (after, true);
    }
    if !is_relative {
        return path.to_owned();
    }
    let full: Vec<&str> = std::iter::once("crate").chain(here).chain([rest]).collect();
    full.join("::")
}
