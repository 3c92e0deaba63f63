//! Medians with their intervals, and how often chance makes a difference: nothing is assumed of how values are spread.

use statrs::distribution::{Binomial, DiscreteCDF};
use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

/// With fewer runs of a side than this, no order of all values is rarer than one in twenty (of 3 and 3: one in ten).
pub(super) const RUNS_MIN: usize = 4;
const CONFIDENCE: f64 = 0.95;

/// A median, and the values between which the true one lies with this confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) confidence: f64,
}

impl Spread {
    /// By order statistics: the true median lies between the k-th least and the k-th greatest of n values unless fewer than
    /// k of n coins show heads, or tails. The narrowest such interval of 95 %, or the range where that is less.
    pub(super) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let coins = Binomial::new(0.5, count as u64).ok();
        let confidence = |k: usize| {
            let fewer = coins.as_ref().map_or(1.0, |coins| coins.cdf(k as u64 - 1));
            (1.0 - 2.0 * fewer).max(0.0)
        };
        let mut k = 1;
        while k < count / 2 && confidence(k + 1) >= CONFIDENCE {
            k += 1;
        }
        Self {
            median: median(values),
            low: sorted[k - 1],
            high: sorted[count - k],
            confidence: confidence(k),
        }
    }
}

/// The middle, of at least one value.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// Mann and Whitney's U of `a`, and how often chance alone orders the values as unevenly, two-sided: exact for few values
/// without equals, by the normal distribution for others.
pub(super) fn chance_of(a: &[f64], b: &[f64]) -> (f64, f64) {
    let method = MannWhitneyUMethod::AsymptoticInclContinuityCorrection;
    // It fails for no values and for those that cannot be compared, which these are not.
    let Ok((u, p)) = mannwhitneyu(a, b, method, Alternative::TwoSided) else {
        return (0.0, 1.0);
    };
    let exact = || exact_chance(u, a.len(), b.len());
    match a.len() * b.len() <= EXACT_MAX && !has_equals(a, b) {
        true => (u, exact()),
        // Where all are equal there is no p.
        false => (u, if p.is_finite() { p } else { 1.0 }),
    }
}

/// Up to 20 of each are counted through. (The exact method of the library is wrong where the first sample is not the larger:
/// it gives 1 for the most uneven order of four and four. A test here counts all orders.)
const EXACT_MAX: usize = 400;

fn has_equals(a: &[f64], b: &[f64]) -> bool {
    let mut all: Vec<f64> = a.iter().chain(b).copied().collect();
    all.sort_by(f64::total_cmp);
    all.windows(2).any(|two| two[0] == two[1])
}

/// Of all orders of `n` and `m` values, the part whose U is as far from the middle as this one.
fn exact_chance(u: f64, n: usize, m: usize) -> f64 {
    // ways[j][u]: orders of the values so far with j of the second kind, and this U. A value of the first kind that stands
    // behind j of the second adds j.
    let most = n * m;
    let mut ways = vec![vec![0.0; most + 1]; m + 1];
    for row in &mut ways {
        row[0] = 1.0;
    }
    for _ in 0..n {
        let mut next = vec![vec![0.0; most + 1]; m + 1];
        for j in 0..=m {
            for u in 0..=most {
                let last_is_first_kind = if u >= j { ways[j][u - j] } else { 0.0 };
                let last_is_second_kind = if j > 0 { next[j - 1][u] } else { 0.0 };
                next[j][u] = last_is_first_kind + last_is_second_kind;
            }
        }
        ways = next;
    }
    let orders = &ways[m];
    let far = (2.0 * u - most as f64).abs();
    let as_far = |place: usize| (2.0 * place as f64 - most as f64).abs() >= far;
    let rarer: f64 = (0..=most)
        .filter(|place| as_far(*place))
        .map(|place| orders[place])
        .sum();
    rarer / orders.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way to deal the ranks, counted.
    fn counted(a: &[f64], b: &[f64]) -> f64 {
        let all: Vec<f64> = a.iter().chain(b).copied().collect();
        let u_of = |mask: u32| {
            let is_a = |place: usize| mask & (1 << place) != 0;
            let mut u = 0_i64;
            for (one, x) in all.iter().enumerate().filter(|(place, _)| is_a(*place)) {
                let smaller = all.iter().enumerate();
                u += smaller
                    .filter(|(other, y)| !is_a(*other) && one != *other && *y < x)
                    .count() as i64;
            }
            u
        };
        let middle = |u: i64| (2 * u - (a.len() * b.len()) as i64).abs();
        let own = middle(u_of((1 << a.len()) - 1));
        let masks = (0..1_u32 << all.len()).filter(|mask| mask.count_ones() as usize == a.len());
        let (mut rarer, mut count) = (0, 0);
        for mask in masks {
            count += 1;
            rarer += i32::from(middle(u_of(mask)) >= own);
        }
        f64::from(rarer) / f64::from(count)
    }

    #[test]
    fn the_chance_is_what_counting_all_orders_gives() {
        let mut chance = fastrand::Rng::with_seed(9);
        for _ in 0..40 {
            let (n, m) = (chance.usize(1..7), chance.usize(1..7));
            let a: Vec<f64> = (0..n).map(|_| chance.f64()).collect();
            let b: Vec<f64> = (0..m).map(|_| chance.f64() + 0.3).collect();
            let (_, p) = chance_of(&a, &b);
            assert!((p - counted(&a, &b)).abs() < 1e-9, "{a:?} {b:?}: {p}");
        }
        assert_eq!(chance_of(&[1.0; 9], &[1.0; 9]).1, 1.0);
        assert!(chance_of(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).1 > 0.05);
        assert!(chance_of(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]).1 < 0.05);
    }

    #[test]
    fn an_interval_holds_the_median_as_often_as_it_says() {
        for count in [1, 2, 3, 5, 6, 10, 25] {
            let mut chance = fastrand::Rng::with_seed(4);
            let (mut held, rounds) = (0, 4000);
            let mut confidence = 0.0;
            for _ in 0..rounds {
                let values: Vec<f64> = (0..count).map(|_| chance.f64()).collect();
                let spread = Spread::of(&values);
                assert!(spread.low <= spread.median && spread.median <= spread.high);
                held += i32::from(spread.low <= 0.5 && 0.5 <= spread.high);
                confidence = spread.confidence;
            }
            let part = f64::from(held) / f64::from(rounds);
            assert!(
                (part - confidence).abs() < 0.02,
                "{count}: {part} {confidence}"
            );
            assert_eq!(confidence >= CONFIDENCE, count >= 6);
        }
    }
}
