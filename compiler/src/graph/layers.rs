//! A layered drawing: cells in columns from left to right, so that links lead rightwards and cross seldom.
//!
//! The steps are those of Sugiyama: columns by the longest way, an order in each by the middle of
//! the neighbours, then places that keep links straight. Knows sizes only, and is the same for the same input.

use std::collections::BTreeMap;

/// Where in a drawing a cell must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    /// Wherever it fits.
    Free,
    /// Left of all others: where links come in.
    First,
    /// Right of all others: where links go out.
    Last,
}

/// Something with a size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) width: f64,
    pub(super) height: f64,
    /// How much room its links' words need on its right.
    pub(super) words: f64,
    pub(super) pin: Pin,
}

/// Where everything is; the left upper corner is 0, 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawing {
    /// The cells' left upper corners.
    pub(super) corners: Vec<(f64, f64)>,
    /// For each link the points that it goes through between its ends.
    pub(super) ways: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

const GAP: f64 = 22.0;
const NARROW: f64 = 9.0;
const COLUMN: f64 = 56.0;
const SWEEPS: usize = 16;
const PASSES: usize = 20;
/// With more turns than this, long links go straight.
const MOST_TURNS: usize = 100_000;

/// Lays the cells out; `links` are pairs of cells.
pub(super) fn draw(cells: &[Cell], links: &[(usize, usize)]) -> Drawing {
    let mut is_linked = vec![false; cells.len()];
    for end in links.iter().flat_map(|(a, b)| [*a, *b]) {
        if let Some(linked) = is_linked.get_mut(end) {
            *linked = true;
        }
    }
    let is_free = |at: &usize| !is_linked.get(*at).copied().unwrap_or_default();
    let alone: Vec<usize> = (0..cells.len()).filter(is_free).collect();
    let mut drawing = Drawing { corners: vec![(0.0, 0.0); cells.len()], ..Drawing::default() };
    drawing.ways = vec![Vec::new(); links.len()];
    if !links.is_empty() {
        Layers::new(cells, links, &is_linked).draw(&mut drawing);
    }
    grid(cells, &alone, &mut drawing);
    drawing
}

/// Cells without links stand in rows below all others.
fn grid(cells: &[Cell], alone: &[usize], drawing: &mut Drawing) {
    if alone.is_empty() {
        return;
    }
    let size = |at: &usize| cells.get(*at).map_or((0.0, 0.0), |cell| (cell.width, cell.height));
    let area: f64 = alone.iter().map(size).map(|(w, h)| (w + GAP) * (h + GAP)).sum();
    let widest = alone.iter().map(|at| size(at).0).fold(0.0, f64::max);
    let room = (area * 1.8).sqrt().max(drawing.width).max(widest);
    let top = if drawing.height > 0.0 { drawing.height + 2.0 * GAP } else { 0.0 };
    let (mut x, mut y, mut row) = (0.0, top, 0.0_f64);
    for at in alone {
        let (width, height) = size(at);
        if x > 0.0 && x + width > room {
            (x, y, row) = (0.0, y + row + GAP, 0.0);
        }
        if let Some(corner) = drawing.corners.get_mut(*at) {
            *corner = (x, y);
        }
        drawing.width = drawing.width.max(x + width);
        row = row.max(height);
        x += width + GAP;
    }
    drawing.height = y + row;
}

/// A cell, or a turn of a link in a column that it passes.
#[derive(Clone, Copy, Debug)]
struct Slot {
    height: f64,
    is_turn: bool,
}

struct Layers<'c> {
    cells: &'c [Cell],
    /// The column of each cell; nothing for those without links.
    ranks: Vec<Option<usize>>,
    slots: Vec<Slot>,
    columns: Vec<Vec<usize>>,
    /// From a slot to one of the next column.
    steps: Vec<(usize, usize)>,
    /// The turns of each link, from its first end to its last.
    turns: Vec<Vec<usize>>,
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
}

