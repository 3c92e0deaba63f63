//! The real program against a real receiver: what it prints, where, and how it exits.

mod bench;
#[cfg(unix)]
mod bench_shards;
mod demo;
mod dry_run;
mod failures;
mod forms;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod live;
mod options;
mod pages;
mod proxy;
mod run;
mod send;
mod serve;
mod support;
mod table;
mod transfer;
