//! What a fix writes into an item: entries that its body lacks, laid out as the body is.
//!
//! Knows the text and its items; which entries are missing is told to it.

use super::program::Program;
use crate::source::{Place, SourceFile, Span};
use crate::syntax::ast::{self, ItemKind};

/// The edit that gives these entries to the item whose name stands at this place; nothing where no
/// item does.
pub(crate) fn entries(
    program: &Program<'_>,
    at: Place,
    lines: &[String],
) -> Option<Vec<(Place, String)>> {
    let module = program.sources.modules.get(at.file.0 as usize)?;
    let after = module.tree.items.partition_point(|item| item.span.start <= at.span.start);
    let item = module.tree.items.get(after.checked_sub(1)?)?;
    let (name, body) = match &item.kind {
        ItemKind::Node(node) => (&node.name, &node.body),
        ItemKind::Policy(it) | ItemKind::Group(it) | ItemKind::Select(it) => (&it.name, &it.body),
        _ => return None,
    };
    if name.span != at.span {
        return None;
    }
    let (span, text) = insertion(&module.source, item.span, body, lines);
    Some(vec![(Place { file: at.file, span }, text)])
}

/// The same of a body, which is to stand behind `owner` where there is none yet.
pub(crate) fn insertion(
    source: &SourceFile,
    owner: Span,
    body: &ast::Body,
    lines: &[String],
) -> (Span, String) {
    let joined = lines.join(", ");
    let Some(block) = body.span else {
        let end = Span::new(owner.end, owner.end);
        return (end, format!(" {{ {joined} }}"));
    };
    let inner = source.slice(block);
    let Some(last) = body.entries.last() else {
        return if inner.contains('\n') {
            (Span::new(block.start, block.start + 1), format!("{{\n  {}", lines.join("\n  ")))
        } else {
            (block, format!("{{ {joined} }}"))
        };
    };
    let end = Span::new(last.span.end, last.span.end);
    if !inner.contains('\n') {
        return (end, format!(", {joined}"));
    }
    // On lines of their own, indented as the last entry, below whatever follows it on its line.
    let start = source.line_start(last.span.start);
    let before = source.slice(Span::new(start, last.span.start));
    let indent: String = before.chars().take_while(|c| c.is_whitespace()).collect();
    let rest = source.text().get(last.span.end as usize..).unwrap_or_default();
    let line = u32::try_from(rest.find('\n').unwrap_or(0)).unwrap_or(0);
    let end = Span::new(last.span.end + line, last.span.end + line);
    let added = lines.join(&format!("\n{indent}"));
    (end, format!("\n{indent}{added}"))
}