impl<'c> Layers<'c> {
    fn new(cells: &'c [Cell], links: &[(usize, usize)], is_linked: &[bool]) -> Self {
        let ranks = ranks(cells, links, is_linked);
        let slots: Vec<Slot> =
            cells.iter().map(|cell| Slot { height: cell.height, is_turn: false }).collect();
        let count = ranks.iter().flatten().max().map_or(0, |last| last + 1);
        let mut columns = vec![Vec::new(); count];
        for (at, rank) in ranks.iter().enumerate() {
            if let Some(column) = rank.and_then(|rank| columns.get_mut(rank)) {
                column.push(at);
            }
        }
        let mut layers = Self {
            cells,
            ranks,
            slots,
            columns,
            steps: Vec::new(),
            turns: Vec::new(),
            left: Vec::new(),
            right: Vec::new(),
        };
        for (from, to) in links {
            layers.link(*from, *to);
        }
        layers.left = vec![Vec::new(); layers.slots.len()];
        layers.right = vec![Vec::new(); layers.slots.len()];
        for (a, b) in &layers.steps {
            if let (Some(right), Some(left)) = (layers.right.get_mut(*a), layers.left.get_mut(*b)) {
                right.push(*b);
                left.push(*a);
            }
        }
        layers
    }

    fn link(&mut self, from: usize, to: usize) {
        let rank = |at: usize| self.ranks.get(at).copied().flatten().unwrap_or_default();
        let (start, end) = (rank(from), rank(to));
        let is_back = start > end;
        let (first, last) = if is_back { (to, from) } else { (from, to) };
        let (start, end) = (start.min(end), start.max(end));
        let mut turns = Vec::new();
        let mut before = first;
        if self.slots.len() < MOST_TURNS {
            for rank in start + 1..end {
                let slot = self.slots.len();
                self.slots.push(Slot { height: 2.0, is_turn: true });
                if let Some(column) = self.columns.get_mut(rank) {
                    column.push(slot);
                }
                self.steps.push((before, slot));
                turns.push(slot);
                before = slot;
            }
            if start != end {
                self.steps.push((before, last));
            }
        }
        if is_back {
            turns.reverse();
        }
        self.turns.push(turns);
    }

    fn draw(mut self, drawing: &mut Drawing) {
        self.order();
        let middles = self.middles();
        let (lefts, widths, total) = self.across();
        let top = |slot: usize| {
            let half = self.slots.get(slot).map_or(0.0, |slot| slot.height / 2.0);
            middles.get(slot).copied().unwrap_or_default() - half
        };
        let all = || self.columns.iter().flatten().copied();
        let highest = all().map(top).fold(f64::INFINITY, f64::min);
        let lowest = all()
            .map(|slot| top(slot) + self.slots.get(slot).map_or(0.0, |slot| slot.height))
            .fold(f64::NEG_INFINITY, f64::max);
        let x = |rank: usize| lefts.get(rank).copied().unwrap_or_default();
        let mut place = BTreeMap::new();
        for (rank, column) in self.columns.iter().enumerate() {
            for slot in column {
                place.insert(*slot, rank);
                if let Some(corner) = drawing.corners.get_mut(*slot) {
                    *corner = (x(rank), top(*slot) - highest);
                }
            }
        }
        for (turns, way) in self.turns.iter().zip(&mut drawing.ways) {
            for slot in turns {
                let rank = place.get(slot).copied().unwrap_or_default();
                let y = middles.get(*slot).copied().unwrap_or_default() - highest;
                let (from, to) = (x(rank), x(rank) + widths.get(rank).copied().unwrap_or_default());
                way.extend([(from, y), (to, y)]);
            }
        }
        // A link that leads back passes its turns from right to left.
        for way in &mut drawing.ways {
            if way.first().zip(way.last()).is_some_and(|(first, last)| first.0 > last.0) {
                way.chunks_mut(2).for_each(<[_]>::reverse);
            }
        }
        drawing.width = total;
        drawing.height = lowest - highest;
    }

