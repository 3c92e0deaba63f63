//! How the programs are linked: for these alone, not for what else a build links on its way.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Relative relocations in their packed form: a sixth of a program like these is otherwise a table of pointers for
        // the loader (glibc 2.36, musl 1.2.4, Android 9 and later read it).
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        // Functions of the same code, of which generics make many, are there once.
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
