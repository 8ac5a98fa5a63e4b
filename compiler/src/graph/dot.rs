//! A diagram in Graphviz's language.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Diagram, Item, Need, Role};

/// The diagram as DOT.
pub fn dot(diagram: &Diagram) -> String {
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR; compound=true; labelloc=t; fontname=\"sans-serif\";\n  label={};\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n  edge [fontname=\"sans-serif\", fontsize=9, color=\"#6b7280\"];\n",
        quoted(&diagram.title),
        quoted(&format!("{}\n{}", diagram.title, diagram.subtitle))
    );
    for at in diagram.inside(None) {
        item(&mut text, diagram, at, 1);
    }
    // A box can't be the end of an edge; something in it is, and the edge is cut at the box.
    let anchors: BTreeMap<usize, usize> =
        (0..diagram.items.len()).map(|at| (at, anchor(diagram, at))).collect();
    for edge in &diagram.edges {
        if diagram.around(edge.from).contains(&edge.to)
            || diagram.around(edge.to).contains(&edge.from)
        {
            continue;
        }
        let end = |at: usize| anchors.get(&at).copied().unwrap_or(at);
        let (from, to) = (end(edge.from), end(edge.to));
        let mut attributes = Vec::new();
        if !edge.label.is_empty() {
            attributes.push(format!("label={}", quoted(&edge.label)));
        }
        match edge.need {
            Need::Requirement => {}
            Need::Choice => attributes.push("style=dashed".to_owned()),
            Need::Reference => attributes.push("style=dotted".to_owned()),
        }
        if from != edge.from {
            attributes.push(format!("ltail=cluster_{}", edge.from));
        }
        if to != edge.to {
            attributes.push(format!("lhead=cluster_{}", edge.to));
        }
        let attributes = if attributes.is_empty() {
            String::new()
        } else {
            format!(" [{}]", attributes.join(", "))
        };
        let _ = writeln!(text, "  n{from} -> n{to}{attributes};");
    }
    for note in &diagram.notes {
        let mut line =
            format!("{} {}: {}; over {}", note.what, note.name, note.kind, note.over.join(", "));
        if !note.waves.is_empty() {
            let _ = write!(line, "; waves {}", note.waves.join(" -> "));
        }
        let _ = writeln!(text, "  // {}", line.replace(char::is_control, " "));
    }
    text.push_str("}\n");
    text
}

fn item(text: &mut String, diagram: &Diagram, at: usize, depth: usize) {
    let Some(found) = diagram.items.get(at) else { return };
    let indent = "  ".repeat(depth.min(20));
    let label = quoted(&label(found));
    let style = if found.role == Role::Node { "rounded" } else { "rounded,dashed" };
    let mut inner = diagram.inside(Some(at)).peekable();
    if inner.peek().is_none() {
        let many = if found.is_many { ", peripheries=2" } else { "" };
        let _ = writeln!(text, "{indent}n{at} [label={label}, style=\"{style}\"{many}];");
        return;
    }
    let _ = writeln!(
        text,
        "{indent}subgraph cluster_{at} {{\n{indent}  label={label}; style=\"{style}\";"
    );
    for inside in inner {
        item(text, diagram, inside, depth + 1);
    }
    let _ = writeln!(text, "{indent}}}");
}

fn anchor(diagram: &Diagram, at: usize) -> usize {
    let next = |at: &usize| diagram.inside(Some(*at)).next();
    std::iter::successors(Some(at), next).last().unwrap_or(at)
}

fn label(item: &Item) -> String {
    let lines = [item.name.clone(), item.kind.clone()].into_iter().chain(item.details.clone());
    lines.collect::<Vec<_>>().join("\n")
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{}\"", text.replace(char::is_control, " "))
}
