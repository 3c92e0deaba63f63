//! Rules about ranges of files.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use super::super::ends::{Checked, Ends, Look, Stop, broken, pattern, went_well};
use crate::FileSend;

const HEAD: u64 = 10;
const OFFSET: u64 = 1234;
const RANGE: u64 = 20_000;
const TAIL: u64 = 10;

/// What a connection did with a range: how much it sent, and whether it then declined.
struct Offered {
    sent: u64,
    declined: bool,
}

pub(super) async fn range(ends: &mut Ends) -> Checked {
    // What the stream goes on with, between bytes that it does not.
    let range = pattern(HEAD, RANGE as usize);
    let file = Scratch::new(&[&[0; OFFSET as usize], range, &[0; 5000]].concat())?;
    // Not read by the peer yet: the range must come behind it.
    ends.look("a write is taken", |ends, cx| {
        let left = HEAD.saturating_sub(ends.taken);
        if left > 0 {
            went_well(&ends.write(cx, left as usize)?, "write")?;
        }
        Ok(match ends.taken {
            HEAD.. => Look::Done(()),
            _ => {
                ends.far_read(1)?;
                Look::Nothing
            }
        })
    })
    .await?;
    let offered = offer(ends, &file.file, OFFSET, RANGE).await?;
    // A connection that declines has the rest written, as the engine does.
    ends.exchange(RANGE - offered.sent.min(RANGE) + TAIL, 0, &[1000])
        .await?;
    ends.right_there()
}

pub(super) async fn end(ends: &mut Ends) -> Checked {
    const LEN: u64 = 600;
    let file = Scratch::new(pattern(0, LEN as usize))?;
    let offered = offer(ends, &file.file, 0, 2 * LEN).await?;
    if offered.declined && offered.sent <= LEN {
        return Ok(());
    }
    if offered.sent != LEN {
        let seen = format!("{} bytes sent, then 0", offered.sent);
        return broken(seen, format!("the {LEN} of the file"));
    }
    for beyond in [LEN, LEN + 1, 1 << 40] {
        let offered = offer(ends, &file.file, beyond, 1).await?;
        if offered.sent > 0 {
            let seen = format!("{} bytes sent from offset {beyond}", offered.sent);
            return broken(seen, format!("0, since the file ends at {LEN}"));
        }
    }
    Ok(())
}

/// Offers a range until it is sent, its file ends or it is declined, with the far end reading all the while.
async fn offer(ends: &mut Ends, file: &File, offset: u64, len: u64) -> Checked<Offered> {
    let mut sent = 0;
    ends.look("a range of a file is sent or declined", |ends, cx| {
        let left = len - sent;
        let now = match ends.send_file(cx, file, offset + sent, left)? {
            Poll::Pending => {
                return Ok(match ends.far_read(1000)? {
                    Some(Ok(1..)) => Look::Moved,
                    _ => Look::Nothing,
                });
            }
            Poll::Ready(Ok(now)) => now,
            Poll::Ready(Err(error)) => {
                return broken(format!("sending failed: {error}"), "no error");
            }
        };
        let declined = now == FileSend::Declined;
        if let FileSend::Sent(bytes) = now {
            if bytes > left {
                let seen = format!("{bytes} bytes sent of {left}");
                return broken(seen, "no more than asked");
            }
            sent += bytes;
        }
        Ok(match now {
            FileSend::Sent(1..) if sent < len => Look::Moved,
            _ => Look::Done(Offered { sent, declined }),
        })
    })
    .await
}

/// A file that is gone afterwards.
struct Scratch {
    file: File,
    path: PathBuf,
}

impl Scratch {
    fn new(bytes: &[u8]) -> Checked<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("quintet-conformance-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let options = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path);
        let made = options.and_then(|mut file| file.write_all(bytes).map(|()| file));
        match made {
            Ok(file) => Ok(Self { file, path }),
            Err(_) => Err(Stop::NotAsked("no temporary file could be made")),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A file that stays behind lies where such files are swept away.
        let _ = std::fs::remove_file(&self.path);
    }
}
