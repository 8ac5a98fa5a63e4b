//! A diagram in Mermaid's language, which many places that show Markdown draw.

use std::fmt::Write as _;

use super::{Diagram, Need, Nesting, Role};

/// The diagram as a Mermaid flowchart.
pub fn mermaid(diagram: &Diagram) -> String {
    let mut text = format!("---\ntitle: {}\n---\nflowchart LR\n", quoted(&diagram.title));
    let nesting = Nesting::of(diagram);
    for at in nesting.inside(None) {
        item(&mut text, diagram, &nesting, *at);
    }
    for edge in &diagram.edges {
        if nesting.are_nested(edge.from, edge.to) {
            continue;
        }
        let label = if edge.label.is_empty() {
            String::new()
        } else {
            format!("|{}|", quoted(&edge.label))
        };
        let arrow = if edge.need == Need::Requirement { "-->" } else { "-.->" };
        let _ = writeln!(text, "  n{} {arrow}{label} n{}", edge.from, edge.to);
    }
    for ((at, note), about) in diagram.notes.iter().enumerate().zip(diagram.about()) {
        let mut lines = vec![format!("{} {}", note.what, note.name), note.kind.clone()];
        lines.extend(note.settings.iter().cloned());
        if !note.waves.is_empty() {
            lines.push(format!("waves {}", note.waves.join(" → ")));
        }
        let _ = writeln!(text, "  note{at}>{}]", quoted(&lines.join("\n")));
        for on in about {
            let _ = writeln!(text, "  note{at} -.- n{on}");
        }
    }
    text
}

fn item(text: &mut String, diagram: &Diagram, nesting: &Nesting, at: usize) {
    let Some(found) = diagram.items.get(at) else { return };
    let indent = "  ".repeat((nesting.depth(at) + 1).min(20));
    let lines = [found.name.clone(), found.kind.clone()].into_iter().chain(found.details.clone());
    // There is room for one line above what stands in a box.
    let between = if nesting.is_box(at) { " · " } else { "\n" };
    let label = quoted(&lines.collect::<Vec<_>>().join(between));
    if nesting.is_box(at) {
        let _ = writeln!(text, "{indent}subgraph n{at}[{label}]");
        for inside in nesting.inside(Some(at)) {
            item(text, diagram, nesting, *inside);
        }
        let _ = writeln!(text, "{indent}end");
    } else {
        let shape = match (found.role, found.is_many) {
            (Role::Selection | Role::Required, _) => format!("([{label}])"),
            (Role::Node, true) => format!("[[{label}]]"),
            (Role::Node, false) => format!("[{label}]"),
        };
        let _ = writeln!(text, "{indent}n{at}{shape}");
    }
}

/// As Mermaid writes text that is no word of its own.
fn quoted(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '\n' => safe.push_str("<br/>"),
            '"' | '<' | '>' | '&' | '#' | '`' => {
                let _ = write!(safe, "#{};", u32::from(letter));
            }
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    format!("\"{safe}\"")
}
