//! Target `path`: the files beneath a directory. What is opened is a file that lies there, whatever the path; what is not
//! there is refused; and nothing waits for the other side of a FIFO.
//!
//! Input: the path, of which some bytes stand for the names of the tree.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Component, Path, PathBuf};

use quintet::{FileError, Files, LocalFiles};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

/// What stands for names, by the byte that does: the tree's, and what leads out of it.
const NAMES: [&str; 14] = [
    "a", "b", "file", "deep", "empty", "fifo", "socket", "in", "out", "up", "loop", "..", ".",
    "outside",
];

struct Tree {
    /// Holds the root and what lies beside it.
    directory: TempDir,
    files: LocalFiles,
    /// Every regular file beneath the root: its path there, and which it is to the system.
    regular: Vec<(PathBuf, (u64, u64))>,
}

thread_local! {
    static TREE: Tree = Tree::new();
}

impl Tree {
    fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let root = directory.path().join("root");
        let outside = directory.path().join("outside");
        fs::create_dir_all(root.join("a/b/deep")).expect("directories");
        fs::create_dir_all(root.join("empty")).expect("a directory");
        fs::create_dir_all(&outside).expect("a directory");
        for path in ["file", "a/file", "a/b/file", "a/b/deep/file"] {
            fs::write(root.join(path), path).expect("a file");
        }
        fs::write(outside.join("file"), "outside").expect("a file");
        for (to, from) in [
            ("file", "in"),
            ("../outside/file", "out"),
            ("../outside", "a/out"),
            ("..", "up"),
            ("../..", "a/up"),
            ("loop", "loop"),
            ("b/file", "a/in"),
            ("b", "a/b/in"),
            ("/proc/self/root", "a/b/out"),
        ] {
            symlink(to, root.join(from)).expect("a link");
        }
        for (path, kind) in [
            ("fifo", FileType::Fifo),
            ("a/fifo", FileType::Fifo),
            ("socket", FileType::Socket),
        ] {
            let mode = Mode::RUSR | Mode::WUSR;
            mknodat(CWD, root.join(path), kind, mode, 0).expect("a FIFO or socket");
        }
        let mut regular = Vec::new();
        for path in ["file", "a/file", "a/b/file", "a/b/deep/file"] {
            let metadata = fs::metadata(root.join(path)).expect("it was just made");
            regular.push((path.into(), identity(&metadata)));
        }
        let files = LocalFiles::beneath(&root);
        Self {
            directory,
            files,
            regular,
        }
    }
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Panics if anything but a file of the tree is opened, or one of them is not.
pub fn check(bytes: &[u8]) {
    TREE.with(|tree| {
        let path = path(bytes, tree.directory.path());
        let expected = named(&path).and_then(|path| tree.regular.iter().find(|it| it.0 == path));
        let opened = tree.files.open(&path);
        let checked = tree.files.check(&path);
        assert_eq!(checked.is_ok(), opened.is_ok(), "{path:?}");
        match (opened, expected) {
            (Ok(opened), Some((name, known))) => {
                let file: &File = opened.source.file().expect("a file of the system");
                assert_eq!(identity(&file.metadata().expect("it is open")), *known);
                let mut content = [0; 64];
                let read = opened
                    .source
                    .read_at(&mut content, 0)
                    .expect("it can be read");
                assert_eq!(&content[..read], name.as_os_str().as_encoded_bytes());
                assert_eq!(opened.state.len, read as u64);
            }
            (Ok(_), None) => panic!("{path:?} was opened"),
            (Err(error), Some(_)) => panic!("{path:?} was not opened: {error}"),
            (Err(error), None) => told(&error, tree.directory.path()),
        }
    });
}

/// Bytes from 128 on stand for names, 127 for the tree's own absolute path.
fn path(bytes: &[u8], directory: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut path = Vec::new();
    for byte in bytes {
        match byte {
            128.. => {
                path.extend_from_slice(NAMES[usize::from(byte - 128) % NAMES.len()].as_bytes())
            }
            127 => path.extend_from_slice(directory.as_os_str().as_encoded_bytes()),
            _ => path.push(*byte),
        }
    }
    std::ffi::OsString::from_vec(path).into()
}

/// The path without what says nothing, if it leads neither up nor from the top.
fn named(path: &Path) -> Option<PathBuf> {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts
        .map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect()
}

/// The error does not tell where the tree lies.
fn told(error: &FileError, directory: &Path) {
    let directory = directory.to_string_lossy();
    assert!(!format!("{error} {error:?}").contains(&*directory));
}
