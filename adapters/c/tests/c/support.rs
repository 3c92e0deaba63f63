//! Compilers, the library as it was just built, and what programs say.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use quintet_receiver::{Receiver, Settings};
use tempfile::{NamedTempFile, TempDir};

/// Without a word from the compiler.
const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// How a program is compiled and run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    C99,
    Cxx17,
    /// Each access, and what is lost at the end.
    Valgrind,
    /// With the compiler's own checks; of leaks too.
    Sanitized,
}

/// Every way that this machine has.
pub(crate) fn ways() -> Vec<Way> {
    let mut ways = Vec::new();
    for (way, tool) in [
        (Way::C99, "gcc"),
        (Way::Cxx17, "g++"),
        (Way::Valgrind, "valgrind"),
        (Way::Sanitized, "gcc"),
    ] {
        if has("gcc") && has(tool) {
            ways.push(way);
        }
    }
    ways
}

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

    /// Compiles a source below the root of the workspace against the shared library; what runs it.
    pub(crate) fn compile(&self, source: &str, way: Way) -> Command {
        let (program, library) = (self.path().join("program"), self.path().display());
        let mut compile = Command::new(if way == Way::Cxx17 { "g++" } else { "gcc" });
        match way {
            Way::Cxx17 => compile.args(["-std=c++17", "-x", "c++"]),
            Way::Sanitized => compile.args(["-std=c99", "-g", "-fsanitize=address,undefined"]),
            Way::C99 | Way::Valgrind => compile.args(["-std=c99", "-g"]),
        };
        compile
            .args(STRICT)
            .arg("-I")
            .arg(at("adapters/c/include"))
            .arg(at(source))
            .args(["-x", "none", "-lpthread", "-lquintet"])
            .arg(format!("-L{library}"))
            .arg(format!("-Wl,-rpath,{library}"))
            .arg("-o")
            .arg(&program);
        said(&mut compile);
        if way != Way::Valgrind {
            return Command::new(program);
        }
        let mut run = Command::new("valgrind");
        run.args(["-q", "--error-exitcode=9", "--leak-check=full"])
            .arg("--errors-for-leak-kinds=definite,indirect,possible")
            .arg(format!(
                "--suppressions={}",
                at("adapters/c/tests/c/valgrind.supp").display()
            ))
            .arg(program);
        run
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
