#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| git_chant::fuzz::texts(data));
