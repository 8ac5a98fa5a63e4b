//! What can stand here? One file a kind of place.

mod clauses;
mod entries;
mod heads;
mod members;
mod steps;
mod texts;
mod types;
mod uses;
mod values;

use super::declared::source;
use super::draft::{Draft, Inside, draft};
use super::find::find;
use super::spot::Spot;
use crate::analysis::Analysis;
use crate::check::Program;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax;

/// What can stand at the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// What each of them takes the place of.
    pub span: Span,
    /// A change elsewhere that goes with each of them.
    pub also: Option<(Span, String)>,
    /// The likeliest first.
    pub items: Vec<Completion>,
}

/// Something that can stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What a person chooses by.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// Its type, in a few words.
    pub detail: String,
    /// What its declaration says of it.
    pub documentation: String,
    /// What is put there.
    pub insert: String,
    /// The same with `$1` where a person goes on typing.
    pub snippet: Option<String>,
    /// The lower, the better it fits.
    pub rank: u8,
}

/// See [`Completion::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A word of the language.
    Keyword,
    /// A property or a field.
    Property,
    /// A requirement or a capability.
    Requirement,
    /// An attribute.
    Attribute,
    /// A type.
    Type,
    /// An input, a local, some other value.
    Value,
    /// A constant.
    Constant,
    /// A node or a selection.
    Node,
    /// A function.
    Function,
    /// A module.
    Module,
    /// One of the strings that a type allows.
    Choice,
}

/// What can stand at an offset of this text, which may be newer than the root of the analysis.
pub fn complete(analysis: &Analysis, text: &str, offset: u32) -> Completions {
    let program = analysis.program();
    let mut list = List {
        program: &program,
        span: Span::default(),
        typed: "",
        after: "",
        also: None,
        found: Vec::new(),
    };
    let draft = draft(text, offset);
    if let Some(
        Draft::Head(word)
        | Draft::Annotation(Inside { word, .. })
        | Draft::Inside(Inside { word, .. }),
    ) = &draft
    {
        let after = text.get(word.end as usize..).unwrap_or_default();
        list.after = after.lines().next().unwrap_or_default();
        list.typed = text.get(word.start as usize..offset as usize).unwrap_or_default();
    }
    match draft {
        None => {}
        Some(Draft::Head(word)) => {
            list.span = word;
            list.heads();
        }
        Some(Draft::Annotation(inside)) => {
            list.span = inside.word;
            list.annotations(&inside);
        }
        Some(Draft::Inside(inside)) => list.inside(&inside),
    }
    let List { span, also, mut found, .. } = list;
    found.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
    found.dedup_by(|a, b| a.label == b.label && a.insert == b.insert);
    Completions { span, also, items: found }
}

/// The list while it is made.
struct List<'a, 'p> {
    program: &'a Program<'p>,
    span: Span,
    /// What stands between the span's start and the cursor.
    typed: &'a str,
    /// The rest of the line behind the span.
    after: &'a str,
    also: Option<(Span, String)>,
    found: Vec<Completion>,
}

const FILE: FileId = FileId(0);

impl List<'_, '_> {
    fn inside(&mut self, inside: &Inside) {
        self.span = inside.word;
        if inside.is_head {
            self.heads();
        }
        let source = SourceFile::new("", inside.item.as_str());
        let (tree, _) = syntax::parse(FILE, &source);
        let program = self.program;
        let Some(spot) = find(program, &tree.items, inside.at) else {
            if self.steps(inside) {
                return;
            }
            return self.clauses(inside);
        };
        match &spot {
            Spot::Key { owner, body, name, is_requirement } => {
                self.keys(owner, body, name, *is_requirement, inside.is_bare);
            }
            Spot::Field { expected, entries, name } => {
                self.fields(expected, entries, name, inside.is_bare);
            }
            Spot::Type { path, at, wanted } => {
                self.types(path, *at, wanted);
                self.without_heirs(&tree.items, inside.at);
            }
            Spot::Value { around, expected, .. } => self.values(around, expected),
            Spot::Member { of, safe, around, expected, .. } => {
                self.members(of, *safe, around, expected);
            }
            Spot::Function { name, expected, .. } => self.functions_like(name, expected),
            Spot::Text { expected, .. } => self.texts(expected),
            Spot::Operation { role, full, interface, name } => {
                self.operations(*role, full, interface.as_deref(), name);
            }
            Spot::Workflow { by, .. } => self.workflows(by),
            Spot::Code(_) => self.codes(),
            Spot::File { .. } => self.files(false),
            Spot::Module { used, at } => self.modules(used, *at),
            Spot::Used { used, .. } => self.exported(used),
            Spot::Item(name) => self.offered(&tree.items, name),
            Spot::Declared(_)
            | Spot::Local { .. }
            | Spot::Whole { .. }
            | Spot::Annotation(_)
            | Spot::Alias { .. } => {}
        }
    }

    /// What the declaration at a place says of it.
    fn documented(&self, place: Option<Place>) -> String {
        let found = place.and_then(|place| source(self.program, place));
        found.map(|found| found.documentation().to_owned()).unwrap_or_default()
    }
}

impl Completion {
    /// What is put there as it reads.
    fn new(label: &str, kind: CompletionKind, rank: u8) -> Self {
        Self {
            label: label.to_owned(),
            kind,
            detail: String::new(),
            documentation: String::new(),
            insert: label.to_owned(),
            snippet: None,
            rank,
        }
    }

    fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    fn documentation(self, documentation: impl Into<String>) -> Self {
        Self { documentation: documentation.into(), ..self }
    }

    /// Puts this there; `$1` is where a person goes on typing.
    fn snippet(self, snippet: &str) -> Self {
        let insert = snippet.replace("$1", "");
        let snippet = snippet.contains("$1").then(|| snippet.to_owned());
        Self { insert, snippet, ..self }
    }
}
