//! What the lines, frames and colours of a picture mean: of those that are in it, and of no others.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::svg::{color, put, width};
use super::{Diagram, Need, Nesting, Role};

/// How large the words are.
const SIZE: f64 = 10.5;
/// From one row to the next.
const ROW: f64 = 18.0;
/// Room for the sample before the words, and behind them.
const SAMPLE: f64 = 36.0;
const GAP: f64 = 20.0;
/// Above the first row.
const ABOVE: f64 = 20.0;
/// So many families are named; there are no more colours than that.
const MOST_FAMILIES: usize = 8;

/// Something that is explained.
enum Sign {
    /// A line of this class.
    Line(&'static str),
    /// A frame of this class.
    Frame(&'static str),
    /// A card with another behind it.
    Pile,
    /// The colour at a card's side.
    Colour(&'static str),
}

/// The explanations, each with its place.
pub(super) struct Legend {
    signs: Vec<(Sign, String, (f64, f64))>,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Legend {
    /// For a picture of this width.
    pub(super) fn of(diagram: &Diagram, nesting: &Nesting, room: f64) -> Self {
        let mut signs: Vec<(Sign, String)> = Vec::new();
        let lines = [
            (Need::Requirement, "edge", "requires"),
            (Need::Choice, "edge maybe", "requires one that is chosen"),
            (Need::Reference, "edge read", "reads what it reports"),
        ];
        for (need, class, words) in lines {
            let is_drawn =
                |edge: &super::Edge| edge.need == need && !nesting.are_nested(edge.from, edge.to);
            if diagram.edges.iter().any(is_drawn) {
                signs.push((Sign::Line(class), words.to_owned()));
            }
        }
        if diagram.items.iter().any(|item| item.role != Role::Node) {
            let words = "chosen from the inventory, or given".to_owned();
            signs.push((Sign::Frame("card choice"), words));
        }
        let cards = || diagram.items.iter().enumerate().filter(|(at, _)| !nesting.is_box(*at));
        if cards().any(|(_, item)| item.is_many) {
            signs.push((Sign::Pile, "any number of them".to_owned()));
        }
        let nodes = cards().filter(|(_, item)| item.role == Role::Node);
        let families: BTreeSet<&str> = nodes.map(|(_, item)| item.family.as_str()).collect();
        for family in families.into_iter().take(MOST_FAMILIES) {
            let words = if family.is_empty() { "without a provider" } else { family };
            signs.push((Sign::Colour(color(family)), crate::shown::clipped(words, 30)));
        }
        let room = room.max(480.0);
        let mut legend = Self { signs: Vec::new(), width: 0.0, height: 0.0 };
        let (mut x, mut y) = (0.0, ABOVE);
        for (sign, words) in signs {
            let wide = SAMPLE + width(&words, SIZE) + GAP;
            if x > 0.0 && x + wide > room {
                (x, y) = (0.0, y + ROW);
            }
            legend.signs.push((sign, words, (x, y)));
            x += wide;
            legend.width = legend.width.max(x);
            legend.height = y + ROW;
        }
        legend
    }

    pub(super) fn write(&self, svg: &mut String, left: f64, top: f64) {
        for (sign, words, (x, y)) in &self.signs {
            let (x, y) = (left + x, top + y);
            // Writing to a string does not fail.
            let _ = match sign {
                Sign::Line(class) => {
                    let tip = format!("M{:.1} {y:.1}l-8 -4v8z", x + 26.0);
                    writeln!(
                        svg,
                        "<path class=\"{class}\" d=\"M{x:.1} {y:.1}h19\"/><path class=\"tip sign\" d=\"{tip}\"/>"
                    )
                }
                Sign::Frame(class) => frame(svg, class, x, y, 26.0),
                Sign::Pile => frame(svg, "behind", x + 3.0, y + 3.0, 23.0)
                    .and_then(|()| frame(svg, "card", x, y, 23.0)),
                Sign::Colour(color) => writeln!(
                    svg,
                    "  <rect x=\"{:.1}\" y=\"{:.1}\" width=\"4\" height=\"12\" rx=\"2\" fill=\"{color}\"/>",
                    x + 22.0,
                    y - 6.0
                ),
            };
            put(svg, "detail", x + SAMPLE, y + 3.5, words);
        }
    }
}

/// A small frame; cards begin their line, this does not.
fn frame(svg: &mut String, class: &str, x: f64, y: f64, wide: f64) -> std::fmt::Result {
    writeln!(
        svg,
        "  <rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"12\" rx=\"4\"/>",
        y - 6.0
    )
}
