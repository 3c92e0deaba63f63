//! Context switches of the process, and the most memory it ever held, as the system counts them.
#![allow(unsafe_code)]

/// Since the program began, by all threads that live or have ended.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    /// It waited, and gave the processor away.
    pub(crate) voluntary: u64,
    /// The processor was taken away.
    pub(crate) involuntary: u64,
}

pub(crate) fn usage() -> Usage {
    // SAFETY: all zeros is a value of this plain struct of integers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole rusage that lives through the call.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    Usage {
        voluntary: usage.ru_nvcsw as u64,
        involuntary: usage.ru_nivcsw as u64,
    }
}
