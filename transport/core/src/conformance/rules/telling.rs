//! Rules about what a connection tells of itself.

use super::super::ends::{Checked, Ends, broken};

const LOOKS: u64 = 40;
const BYTES: u64 = 1000;
const SIZES: [usize; 2] = [999, 333];

pub(super) async fn acked_within_taken(ends: &mut Ends) -> Checked {
    for _ in 0..LOOKS {
        ends.exchange(BYTES, 0, &SIZES).await?;
        let (acked, taken) = (ends.info().acked.unwrap_or(0), ends.taken);
        if acked > taken {
            let seen = format!("{acked} bytes acknowledged");
            return broken(seen, format!("at most the {taken} that were taken"));
        }
    }
    Ok(())
}

pub(super) async fn acked_never_falls(ends: &mut Ends) -> Checked {
    let mut last = ends.info().acked;
    for _ in 0..LOOKS {
        ends.exchange(BYTES, BYTES, &SIZES).await?;
        let acked = ends.info().acked;
        // `None` is below every number, and may become one.
        if acked < last {
            let seen = format!("{acked:?} after {last:?}");
            return broken(seen, "as many as before, or more");
        }
        last = acked;
    }
    Ok(())
}

pub(super) async fn moved(ends: &mut Ends) -> Checked {
    for _ in 0..LOOKS {
        for (send, say, what) in [(BYTES, 0, "written"), (0, BYTES, "read")] {
            let before = ends.info().moved;
            ends.exchange(send, say, &SIZES).await?;
            let after = ends.info().moved;
            if after <= before {
                let seen = format!("{after}, after {before} and {BYTES} bytes {what}");
                return broken(seen, "a greater count");
            }
        }
    }
    Ok(())
}