    /// Left edge and width of each column, and the width of all.
    fn across(&self) -> (Vec<f64>, Vec<f64>, f64) {
        let (mut lefts, mut widths, mut x) = (Vec::new(), Vec::new(), 0.0);
        let count = self.columns.len();
        for (rank, column) in self.columns.iter().enumerate() {
            let cells = || column.iter().filter_map(|slot| self.cells.get(*slot));
            let width = cells().map(|cell| cell.width).fold(0.0, f64::max);
            let words = cells().map(|cell| cell.words).fold(0.0, f64::max);
            let is_port = cells().all(|cell| cell.pin != Pin::Free);
            let next_is_port = self.columns.get(rank + 1).is_some_and(|next| {
                let mut cells = next.iter().filter_map(|slot| self.cells.get(*slot));
                cells.all(|cell| cell.pin == Pin::Last)
            });
            lefts.push(x);
            widths.push(width);
            x += width;
            if rank + 1 < count {
                let gap = if is_port && rank == 0 || next_is_port { 20.0 } else { COLUMN };
                x += f64::max(gap, words + 34.0 * f64::from(u8::from(words > 0.0)));
            }
        }
        (lefts, widths, x)
    }

    /// Orders the columns so that links cross seldom.
    fn order(&mut self) {
        let mut best = self.columns.clone();
        let mut fewest = self.crossings();
        let mut places = vec![0.0; self.slots.len()];
        for sweep in 0..SWEEPS {
            if fewest == 0 {
                break;
            }
            let count = self.columns.len();
            let ranks: Vec<usize> =
                if sweep % 2 == 0 { (1..count).collect() } else { (0..count - 1).rev().collect() };
            for rank in ranks {
                let beside = if sweep % 2 == 0 { rank - 1 } else { rank + 1 };
                self.number(beside, &mut places);
                let neighbours = if sweep % 2 == 0 { &self.left } else { &self.right };
                let Some(column) = self.columns.get_mut(rank) else { continue };
                let mut keyed: Vec<(f64, usize, usize)> = column
                    .iter()
                    .enumerate()
                    .map(|(own, slot)| {
                        let found = neighbours.get(*slot).into_iter().flatten();
                        let at: Vec<f64> = found.filter_map(|n| places.get(*n).copied()).collect();
                        let middle = if at.is_empty() { exact(own) } else { mean(&at) };
                        (middle, own, *slot)
                    })
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                *column = keyed.into_iter().map(|(_, _, slot)| slot).collect();
            }
            let found = self.crossings();
            if found < fewest {
                fewest = found;
                best.clone_from(&self.columns);
            }
        }
        self.columns = best;
    }

    /// Writes down the place of each slot of a column; those of others stay as they are.
    fn number(&self, rank: usize, places: &mut [f64]) {
        for (place, slot) in self.columns.get(rank).into_iter().flatten().enumerate() {
            if let Some(of) = places.get_mut(*slot) {
                *of = exact(place);
            }
        }
    }

    /// How often links cross, counted by a tree of sums.
    fn crossings(&self) -> usize {
        let mut crossings = 0;
        let mut places = vec![0.0; self.slots.len()];
        for rank in 1..self.columns.len() {
            self.number(rank, &mut places);
            let mut ends = Vec::new();
            for slot in self.columns.get(rank - 1).into_iter().flatten() {
                let right = self.right.get(*slot).into_iter().flatten();
                let mut own: Vec<usize> =
                    right.filter_map(|next| places.get(*next)).map(|place| index(*place)).collect();
                own.sort_unstable();
                ends.extend(own);
            }
            let column = self.columns.get(rank).map_or(0, Vec::len);
            let mut sums = vec![0_usize; column + 1];
            for (seen, end) in ends.iter().enumerate() {
                let (mut at, mut before) = (end + 1, 0);
                while at > 0 {
                    before += sums.get(at).copied().unwrap_or_default();
                    at &= at - 1;
                }
                crossings += seen - before;
                at = end + 1;
                while let Some(sum) = sums.get_mut(at) {
                    *sum += 1;
                    at += at & at.wrapping_neg();
                }
            }
        }
        crossings
    }

