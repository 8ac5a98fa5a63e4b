//! A diagram in Graphviz's language.

use std::fmt::Write as _;

use super::{Diagram, Item, Need, Nesting, Role};

/// The diagram as DOT.
pub fn dot(diagram: &Diagram) -> String {
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR; compound=true; labelloc=t; fontname=\"sans-serif\";\n  label={};\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n  edge [fontname=\"sans-serif\", fontsize=9, color=\"#6b7280\"];\n",
        quoted(&diagram.title),
        quoted(&format!("{}\n{}", diagram.title, diagram.subtitle))
    );
    let nesting = Nesting::of(diagram);
    for at in nesting.inside(None) {
        item(&mut text, diagram, &nesting, *at);
    }
    for edge in &diagram.edges {
        if nesting.are_nested(edge.from, edge.to) {
            continue;
        }
        // A box can't be the end of an edge; something in it is, and the edge is cut at the box.
        let (from, to) = (anchor(&nesting, edge.from), anchor(&nesting, edge.to));
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
    for ((at, note), about) in diagram.notes.iter().enumerate().zip(diagram.about()) {
        let mut lines = vec![format!("{} {}", note.what, note.name), note.kind.clone()];
        lines.extend(note.settings.iter().cloned());
        if !note.waves.is_empty() {
            lines.push(format!("waves {}", note.waves.join(" → ")));
        }
        let label = quoted(&lines.join("\n"));
        let _ = writeln!(text, "  note{at} [label={label}, shape=note, style=\"\", fontsize=9];");
        for on in about {
            let to = anchor(&nesting, on);
            let cut = if to == on { String::new() } else { format!(", lhead=cluster_{on}") };
            let _ = writeln!(text, "  note{at} -> n{to} [style=dotted, arrowhead=none{cut}];");
        }
    }
    text.push_str("}\n");
    text
}

fn item(text: &mut String, diagram: &Diagram, nesting: &Nesting, at: usize) {
    let Some(found) = diagram.items.get(at) else { return };
    let indent = "  ".repeat((nesting.depth(at) + 1).min(20));
    let label = quoted(&label(found));
    let style = if found.role == Role::Node { "rounded" } else { "rounded,dashed" };
    if !nesting.is_box(at) {
        let many = if found.is_many { ", peripheries=2" } else { "" };
        let _ = writeln!(text, "{indent}n{at} [label={label}, style=\"{style}\"{many}];");
        return;
    }
    let _ = writeln!(
        text,
        "{indent}subgraph cluster_{at} {{\n{indent}  label={label}; style=\"{style}\";"
    );
    for inside in nesting.inside(Some(at)) {
        item(text, diagram, nesting, *inside);
    }
    let _ = writeln!(text, "{indent}}}");
}

fn anchor(nesting: &Nesting, at: usize) -> usize {
    let next = |at: &usize| nesting.inside(Some(*at)).first().copied();
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
