//! A raw loop for small files: five connections on one thread over epoll; open, fstat, read, close, send, recv.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use rustix::event::epoll;
use rustls::{ClientConfig, ClientConnection};

use crate::clients::{Client, Program, small};
use crate::job::Job;
use crate::work::Latencies;
use crate::{Result, form, wire};

pub(crate) const CLIENT: Client = Client {
    name: "raw-epoll",
    what: "one thread, epoll, six system calls an upload (TLS: rustls)",
    packages: &["rustls", "ring"],
    fits: small,
    program: Program::Own(run),
};

fn run(job: &Job) -> Result<Latencies> {
    let config = match job.is_secure() {
        true => Some(Arc::new(wire::client_config(job)?)),
        false => None,
    };
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut waiting: VecDeque<usize> = (0..job.uploads).collect();
    let mut latencies = Latencies::with_capacity(job.uploads);
    let mut lanes = Vec::new();
    for key in 0..job.workers.min(job.uploads) {
        let mut lane = Lane::connect(job, config.as_ref(), &epoll, key)?;
        lane.begin(job, waiting.pop_front())?;
        lanes.push(Some(lane));
    }
    let mut events = Vec::with_capacity(lanes.len());
    while latencies.len() < job.uploads {
        events.clear();
        epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let key = usize::try_from(event.data.u64())?;
            let Some(lane) = &mut lanes[key] else {
                continue;
            };
            if !lane.receive()? {
                continue;
            }
            latencies.push(lane.began.elapsed());
            let next = waiting.pop_front();
            if job.fresh {
                lanes[key] = match next {
                    Some(_) => Some(Lane::connect(job, config.as_ref(), &epoll, key)?),
                    None => None,
                };
            }
            if let Some(lane) = &mut lanes[key] {
                lane.begin(job, next)?;
            }
        }
    }
    Ok(latencies)
}

/// One connection, and the upload that is on it.
struct Lane {
    stream: TcpStream,
    tls: Option<ClientConnection>,
    answer: wire::Answer,
    began: Instant,
}

impl Lane {
    /// To have a new connection is part of the upload that it is for.
    fn connect(
        job: &Job,
        config: Option<&Arc<ClientConfig>>,
        epoll: &OwnedFd,
        key: usize,
    ) -> Result<Self> {
        let began = Instant::now();
        let stream = wire::connect(job)?;
        stream.set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(key as u64);
        epoll::add(epoll, &stream, data, epoll::EventFlags::IN)?;
        let tls = config
            .map(|config| ClientConnection::new(config.clone(), wire::server_name()))
            .transpose()?;
        Ok(Self {
            stream,
            tls,
            answer: wire::Answer::default(),
            began,
        })
    }

    fn begin(&mut self, job: &Job, index: Option<usize>) -> Result<()> {
        let Some(index) = index else { return Ok(()) };
        if !job.fresh {
            self.began = Instant::now();
        }
        let request = form::whole(job, job.file(index))?;
        match &mut self.tls {
            // Far below the send buffer, which is empty: never cut, never refused.
            None => self.stream.write_all(&request)?,
            Some(tls) => {
                // Before the handshake is done it is kept, and goes out right after.
                tls.set_buffer_limit(None);
                tls.writer().write_all(&request)?;
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Takes what has come; returns whether the answer is complete.
    fn receive(&mut self) -> Result<bool> {
        let mut buffer = [0; 4096];
        if let Some(tls) = &mut self.tls {
            if tls.read_tls(&mut self.stream)? == 0 {
                return Err("the server left without an answer".into());
            }
            tls.process_new_packets()?;
            self.flush()?;
        }
        let read = match &mut self.tls {
            Some(tls) => tls.reader().read(&mut buffer),
            None => self.stream.read(&mut buffer),
        };
        match read {
            Ok(0) => Err("the server left without an answer".into()),
            Ok(read) => self.answer.feed(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        while let Some(tls) = self.tls.as_mut().filter(|tls| tls.wants_write()) {
            tls.write_tls(&mut self.stream)?;
        }
        Ok(())
    }
}
