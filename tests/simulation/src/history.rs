//! A history: what people ask for one after the other, and what befalls the runtimes that carry it out.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, CLUSTERS};
use crate::process::{Errand, Fate};
use crate::random::Random;
use crate::sim::Faults;

/// What a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// This version of the blueprint is deployed.
    Deploy(usize),
    /// All of it goes.
    Uninstall,
    /// The last version that was healthy is there again; which, shows when it is asked for.
    Back(Option<usize>),
}

/// A wish, and what befalls those who carry it out.
#[derive(Clone, Debug)]
pub(crate) struct Chapter {
    /// What is asked for.
    pub(crate) wish: Wish,
    /// What goes wrong.
    pub(crate) faults: Faults,
    /// What befalls the processes that work on it, one after the other.
    pub(crate) fates: Vec<Fate>,
    /// When a rival begins beside the first of them, in milliseconds after it.
    pub(crate) rival: Option<u64>,
    /// The person asks for something else before it is finished.
    pub(crate) is_dropped: bool,
    /// When all is as it is wanted, others change this one of the objects, and it is healed.
    pub(crate) tampered: Option<usize>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// Every version of the blueprint.
    pub(crate) blueprints: Vec<Blueprint>,
    /// What is asked for.
    pub(crate) chapters: Vec<Chapter>,
    /// How many steps may be under way at once on one target.
    pub(crate) at_once: usize,
    /// The same of the provider `slow`, over all targets; none where it has no limit of its own.
    pub(crate) at_once_slow: Option<usize>,
}

impl History {
    /// The history of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Random::of(seed, "history");
        let mut blueprints = vec![Blueprint::new(&mut random)];
        let mut chapters = Vec::new();
        for number in 0..random.between(1, 5) {
            let newest = blueprints.len() - 1;
            let wish = match random.below(11) {
                _ if number == 0 => Wish::Deploy(0),
                0..=4 => {
                    let next = blueprints.last().map(|b| b.changed(&mut random, newest + 1));
                    blueprints.extend(next);
                    Wish::Deploy(newest + 1)
                }
                5 => Wish::Deploy(random.index(newest + 1)),
                6 => Wish::Deploy(newest),
                7..=8 => Wish::Back(None),
                _ => Wish::Uninstall,
            };
            chapters.push(chapter(wish, &mut random));
        }
        // Whoever goes back twice, goes back further.
        while chapters.len() < 7 && random.happens(300) {
            chapters.push(chapter(Wish::Back(None), &mut random));
        }
        if random.happens(500) {
            chapters.push(chapter(Wish::Uninstall, &mut random));
        }
        if let Some(last) = chapters.last_mut() {
            last.is_dropped = false;
        }
        let at_once = [1, 2, 3, 64].get(random.index(4)).copied().unwrap_or(64);
        let at_once_slow = [Some(1), Some(2), None].get(random.index(3)).copied().flatten();
        Self { blueprints, chapters, at_once, at_once_slow }
    }

    /// The same wishes, and nothing goes wrong.
    pub(crate) fn calm(&self) -> Self {
        let calm = |chapter: &Chapter| Chapter {
            wish: chapter.wish,
            faults: Faults::default(),
            fates: Vec::new(),
            rival: None,
            is_dropped: false,
            tampered: chapter.tampered,
        };
        Self { chapters: self.chapters.iter().map(calm).collect(), ..self.clone() }
    }

    /// Whether each wish is fulfilled before the next, so that effects can be counted.
    pub(crate) fn is_countable(&self) -> bool {
        !self.chapters.iter().any(|chapter| chapter.is_dropped)
    }
}

fn chapter(wish: Wish, random: &mut Random) -> Chapter {
    let lives = random.below(5);
    let rival = random.happens(150).then(|| random.between(0, 400));
    // A rival may finish what was asked for before, and then it is gone back to something else.
    let rival = rival.filter(|_| wish != Wish::Back(None));
    Chapter {
        wish,
        faults: faults(random),
        fates: (0..lives).map(|_| fate(random)).collect(),
        rival,
        is_dropped: random.happens(400),
        tampered: random.happens(300).then(|| random.index(16)),
    }
}

fn fate(random: &mut Random) -> Fate {
    let range = [20, 100, 400].get(random.index(3)).copied().unwrap_or(100);
    let at = random.below(range);
    Fate {
        dies_at: random.happens(600).then_some(at),
        stops_at: random.happens(100).then(|| random.below(range)),
        skew_ms: milliseconds(random, 3_000),
        drift: milliseconds(random, 40_000),
        jump: random.happens(150).then(|| (random.below(range), milliseconds(random, 60_000))),
        pause: random.happens(200).then(|| {
            let goes_on = random.happens(400).then(|| random.between(0, 1_500));
            (random.below(600), goes_on)
        }),
        errand: match random.below(10) {
            0..=3 => Errand::GoOn,
            4..=5 => Errand::Retry,
            6 => Errand::RetryOne,
            _ => Errand::Skip,
        },
        pick: random.index(8),
    }
}

/// So many, or less, before or after.
fn milliseconds(random: &mut Random, most: u64) -> i64 {
    let most_signed = i64::try_from(most).unwrap_or(0);
    i64::try_from(random.below(2 * most + 1)).unwrap_or(0) - most_signed
}

fn faults(random: &mut Random) -> Faults {
    let mut some = |often: u64, most: u64| {
        if random.happens(often) { random.between(1, most) } else { 0 }
    };
    let mut faults = Faults {
        refuses: some(300, 150),
        throttles: some(250, 400),
        loses_calls: some(300, 100),
        loses_replies: some(400, 200),
        doubles: some(300, 300),
        delays: some(300, 100),
        fails: some(300, 200),
        forgets: some(300, 200),
        store_before: some(150, 30),
        store_after: some(150, 30),
        down: Vec::new(),
    };
    if random.happens(200) {
        let cluster = CLUSTERS.get(random.index(CLUSTERS.len())).copied().unwrap_or_default();
        let from = i64::try_from(random.below(2_000)).unwrap_or(0);
        let lasts = i64::try_from(random.between(100, 20_000)).unwrap_or(0);
        faults.down.push((cluster.to_owned(), from, from + lasts));
    }
    faults
}

/// How often each effect came, without its key.
pub(crate) type Counts = BTreeMap<(String, String, String), usize>;
