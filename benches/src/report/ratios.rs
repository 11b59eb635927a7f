//! Ratios to the floor: what is left of an absolute figure when machine and moment are taken out.

use crate::report::latency::Figures;

/// Operations per second as a part of the floor's: 1 is as fast as the raw driver.
pub fn throughput(store: &Figures, floor: &Figures) -> Option<f64> {
    quotient(store.per_second, floor.per_second)
}

/// The 99th percentile as a multiple of the floor's: 1 is as short as the raw driver's.
pub fn p99(store: &Figures, floor: &Figures) -> Option<f64> {
    quotient(store.p99_us, floor.p99_us)
}

/// One figure by another; `None` where that has no meaning.
pub fn quotient(dividend: f64, divisor: f64) -> Option<f64> {
    let quotient = dividend / divisor;
    (divisor > 0.0 && quotient.is_finite()).then_some(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_to_nothing_has_no_meaning() {
        let figures = |per_second, p99_us| Figures {
            per_second,
            p99_us,
            ..Figures::default()
        };
        let (store, floor) = (figures(80.0, 130.0), figures(100.0, 100.0));
        assert_eq!(throughput(&store, &floor), Some(0.8));
        assert_eq!(p99(&store, &floor), Some(1.3));
        assert_eq!(throughput(&store, &figures(0.0, 0.0)), None);
        assert_eq!(quotient(f64::NAN, 1.0), None);
    }
}
