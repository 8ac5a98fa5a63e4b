//! `bpr why`: what led to it, for people at two in the morning.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bp_driver::why::{About, At, Cause, Kind, Reason, Source};
use bp_driver::{Deployments, WhyError};
use bp_engine::outlook::{Action, Field};
use bp_engine::terms::node_of;
use jiff::Timestamp;

use super::outlook::{Paint, line, value};
use crate::DONE;
use crate::history::Why;
use crate::output::{Output, printable};
use crate::reading;
use crate::told::Told;

/// How many chains are drawn.
const MOST: usize = 12;
/// How many fields of one cause are drawn.
const FIELDS: usize = 8;
/// How wide the text is.
const WIDTH: usize = 100;

pub(crate) async fn run(asked: &Why, output: Output) -> Result<u8, Vec<Told>> {
    let reading = reading::open(&asked.name).await?;
    let why = Deployments::new(reading.store.clone()).why(&reading.id, &asked.what).await;
    let why = why.map_err(|error| match error {
        WhyError::Unknown { names } => vec![unknown(&reading.name, &asked.what, &names)],
        WhyError::Driver(error) => Told::driver(&reading.name, &error),
    })?;
    if output.is_json() {
        output.json(&why);
        return Ok(DONE);
    }
    let paint = Paint(output.paints());
    let groups = groups(&why.about);
    let now = Timestamp::now();
    let mut text = String::new();
    for group in groups.iter().take(MOST) {
        draw(&mut text, group, now, paint);
    }
    if groups.len() > MOST {
        let (more, name, what) = (groups.len() - MOST, &asked.name, &asked.what);
        let _ = writeln!(text, "and {more} more; `bpr why {name} {what} --output json` has all");
    }
    output.text(text.trim_end_matches('\n'));
    output.text("\n");
    if let Some(compacted) = &why.compacted {
        output.note(&reading::dropped(&reading.name, compacted));
    }
    Ok(DONE)
}

fn unknown(name: &str, asked: &str, names: &BTreeSet<String>) -> Told {
    let told = Told::error(format!("`{name}` has no node, step or target `{}`", printable(asked)));
    let near = names
        .iter()
        .map(|known| (strsim::damerau_levenshtein(asked, known), known))
        .filter(|(distance, _)| *distance <= asked.len() / 3 + 1)
        .min();
    match near {
        Some((_, near)) => told.help(format!("did you mean `{near}`?")),
        None if names.is_empty() => told.help("it has none at all: nothing was planned yet"),
        None => told.help(format!("`bpr status {name} --output json` has all of them")),
    }
}

/// What is alike but for its target.
struct Group<'w> {
    first: &'w About,
    targets: Vec<&'w str>,
}

