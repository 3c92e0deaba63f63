//! The server: throws bodies away, on a thread for each connection.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Prints its port and serves until its standard input ends, which it does with the process that started it.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || while serve(&stream).is_some() {});
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Reads one request and answers it; `None` when the connection is over.
pub(crate) fn serve(mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut length = None;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line == "\r\n" {
            break;
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim_end().parse::<u64>().ok();
        }
        if line.is_empty() {
            return None;
        }
    }
    let mut body = reader.take(length?);
    std::io::copy(&mut body, &mut std::io::sink()).ok()?;
    if body.limit() > 0 {
        return None;
    }
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    stream.write_all(ok.as_bytes()).ok()
}
