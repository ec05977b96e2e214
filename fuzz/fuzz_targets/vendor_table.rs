#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| arcprobe::fuzzing::run("vendor_table", input));
