//! The linker's arguments for an addon, which differ by platform.

fn main() {
    // Otherwise every file beside it is looked at, those of npm among them.
    println!("cargo:rerun-if-changed=build.rs");
    napi_build::setup();
}
