//! How much a target takes at once: less when it asks for time (429, throttling), more again as long as it does not.
//!
//! Half of what was under way when it asked, and one more for each so many that then went well: additive increase and
//! multiplicative decrease, as TCP does it (Chiu and Jain, 1989). It is nothing that the journal has to know: whoever
//! goes on with the run asks anew.

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    /// The most at once; none where the target has not asked for less.
    most: Option<usize>,
    /// How many went well since that last changed.
    went_well: usize,
}

impl Pace {
    /// The most at once, of this many that are allowed.
    pub(crate) fn most(self, allowed: usize) -> usize {
        self.most.map_or(allowed, |most| most.min(allowed))
    }

    /// The target asked for time while so many were under way. What was begun before is not counted twice: as many
    /// as are under way may all ask.
    pub(crate) fn asked_for_time(&mut self, under_way: usize) {
        let half = (under_way / 2).max(1);
        self.most = Some(self.most.map_or(half, |most| if under_way > most { most } else { half }));
        self.went_well = 0;
    }

    /// One went well.
    pub(crate) fn went_well(&mut self, allowed: usize) {
        let Some(most) = self.most else { return };
        self.went_well += 1;
        if self.went_well >= most {
            self.went_well = 0;
            self.most = Some(most + 1).filter(|most| *most < allowed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_asks_for_time_gets_half_and_then_one_by_one_more() {
        let mut pace = Pace::default();
        assert_eq!(pace.most(64), 64);
        pace.asked_for_time(64);
        assert_eq!(pace.most(64), 32);
        // The others that were under way with it ask, too.
        for under_way in (33..64).rev() {
            pace.asked_for_time(under_way);
        }
        assert_eq!(pace.most(64), 32);
        pace.asked_for_time(32);
        assert_eq!(pace.most(64), 16);
        for _ in 0..16 {
            pace.went_well(64);
        }
        assert_eq!(pace.most(64), 17);
        for _ in 0..10_000 {
            pace.went_well(64);
        }
        assert_eq!(pace.most(64), 64);
    }

    #[test]
    fn one_at_once_is_the_least() {
        let mut pace = Pace::default();
        for under_way in [3, 1, 1, 0] {
            pace.asked_for_time(under_way);
        }
        assert_eq!(pace.most(64), 1);
        assert_eq!(pace.most(1), 1);
    }
}
