//! Everything that reads what somebody else wrote, as functions from bytes, for the fuzz targets below `fuzz/`.
//!
//! Each drives the real reader and what follows from it, up to the text on a screen. A panic is a defect: of the code that
//! reads, or of what has to hold of everything that is shown. The targets need the feature `fuzzing`; without it, the tests
//! below run the same functions on the stored inputs.

mod cluster;
mod commands;
mod documents;
mod invariants;
mod phases;
mod reports;
mod resolve;
mod values;
mod wire;

/// A function that takes whatever there is.
type Target = fn(&[u8]);

/// All targets, by the names of their files and folders below `fuzz/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("dns", wire::dns),
    ("tls", wire::tls),
    ("certificates", wire::certificates),
    ("connect", wire::connect),
    ("http", wire::http),
    ("websocket", wire::websocket),
    ("greeting", wire::greeting),
    ("discovery", wire::discovery),
    ("pem", documents::pem),
    ("rules", documents::rules),
    ("faults", documents::faults),
    ("waivers", documents::waivers),
    ("report", documents::report),
    ("fleet", documents::fleet),
    ("vendor_table", documents::vendor_table),
    ("evidence", documents::evidence),
    ("objects", documents::objects),
    ("azure", documents::azure),
    ("agent_log", documents::agent_log),
    ("arc_log", documents::arc_log),
    ("task", documents::task),
    ("skip_range", values::skip_range),
    ("proxy_url", values::proxy_url),
    ("resolv_conf", values::resolv_conf),
];

/// Runs a target on an input.
///
/// # Panics
/// When there is no such target, or something does not hold.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("there is no target {name}")).1(input);
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};
    use std::{fs, io, thread};

    use super::*;

    /// Longer than anything of this size may take in a slow build on a busy machine.
    const HANGS: Duration = Duration::from_secs(20);

    /// One thread would be the longest of all tests of the library.
    const WORKERS: usize = 4;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
    }

    fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut files = fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect::<io::Result<Vec<_>>>()?;
        files.sort();
        Ok(files)
    }

    /// Runs a target on every file of its folder; those on which it fails, and why.
    fn failing(name: &str, folder: &Path) -> Vec<String> {
        let fails = |path: &PathBuf| {
            let (input, began) = (fs::read(path).unwrap(), Instant::now());
            let why = match catch_unwind(AssertUnwindSafe(|| run(name, &input))) {
                Err(panic) => panic.downcast_ref::<String>().map_or("panics", String::as_str).to_owned(),
                Ok(()) if began.elapsed() > HANGS => "hangs".to_owned(),
                Ok(()) => return None,
            };
            Some(format!("{}: {why:.300}", path.display()))
        };
        files(folder).unwrap_or_default().iter().filter_map(fails).collect()
    }

    /// What broke something once is kept in `fuzz/crashes`, what the search begins with in `fuzz/corpus`.
    #[test]
    fn everything_that_is_stored_holds() {
        let failing_of = |(name, _): &(&str, Target)| {
            let (seeds, crashes) = (root().join("corpus").join(name), root().join("crashes").join(name));
            assert!(files(&seeds).unwrap().len() > 5, "{name} has too few seeds");
            [failing(name, &seeds), failing(name, &crashes)].concat()
        };
        let share = |first: usize| TARGETS.iter().skip(first).step_by(WORKERS).flat_map(failing_of).collect();
        let failed: Vec<String> = thread::scope(|scope| {
            let start = |first| scope.spawn(move || -> Vec<String> { share(first) });
            let working: Vec<_> = (0..WORKERS).map(start).collect();
            working.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        assert!(failed.is_empty(), "{} inputs fail:\n{}", failed.len(), failed.join("\n"));
    }

    #[test]
    fn targets_are_those_of_the_fuzz_package() {
        let stems = |folder: &str| -> Vec<String> {
            let files = files(&root().join(folder)).unwrap();
            files.iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
        };
        let mut known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        let alone: Vec<_> = stems("fuzz_targets").into_iter().filter(|name| name != "any").collect();
        assert_eq!(alone, known);
        assert_eq!(stems("corpus"), known);
        assert!(stems("crashes").iter().all(|name| known.contains(&name.as_str())), "a crash of no target");
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        for name in known {
            assert!(
                manifest.contains(&format!("name = \"{name}\", path = \"fuzz_targets/{name}.rs\"")),
                "{name}"
            );
            let text = fs::read_to_string(root().join("fuzz_targets").join(format!("{name}.rs"))).unwrap();
            assert!(text.contains(&format!("arcprobe::fuzzing::run(\"{name}\", input)")), "{name}");
        }
    }
}
