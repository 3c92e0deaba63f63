//! Compilers, the library as it was just built, and what programs say.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use quintet_receiver::{Receiver, Settings};
use tempfile::{NamedTempFile, TempDir};

/// How the examples must compile without a word.
pub(crate) const C99: [&str; 6] = [
    "gcc",
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
];
pub(crate) const CXX17: [&str; 8] = [
    "g++",
    "-std=c++17",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
    "-x",
    "c++",
];

/// Whether the program is there. If not, the test that asks is passed over, unless nothing may be.
pub(crate) fn has(program: &str) -> bool {
    if Command::new(program).arg("--version").output().is_ok() {
        return true;
    }
    let required = env::var("QUINTET_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(
        !required,
        "QUINTET_REQUIRE_TOOLS=1, but there is no {program}"
    );
    eprintln!("passed over: there is no {program}");
    false
}

/// Below the root of the workspace.
pub(crate) fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The folder of the libraries that cargo built with these tests.
pub(crate) fn built() -> PathBuf {
    let test = env::current_exe().expect("this test");
    let built = test.parent().expect("deps").to_owned();
    assert!(
        built.join("libquintet_c.so").exists(),
        "{}",
        built.display()
    );
    built
}

/// A folder to compile in, with the shared library under the names that linker and loader ask for.
pub(crate) struct Workshop {
    folder: TempDir,
}

impl Workshop {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["libquintet.so", "libquintet.so.0"] {
            std::os::unix::fs::symlink(built().join("libquintet_c.so"), folder.path().join(name))
                .expect("a link");
        }
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Compiles a source below the root of the workspace against the shared library.
    pub(crate) fn compile(&self, compiler: &[&str], source: &str, more: &[&str]) -> PathBuf {
        let program = self.path().join("program");
        let library = self.path().display();
        let mut command = Command::new(compiler[0]);
        command
            .args(&compiler[1..])
            .arg(at(source))
            .arg("-I")
            .arg(at("adapters/c/include"))
            .arg("-o")
            .arg(&program)
            .args(["-x", "none"])
            .args(more)
            .arg(format!("-L{library}"))
            .arg(format!("-Wl,-rpath,{library}"))
            .arg("-lquintet")
            .arg("-lpthread");
        said(&mut command);
        program
    }
}

/// Runs a program that must succeed; what it printed.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{stdout}\n{stderr}",
        output.status
    );
    stdout
}

pub(crate) fn receiver() -> Receiver {
    Receiver::start(Settings::default()).expect("a port")
}

/// A file of so many bytes.
pub(crate) fn file(bytes: usize) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(&vec![b'q'; bytes]).expect("room for it");
    file
}

/// Writes a source that a test brings, and gives its path.
pub(crate) fn source(workshop: &Workshop, name: &str, text: &str) -> String {
    let path = workshop.path().join(name);
    fs::write(&path, text).expect("room for it");
    path.to_str().expect("UTF-8").into()
}
