//! The install command, and a program that knows of nothing but what it installed.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{at, built, file, has, receiver, said};

/// Installs what these tests are built with: how it is built for others is measured in `benches/footprint`.
fn install(prefix: &Path, stage: Option<&Path>) {
    let mut install = Command::new("bash");
    install.arg(at("adapters/c/install.sh")).arg(prefix);
    install.env("QUINTET_BUILT", built()).env_remove("DESTDIR");
    if let Some(stage) = stage {
        install.env("DESTDIR", stage);
    }
    said(&mut install);
}

fn pkg_config(prefix: &Path, asks: &[&str]) -> Vec<String> {
    let said = said(
        Command::new("pkg-config")
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
            .args(asks)
            .arg("quintet"),
    );
    said.split_whitespace().map(String::from).collect()
}

fn runs(program: &Path, prefix: &Path) {
    let receiver = receiver();
    let file = file(1_000);
    let said = said(
        Command::new(program)
            .env("LD_LIBRARY_PATH", prefix.join("lib"))
            .arg(receiver.url("/up"))
            .arg(file.path()),
    );
    assert!(said.starts_with("uploadFile:ok 200\n"), "{said}");
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn what_is_installed_is_found_by_pkg_config_and_runs() {
    if !["gcc", "pkg-config", "readelf"]
        .map(has)
        .iter()
        .all(|has| *has)
    {
        return;
    }
    let prefix = folder();
    let prefix = prefix.path();
    install(prefix, None);
    let program = prefix.join("upload");
    said(
        Command::new("gcc")
            .arg(at("examples/c/upload.c"))
            .args(pkg_config(prefix, &["--cflags", "--libs"]))
            .arg("-o")
            .arg(&program),
    );
    runs(&program, prefix);
    let needs = said(Command::new("readelf").arg("-d").arg(&program));
    assert!(needs.contains("[libquintet.so.0]"), "{needs}");
    let version = pkg_config(prefix, &["--modversion"]);
    assert_eq!(version, [env!("CARGO_PKG_VERSION")]);
}

#[test]
fn the_static_library_needs_what_pkg_config_says() {
    if !["gcc", "pkg-config", "readelf"]
        .map(has)
        .iter()
        .all(|has| *has)
    {
        return;
    }
    let prefix = folder();
    let prefix = prefix.path();
    install(prefix, None);
    let program = prefix.join("upload");
    let mut needs = pkg_config(prefix, &["--static", "--libs-only-l"]);
    needs.retain(|need| need != "-lquintet");
    said(
        Command::new("gcc")
            .arg(at("examples/c/upload.c"))
            .args(pkg_config(prefix, &["--cflags"]))
            .arg(prefix.join("lib/libquintet.a"))
            .args(needs)
            .arg("-o")
            .arg(&program),
    );
    runs(&program, prefix);
    let needs = said(Command::new("readelf").arg("-d").arg(&program));
    assert!(!needs.contains("libquintet"), "{needs}");
}

#[test]
fn destdir_stands_before_the_prefix_and_in_no_file() {
    if !has("bash") {
        return;
    }
    let stage = folder();
    install(Path::new("/usr/local"), Some(stage.path()));
    let at = stage.path().join("usr/local");
    let text = std::fs::read_to_string(at.join("lib/pkgconfig/quintet.pc")).expect("it is there");
    assert!(text.starts_with("prefix=/usr/local\n"), "{text}");
    for file in ["include/quintet.h", "lib/libquintet.a", "lib/libquintet.so"] {
        assert!(at.join(file).exists(), "{file}");
    }
    let licences = at.join("share/doc/quintet");
    assert!(licences.join("LICENSE-MIT").exists());
    let notices = std::fs::read_to_string(licences.join("THIRD-PARTY-NOTICES")).expect("they");
    for linked in ["httparse", "rustls", "ring", "webpki-roots"] {
        assert!(
            notices.contains(&format!("\n======== {linked} ")),
            "{linked}"
        );
    }
}
