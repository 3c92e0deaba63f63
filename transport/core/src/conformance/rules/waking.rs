//! Rules about wakers. All others look again by themselves, whoever is woken.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::ends::{Checked, Ends, FILL_BYTES, Flag, Look};

/// A few bytes: one is enough to wake.
const SAID: u64 = 10;

fn read(ends: &mut Ends, cx: &mut Context<'_>) -> Checked<bool> {
    Ok(ends.read(cx, 100)?.is_pending())
}

fn write(ends: &mut Ends, cx: &mut Context<'_>) -> Checked<bool> {
    Ok(ends.write(cx, FILL_BYTES)?.is_pending())
}

pub(super) async fn reader(ends: &mut Ends) -> Checked {
    // The first waker must be forgotten.
    ends.pend(read).await?;
    let Some(last) = ends.pend(read).await? else {
        return Ok(());
    };
    bytes_wake(ends, &last).await
}

pub(super) async fn writer(ends: &mut Ends) -> Checked {
    ends.fill_or_leave().await?;
    ends.pend(write).await?;
    let Some(last) = ends.pend(write).await? else {
        return Ok(());
    };
    room_wakes(ends, &last).await
}

pub(super) async fn apart(ends: &mut Ends) -> Checked {
    for writer_last in [false, true] {
        ends.fill_or_leave().await?;
        let (writer, reader) = match writer_last {
            false => {
                let writer = ends.pend(write).await?;
                (writer, ends.pend(read).await?)
            }
            true => {
                let reader = ends.pend(read).await?;
                (ends.pend(write).await?, reader)
            }
        };
        let (Some(writer), Some(reader)) = (writer, reader) else {
            return Ok(());
        };
        bytes_wake(ends, &reader).await?;
        room_wakes(ends, &writer).await?;
        // Both sides empty again, for the other order.
        let unread = ends.said;
        ends.look("the peer's bytes", |ends, cx| {
            Ok(match ends.heard() {
                heard if heard >= unread => Look::Done(()),
                _ => match ends.read(cx, 100)? {
                    Poll::Ready(_) => Look::Moved,
                    Poll::Pending => Look::Nothing,
                },
            })
        })
        .await?;
    }
    Ok(())
}

async fn bytes_wake(ends: &mut Ends, flag: &Arc<Flag>) -> Checked {
    ends.say_some(SAID).await?;
    let expected = "the waker of the last read is woken by the peer's bytes";
    ends.look(expected, |_, _| {
        Ok(match flag.woken() {
            true => Look::Done(()),
            false => Look::Nothing,
        })
    })
    .await
}

async fn room_wakes(ends: &mut Ends, flag: &Arc<Flag>) -> Checked {
    let expected = "the waker of the last write is woken when the peer reads";
    ends.look(expected, |ends, _| {
        Ok(match (flag.woken(), ends.far_read(1 << 16)?) {
            (true, _) => Look::Done(()),
            (false, Some(Ok(1..))) => Look::Moved,
            (false, _) => Look::Nothing,
        })
    })
    .await
}
