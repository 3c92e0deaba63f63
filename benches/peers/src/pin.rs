//! Which processor serves and which one uploads.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Result;

/// The two processors: different ones wherever there are two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors {
    pub(crate) sink: usize,
    pub(crate) client: usize,
}

impl Processors {
    /// The first and the last that this process may use, unless they are named: `SINK,CLIENT`.
    pub(crate) fn choose(named: Option<&str>) -> Result<Self> {
        if let Some(named) = named {
            let (sink, client) = named.split_once(',').ok_or("two processors, as in 0,1")?;
            return Ok(Self {
                sink: sink.parse()?,
                client: client.parse()?,
            });
        }
        let allowed = sched_getaffinity(None)?;
        let mut allowed = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu));
        let sink = allowed.next().ok_or("no processor")?;
        let client = allowed.next_back().unwrap_or(sink);
        Ok(Self { sink, client })
    }
}

/// Keeps the calling thread, and whatever it starts from now on, to one processor.
pub(crate) fn pin(cpu: usize) -> Result<()> {
    let mut one = CpuSet::new();
    one.set(cpu);
    Ok(sched_setaffinity(None, &one)?)
}
