//! A raw loop over TLS: the file is read into the places of 16 records, sealed there, and written by one call.
//!
//! rustls shakes hands and hands over the keys (RFC 8446, section 5); nothing here rekeys, so it serves for a benchmark
//! and nothing else.

use std::fs::File;
use std::io::{IoSliceMut, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rustix::io::preadv;
use rustls::{ClientConfig, ClientConnection, ConnectionTrafficSecrets};

use crate::clients::{Client, Program, large_tls};
use crate::job::Job;
use crate::work::{self, Latencies};
use crate::{Result, form, wire};

const RECORDS: usize = 16;
const HEADER_BYTES: usize = 5;
const PAYLOAD_BYTES: usize = 16 * 1024;
/// The content type inside, and the tag.
const TRAILER_BYTES: usize = 1 + 16;
const RECORD_BYTES: usize = HEADER_BYTES + PAYLOAD_BYTES + TRAILER_BYTES;
const APPLICATION_DATA: u8 = 23;

pub(crate) const CLIENT: Client = Client {
    name: "raw-seal",
    what: "preadv into 16 records, seal in place by ring, write",
    packages: &["ring"],
    fits: large_tls,
    program: Program::Own(run),
};

fn run(job: &Job) -> Result<Latencies> {
    let mut config = wire::client_config(job)?;
    config.enable_secret_extraction = true;
    let config = Arc::new(config);
    work::threads(job, || {
        let mut sealed = Sealed::connect(job, config.clone())?;
        Ok(move |path: &Path| sealed.upload(job, path))
    })
}

struct Sealed {
    stream: TcpStream,
    out: Direction,
    back: Direction,
    records: Vec<u8>,
}

/// One direction's key, and the number of its next record.
struct Direction {
    key: LessSafeKey,
    iv: [u8; NONCE_LEN],
    sequence: u64,
}

impl Sealed {
    fn connect(job: &Job, config: Arc<ClientConfig>) -> Result<Self> {
        let mut stream = wire::connect(job)?;
        let mut tls = ClientConnection::new(config, wire::server_name())?;
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(&mut stream)?;
        }
        let secrets = tls.dangerous_extract_secrets()?;
        Ok(Self {
            stream,
            out: Direction::new(secrets.tx)?,
            back: Direction::new(secrets.rx)?,
            records: vec![0; (RECORDS + 1) * RECORD_BYTES],
        })
    }

    fn upload(&mut self, job: &Job, path: &Path) -> Result<()> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut ready = self.seal_text(0, &form::request(job, path, bytes))?;
        let mut offset = 0;
        while offset < bytes {
            // The head goes in front of the first burst's records, which then are one fewer.
            let read = self.read_burst(ready, &file, offset)?;
            ready = self.seal_burst(ready, read)?;
            offset += read as u64;
            if offset == bytes {
                ready = self.seal_text(ready, &form::after())?;
            }
            self.stream.write_all(&self.records[..ready])?;
            ready = 0;
        }
        self.read_answer()
    }

    fn read_burst(&mut self, start: usize, file: &File, offset: u64) -> Result<usize> {
        let records = &mut self.records[start..];
        let places = records.chunks_exact_mut(RECORD_BYTES).take(RECORDS - 1);
        let mut payloads: Vec<_> = places
            .map(|place| IoSliceMut::new(&mut place[HEADER_BYTES..][..PAYLOAD_BYTES]))
            .collect();
        match preadv(file, &mut payloads, offset)? {
            0 => Err("the file has become shorter".into()),
            read => Ok(read),
        }
    }

    /// Seals the payloads that lie in the places from `start` on; returns where the last record ends.
    fn seal_burst(&mut self, start: usize, read: usize) -> Result<usize> {
        let mut end = start;
        let mut left = read;
        while left > 0 {
            let payload = left.min(PAYLOAD_BYTES);
            end = self.seal_at(end, payload)?;
            left -= payload;
        }
        Ok(end)
    }

    fn seal_text(&mut self, start: usize, text: &str) -> Result<usize> {
        self.records[start + HEADER_BYTES..][..text.len()].copy_from_slice(text.as_bytes());
        self.seal_at(start, text.len())
    }

    fn seal_at(&mut self, start: usize, payload: usize) -> Result<usize> {
        let end = start + HEADER_BYTES + payload + TRAILER_BYTES;
        self.out.seal(&mut self.records[start..end])?;
        Ok(end)
    }

    fn read_answer(&mut self) -> Result<()> {
        let mut answer = wire::Answer::default();
        loop {
            let mut header = [0; HEADER_BYTES];
            self.stream.read_exact(&mut header)?;
            let mut record = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
            self.stream.read_exact(&mut record)?;
            let inside = self.back.open(&header, &mut record)?;
            // Others are tickets.
            if let Some((&APPLICATION_DATA, payload)) = inside.split_last()
                && answer.feed(payload)?
            {
                return Ok(());
            }
        }
    }
}

impl Direction {
    fn new((sequence, secrets): (u64, ConnectionTrafficSecrets)) -> Result<Self> {
        let ConnectionTrafficSecrets::Aes128Gcm { key, iv } = secrets else {
            return Err("not AES-128-GCM".into());
        };
        let key = UnboundKey::new(&AES_128_GCM, key.as_ref()).map_err(|_| "a bad key")?;
        Ok(Self {
            key: LessSafeKey::new(key),
            iv: iv.as_ref().try_into()?,
            sequence,
        })
    }

    /// Seals a record whose payload is in place: header before it, content type and tag after it.
    fn seal(&mut self, record: &mut [u8]) -> Result<()> {
        let sealed = u16::try_from(record.len() - HEADER_BYTES)?.to_be_bytes();
        let (header, inside) = record.split_at_mut(HEADER_BYTES);
        header.copy_from_slice(&[APPLICATION_DATA, 3, 3, sealed[0], sealed[1]]);
        let (inside, tag_place) = inside.split_at_mut(inside.len() - (TRAILER_BYTES - 1));
        inside[inside.len() - 1] = APPLICATION_DATA;
        let nonce = self.nonce();
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::from(&*header), inside)
            .map_err(|_| "a record too long")?;
        tag_place.copy_from_slice(tag.as_ref());
        Ok(())
    }

    fn open<'a>(&mut self, header: &[u8], record: &'a mut [u8]) -> Result<&'a [u8]> {
        let nonce = self.nonce();
        let opened = self.key.open_in_place(nonce, Aad::from(header), record);
        Ok(opened.map_err(|_| "a record that is not the server's")?)
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = self.iv;
        let number = self.sequence.to_be_bytes();
        for (byte, number) in nonce[NONCE_LEN - number.len()..].iter_mut().zip(number) {
            *byte ^= number;
        }
        self.sequence += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}
