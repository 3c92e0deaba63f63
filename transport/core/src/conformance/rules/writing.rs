//! Rules about writing.

use std::task::Poll;

use super::super::ends::{Checked, Ends, Look, broken, went_well};

/// More than most buffers hold, and not a multiple of anything.
const LARGE: u64 = 120_011;
const SIZES: [usize; 8] = [1, 5000, 17, 333, 65_536, 2, 4096, 1024];

pub(super) async fn takes_some(ends: &mut Ends) -> Checked {
    const EXPECTED: &str = "1 byte taken of 1 offered";
    for offered in [1, 1, 1, 11, 1, 101] {
        ends.look("a write is taken", |ends, cx| {
            // Whatever it is: there must be room.
            ends.far_read(1000)?;
            match ends.write(cx, offered)? {
                Poll::Pending => Ok(Look::Nothing),
                Poll::Ready(Ok(taken)) if (1..=offered).contains(&taken) => Ok(Look::Done(())),
                Poll::Ready(Ok(taken)) => broken(
                    format!("{taken} bytes taken of {offered} offered"),
                    EXPECTED,
                ),
                Poll::Ready(Err(error)) => broken(format!("the write failed: {error}"), EXPECTED),
            }
        })
        .await?;
    }
    Ok(())
}

pub(super) async fn in_order(ends: &mut Ends) -> Checked {
    ends.exchange(LARGE, 0, &SIZES).await?;
    ends.exchange(1000, 0, &[3]).await?;
    ends.right_there()
}

pub(super) async fn vectored(ends: &mut Ends) -> Checked {
    const SIZES: [usize; 6] = [0, 3, 0, 5, 100, 2000];
    const BUFFERS: u64 = 2108;
    while ends.taken < 20 * BUFFERS {
        ends.look("a vectored write is taken", |ends, cx| {
            ends.far_read(1000)?;
            let result = ends.write_vectored(cx, &SIZES)?;
            if let Poll::Ready(Ok(taken)) = &result
                && !(1..=BUFFERS).contains(&(*taken as u64))
            {
                let seen = format!("{taken} bytes taken of {BUFFERS} offered");
                return broken(seen, "at least one, and no more than offered");
            }
            went_well(&result, "vectored write")?;
            Ok(match result {
                Poll::Ready(_) => Look::Done(()),
                Poll::Pending => Look::Nothing,
            })
        })
        .await?;
    }
    arrive(ends).await?;
    ends.right_there()
}

pub(super) async fn pending_takes_nothing(ends: &mut Ends) -> Checked {
    ends.fill_or_leave().await?;
    let taken = ends.taken;
    arrive(ends).await?;
    // What was made again and again must not come again.
    for _ in 0..20 {
        ends.turn().await;
        ends.far_read(1000)?;
    }
    let arrived = ends.arrived();
    if arrived != taken {
        let seen = format!("{arrived} bytes arrived");
        return broken(seen, format!("the {taken} that were taken"));
    }
    ends.right_there()
}

pub(super) async fn backpressure(ends: &mut Ends) -> Checked {
    match ends.fill().await? {
        true => Ok(()),
        false => broken(
            format!("{} bytes taken while the peer reads none", ends.taken),
            "waiting before that (the bound is the kit's)",
        ),
    }
}

pub(super) async fn taken_is_below(ends: &mut Ends) -> Checked {
    ends.look("a write is taken", |ends, cx| {
        went_well(&ends.write(cx, 1000)?, "write")?;
        Ok(match ends.taken {
            0 => {
                // What lies in the way may be more than fits (a record).
                ends.far_read(1000)?;
                Look::Nothing
            }
            _ => Look::Done(()),
        })
    })
    .await?;
    ends.drop_near();
    let taken = ends.taken;
    ends.look("every byte that was taken arrives", |ends, _| {
        let read = ends.far_read(1000)?;
        Ok(match read {
            _ if ends.arrived() >= taken => Look::Done(()),
            Some(Ok(1..)) => Look::Moved,
            Some(_) => {
                let seen = format!("{} bytes arrived, then the end", ends.arrived());
                return broken(seen, format!("the {taken} that were taken"));
            }
            None => Look::Nothing,
        })
    })
    .await
}

/// Reads at the far end until everything that was taken is there.
async fn arrive(ends: &mut Ends) -> Checked {
    let taken = ends.taken;
    ends.look("every byte that was taken arrives", |ends, _| {
        let before = ends.arrived();
        if before < taken {
            ends.far_read(1 << 16)?;
        }
        Ok(match ends.arrived() {
            arrived if arrived >= taken => Look::Done(()),
            arrived if arrived > before => Look::Moved,
            _ => Look::Nothing,
        })
    })
    .await
}
