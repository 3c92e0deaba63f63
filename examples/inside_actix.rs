//! Uploads from a program that runs actix: the scheduler is one more actor, events arrive as messages.
//! `inside_actix URL FILE`
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

use std::error::Error;

use actix::prelude::*;
use quintet::{Engine, Event, EventKind, UploadRequest, to_recipient};
use quintet_tcp::TcpConnect;

/// An actor of the program: it prints what it hears.
struct Printer;

impl Actor for Printer {
    type Context = Context<Self>;
}

impl Handler<Event> for Printer {
    type Result = ();

    fn handle(&mut self, event: Event, _: &mut Self::Context) {
        match event.kind {
            EventKind::Progress(progress) => println!("{}%", progress.percent()),
            EventKind::Done(outcome) => println!("{}", outcome.err_msg()),
            _ => {}
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(file)) = (args.next(), args.next()) else {
        return Err("usage: inside_actix URL FILE".into());
    };
    System::new().block_on(async {
        let engine = Engine::builder(TcpConnect::new()).start_in_current_system();
        let printer = Printer.start();
        let request =
            UploadRequest::new(url, file, "file").listener(to_recipient(printer.recipient()));
        let task = engine.scheduler().send(request).await?;
        let outcome = task.await;
        println!("{:?} on the thread of the program", outcome.status());
        Ok(())
    })
}
