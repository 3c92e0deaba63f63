//! What is asked of Rust's side. What C sees is asked by the programs in `tests/`.

mod header;
mod own_transport;
mod panics;
