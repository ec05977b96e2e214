//! Cases that wait more than they work, all at the same time.

/// Runs a test for each case in a thread of its own; the first that panics fails the caller, once all have ended.
///
/// # Panics
/// When the test does.
pub(crate) fn beside<T: Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    let caller = std::thread::current();
    let named = || std::thread::Builder::new().name(caller.name().unwrap_or("a test").to_owned());
    let test = &test;
    std::thread::scope(|scope| {
        let start = |case| named().spawn_scoped(scope, move || test(case)).unwrap();
        let running: Vec<_> = cases.into_iter().map(start).collect();
        for case in running {
            case.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
}