fn groups(about: &[About]) -> Vec<Group<'_>> {
    let mut groups: Vec<(String, Group<'_>)> = Vec::new();
    for one in about {
        let target = one.target.as_deref().unwrap_or_default();
        let causes = one.causes.iter().map(|cause| (cause.reason, &cause.text, &cause.source));
        let key = format!("{:?} {} {:?}", one.id, one.state, causes.collect::<Vec<_>>());
        let key = key.replace("\\\"", "\"").replace("\\\"", "\"");
        let key = key.replace(&format!("[\"{target}\"]"), "").replace(&format!("`{target}`"), "");
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.targets.push(target),
            None => groups.push((key, Group { first: one, targets: vec![target] })),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn draw(text: &mut String, group: &Group<'_>, now: Timestamp, paint: Paint) {
    let About { kind, id, state, causes, .. } = group.first;
    let (mark, color) = match state.as_str() {
        "deployed" | "done" | "reached" | "logical" => ("✔", "32"),
        "failed" | "not reached" | "retrying" => ("✗", "31"),
        _ => ("·", "33"),
    };
    let what = match kind {
        Kind::Node if group.targets.len() > 1 => node_of(id).to_owned(),
        Kind::Node => id.clone(),
        Kind::Step => format!("step {id}"),
        Kind::Workflow => format!("workflow {id}"),
        Kind::Target => format!("target {id}"),
    };
    let on = match group.targets.as_slice() {
        ["" | "local"] | [] => String::new(),
        [one] => format!(" on {one}"),
        [first, second] => format!(" on {first} and {second}"),
        [first, second, third] => format!(" on {first}, {second} and {third}"),
        [first, second, rest @ ..] => format!(" on {first}, {second} and {} more", rest.len()),
    };
    let what = paint.with("1", &printable(&format!("{what}{on}")));
    let _ = writeln!(text, "{} {what}: {state}", paint.with(color, mark));
    if causes.is_empty() {
        text.push_str("\n  nothing is known of it\n");
    }
    for (at, cause) in causes.iter().enumerate() {
        draw_cause(text, cause, at == 0, now, paint);
    }
    text.push('\n');
}

fn draw_cause(text: &mut String, cause: &Cause, is_first: bool, now: Timestamp, paint: Paint) {
    // Some texts name it themselves.
    let is_said = |of: &&String| {
        cause.text.starts_with(&format!("{of} ")) || cause.text.contains(&format!("`{of}"))
    };
    let of = cause.of.as_ref().filter(|of| !is_said(of));
    let said = of.map_or_else(|| cause.text.clone(), |of| format!("{of}: {}", cause.text));
    let lead = match (is_first, cause.reason) {
        // A policy is said of the link before it, and is no link of its own.
        (true, _) | (false, Reason::Policy) => "",
        (false, _) => "because ",
    };
    text.push('\n');
    let options = textwrap::Options::new(WIDTH).initial_indent("  ").subsequent_indent("    ");
    let said = textwrap::fill(&printable(&format!("{lead}{said}")), options);
    let _ = writeln!(text, "{said}");
    let width = cause.fields.iter().map(|field| field.path.chars().count()).max().unwrap_or(0);
    for field in cause.fields.iter().take(FIELDS) {
        let _ = writeln!(text, "      {:<width$}  {}", printable(&field.path), values(field));
    }
    if cause.fields.len() > FIELDS {
        let _ = writeln!(text, "      and {} more", cause.fields.len() - FIELDS);
    }
    if let Some(source) = &cause.source {
        draw_source(text, source, paint);
    }
    if let Some(event) = &cause.event {
        let _ = writeln!(text, "    {}", paint.faint(&when(event, now)));
    }
    if let Some(help) = &cause.help {
        let _ = writeln!(text, "    {}: {}", paint.with("36", "help"), printable(help));
    }
}

/// `2 → 3`; of what was not there before, or did not change, what it is.
fn values(field: &Field) -> String {
    match (&field.applied, &field.desired) {
        (None, Some(desired)) => value(desired),
        _ => line(field, Action::Change),
    }
}

/// The line with the stretch underlined.
fn draw_source(text: &mut String, source: &Source, paint: Paint) {
    let Source { file, line, text: of, column, end_column } = source;
    let number = line.to_string();
    let cut = of.chars().take_while(|c| c.is_whitespace()).count();
    let shown: String = of.chars().skip(cut).collect();
    let column = usize::try_from(*column).unwrap_or(1).saturating_sub(1);
    let end = usize::try_from(*end_column).unwrap_or(1).saturating_sub(1);
    let before = " ".repeat(column.saturating_sub(cut));
    let under = "─".repeat(end.saturating_sub(column.max(cut)).max(1));
    let _ = writeln!(text, "    {}", paint.faint(&format!("{}:{number}", printable(file))));
    let _ = writeln!(text, "    {} {}", paint.faint(&format!("{number} │")), printable(&shown));
    let gap = " ".repeat(number.len());
    let _ = writeln!(
        text,
        "    {} {before}{}",
        paint.faint(&format!("{gap} │")),
        paint.with("31", &under)
    );
}

/// `02:14:07Z, 3 min ago · event 31 · run hello-1.2 · try 3`.
fn when(event: &At, now: Timestamp) -> String {
    let time = Timestamp::from_millisecond(event.time_ms)
        .map_or_else(|_| event.time_ms.to_string(), |time| format!("{time:.0}"));
    let mut text =
        format!("{time}, {} · event {}", ago(now.as_millisecond() - event.time_ms), event.number);
    if let Some(run) = &event.run {
        let _ = write!(text, " · run {run}");
    }
    if let Some(attempt) = event.attempt {
        let _ = write!(text, " · try {attempt}");
    }
    text
}

fn ago(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_said_in_the_largest_unit() {
        for (seconds, said) in [
            (-3, "0 s ago"),
            (59, "59 s ago"),
            (61, "1 min ago"),
            (7_300, "2 h ago"),
            (200_000, "2 days ago"),
        ] {
            assert_eq!(ago(seconds * 1_000), said);
        }
    }

    #[test]
    fn a_line_is_underlined_where_it_is_meant_without_its_indent() {
        let source = Source {
            file: "a.bp".to_owned(),
            line: 12,
            text: "    größe = count".to_owned(),
            column: 13,
            end_column: 18,
        };
        let mut text = String::new();
        draw_source(&mut text, &source, Paint(false));
        assert_eq!(text, "    a.bp:12\n    12 │ größe = count\n       │         ─────\n");
    }
}
