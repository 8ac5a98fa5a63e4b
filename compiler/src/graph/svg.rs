//! A diagram as SVG: one file without scripts, fonts or links, that follows the light or dark of its reader.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use super::legend::Legend;
use super::place::{Area, Places, Sizes, Way, places};
use super::{Diagram, Item, Need, Nesting, Note, Role};

const MARGIN: f64 = 32.0;
const HEAD: f64 = 58.0;
const LINE: f64 = 15.0;
/// Radius of the mark that names a note.
const MARK: f64 = 8.0;

const STYLE: &str = r"
  svg { color-scheme: light dark; }
  .paper { fill: #fbfbfd; } .title { fill: #16181d; font-size: 19px; font-weight: 650; }
  .name { fill: #16181d; font-size: 13px; font-weight: 620; }
  .kind { fill: #5b6270; font-size: 11px; } .detail { fill: #7a8191; font-size: 10.5px; }
  .words { fill: #5b6270; font-size: 10px; paint-order: stroke; stroke: #fbfbfd; stroke-width: 3px; }
  .card { fill: #ffffff; stroke: #d5d9e2; } .behind { fill: #eef0f5; stroke: #d5d9e2; }
  .box { fill: #7d8db2; fill-opacity: .07; stroke: #a9b3c9; }
  .choice { stroke-dasharray: 6 4; }
  .edge { fill: none; stroke: #8a93a6; stroke-width: 1.4; } .edge.read { stroke-dasharray: 2 4; stroke-width: 1.2; }
  .edge.maybe { stroke-dasharray: 6 4; } .tip { fill: #8a93a6; }
  .wave { fill: #dfe7fb; stroke: #9db4ea; } .waves { fill: #22386d; font-size: 10.5px; font-weight: 600; }
  .mark { font-size: 9.5px; font-weight: 700; fill: #ffffff; text-anchor: middle; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #14161b; } .title, .name { fill: #eceef3; } .kind { fill: #a3abba; } .detail { fill: #8b93a3; }
    .words { fill: #a3abba; stroke: #14161b; } .card { fill: #1f232b; stroke: #39404d; }
    .behind { fill: #191c23; stroke: #39404d; } .box { fill: #8fa3cf; stroke: #4b556b; }
    .edge { stroke: #78829a; } .tip { fill: #78829a; }
    .wave { fill: #22345f; stroke: #4765b0; } .waves { fill: #d5e0ff; }
  }
";

/// Colours of families, then of notes: told apart on white and on black.
const FAMILIES: [&str; 8] =
    ["#326ce5", "#e07b18", "#0f9d7a", "#8a5cd6", "#c2417c", "#4f7f1f", "#0e8fb3", "#a56a12"];

/// The diagram as a picture.
pub fn svg(diagram: &Diagram) -> String {
    let nesting = Nesting::of(diagram);
    let words = Words::of(diagram, &nesting);
    let places = places(diagram, &nesting, &words);
    let notes = Notes::of(&diagram.notes);
    let title = width(&diagram.title, 19.0).max(width(&diagram.subtitle, 11.0));
    let across = places.width.max(notes.width).max(title) + 2.0 * MARGIN;
    let below = HEAD + places.height;
    let legend = Legend::of(diagram, &nesting, places.width.max(notes.width));
    let across = across.max(legend.width + 2.0 * MARGIN);
    let down = below + notes.height + legend.height + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{across:.0}\" height=\"{down:.0}\" viewBox=\"0 0 {across:.0} {down:.0}\" role=\"img\" font-family=\"-apple-system, 'Segoe UI', Inter, Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif\">\n<title>{}</title>\n<style>{STYLE}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        escaped(&diagram.title)
    );
    put(&mut svg, "title", MARGIN, MARGIN + 15.0, &diagram.title);
    put(&mut svg, "kind", MARGIN, MARGIN + 34.0, &diagram.subtitle);
    let _ = writeln!(svg, "<g transform=\"translate({MARGIN} {})\">", MARGIN + HEAD);
    let mut boxes: Vec<usize> = (0..diagram.items.len()).filter(|at| nesting.is_box(*at)).collect();
    boxes.sort_by_key(|at| (nesting.depth(*at), *at));
    let mut heads = String::new();
    for at in boxes {
        item(&mut svg, &mut heads, diagram, (&places, true), at);
    }
    edges(&mut svg, diagram, &places);
    svg.push_str(&heads);
    for at in (0..diagram.items.len()).filter(|at| !nesting.is_box(*at)) {
        let mut words = String::new();
        item(&mut svg, &mut words, diagram, (&places, false), at);
        svg.push_str(&words);
    }
    svg.push_str("</g>\n");
    notes.write(&mut svg, &diagram.notes, MARGIN, MARGIN + below + 26.0);
    legend.write(&mut svg, MARGIN, MARGIN + below + notes.height);
    svg.push_str("</svg>\n");
    svg
}

/// How wide a text is at most, at this size: fonts differ, so there is some room.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(letter).sum::<f64>() * size
}

/// How wide a letter is at most, in sizes of its font.
fn letter(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.36,
        'f' | 'r' | 't' | 'I' | ' ' | '(' | ')' | '[' | ']' | '/' | '-' => 0.46,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 1.0,
        'A'..='Z' => 0.76,
        other => match other.width() {
            Some(2) => 1.1,
            Some(1) | None => 0.66,
            Some(_) => 0.0,
        },
    }
}

/// How large the words of items are.
struct Words<'d> {
    diagram: &'d Diagram,
    /// Cards are of one width.
    card: f64,
}

impl<'d> Words<'d> {
    fn of(diagram: &'d Diagram, nesting: &Nesting) -> Self {
        let cards = diagram.items.iter().enumerate().filter(|(at, _)| !nesting.is_box(*at));
        let widest = cards.map(|(_, item)| {
            let marks = marks(item) + 8.0;
            let details = item.details.iter().map(|line| width(line, 10.5));
            let rest = details.fold(width(&item.kind, 11.0), f64::max);
            rest.max(width(&item.name, 13.0) + marks)
        });
        let widest = widest.fold(0.0, f64::max);
        Self { diagram, card: (widest + 32.0).clamp(150.0, 380.0) }
    }

    fn item(&self, at: usize) -> Option<&'d Item> {
        self.diagram.items.get(at)
    }
}

impl Sizes for Words<'_> {
    fn card(&self, item: usize, links: usize, way: Way) -> (f64, f64) {
        let details = self.item(item).map_or(0, |item| item.details.len());
        let words = 48.0 + LINE * count(details) - if details == 0 { 0.0 } else { 2.0 };
        match way {
            Way::Across => (self.card, words.max(14.0 + 17.0 * count(links))),
            Way::Down => (self.card, words),
        }
    }

    fn head(&self, item: usize) -> (f64, f64) {
        let Some(item) = self.item(item) else { return (0.0, 0.0) };
        let first = width(&item.name, 13.0) + 10.0 + width(&item.kind, 11.0) + marks(item) + 12.0;
        let details = item.details.iter().map(|line| width(line, 10.5));
        (details.fold(first, f64::max).min(440.0), 42.0 + LINE * count(item.details.len()))
    }

    fn words(&self, labels: &BTreeSet<&str>, way: Way) -> f64 {
        match way {
            Way::Across => labels.iter().map(|label| width(label, 10.0)).fold(0.0, f64::max),
            Way::Down => 12.0 * count(labels.len()),
        }
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn marks(item: &Item) -> f64 {
    count(item.notes.len()) * (2.0 * MARK + 3.0)
}

/// The same family has the same colour in every picture.
pub(super) fn color(family: &str) -> &'static str {
    let known = [("kubernetes", 0), ("helm", 6), ("cloudformation", 1), ("script", 2), ("", 3)];
    let sum = || family.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
    let found = known.iter().find(|(name, _)| *name == family).map_or_else(sum, |(_, at)| *at);
    FAMILIES.get(found % FAMILIES.len()).copied().unwrap_or("#326ce5")
}

fn note_color(note: usize) -> &'static str {
    FAMILIES.get((note + 3) % FAMILIES.len()).copied().unwrap_or("#8a5cd6")
}

/// The frame of an item, and apart from it the words, which nothing is drawn over.
fn item(
    svg: &mut String,
    words: &mut String,
    diagram: &Diagram,
    (places, is_box): (&Places, bool),
    at: usize,
) {
    let (Some(item), Some(area)) = (diagram.items.get(at), places.items.get(at).copied()) else {
        return;
    };
    let Area { x, y, width: w, height: h } = area;
    let (what, choice) = match item.role {
        Role::Node => ("node", ""),
        Role::Selection => ("select", " choice"),
        Role::Required => ("requires", " choice"),
    };
    let title = escaped(&format!("{what} {}: {}", item.name, item.kind));
    let class = if is_box { "box" } else { "card" };
    if item.is_many && !is_box {
        rect(svg, "behind", Area { x: x + 4.0, y: y + 4.0, ..area }, 8.0, "");
    }
    rect(svg, &format!("{class}{choice}"), area, if is_box { 12.0 } else { 8.0 }, &title);
    if item.role == Role::Node && !is_box {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"4\" height=\"{:.1}\" rx=\"2\" fill=\"{}\"/>",
            y + 9.0,
            h - 18.0,
            color(&item.family)
        );
    }
    let room = w - 30.0;
    let name = fit(&item.name, room - marks(item), 13.0);
    let mut line = y + 38.0;
    if is_box {
        let rest = room - marks(item) - width(&name, 13.0) - 10.0;
        pair(words, x + 16.0, y + 21.0, [&name, &fit(&item.kind, rest.max(60.0), 11.0)]);
    } else {
        put(words, "name", x + 16.0, y + 21.0, &name);
        put(words, "kind", x + 16.0, y + 37.0, &fit(&item.kind, room, 11.0));
        line += LINE;
    }
    for detail in &item.details {
        put(words, "detail", x + 16.0, line, &fit(detail, room, 10.5));
        line += LINE;
    }
    let mut mark_at = x + w - MARK - 9.0;
    for note in item.notes.iter().rev() {
        mark(words, *note, mark_at, y + 16.0);
        mark_at -= 2.0 * MARK + 3.0;
    }
}

fn rect(svg: &mut String, class: &str, area: Area, round: f64, title: &str) {
    let Area { x, y, width, height } = area;
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round}\"><title>{title}</title></rect>"
    );
}

/// A name and what it is, behind each other.
fn pair(svg: &mut String, x: f64, y: f64, [name, kind]: [&str; 2]) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\"><tspan class=\"name\">{}</tspan><tspan class=\"kind\" dx=\"9\">{}</tspan></text>",
        escaped(name),
        escaped(kind)
    );
}

fn mark(svg: &mut String, note: usize, x: f64, y: f64) {
    let _ = writeln!(
        svg,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{MARK}\" fill=\"{}\"/><text class=\"mark\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
        note_color(note),
        y + 3.4,
        note + 1
    );
}

/// As much of a text as there is room for.
fn fit(text: &str, room: f64, size: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut left = room / size - letter('…');
    let fitting = text.chars().take_while(|c| {
        left -= letter(*c);
        left >= 0.0
    });
    let mut fitting: String = fitting.collect();
    fitting.truncate(fitting.trim_end().len());
    fitting.push('…');
    fitting
}

pub(super) fn put(svg: &mut String, class: &str, x: f64, y: f64, text: &str) {
    let _ =
        writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
}

/// Links as curves that leave and arrive straight.
fn edges(svg: &mut String, diagram: &Diagram, places: &Places) {
    let way = places.way.unwrap_or(Way::Across);
    let mut words = String::new();
    let mut written: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    let mut room: BTreeMap<usize, f64> = BTreeMap::new();
    let mut labels: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for edge in diagram.edges.iter().filter(|edge| !edge.label.is_empty()) {
        let own = labels.entry(edge.from).or_default();
        own.insert(&edge.label);
        let wide = match way {
            Way::Across => width(&edge.label, 10.0) + 12.0,
            Way::Down => 12.0 * count(own.len()) + 4.0,
        };
        let most = room.entry(edge.from).or_default();
        *most = most.max(wide);
    }
    let mut rightmost: BTreeMap<usize, f64> = BTreeMap::new();
    for (edge, points) in diagram.edges.iter().zip(&places.ways) {
        let start = points.first().map_or(f64::MIN, |first| first.0);
        let right = rightmost.entry(edge.from).or_insert(f64::MIN);
        *right = right.max(start);
    }
    for (edge, points) in diagram.edges.iter().zip(&places.ways) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        // A link bends behind the words that are written at it.
        let lead = room.get(&edge.from).map(|room| match way {
            Way::Across => (first.0 + room, first.1),
            Way::Down => (first.0, first.1 + room),
        });
        let class = match edge.need {
            Need::Requirement => "edge",
            Need::Choice => "edge maybe",
            Need::Reference => "edge read",
        };
        let (from, to) = (name(diagram, edge.from), name(diagram, edge.to));
        let wings = if way == Way::Across { "l-8 -4v8z" } else { "l-4 -8h8z" };
        let _ = writeln!(
            svg,
            "<g><title>{}</title><path class=\"{class}\" d=\"{}\"/><path class=\"tip\" d=\"M{:.1} {:.1}{wings}\"/></g>",
            escaped(format!("{from} → {to} {}", edge.label).trim()),
            curve(points, lead, way),
            last.0,
            last.1
        );
        // What several links of an item have in common is written once.
        let own = written.entry(edge.from).or_default();
        if !edge.label.is_empty() && own.insert(&edge.label) {
            let (x, y) = match way {
                Way::Across => (first.0 + 9.0, first.1 - 3.5),
                // Right of all of them, in their order, so that none runs through the words.
                Way::Down => {
                    let right = rightmost.get(&edge.from).copied().unwrap_or(first.0);
                    (right + 6.0, first.1 + 12.0 * count(own.len()))
                }
            };
            put(&mut words, "words", x, y, &edge.label);
        }
    }
    svg.push_str(&words);
}

/// Through the points, along the way at each of them; straight to where it leads first.
fn curve(points: &[(f64, f64)], lead: Option<(f64, f64)>, way: Way) -> String {
    let mut path = String::new();
    let mut before = None;
    for (at, (x, y)) in points.iter().enumerate() {
        // The tip takes the last of the way.
        let short = if at + 1 == points.len() { 7.0 } else { 0.0 };
        let (x, y) = if way == Way::Across { (x - short, *y) } else { (*x, y - short) };
        let _ = match before {
            None => write!(path, "M{x:.1} {y:.1}").and_then(|()| match lead {
                Some((a, b)) => write!(path, "L{a:.1} {b:.1}"),
                None => Ok(()),
            }),
            Some((a, b)) => {
                let (dx, dy) = if way == Way::Across { (x - a, 0.0) } else { (0.0, y - b) };
                // Where it leads back it takes a bow.
                let reach = |d: f64| if d < 0.0 { 60.0_f64.max(-d / 4.0) } else { d / 2.0 };
                let (dx, dy) = (reach(dx), reach(dy));
                write!(
                    path,
                    " C{:.1} {:.1} {:.1} {:.1} {x:.1} {y:.1}",
                    a + dx,
                    b + dy,
                    x - dx,
                    y - dy
                )
            }
        };
        before = Some(if at == 0 { lead.unwrap_or((x, y)) } else { (x, y) });
    }
    path
}

fn name(diagram: &Diagram, item: usize) -> &str {
    diagram.items.get(item).map_or("", |item| item.name.as_str())
}

/// Where groups and policies stand below the picture.
struct Notes {
    width: f64,
    height: f64,
}

/// What a note says in its second line.
fn said(note: &Note) -> String {
    crate::shown::clipped(&note.said().join("   ·   "), 150)
}

impl Notes {
    fn of(notes: &[Note]) -> Self {
        let mut size = Self { width: 0.0, height: 0.0 };
        for note in notes {
            let head = width(&note.name, 13.0) + width(&note.kind, 11.0) + 80.0;
            let waves: f64 = note.waves.iter().map(|wave| width(wave, 10.5) + 34.0).sum();
            size.width =
                size.width.max(head).max(width(&said(note), 10.5) + 30.0).max(waves + 30.0);
            size.height += Self::row(note);
        }
        if !notes.is_empty() {
            size.height += 26.0;
        }
        size
    }

    fn row(note: &Note) -> f64 {
        if note.waves.is_empty() { 44.0 } else { 72.0 }
    }

    fn write(&self, svg: &mut String, notes: &[Note], x: f64, mut y: f64) {
        if self.height == 0.0 {
            return;
        }
        for (at, note) in notes.iter().enumerate() {
            let kind = format!("{} · {}", note.what, note.kind);
            mark(svg, at, x + MARK, y + 8.0);
            pair(svg, x + 26.0, y + 12.0, [&note.name, &kind]);
            put(svg, "detail", x + 26.0, y + 28.0, &said(note));
            let mut wave_at = x + 26.0;
            for (place, wave) in note.waves.iter().enumerate() {
                let wide = width(wave, 12.0) + 16.0;
                if place > 0 {
                    let _ = writeln!(
                        svg,
                        "<path class=\"edge\" d=\"M{:.1} {:.1}h10\"/><path class=\"tip\" d=\"M{:.1} {:.1}l-6 -3.5v7z\"/>",
                        wave_at - 17.0,
                        y + 46.0,
                        wave_at - 2.0,
                        y + 46.0
                    );
                }
                let _ = writeln!(
                    svg,
                    "<rect class=\"wave\" x=\"{wave_at:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"19\" rx=\"9.5\"/>",
                    y + 36.5
                );
                put(svg, "waves", wave_at + 8.0, y + 49.5, wave);
                wave_at += wide + 18.0;
            }
            y += Self::row(note);
        }
    }
}

/// Without what SVG, or whoever reads it, would take for more than text.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}
