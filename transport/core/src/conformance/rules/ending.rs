//! Rules about ends, resets, closing and dropping.

use std::io;
use std::task::Poll;

use super::super::ends::{Checked, Ends, Look, Stop, broken};

const SMALL: u64 = 1000;
const SIZES: [usize; 2] = [100, 7];

pub(super) async fn at_once(ends: &mut Ends) -> Checked {
    ends.end_far().await?;
    read_end(ends).await
}

pub(super) async fn after_bytes(ends: &mut Ends) -> Checked {
    ends.exchange(SMALL, SMALL, &SIZES).await?;
    ends.say_some(SMALL).await?;
    ends.end_far().await?;
    read_end(ends).await?;
    if ends.heard() != ends.said {
        let seen = format!("the end after {} bytes", ends.heard());
        return broken(seen, format!("the {} that the peer wrote", ends.said));
    }
    ends.right_back()
}

pub(super) async fn stays(ends: &mut Ends) -> Checked {
    ends.exchange(0, SMALL, &SIZES).await?;
    ends.end_far().await?;
    for _ in 0..4 {
        read_end(ends).await?;
        ends.turn().await;
    }
    Ok(())
}

pub(super) async fn without_alert(ends: &mut Ends) -> Checked {
    if ends.info().secured.is_none() {
        return Err(Stop::NotAsked("the connection is not secured"));
    }
    ends.exchange(SMALL, SMALL, &SIZES).await?;
    ends.truncate_far();
    match read_to_end(ends).await? {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        Err(error) => broken(
            format!("{error} ({:?})", error.kind()),
            "the error UnexpectedEof",
        ),
        Ok(()) => broken("0, as for an orderly end", "the error UnexpectedEof"),
    }
}

pub(super) async fn reset_reading(ends: &mut Ends) -> Checked {
    ends.exchange(SMALL, SMALL, &SIZES).await?;
    leave_unread(ends).await?;
    ends.reset_far();
    match read_to_end(ends).await? {
        Err(_) => Ok(()),
        Ok(()) => broken("0, as for an orderly end", "an error"),
    }
}

pub(super) async fn reset_writing(ends: &mut Ends) -> Checked {
    ends.exchange(SMALL, SMALL, &SIZES).await?;
    leave_unread(ends).await?;
    ends.reset_far();
    ends.look("a write fails", |ends, cx| {
        Ok(match ends.write(cx, 100)? {
            Poll::Ready(Err(_)) => Look::Done(()),
            // Taken by a system that has not heard of the reset yet: that may not go on.
            _ => Look::Nothing,
        })
    })
    .await
}

pub(super) async fn close_reaches_peer(ends: &mut Ends) -> Checked {
    ends.exchange(SMALL, 0, &SIZES).await?;
    close(ends).await?;
    match far_end(ends, "the far end reads the end").await? {
        Ok(()) => Ok(()),
        Err(error) => broken(
            format!("the far end's read failed: {error}"),
            "an orderly end",
        ),
    }
}

pub(super) async fn close_leaves_reading(ends: &mut Ends) -> Checked {
    ends.exchange(SMALL, 0, &SIZES).await?;
    close(ends).await?;
    ends.exchange(0, SMALL, &SIZES).await?;
    ends.end_far().await?;
    read_end(ends).await?;
    ends.right_back()
}

pub(super) async fn close_again(ends: &mut Ends) -> Checked {
    for _ in 0..3 {
        close(ends).await?;
    }
    Ok(())
}

pub(super) async fn drop_ends(ends: &mut Ends) -> Checked {
    ends.exchange(SMALL, SMALL, &SIZES).await?;
    ends.drop_near();
    // Orderly or not: the peer is told.
    let _ = far_end(ends, "the far end sees the end or a reset").await?;
    Ok(())
}

pub(super) async fn drop_writes_nothing(ends: &mut Ends) -> Checked {
    ends.exchange(SMALL, 0, &SIZES).await?;
    let taken = ends.taken;
    ends.drop_near();
    for _ in 0..20 {
        ends.turn().await;
        ends.far_read(1000)?;
    }
    match ends.arrived().saturating_sub(taken) {
        0 => Ok(()),
        more => broken(
            format!("{more} more bytes arrived"),
            "nothing after what was taken",
        ),
    }
}

/// Writes what the far end does not read: closing with it unread is a reset for sockets.
async fn leave_unread(ends: &mut Ends) -> Checked {
    let from = ends.taken;
    ends.look("a write is taken", |ends, cx| {
        Ok(match ends.write(cx, 100)? {
            Poll::Ready(Err(error)) => {
                return broken(format!("a write failed: {error}"), "it is taken");
            }
            _ if ends.taken > from => Look::Done(()),
            _ => Look::Nothing,
        })
    })
    .await
}

async fn close(ends: &mut Ends) -> Checked {
    ends.look("closing is ready", |ends, cx| match ends.close(cx)? {
        Poll::Pending => Ok(Look::Nothing),
        Poll::Ready(Ok(())) => Ok(Look::Done(())),
        Poll::Ready(Err(error)) => broken(format!("closing failed: {error}"), "no error"),
    })
    .await
}

/// Reads until an orderly end.
async fn read_end(ends: &mut Ends) -> Checked {
    match read_to_end(ends).await? {
        Ok(()) => Ok(()),
        Err(error) => broken(
            format!("a read failed: {error} ({:?})", error.kind()),
            "0, the orderly end",
        ),
    }
}

async fn read_to_end(ends: &mut Ends) -> Checked<io::Result<()>> {
    ends.look("reading comes to an end", |ends, cx| {
        Ok(match ends.read(cx, 100)? {
            Poll::Pending => Look::Nothing,
            Poll::Ready(Ok(0)) => Look::Done(Ok(())),
            Poll::Ready(Ok(_)) => Look::Moved,
            Poll::Ready(Err(error)) => Look::Done(Err(error)),
        })
    })
    .await
}

async fn far_end(ends: &mut Ends, expected: &str) -> Checked<io::Result<()>> {
    ends.look(expected, |ends, _| {
        Ok(match ends.far_read(1000)? {
            None => Look::Nothing,
            Some(Ok(0)) => Look::Done(Ok(())),
            Some(Ok(_)) => Look::Moved,
            Some(Err(error)) => Look::Done(Err(error)),
        })
    })
    .await
}
