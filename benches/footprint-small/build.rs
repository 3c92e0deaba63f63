//! How the programs are linked: for these alone, not for what else a build links on its way.

use std::env::var;

fn main() {
    let folder = var("CARGO_MANIFEST_DIR").expect("cargo tells the package's folder");
    println!("cargo::rerun-if-changed={folder}/../../adapters/c/no_unwinding.ld");
    if var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    for argument in [
        // Relative relocations in their packed form.
        "-z,pack-relative-relocs".into(),
        // Functions of the same code, of which generics make many, are there once.
        "--icf=all".into(),
        "--no-eh-frame-hdr".into(),
        format!("-T,{folder}/../../adapters/c/no_unwinding.ld"),
    ] {
        println!("cargo::rustc-link-arg-bins=-Wl,{argument}");
    }
}
