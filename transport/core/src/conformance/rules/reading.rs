//! Rules about reading.

use std::task::Poll;

use super::super::ends::{Checked, Ends, Look, broken};

const LARGE: u64 = 120_011;
const SIZES: [usize; 8] = [1, 5000, 17, 333, 65_536, 2, 4096, 1024];
const SMALL: u64 = 1000;

pub(super) async fn in_order(ends: &mut Ends) -> Checked {
    ends.exchange(0, LARGE, &SIZES).await?;
    ends.right_back()
}

pub(super) async fn within_buffer(ends: &mut Ends) -> Checked {
    for len in [1, 3, 1, 2] {
        ends.say_some(SMALL).await?;
        let said = ends.said;
        ends.look("the peer's bytes are read", |ends, cx| {
            match ends.read(cx, len)? {
                Poll::Ready(Ok(given)) if given > len => broken(
                    format!("a read into {len} bytes gave {given}"),
                    "no more than the buffer holds",
                ),
                Poll::Ready(Ok(0)) => broken("the end was read", "the peer's bytes"),
                Poll::Ready(Ok(_)) if ends.heard() >= said => Ok(Look::Done(())),
                Poll::Ready(Ok(_)) => Ok(Look::Moved),
                Poll::Ready(Err(error)) => {
                    broken(format!("a read failed: {error}"), "the peer's bytes")
                }
                Poll::Pending => Ok(Look::Nothing),
            }
        })
        .await?;
    }
    ends.right_back()
}

pub(super) async fn pending_loses_nothing(ends: &mut Ends) -> Checked {
    for _ in 0..3 {
        for _ in 0..5 {
            ends.look("a read waits", |ends, cx| match ends.read(cx, 100)? {
                Poll::Pending => Ok(Look::Done(())),
                Poll::Ready(result) => broken(
                    format!("a read was ready though the peer has said nothing: {result:?}"),
                    "it waits",
                ),
            })
            .await?;
            ends.turn().await;
        }
        ends.exchange(0, SMALL, &[100]).await?;
    }
    ends.right_back()
}

pub(super) async fn both_ways(ends: &mut Ends) -> Checked {
    ends.fill_or_leave().await?;
    ends.say_some(SMALL).await?;
    let said = ends.said;
    ends.look(
        "the peer's bytes, while writing waits",
        |ends, cx| match ends.read(cx, 100)? {
            Poll::Ready(Ok(0)) => broken("the end was read", "the peer's bytes"),
            Poll::Ready(Err(error)) => {
                broken(format!("a read failed: {error}"), "the peer's bytes")
            }
            Poll::Ready(Ok(_)) if ends.heard() >= said => Ok(Look::Done(())),
            Poll::Ready(Ok(_)) => Ok(Look::Moved),
            Poll::Pending => Ok(Look::Nothing),
        },
    )
    .await
}
