//! The threads of this program and their context switches, as Linux tells them under `/proc`.

use std::error::Error;
use std::fs;

/// What Linux tells of the threads that live now.
pub(crate) struct Threads {
    pub(crate) count: u64,
    /// Times that one of them waited or was made to wait.
    pub(crate) switches: u64,
}

pub(crate) fn threads() -> Result<Threads, Box<dyn Error>> {
    let mut threads = Threads {
        count: 0,
        switches: 0,
    };
    for task in fs::read_dir("/proc/self/task")? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        threads.count += 1;
        for line in status.lines() {
            // `voluntary_ctxt_switches:` and `nonvoluntary_ctxt_switches:`.
            if let Some((_, switches)) = line.split_once("voluntary_ctxt_switches:") {
                threads.switches += switches.trim().parse::<u64>()?;
            }
        }
    }
    Ok(threads)
}
