//! The documentation of a file, as Markdown: what others can use of it, in their words and in the
//! source's.
//!
//! It reads the tree alone: a file is documented even where it has mistakes.

use std::fmt::Write as _;

use crate::source::{SourceFile, Span};
use crate::syntax::ast::{self, BodyEntry, EntryKind, ItemKind, TypeItemKind, ValueKeyword};
use crate::syntax::snake_case;

/// The documentation of a file under this title.
pub fn document(title: &str, source: &SourceFile, tree: &ast::File) -> String {
    let mut page = Page { source, text: String::new() };
    page.line(&format!("# `{title}`"));
    page.paragraph(&tree.documentation);
    for item in &tree.items {
        page.head(item);
    }
    for (heading, is_in) in SECTIONS {
        let mut items = tree.items.iter().filter(|item| is_in(&item.kind)).peekable();
        if items.peek().is_some() {
            page.line(&format!("## {heading}"));
            items.for_each(|item| page.item(item));
        }
    }
    while page.text.ends_with("\n\n") {
        page.text.pop();
    }
    page.text
}

/// A heading, and what stands under it.
type Section = (&'static str, fn(&ItemKind) -> bool);

/// What is shown, in this order.
const SECTIONS: &[Section] = &[
    ("Inputs", |kind| is_value(kind, ValueKeyword::Input)),
    ("Secrets", |kind| is_value(kind, ValueKeyword::Secret)),
    ("Requirements", |kind| matches!(kind, ItemKind::Requires(_))),
    ("Outputs", |kind| matches!(kind, ItemKind::Output(_))),
    ("Exposed capabilities", |kind| matches!(kind, ItemKind::Expose(_))),
    ("Workflows", |kind| matches!(kind, ItemKind::Workflow(_))),
    ("Node types", |kind| is_type(kind, TypeItemKind::Node)),
    ("Capability types", |kind| is_type(kind, TypeItemKind::Capability)),
    ("Relationship types", |kind| is_type(kind, TypeItemKind::Relationship)),
    ("Interface types", |kind| is_type(kind, TypeItemKind::Interface)),
    ("Data types", |kind| is_type(kind, TypeItemKind::Data)),
    ("Policy types", |kind| is_type(kind, TypeItemKind::Policy)),
    ("Group types", |kind| is_type(kind, TypeItemKind::Group)),
    ("Functions", |kind| matches!(kind, ItemKind::Function(_))),
    ("Constants", |kind| is_value(kind, ValueKeyword::Const)),
];

fn is_value(kind: &ItemKind, keyword: ValueKeyword) -> bool {
    matches!(kind, ItemKind::Value(value) if value.keyword == keyword)
}

fn is_type(kind: &ItemKind, of: TypeItemKind) -> bool {
    matches!(kind, ItemKind::Type(declared) if declared.kind == of)
}

/// A member of a type, as it is shown.
struct Row {
    kind: &'static str,
    name: String,
    ty: String,
    said: String,
}

struct Page<'a> {
    source: &'a SourceFile,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\n\n");
    }

    fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.line(text);
        }
    }

    /// The source there, in one line.
    fn written(&self, span: Span) -> String {
        self.source.slice(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A blueprint's own words.
    fn head(&mut self, item: &ast::Item) {
        if let ItemKind::Blueprint(blueprint) = &item.kind {
            self.line(&format!("Blueprint `{}`.", blueprint.name.text));
            self.paragraph(&item.documentation);
        }
    }

    fn item(&mut self, item: &ast::Item) {
        match &item.kind {
            ItemKind::Type(declared) => self.declared(item, declared),
            ItemKind::Value(value) => self.fenced(&value.name, item, item.span.end),
            ItemKind::Requires(member) => self.fenced(&member.name, item, item.span.end),
            ItemKind::Function(function) => {
                self.fenced(&function.name, item, function.body.span.start);
            }
            ItemKind::Workflow(workflow) => {
                self.fenced(&workflow.name, item, workflow.steps_span.start);
            }
            ItemKind::Output(output) | ItemKind::Expose(output) => {
                let end = if output.ty.is_some() { output.value.span.start } else { item.span.end };
                self.fenced(&output.name, item, end);
            }
            _ => {}
        }
    }

    /// A name, its declaration up to there, and what is said of it.
    fn fenced(&mut self, name: &ast::Name, item: &ast::Item, end: u32) {
        self.line(&format!("### `{}`", name.text));
        let start = item.annotations.last().map_or(item.span.start, |last| last.span.end);
        let declared = self.written(Span::new(start, end));
        let declared = declared.trim_end_matches('=').trim();
        self.line(&format!("```bp part\n{declared}\n```"));
        self.paragraph(&item.documentation);
    }

    fn declared(&mut self, item: &ast::Item, declared: &ast::TypeItem) {
        let mut heading = format!("### `{}`", declared.name.text);
        if declared.is_abstract {
            heading.push_str(" (abstract)");
        }
        if let Some(parent) = &declared.extends {
            let _ = write!(heading, ", extends `{}`", self.written(parent.span));
        }
        self.line(&heading);
        self.paragraph(&item.documentation);
        if let Some(alias) = &declared.alias {
            let end = declared.wheres.last().map_or(alias.span.end, |_| item.span.end);
            let alias = self.written(Span::new(alias.span.start, end));
            self.line(&format!("`{alias}`"));
        }
        let rows: Vec<Row> =
            declared.body.entries.iter().filter_map(|entry| self.row(entry)).collect();
        self.table(&rows);
        for entry in &declared.body.entries {
            if let EntryKind::Check(_) = &entry.kind {
                let check = self.written(entry.span);
                self.line(&format!("`{check}`"));
            }
        }
    }

    /// Members, one a line; those of a type that has fields alone need not say so of each.
    fn table(&mut self, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let has_kinds = rows.iter().any(|row| row.kind != "field");
        if has_kinds {
            self.text.push_str("| member | name | type | |\n| --- | --- | --- | --- |\n");
        } else {
            self.text.push_str("| field | type | |\n| --- | --- | --- |\n");
        }
        for row in rows {
            if has_kinds {
                let _ = write!(self.text, "| {} ", row.kind);
            }
            let _ = writeln!(self.text, "| `{}` | {} | {} |", row.name, row.ty, row.said);
        }
        self.text.push('\n');
    }

    /// A member as a line of the table.
    fn row(&self, entry: &BodyEntry) -> Option<Row> {
        let named = |name: &ast::Name| name.text.to_string();
        let (kind, name, ty) = match &entry.kind {
            EntryKind::Property(of) => ("property", named(&of.name), self.after(of, entry)),
            EntryKind::Field(of) => ("field", named(&of.name), self.after(of, entry)),
            EntryKind::Attribute(of) => ("attribute", named(&of.name), self.after(of, entry)),
            EntryKind::Requires(of) => ("requires", named(&of.name), self.after(of, entry)),
            EntryKind::Capability(of) => ("capability", named(&of.name), self.written(of.ty.span)),
            EntryKind::Fixed { key, value } => ("fixed", named(key), self.written(value.span)),
            // What carries it out belongs to it: `= script("create.sh")`.
            EntryKind::Operation(operation) => {
                let end =
                    operation.implementation.as_ref().map_or(entry.span.end, |by| by.span.end);
                let ty = self.written(Span::new(operation.path.span.end, end));
                ("operation", self.written(operation.path.span), ty)
            }
            EntryKind::Implements { interface, alias } => {
                let given = || Some(snake_case(&interface.segments.last()?.text));
                let name = alias.as_ref().map(named).or_else(given)?;
                ("implements", name, self.written(interface.span))
            }
            _ => return None,
        };
        let marks: Vec<String> =
            entry.annotations.iter().map(|one| format!("`{}` ", self.written(one.span))).collect();
        let said = entry.documentation.split_whitespace().collect::<Vec<_>>().join(" ");
        let ty =
            if ty.is_empty() { String::new() } else { format!("`{}`", ty.replace('|', "\\|")) };
        let said = format!("{}{}", marks.concat(), said.replace('|', "\\|"));
        Some(Row { kind, name, ty, said })
    }

    /// What stands behind a member's name: its type, default and constraints.
    fn after(&self, member: &ast::Member, entry: &BodyEntry) -> String {
        let text = self.written(Span::new(member.ty.span.start, entry.span.end));
        text.trim().to_owned()
    }
}
