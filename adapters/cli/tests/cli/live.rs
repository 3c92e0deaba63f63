//! The live view of a bench, on a terminal.

use std::io::{Read, Write};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};

use crate::support::*;

const LEAVES: &[u8] = b"\x1b[?1049l";

/// A terminal, what stands on it, and all that came.
struct Terminal {
    pty: Arc<Pty>,
    screen: Arc<Mutex<vt100::Parser>>,
    reads: JoinHandle<Vec<u8>>,
}

impl Terminal {
    fn start(rows: u16, columns: u16, args: &[&str]) -> (Self, Child) {
        let (pty, line) = open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let program = Command::new(env!("CARGO_BIN_EXE_quintet"));
        let program = program.args(args).env("TERM", "xterm").env("NO_COLOR", "1");
        let child = program.spawn(line).unwrap();
        let pty = Arc::new(pty);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(
            rows.try_into().unwrap(),
            columns.try_into().unwrap(),
            0,
        )));
        let (reader, shown) = (pty.clone(), screen.clone());
        let reads = thread::spawn(move || {
            let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
            // Once nobody writes any more, reading fails.
            while let Ok(read @ 1..) = (&*reader).read(&mut buffer) {
                shown.lock().unwrap().process(&buffer[..read]);
                all.extend_from_slice(&buffer[..read]);
            }
            all
        });
        (Self { pty, screen, reads }, child)
    }

    fn resize(&self, rows: u16, columns: u16) {
        let mut parser = self.screen.lock().unwrap();
        self.pty.resize(Size::new(rows, columns)).unwrap();
        parser.set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
    }

    fn until_it_shows(&self, texts: &[&str]) {
        until(&format!("{texts:?} on the terminal"), || {
            let parser = self.screen.lock().unwrap();
            let contents = parser.screen().contents();
            texts.iter().all(|text| contents.contains(text))
        });
    }

    fn presses_ctrl_c(&self) {
        (&*self.pty).write_all(b"\x03").unwrap();
    }
}

#[test]
fn a_terminal_shows_the_figures_at_any_size_and_gets_the_report_after_ctrl_c() {
    let receiver = receiver();
    let url = receiver.url("/up");
    let what = ["--size", "10", "--interval", "100ms", "--duration", "1h"];
    let (terminal, mut child) = Terminal::start(30, 100, &[&["bench", &url], &what[..]].concat());
    terminal.until_it_shows(&[
        &format!("quintet bench {url}"),
        "measuring; ",
        " uploads/s, ",
        "failed 0, begun ",
        "─ uploads answered a second",
        "─ response p99 • service p99 █ response p50",
        "Ctrl-C ends it",
    ]);
    terminal.resize(12, 44);
    // Not so much as a frame of what there is no room for.
    until("one chart on the smaller terminal", || {
        let parser = terminal.screen.lock().unwrap();
        let contents = parser.screen().contents();
        contents.contains("─ response p99") && !contents.contains("uploads answered a second")
    });
    terminal.until_it_shows(&["measuring; ", "failed 0, begun ", "Ctrl-C ends it"]);
    terminal.presses_ctrl_c();
    until("the end", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let Terminal { screen, reads, .. } = terminal;
    let all = reads.join().unwrap();
    let parser = screen.lock().unwrap();
    assert!(!parser.screen().alternate_screen() && !parser.screen().hide_cursor());
    let left = all.windows(LEAVES.len()).rposition(|some| some == LEAVES);
    let report = String::from_utf8_lossy(&all[left.unwrap()..]);
    assert!(report.contains(" answered, 0 failed"), "{report}");
    assert!(
        report.contains("it was stopped before its time"),
        "{report}"
    );
}