    /// The middle of each slot from above: links straight, slots apart.
    fn middles(&self) -> Vec<f64> {
        let mut middles = vec![0.0; self.slots.len()];
        for column in &self.columns {
            let offsets = self.offsets(column);
            let half = offsets.last().copied().unwrap_or_default() / 2.0;
            for (slot, offset) in column.iter().zip(offsets) {
                if let Some(middle) = middles.get_mut(*slot) {
                    *middle = offset - half;
                }
            }
        }
        let count = self.columns.len();
        for pass in 0..PASSES {
            let ranks: Vec<usize> =
                if pass % 2 == 0 { (0..count).collect() } else { (0..count).rev().collect() };
            for rank in ranks {
                let Some(column) = self.columns.get(rank) else { continue };
                let wanted: Vec<f64> =
                    column.iter().map(|slot| self.wanted(*slot, pass, &middles)).collect();
                for (slot, place) in column.iter().zip(apart(&wanted, &self.offsets(column))) {
                    if let Some(middle) = middles.get_mut(*slot) {
                        *middle = place;
                    }
                }
            }
        }
        middles
    }

    /// Where a slot would like to be: in the middle of its neighbours, those of a long link most of all.
    fn wanted(&self, slot: usize, pass: usize, middles: &[f64]) -> f64 {
        let left = self.left.get(slot).map(Vec::as_slice).unwrap_or_default();
        let right = self.right.get(slot).map(Vec::as_slice).unwrap_or_default();
        let (left, right) = match pass {
            last if last + 4 >= PASSES => (left, right),
            even if even % 2 == 0 => (left, [].as_slice()),
            _ => ([].as_slice(), right),
        };
        let is_turn = |at: usize| self.slots.get(at).is_some_and(|slot| slot.is_turn);
        let (mut sum, mut weight) = (0.0, 0.0);
        for other in left.iter().chain(right).copied() {
            let heavy = if is_turn(slot) && is_turn(other) { 6.0 } else { 1.0 };
            sum += heavy * middles.get(other).copied().unwrap_or_default();
            weight += heavy;
        }
        if weight > 0.0 { sum / weight } else { middles.get(slot).copied().unwrap_or_default() }
    }

    /// How far each slot of a column must at least be from the first.
    fn offsets(&self, column: &[usize]) -> Vec<f64> {
        let mut offsets = Vec::with_capacity(column.len());
        let (mut at, mut before): (f64, Option<Slot>) = (0.0, None);
        for slot in column {
            let slot =
                self.slots.get(*slot).copied().unwrap_or(Slot { height: 0.0, is_turn: true });
            if let Some(before) = before {
                let gap = if before.is_turn || slot.is_turn || before.height + slot.height < 20.0 {
                    NARROW
                } else {
                    GAP
                };
                at += before.height / 2.0 + gap + slot.height / 2.0;
            }
            offsets.push(at);
            before = Some(slot);
        }
        offsets
    }
}

/// The places nearest to the wanted ones that are in order and apart: neighbours that would overlap are
/// moved together.
fn apart(wanted: &[f64], offsets: &[f64]) -> Vec<f64> {
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (wanted, offset) in wanted.iter().zip(offsets) {
        let mut block = (wanted - offset, 1);
        while let Some(last) = blocks.last().copied().filter(|last| last.0 > block.0) {
            blocks.pop();
            let (a, b) = (exact(last.1), exact(block.1));
            block = ((last.0 * a + block.0 * b) / (a + b), last.1 + block.1);
        }
        blocks.push(block);
    }
    let flat = blocks.into_iter().flat_map(|(at, count)| std::iter::repeat_n(at, count));
    flat.zip(offsets).map(|(at, offset)| at + offset).collect()
}

