//! What a caller's header and field have told is in no memory of this process once the upload is over: all of it is read and
//! searched. The test alone in its program, because any other would have texts of its own.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use quintet::{Engine, Event, EventKind, FilePart, UploadRequest};
use quintet_tcp::TcpConnect;
use tempfile::TempDir;

/// The secrets, each byte changed by this: what is searched for must not be found in the test itself.
const MASK: u8 = 0xa5;
const HEADER: &[u8] = b"a header's value that nobody may find";
const FIELD: &[u8] = b"a field's value that nobody may find";

/// The text is in no program: its bytes are made when it is asked for.
fn secret(masked: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(masked.len());
    text.extend(masked.iter().map(|byte| std::hint::black_box(byte ^ MASK)));
    text
}

/// Letters alone, so that a header may hold them.
fn masked(name: &[u8]) -> Vec<u8> {
    let letter =
        |(at, byte): (usize, &u8)| b'a' + (byte.wrapping_mul(7).wrapping_add(at as u8) % 26);
    name.iter()
        .enumerate()
        .map(|it| letter(it) ^ MASK)
        .collect()
}

/// How often it stands in the memory of this process.
fn found(masked: &[u8]) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("procfs");
    let memory = File::open("/proc/self/mem").expect("procfs");
    let mut piece = vec![0; 1 << 20];
    let mut count = 0;
    for line in maps.lines().filter(|line| !line.contains("[v")) {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        let (from, to) = range.split_once('-').expect("a range");
        let [mut from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).expect("an address"));
        while rights.starts_with("rw") && from < to {
            let len = piece.len().min((to - from) as usize);
            let Ok(read @ 1..) = memory.read_at(&mut piece[..len], from) else {
                break;
            };
            // What was read is itself in memory now, and must not be found there.
            piece[..read].iter_mut().for_each(|byte| *byte ^= MASK);
            count += piece[..read]
                .windows(masked.len())
                .filter(|window| *window == masked)
                .count();
            piece[..read].fill(0);
            // The pieces overlap, so that none is cut in two.
            from += match read < len || from + read as u64 >= to {
                true => read as u64,
                false => (read - masked.len()) as u64,
            };
        }
    }
    count
}

/// Answers every request once its closing boundary has come, and keeps nothing of it.
fn serve(mut stream: TcpStream) {
    let mut last = [0; 4];
    let mut byte = [0];
    while let Ok(1) = stream.read(&mut byte) {
        last.rotate_left(1);
        last[3] = std::mem::take(&mut byte[0]);
        if &last == b"--\r\n" {
            last = [0; 4];
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    }
}

/// With the secret field before the file, or behind it.
fn request(url: &str, path: &Path, before: bool) -> UploadRequest {
    let header = String::from_utf8(secret(&masked(HEADER))).expect("letters");
    let mut field = secret(&masked(FIELD));
    let mut request = UploadRequest::form(url)
        .header("X-First", "there is one before it")
        .header("Authorization", header)
        .header("X-Long", "y".repeat(500))
        .field("before", "there is one before it");
    if before {
        request = request
            .field("password", &field)
            .field("long", "z".repeat(500));
    }
    request = request.file(FilePart::new("file", path));
    if !before {
        request = request.field("password", &field);
    }
    // The test's own copy: the engine's is another.
    quintet_proto::wipe(&mut field);
    request
}

#[test]
fn s20_headers_and_fields_are_in_no_memory_after_the_upload() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/up", listener.local_addr().expect("bound"));
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(serve));
    let folder = TempDir::new().expect("a temporary directory");
    let path = folder.path().join("a");
    std::fs::write(&path, "content").expect("room for a file");
    let (header, field) = (masked(HEADER), masked(FIELD));
    let (tell, during) = mpsc::channel();
    let seen = (header.clone(), field.clone());
    let looks = move |event: &Event| {
        if matches!(event.kind, EventKind::BodySent { .. }) {
            let _ = tell.send((found(&seen.0), found(&seen.1)));
        }
    };
    let engine = Engine::start(TcpConnect::new()).expect("a thread");
    // All over one connection, with the same buffers.
    for before in [true, false, true] {
        let task = engine
            .upload(request(&url, &path, before).listener(std::sync::Arc::new(looks.clone())));
        assert_eq!(task.wait().status(), Some(200));
        drop(task);
        let (headers, fields) = during.recv().expect("the body went");
        assert!(headers > 0 && fields > 0, "the search finds what is there");
        assert_eq!((found(&header), found(&field)), (0, 0));
    }
}
