//! `quintet`, the command line: reads the arguments and hands over to the subcommand.
#![forbid(unsafe_code)]

mod args;
mod bench;
mod board;
mod calls;
mod content;
mod demo;
mod demo_files;
mod discard;
mod dry_run;
mod exit;
mod form;
mod interrupt;
mod messages;
mod output;
mod pages;
mod progress;
mod proxies;
mod run;
mod send;
mod serve;
mod source;
mod tally;
mod transport;
mod units;
#[cfg(unix)]
mod unix_socket;
#[cfg(not(unix))]
#[path = "unix_socket_none.rs"]
mod unix_socket;
mod way;

use std::process::ExitCode;

use args::{Args, Command};

fn main() -> ExitCode {
    let ended = match Args::read().command {
        Command::Send(args) => send::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { subcommand } => pages::man(subcommand.as_deref()),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(trouble) => {
            messages::tell(&format!("quintet: {trouble}"));
            exit::Exit::Trouble.into()
        }
    }
}