/// The column of each linked cell: one behind the last that leads to it.
fn ranks(cells: &[Cell], links: &[(usize, usize)], is_linked: &[bool]) -> Vec<Option<usize>> {
    let forward = forward(cells.len(), links);
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); cells.len()];
    let mut open = vec![0_usize; cells.len()];
    for (from, to) in &forward {
        if let (Some(next), Some(open)) = (next.get_mut(*from), open.get_mut(*to)) {
            next.push(*to);
            *open += 1;
        }
    }
    let pin = |at: usize| cells.get(at).map_or(Pin::Free, |cell| cell.pin);
    let floor = usize::from(cells.iter().any(|cell| cell.pin == Pin::First));
    let mut ranks: Vec<usize> =
        (0..cells.len()).map(|at| if pin(at) == Pin::First { 0 } else { floor }).collect();
    let has_left: Vec<bool> = open.iter().map(|open| *open > 0).collect();
    let mut order: Vec<usize> = (0..cells.len()).filter(|at| open.get(*at) == Some(&0)).collect();
    let mut done = 0;
    while let Some(at) = order.get(done).copied() {
        done += 1;
        let rank = ranks.get(at).copied().unwrap_or_default();
        for to in next.get(at).into_iter().flatten() {
            if let (Some(of), Some(open)) = (ranks.get_mut(*to), open.get_mut(*to)) {
                *of = (*of).max(rank + 1);
                *open -= 1;
                if *open == 0 {
                    order.push(*to);
                }
            }
        }
    }
    // What nothing leads to stands just before what it leads to.
    for at in order
        .iter()
        .rev()
        .filter(|at| pin(**at) == Pin::Free && !has_left.get(**at).copied().unwrap_or(true))
    {
        let after = next.get(*at).into_iter().flatten().filter(|to| pin(**to) != Pin::Last);
        let nearest = after.filter_map(|to| ranks.get(*to).copied()).min();
        if let (Some(nearest), Some(rank)) = (nearest, ranks.get_mut(*at)) {
            *rank = nearest.saturating_sub(1).max(*rank);
        }
    }
    let last = (0..cells.len())
        .filter(|at| pin(*at) != Pin::Last && is_linked.get(*at).copied().unwrap_or_default())
        .filter_map(|at| ranks.get(at).copied())
        .max()
        .unwrap_or_default();
    let place = |(at, rank): (usize, usize)| {
        let is_linked = is_linked.get(at).copied().unwrap_or_default();
        is_linked.then_some(if pin(at) == Pin::Last { last + 1 } else { rank })
    };
    ranks.into_iter().enumerate().map(place).collect()
}

/// The links with those turned round that close a ring.
fn forward(count: usize, links: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut next: Vec<Vec<(usize, usize)>> = vec![Vec::new(); count];
    for (link, (from, to)) in links.iter().enumerate() {
        if let Some(next) = next.get_mut(*from) {
            next.push((link, *to));
        }
    }
    let mut forward = links.to_vec();
    let mut state = vec![0_u8; count];
    for start in 0..count {
        let mut open = vec![(start, 0_usize)];
        if state.get(start) != Some(&0) {
            continue;
        }
        while let Some((at, place)) = open.last_mut() {
            if let Some(state) = state.get_mut(*at) {
                *state = 1;
            }
            let Some((on, to)) = next.get(*at).and_then(|next| next.get(*place)).copied() else {
                if let Some(state) = state.get_mut(*at) {
                    *state = 2;
                }
                open.pop();
                continue;
            };
            *place += 1;
            match state.get(to) {
                Some(0) => open.push((to, 0)),
                Some(1) => {
                    if let Some(link) = forward.get_mut(on) {
                        *link = (link.1, link.0);
                    }
                }
                _ => {}
            }
        }
    }
    forward.retain(|(from, to)| from != to);
    forward
}

fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / exact(all.len())
}

/// A number of things as a length.
#[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 things")]
fn exact(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it was made of such a number"
)]
fn index(place: f64) -> usize {
    place as usize
}
