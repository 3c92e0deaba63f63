//! What a program in C sees: each test compiles one and runs it against a real receiver, also under valgrind and with the
//! compiler's address sanitizer.
//!
//! Without a tool they pass themselves over, unless `QUINTET_REQUIRE_TOOLS=1`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stderr, reason = "a test that is passed over says so")]

mod examples;
mod install;
mod json;
#[cfg(target_pointer_width = "64")]
mod layout;
mod rules;
mod sequences;
mod sources;
mod support;
mod symbols;
