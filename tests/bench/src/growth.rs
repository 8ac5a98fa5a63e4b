//! How time grows with the number of nodes.

use std::path::Path;

use crate::measure::{Job, middle};
use crate::series::{Finding, Programs};

/// The exponent may be so much.
const MOST: f64 = 1.1;
/// How often the largest size is checked, and after each of these the two smallest, in turns.
const ROUNDS: usize = 5;
const SMALL_ROUNDS: usize = 20;

/// How `bpc check` grows. The two smallest sizes differ by a few milliseconds at most: all are measured in turns, as
/// the machine's speed changes by more than that.
pub(crate) fn of_check(
    programs: &Programs,
    work: &Path,
    sizes: &[usize],
) -> Result<Option<Finding>, String> {
    let [smallest, small, .., largest] = sizes else { return Ok(None) };
    let folders = [smallest, small, largest].map(|nodes| work.join(nodes.to_string()));
    let check = |folder| Job {
        program: &programs.bpc,
        arguments: ["check", "tree.bp"].map(str::to_owned).to_vec(),
        folder,
        environment: vec![],
    };
    let [start, low, high] = folders.each_ref().map(|folder| check(folder.as_path()));
    let mut taken = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let [starts, lows, highs] = &mut taken;
        highs.push(high.run()?);
        for _ in 0..SMALL_ROUNDS {
            starts.push(start.run()?);
            lows.push(low.run()?);
        }
    }
    let of: Vec<(usize, f64)> = [*smallest, *small, *largest]
        .into_iter()
        .zip(&taken)
        .map(|(nodes, runs)| (nodes, middle(runs).cpu))
        .collect();
    Ok(exponent(&of).map(|exponent| finding("bpc check", exponent)))
}

/// That it does not grow too much.
pub(crate) fn finding(what: &str, exponent: f64) -> Finding {
    Finding {
        claim: format!("`{what}` grows with the number of nodes (exponent at most {MOST})"),
        found: format!("{exponent:.2}"),
        holds: exponent <= MOST,
    }
}

/// The exponent of growth from the second size to the largest; what the smallest takes is the start
/// of the program and does not count.
#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
pub(crate) fn exponent(of: &[(usize, f64)]) -> Option<f64> {
    let [(_, start), (small, low), .., (large, high)] = of else { return None };
    let (low, high) = (low - start, high - start);
    let sizes = *large as f64 / *small as f64;
    (low > 0.0 && high > 0.0).then(|| (high / low).ln() / sizes.ln())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn straight_growth_holds_and_square_does_not() {
        let of = |power: i32| {
            let time = |nodes: u32| 0.01 + f64::from(nodes).powi(power) * 1e-5;
            [10_u32, 100, 1_000, 100_000].map(|nodes| (nodes as usize, time(nodes)))
        };
        let straight = exponent(&of(1)).unwrap();
        assert!((straight - 1.0).abs() < 0.02, "{straight}");
        assert!(finding("x", straight).holds);
        let square = exponent(&of(2)).unwrap();
        assert!((square - 2.0).abs() < 0.02 && !finding("x", square).holds, "{square}");
        assert_eq!(exponent(&of(1)[..2]), None);
    }
}
