//! Ctrl-C: once, and twice.

use std::io::Read;
use std::process::Child;
use std::time::{Duration, Instant};

use quintet_receiver::{Receiver, Settings};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::*;

fn press(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// Reads so slowly that nothing ends by itself.
fn slow_receiver() -> Receiver {
    Receiver::start(Settings {
        rate: Some(10_000),
        receive_buffer_bytes: Some(16_384),
        ..Settings::default()
    })
    .unwrap()
}

#[test]
fn the_first_aborts_everything_and_says_what_happened_to_each() {
    let (folder, receiver) = (Folder::new(), slow_receiver());
    let url = receiver.url("/");
    let files: Vec<_> = (0..7)
        .map(|index| folder.file(&format!("{index}.bin"), vec![index; 8 << 20]))
        .collect();
    let mut args = vec!["send", &*url, "--json"];
    args.extend(files.iter().map(String::as_str));
    let child = start(&mut quintet(&args));
    until("five active uploads", || receiver.stats().active == 5);
    press(&child);
    let ran = end(child);

    assert_eq!(ran.code, 130, "{ran:?}");
    for (file, before) in [(&files[5], 0), (&files[6], 1)] {
        let waits = format!("{file}: waits for its turn, {before} before it\n");
        assert!(ran.stderr.contains(&waits), "{ran:?}");
    }
    for file in &files {
        assert!(
            ran.stderr.contains(&format!("quintet: {file}: abort\n")),
            "{ran:?}"
        );
    }
    assert_eq!(ran.stderr.matches("not begun").count(), 2, "{ran:?}");
    assert_eq!(
        ran.stderr.matches(" bytes were sent (phase: ").count(),
        5,
        "{ran:?}"
    );
    let sum = "aborted: 0 answered, 5 stopped midway, 2 never begun, 0 failed\n";
    assert!(ran.stderr.ends_with(sum), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 7);
    for line in ran.stdout.lines() {
        assert!(
            line.contains(r#""errMsg":"uploadFile:fail abort","errno":301"#),
            "{line}"
        );
    }
    assert_eq!(
        receiver.stats().arrivals.len(),
        5,
        "what waited was never sent"
    );
}

#[test]
fn the_second_leaves_at_once_whatever_the_program_is_stuck_in() {
    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    // More than a pipe holds, and nobody reads on: printing the answer never ends.
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n".to_vec();
    answer.resize(answer.len() + (8 << 20), b'x');
    let (url, server) = server(answer);
    let mut child = start(&mut quintet(&["send", &url, &file]));
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();

    let began = Instant::now();
    let mut presses = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < HANGS, "it never left");
        press(&child);
        presses += 1;
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
    assert!(presses >= 2, "the first alone did not end it");
    server.join().unwrap();
}

#[test]
fn quiet_is_quiet_about_it_too() {
    let (folder, receiver) = (Folder::new(), slow_receiver());
    let file = folder.file("a.bin", vec![0; 8 << 20]);
    let child = start(&mut quintet(&["send", &receiver.url("/"), &file, "-q"]));
    until("an active upload", || receiver.stats().active == 1);
    press(&child);
    let ran = end(child);
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (130, "", ""));
}

#[test]
fn the_demo_ends_in_order_and_leaves_no_files_behind() {
    let folder = Folder::new();
    let mut command = quintet(&["demo"]);
    let child = start(command.env("TMPDIR", folder.path()));
    // Its directory is there before anything takes long, and after Ctrl-C is taken over.
    until("the demo's directory", || {
        folder.path().read_dir().unwrap().count() > 0
    });
    press(&child);
    let ran = end(child);
    assert_eq!(ran.code, 130, "{ran:?}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
