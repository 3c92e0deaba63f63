//! How work is shared out: workers that take the next upload when they have ended the last, as threads or as tasks.

use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::job::Job;

/// Uploads at once, as Quintet has it.
pub(crate) const AT_ONCE: usize = 5;

/// How long each upload took, from its worker's turn to its complete answer.
pub(crate) type Latencies = Vec<Duration>;

/// Runs the job with a thread for each worker, if there is more than one. `make` makes what a worker keeps (a
/// connection); the function it returns does one upload.
pub(crate) fn threads<U>(job: &Job, make: impl Fn() -> Result<U> + Sync) -> Result<Latencies>
where
    U: FnMut(&Path) -> Result<()>,
{
    let next = AtomicUsize::new(0);
    let work = || {
        let mut latencies = Latencies::new();
        let mut upload = make()?;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= job.uploads {
                return Ok(latencies);
            }
            let start = Instant::now();
            upload(job.file(index))?;
            latencies.push(start.elapsed());
        }
    };
    if job.workers == 1 {
        return work();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..job.workers).map(|_| scope.spawn(work)).collect();
        let mut all = Latencies::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a worker panicked")??);
        }
        Ok(all)
    })
}

/// What one asynchronous worker keeps.
pub(crate) trait Uploader {
    /// Uploads one file to its complete answer.
    async fn upload(&mut self, path: &Path) -> Result<()>;
}

/// As [`threads`], with local tasks of the runtime that this is called in.
pub(crate) async fn tasks<U: Uploader + 'static>(
    job: Rc<Job>,
    make: impl Fn() -> Result<U>,
) -> Result<Latencies> {
    let next = Rc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for _ in 0..job.workers {
        let (job, next, mut uploader) = (job.clone(), next.clone(), make()?);
        tasks.push(tokio::task::spawn_local(async move {
            let mut latencies = Latencies::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= job.uploads {
                    return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(latencies);
                }
                let start = Instant::now();
                uploader.upload(job.file(index)).await?;
                latencies.push(start.elapsed());
            }
        }));
    }
    let mut all = Latencies::new();
    for task in tasks {
        all.extend(task.await??);
    }
    Ok(all)
}

/// [`tasks`] on a tokio runtime of this thread alone.
pub(crate) fn tokio_tasks<U: Uploader + 'static>(
    job: &Job,
    make: impl Fn() -> Result<U>,
) -> Result<Latencies> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, tasks(Rc::new(job.clone()), make))
}

/// Fails unless the server said 200.
pub(crate) fn expect_ok(status: u16) -> Result<()> {
    match status {
        200 => Ok(()),
        _ => Err(format!("the server answered {status}").into()),
    }
}
