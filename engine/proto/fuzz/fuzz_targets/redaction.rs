//! Feeds libFuzzer's bytes to the oracle of the same name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quintet_oracles::redaction::check(bytes));
