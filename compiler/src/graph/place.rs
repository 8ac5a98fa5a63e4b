//! Where everything of a diagram is: boxes within boxes, each laid out by itself, and the ways between them.

use std::collections::{BTreeMap, BTreeSet};

use super::layers::{Cell, Drawing, Pin, draw};
use super::{Diagram, Edge, Need, Nesting};

/// A rectangle, from the left upper corner of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Which way links lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From left to right.
    Across,
    /// From above to below.
    Down,
}

impl Way {
    /// To and from the layout's own way, which is across.
    fn turn(self, point: (f64, f64)) -> (f64, f64) {
        match self {
            Self::Across => point,
            Self::Down => (point.1, point.0),
        }
    }
}

/// Sizes that only the one who writes the words knows.
pub(super) trait Sizes {
    /// Width and height of an item that nothing stands in, with so many links going out of it.
    fn card(&self, item: usize, links: usize, way: Way) -> (f64, f64);
    /// Width and height of the head of one that something stands in.
    fn head(&self, item: usize) -> (f64, f64);
    /// The room that the words of an item's links need beyond it.
    fn words(&self, labels: &BTreeSet<&str>, way: Way) -> f64;
}

/// Room between a box and what stands in it.
pub(super) const PADDING: f64 = 20.0;

/// The places of everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) way: Option<Way>,
    pub(super) items: Vec<Area>,
    /// For each edge the points from its first end to its last; none where one end stands in the other.
    pub(super) ways: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// One box's inside, seen by itself.
struct Level {
    drawing: Drawing,
    /// The items of the first cells.
    items: Vec<usize>,
    /// For each edge that passes: the link, and the cell of a port where it goes in or out.
    passing: BTreeMap<usize, (usize, Option<usize>)>,
}

/// The better of both ways: the one that fits a screen, and across where both do.
pub(super) fn places(diagram: &Diagram, nesting: &Nesting, sizes: &dyn Sizes) -> Places {
    let across = places_by(diagram, nesting, sizes, Way::Across);
    let down = places_by(diagram, nesting, sizes, Way::Down);
    let excess = |places: &Places| f64::max(places.width / 1600.0, places.height / 1000.0);
    if excess(&across) <= f64::max(1.0, excess(&down) * 1.2) { across } else { down }
}

fn places_by(diagram: &Diagram, nesting: &Nesting, sizes: &dyn Sizes, way: Way) -> Places {
    let mut placer = Placer {
        diagram,
        nesting,
        sizes,
        way,
        levels: BTreeMap::new(),
        extent: vec![(0.0, 0.0); diagram.items.len()],
        lines: (0..diagram.items.len()).map(|at| line(diagram, at)).collect(),
        outgoing: vec![Vec::new(); diagram.items.len()],
        passing: BTreeMap::new(),
    };
    for (at, edge) in diagram.edges.iter().enumerate() {
        placer.outgoing.get_mut(edge.from).into_iter().for_each(|own| own.push(at));
        placer.pass(at, edge);
    }
    // What stands deepest has to have its size first.
    let mut boxes: Vec<usize> = (0..diagram.items.len()).filter(|at| nesting.is_box(*at)).collect();
    boxes.sort_by_key(|at| (std::cmp::Reverse(nesting.depth(*at)), *at));
    for at in (0..diagram.items.len()).filter(|at| !nesting.is_box(*at)) {
        let links = placer.outgoing.get(at).map_or(0, Vec::len);
        placer.resize(at, sizes.card(at, links, way));
    }
    for at in boxes {
        placer.level(Some(at));
        let (width, height) = placer
            .levels
            .get(&Some(at))
            .map_or((0.0, 0.0), |level| (level.drawing.width, level.drawing.height));
        let (least, head) = sizes.head(at);
        let size = (width.max(least) + 2.0 * PADDING, head + height + PADDING);
        placer.resize(at, size);
    }
    placer.level(None);
    placer.absolute()
}

/// The boxes around an item from the outermost inwards, and the item itself.
fn line(diagram: &Diagram, item: usize) -> Vec<usize> {
    let next = |at: &usize| diagram.items.get(*at).and_then(|item| item.inside);
    let mut line: Vec<usize> =
        std::iter::successors(Some(item), next).take(diagram.items.len()).collect();
    line.reverse();
    line
}

struct Placer<'d> {
    diagram: &'d Diagram,
    nesting: &'d Nesting,
    sizes: &'d dyn Sizes,
    way: Way,
    levels: BTreeMap<Option<usize>, Level>,
    extent: Vec<(f64, f64)>,
    lines: Vec<Vec<usize>>,
    /// By item the edges that go out of it.
    outgoing: Vec<Vec<usize>>,
    /// By box the edges that are seen in it, in order.
    passing: BTreeMap<Option<usize>, Vec<usize>>,
}

