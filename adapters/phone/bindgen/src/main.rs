//! Writes what Kotlin and Swift need of `quintet-phone`: `quintet-phone-bindgen LIBRARY UNIFFI_TOML OUT_DIR`.
//!
//! The description of the interface is read out of the library itself, so the files fit the library that was built.
#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [library, settings, out_dir] = arguments.as_slice() else {
        return failed(
            "usage: quintet-phone-bindgen LIBRARY UNIFFI_TOML OUT_DIR",
            2,
        );
    };
    for (folder, language) in [
        ("kotlin", TargetLanguage::Kotlin),
        ("swift", TargetLanguage::Swift),
    ] {
        let options = GenerateOptions {
            languages: vec![language],
            source: library.into(),
            out_dir: format!("{out_dir}/{folder}").into(),
            config_override: Some(settings.into()),
            ..GenerateOptions::default()
        };
        if let Err(error) = generate(options) {
            return failed(&format!("{library}: {folder}: {error:#}"), 1);
        }
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "a program's own words")]
fn failed(why: &str, status: u8) -> ExitCode {
    eprintln!("{why}");
    status.into()
}
