//! A directory, a receiver, an engine and a shell for each test.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::time::Duration;

use quintet::{Engine, Rules, Settings};
use quintet_quickjs::{Api, Ended, Level, Sandbox, Shell, ShellSettings};
use quintet_receiver::Receiver;
use quintet_tcp::TcpConnect;
use tempfile::TempDir;

/// Nothing here takes so long, however busy the machine: it only ends what hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(60);

/// What a script can reach: `photo.jpg`, `user/note.txt`, `temp/draft.txt`, `big.bin` (all hole), `folder`.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) receiver: Receiver,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(quintet_receiver::Settings::default())
    }

    pub(crate) fn with(settings: quintet_receiver::Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (name, text) in [
            ("photo.jpg", "hello"),
            ("user/note.txt", "a note"),
            ("temp/draft.txt", "a draft"),
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir(root.join("folder")).unwrap();
        let big = fs::File::create(root.join("big.bin")).unwrap();
        big.set_len(64 << 20).unwrap();
        Self {
            folder,
            receiver: Receiver::start(settings).unwrap(),
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine_with(Settings::default())
    }

    pub(crate) fn engine_with(&self, settings: Settings) -> Engine {
        Engine::builder(TcpConnect::new())
            .settings(settings)
            .files(Sandbox::new(self.folder.path()))
            .policy(Rules::new().domain("127.0.0.1:*").unwrap())
            .start()
            .unwrap()
    }

    /// Runs a script that finds `tt`, `url`, `filePath`.
    pub(crate) fn run(&self, script: &str) -> Ran {
        self.run_with(script, Api::tt(self.engine()), |_| {})
    }

    pub(crate) fn run_with(
        &self,
        script: &str,
        api: Api,
        change: impl FnOnce(&mut ShellSettings),
    ) -> Ran {
        let (shell, printed) = self.shell(api, change);
        let ended = shell.run("test.js", script);
        drop(shell);
        let printed = printed.take();
        let of = |wanted| {
            let lines = printed.iter().filter(move |(level, _)| *level == wanted);
            lines.map(|(_, text)| text.clone()).collect()
        };
        Ran {
            out: of(Level::Out),
            err: of(Level::Error),
            ended,
        }
    }

    pub(crate) fn shell(
        &self,
        api: Api,
        change: impl FnOnce(&mut ShellSettings),
    ) -> (Shell, Lines) {
        let lines = Lines::default();
        let to = lines.clone();
        let mut settings = ShellSettings::default();
        settings.timeout = Some(HANGS);
        settings.print = Box::new(move |level, text| to.borrow_mut().push((level, text.into())));
        change(&mut settings);
        let mut shell = Shell::new(settings).unwrap();
        shell.open(api).unwrap();
        shell.context().with(|ctx| {
            let globals = ctx.globals();
            globals.set("url", self.receiver.url("/up")).unwrap();
            globals.set("filePath", "photo.jpg").unwrap();
        });
        (shell, lines)
    }
}

pub(crate) type Lines = Rc<RefCell<Vec<(Level, String)>>>;

/// What a script printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
    pub(crate) ended: Ended,
}

impl Ran {
    /// Nothing was wrong; what it printed.
    pub(crate) fn clean(self) -> Vec<String> {
        assert_eq!(self.err, [""; 0], "{:?}", self.out);
        assert_eq!((self.ended.uncaught, self.ended.stopped), (0, None));
        self.out
    }
}