impl Placer<'_> {
    fn resize(&mut self, item: usize, size: (f64, f64)) {
        if let Some(extent) = self.extent.get_mut(item) {
            *extent = size;
        }
    }

    /// Has an edge seen in each box that it passes: those around one end alone, and the one around both.
    fn pass(&mut self, at: usize, edge: &Edge) {
        if self.nesting.are_nested(edge.from, edge.to) {
            return;
        }
        let way_to = |item: usize| self.lines.get(item).map(Vec::as_slice).unwrap_or_default();
        let (from, to) = (way_to(edge.from), way_to(edge.to));
        let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        let common = shared.checked_sub(1).and_then(|last| from.get(last).copied());
        let alone = [from, to].into_iter().flat_map(|line| {
            line.get(shared..line.len().saturating_sub(1)).unwrap_or_default().iter().copied()
        });
        for of in std::iter::once(common).chain(alone.map(Some)) {
            self.passing.entry(of).or_default().push(at);
        }
    }

    /// What is written at the links that go out of an item.
    fn labels(&self, item: usize) -> BTreeSet<&str> {
        let own = self.outgoing.get(item).into_iter().flatten();
        own.filter_map(|at| self.diagram.edges.get(*at))
            .map(|edge| edge.label.as_str())
            .filter(|label| !label.is_empty())
            .collect()
    }

    /// Lays out what stands directly in a box, or in none.
    fn level(&mut self, of: Option<usize>) {
        let items: Vec<usize> = self.nesting.inside(of).to_vec();
        let cell_of: BTreeMap<usize, usize> =
            items.iter().enumerate().map(|(cell, item)| (*item, cell)).collect();
        let mut cells: Vec<Cell> = items
            .iter()
            .map(|item| {
                let extent = self.extent.get(*item).copied().unwrap_or_default();
                let (width, height) = self.way.turn(extent);
                let labels = self.labels(*item);
                let words = self.sizes.words(&labels, self.way);
                Cell { width, height, words, pin: Pin::Free }
            })
            .collect();
        let mut links = Vec::new();
        let mut passing = BTreeMap::new();
        let mut bundles: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let port = |pin| Cell { width: 0.0, height: 4.0, words: 0.0, pin };
        let depth = of.map_or(0, |of| self.nesting.depth(of) + 1);
        for at in self.passing.get(&of).into_iter().flatten().copied() {
            let Some(edge) = self.diagram.edges.get(at) else { continue };
            let inside = |item: usize| {
                let own = self.lines.get(item).and_then(|line| line.get(depth));
                own.and_then(|own| cell_of.get(own).copied())
            };
            let (from, to) = (inside(edge.from), inside(edge.to));
            let made = match (from, to) {
                (Some(from), Some(to)) if from != to => (from, to, None),
                (Some(from), None) => {
                    cells.push(port(Pin::Last));
                    (from, cells.len() - 1, Some(cells.len() - 1))
                }
                (None, Some(to)) => {
                    cells.push(port(Pin::First));
                    (cells.len() - 1, to, Some(cells.len() - 1))
                }
                _ => continue,
            };
            // What leads from one box to another goes the same way.
            let ends = (items.get(made.0), items.get(made.1));
            let is_bundled = made.2.is_none() && ends != (Some(&edge.from), Some(&edge.to));
            let known = bundles.get(&(made.0, made.1)).copied().filter(|_| is_bundled);
            let link = known.unwrap_or(links.len());
            passing.insert(at, (link, made.2));
            if known.is_none() {
                links.push((made.0, made.1));
            }
            if is_bundled {
                bundles.insert((made.0, made.1), link);
            }
        }
        let mut drawing = draw(&cells, &links);
        let points = drawing.corners.iter_mut().chain(drawing.ways.iter_mut().flatten());
        points.for_each(|point| *point = self.way.turn(*point));
        (drawing.width, drawing.height) = self.way.turn((drawing.width, drawing.height));
        self.levels.insert(of, Level { drawing, items, passing });
    }

    /// From places in boxes to places in the picture.
    fn absolute(&self) -> Places {
        let mut places = Places {
            way: Some(self.way),
            items: vec![Area::default(); self.diagram.items.len()],
            ..Places::default()
        };
        if let Some(level) = self.levels.get(&None) {
            (places.width, places.height) = (level.drawing.width, level.drawing.height);
        }
        let mut origins = BTreeMap::from([(None, (0.0, 0.0))]);
        let mut left = vec![None];
        while let Some(of) = left.pop() {
            let Some(level) = self.levels.get(&of) else { continue };
            let (x, y) = origins.get(&of).copied().unwrap_or_default();
            for (item, corner) in level.items.iter().zip(&level.drawing.corners) {
                let (width, height) = self.extent.get(*item).copied().unwrap_or_default();
                let area = Area { x: x + corner.0, y: y + corner.1, width, height };
                if let Some(place) = places.items.get_mut(*item) {
                    *place = area;
                }
                if self.levels.contains_key(&Some(*item)) {
                    let head = self.sizes.head(*item).1;
                    origins.insert(Some(*item), (area.x + PADDING, area.y + head));
                    left.push(Some(*item));
                }
            }
        }
        let bends = self.bends(&origins);
        places.ways = self.ends(&places.items, bends);
        places
    }

    /// The points that each edge goes through between its ends.
    fn bends(&self, origins: &BTreeMap<Option<usize>, (f64, f64)>) -> Vec<Option<Vec<(f64, f64)>>> {
        let way = |(at, edge): (usize, &Edge)| {
            let way_to = |item: usize| self.lines.get(item).map(Vec::as_slice).unwrap_or_default();
            let (from, to) = (way_to(edge.from), way_to(edge.to));
            if self.nesting.are_nested(edge.from, edge.to) {
                return None;
            }
            let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            let boxes = |line: &[usize]| {
                let inner = line.get(shared..line.len().saturating_sub(1)).unwrap_or_default();
                inner.iter().map(|at| Some(*at)).collect::<Vec<_>>()
            };
            let common = shared.checked_sub(1).and_then(|last| from.get(last).copied());
            let mut points = Vec::new();
            let mut out = boxes(from);
            out.reverse();
            for (level, is_out) in out
                .into_iter()
                .map(|level| (level, true))
                .chain([(common, true)])
                .chain(boxes(to).into_iter().map(|level| (level, false)))
            {
                let Some(found) = self.levels.get(&level) else { continue };
                let Some((link, port)) = found.passing.get(&at) else { continue };
                let (x, y) = origins.get(&level).copied().unwrap_or_default();
                let shift = |(a, b): &(f64, f64)| (a + x, b + y);
                let turns = found.drawing.ways.get(*link).into_iter().flatten().map(shift);
                let port = port.and_then(|port| found.drawing.corners.get(port));
                let middle = self.way.turn((0.0, 2.0));
                let port = port.map(|(a, b)| (a + x + middle.0, b + y + middle.1));
                if is_out {
                    points.extend(turns.chain(port));
                } else {
                    points.extend(port.into_iter().chain(turns));
                }
            }
            Some(points)
        };
        self.diagram.edges.iter().enumerate().map(way).collect()
    }

    /// Puts the ends of each edge on the sides of its items, apart from each other.
    fn ends(&self, items: &[Area], bends: Vec<Option<Vec<(f64, f64)>>>) -> Vec<Vec<(f64, f64)>> {
        let area = |item: usize| items.get(item).copied().unwrap_or_default();
        let middle = |item: usize| {
            let area = area(item);
            (area.x + area.width / 2.0, area.y + area.height / 2.0)
        };
        // By item and side: what it leads to first decides the order.
        let mut sides: BTreeMap<(usize, bool), Vec<(f64, usize)>> = BTreeMap::new();
        for (at, (edge, bends)) in self.diagram.edges.iter().zip(&bends).enumerate() {
            let Some(bends) = bends else { continue };
            let next = bends.first().copied().unwrap_or(middle(edge.to));
            let before = bends.last().copied().unwrap_or(middle(edge.from));
            let along = |point: (f64, f64)| self.way.turn(point).1;
            sides.entry((edge.from, true)).or_default().push((along(next), at));
            sides.entry((edge.to, false)).or_default().push((along(before), at));
        }
        let mut ends: BTreeMap<(usize, bool), (f64, f64)> = BTreeMap::new();
        for ((item, is_from), mut edges) in sides {
            edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let area = area(item);
            let (near, start) = self.way.turn((area.x, area.y));
            let (depth, side) = self.way.turn((area.width, area.height));
            // Those that nothing is written at may come together.
            let words = |(_, at): &(f64, usize)| {
                let edge = self.diagram.edges.get(*at);
                is_from && edge.is_some_and(|edge| edge.need != Need::Reference)
            };
            let step = if edges.iter().any(words) { 17.0 } else { 9.0 };
            let count = f64::from(u32::try_from(edges.len()).unwrap_or(u32::MAX));
            let step = f64::min(step, (side - 12.0).max(1.0) / count.max(1.0));
            let mut along = start + side / 2.0 - step * (count - 1.0) / 2.0;
            let across = if is_from { near + depth } else { near };
            for (_, at) in edges {
                ends.insert((at, is_from), self.way.turn((across, along)));
                along += step;
            }
        }
        let whole = |(at, bends): (usize, Option<Vec<(f64, f64)>>)| {
            let (Some(bends), Some(from), Some(to)) =
                (bends, ends.get(&(at, true)), ends.get(&(at, false)))
            else {
                return Vec::new();
            };
            [vec![*from], bends, vec![*to]].concat()
        };
        bends.into_iter().enumerate().map(whole).collect()
    }
}
