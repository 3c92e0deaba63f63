//! The program keeps the contract of the real servers. That this test exists also makes
//! `cargo test` build the program, where the tests that send to it look for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// Ended even when an assertion fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_tells_its_port_decodes_an_upload_and_ends_with_stdin() {
    let mut server = Server(
        Command::new(env!("CARGO_BIN_EXE_actix_server"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port: u16 = line
        .strip_prefix("LISTENING ")
        .unwrap()
        .trim()
        .parse()
        .unwrap();

    let body = "--XX\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\nv\r\n\
        --XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"文.txt\"\r\n\
        Content-Type: text/plain\r\n\r\nabc\r\n--XX--\r\n";
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        client,
        "POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=XX\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    let (head, json) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "server": "actix",
            "fields": [["n", "v"]],
            "files": [{
                "name": "f",
                "fileName": "文.txt",
                "contentType": "text/plain",
                "size": 3,
                "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            }],
        })
    );

    drop(server.0.stdin.take());
    assert!(server.0.wait().unwrap().success());
}
