//! The header that is checked in is the one that follows from the sources.

use std::fs;
use std::path::Path;

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};

const TOP: &str = "/* The C interface of Quintet, an embeddable upload engine.
 *
 * Made from adapters/c/src by its tests; do not edit. See adapters/c/README.md for a tour.
 *
 * Every function is thread-safe, catches its own defects, and answers a number: 0 or more if it went well, else one of the negative
 * ones below; quintet_last_error then says more. There is nothing to initialise. Texts that are given in are UTF-8 with a NUL at
 * their end, and are copied; texts that are given out have a length, and live during the callback. A handle is a number that is
 * given once: to use one that is over is an error, never a crash.
 */";

fn generated() -> String {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut config = Config {
        header: Some(TOP.into()),
        include_guard: Some("QUINTET_H".into()),
        language: Language::C,
        cpp_compat: true,
        style: Style::Both,
        documentation_style: DocumentationStyle::C99,
        usize_is_size_t: true,
        no_includes: true,
        sys_includes: vec!["stddef.h".into(), "stdint.h".into()],
        line_length: 100,
        ..Config::default()
    };
    config.function.sort_by = None;
    let header = Builder::new()
        .with_config(config)
        .with_src(sources.join("abi.rs"))
        .with_src(sources.join("entry.rs"))
        .generate()
        .expect("sources that can be read");
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn the_header_is_that_of_the_sources() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/quintet.h");
    let generated = generated();
    if std::env::var_os("QUINTET_WRITE_HEADER").is_some() {
        fs::write(&path, &generated).expect("a writable header");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == generated,
        "include/quintet.h is not that of the sources: QUINTET_WRITE_HEADER=1 cargo test -p quintet-c header"
    );
}
