//! Runs scripts in the shell against a receiver.

mod bounds;
mod calls;
mod host;
mod support;
mod table;
mod tasks;
mod wx;
