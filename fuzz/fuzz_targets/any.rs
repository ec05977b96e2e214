//! The target that `FUZZ_TARGET` names: one program for all of them, which `fuzz/run` builds in a tenth of the time.
#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<String> = LazyLock::new(|| std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| arcprobe::fuzzing::run(&TARGET, input));
