//! What a spot stands for: where it is declared, and how the source puts it.

use bp_plan::Type;

use super::find::{declared, joined, settled, type_of};
use super::spot::{Around, Expected, Owner, Spot};
use super::words;
use crate::check::Program;
use crate::check::expr::{Declared, Scope, World as _, plain};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{
    Annotation, BodyEntry, EntryKind, Expr, ExprKind, Item, ItemKind, Member, Name, Path, UseSource,
};

/// What a spot stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    /// Something with a declaration: where its name stands.
    Declared(Place),
    /// A name that its surroundings bind.
    Local { name: String, ty: Type, at: Option<Place> },
    /// An operation or a workflow: what it takes and gives, what is said of it, where it is declared.
    Signature { code: String, text: String, place: Option<Place> },
    /// A built-in function.
    Function(String),
    /// A file, and where the name stands by which it is used here.
    Module(FileId, Option<Span>),
    /// A word of the language: how it is written, and what it is for.
    Word { code: String, text: String },
    /// A value that the language itself gives: its name and type.
    Given(String, Type),
}

const FILE: FileId = FileId(0);

/// What a spot stands for; nothing where it stands for nothing that is known.
pub(super) fn meaning(program: &Program<'_>, spot: &Spot<'_>) -> Option<Meaning> {
    let here = |span: Span| Meaning::Declared(Place { file: FILE, span });
    match spot {
        Spot::Item(name) | Spot::Declared(name) => Some(here(name.span)),
        Spot::Local { name, around } => local(around, &name.text),
        Spot::Key { owner, name, is_requirement, .. } => {
            key(program, owner, &name.text, *is_requirement)
        }
        Spot::Field { expected: Expected::Entries(taken), name, .. } => {
            super::steps::argument(taken, &name.text)
        }
        Spot::Field { expected, name, .. } => {
            field(program, &expected.ty(), &name.text).map(Meaning::Declared)
        }
        Spot::Type { path, at, .. } => type_meaning(program, path, *at),
        Spot::Value { name, around, .. } => value(program, around, name),
        Spot::Member { of, name, around, .. } => {
            if let Some(module) = module_of(program, around, of) {
                let path = format!("{module}.{}", name.text);
                return declared_value(program, &path);
            }
            let ty = type_of(program, &around.scope, of);
            field(program, &ty, &name.text).map(Meaning::Declared)
        }
        Spot::Function { name, .. } => match program.function_declaration(FILE, name) {
            Some(found) => Some(Meaning::Declared(found.place)),
            None => (bp_eval::functions::NAMES.contains_key(name.as_str())
                || bp_eval::functions::form(name).is_some())
            .then(|| Meaning::Function(name.clone())),
        },
        Spot::File { path, .. } => {
            let root = program.sources.modules.first()?;
            program.files.file(root, path).ok().map(|file| Meaning::Module(file.id, None))
        }
        Spot::Module { used, at } => {
            let file = module(program, &used.from)?;
            // Without `as` the last segment is the name.
            let last = match &used.from {
                UseSource::Path(path) => path.segments.last().filter(|_| {
                    *at == path.segments.len().checked_sub(1)
                        && used.alias.is_none()
                        && used.names.is_none()
                }),
                UseSource::File(_) => None,
            };
            Some(Meaning::Module(file, last.map(|last| last.span)))
        }
        Spot::Alias { used, alias } => {
            Some(Meaning::Module(module(program, &used.from)?, Some(alias.span)))
        }
        Spot::Used { used, name } => {
            let file = module(program, &used.from)?;
            let theirs = program.names.files.get(file.0 as usize)?;
            let key = name.text.as_str();
            let ty = theirs.types.get(key).and_then(|full| program.names.types.get(full));
            ty.map(|ty| ty.place)
                .or_else(|| theirs.values.get(key).map(|found| found.place))
                .or_else(|| theirs.functions.get(key).map(|found| found.place))
                .map(Meaning::Declared)
        }
        Spot::Operation { full, interface, name, .. } => {
            super::steps::operation(program, full, interface.as_deref(), &name.text)
        }
        Spot::Workflow { name, .. } => super::steps::workflow(program, name),
        Spot::Code(code) => {
            let page = crate::catalogue::page(&code.text)?;
            Some(Meaning::Word { code: code.text.to_string(), text: page.title.clone() })
        }
        Spot::Text { .. } | Spot::Whole { .. } | Spot::Annotation(_) => None,
    }
}

/// What the key of a block stands for.
fn key(program: &Program<'_>, owner: &Owner, name: &str, is_requirement: bool) -> Option<Meaning> {
    let full = match owner {
        Owner::Arguments(taken) => return super::steps::argument(taken, name),
        Owner::Implementation(..) => {
            let of = Type::Data(super::find::IMPLEMENTATION.to_owned());
            let declared = field(program, &of, name).map(Meaning::Declared);
            return declared.or_else(|| words::meaning(owner, name));
        }
        Owner::Node(_, full)
        | Owner::Properties(full)
        | Owner::Via(full)
        | Owner::Type(_, full)
        | Owner::Over(_, _, full) => full.as_deref(),
        _ => None,
    };
    let declared = full.and_then(|full| member(program, full, name, is_requirement));
    declared.map(Meaning::Declared).or_else(|| words::meaning(owner, name))
}

fn local(around: &Around, name: &str) -> Option<Meaning> {
    let found = around.scope.local(name)?;
    let ty = found.ty.clone();
    Some(Meaning::Local { name: name.to_owned(), ty, at: around.binder(name) })
}

/// What a bare name stands for.
fn value(program: &Program<'_>, around: &Around, name: &str) -> Option<Meaning> {
    if let Some(found) = local(around, name) {
        return Some(found);
    }
    if name == "deployment" {
        return Some(Meaning::Given(name.to_owned(), deployment(program)));
    }
    if let Some(found) = used_as(program, name) {
        return Some(found);
    }
    declared_value(program, name)
}

/// The module that goes by this name here.
fn used_as(program: &Program<'_>, name: &str) -> Option<Meaning> {
    let scope = program.names.files.first()?;
    let module = scope.modules.get(name)?;
    Some(Meaning::Module(module.file, scope.imports.get(name).map(|place| place.span)))
}

/// What `deployment` gives.
pub(super) fn deployment(program: &Program<'_>) -> Type {
    let expr = Expr { kind: ExprKind::Name("deployment".into()), span: Span::default() };
    type_of(program, &Scope::new(FILE), &expr)
}

/// A value, a function or a type by its path: a type stands for a choice of the runtime.
fn declared_value(program: &Program<'_>, path: &str) -> Option<Meaning> {
    let place = program.value_place(FILE, path).or_else(|| {
        let full = program.names.type_name(FILE, path)?;
        program.names.types.get(&full).map(|declared| declared.place)
    });
    place.map(Meaning::Declared)
}

/// The module that an expression names.
pub(super) fn module_of(program: &Program<'_>, around: &Around, of: &Expr) -> Option<String> {
    let ExprKind::Name(name) = &of.kind else { return None };
    let is_module =
        around.scope.local(name).is_none() && program.value(FILE, name) == Some(Declared::Module);
    is_module.then(|| name.to_string())
}

/// The file that a `use` leads to.
pub(super) fn module(program: &Program<'_>, from: &UseSource) -> Option<FileId> {
    let root = program.sources.modules.first()?;
    // By what it says: the item may be newer than the program.
    root.uses.iter().find_map(|(index, file)| {
        let ItemKind::Use(used) = &root.tree.items.get(*index)?.kind else { return None };
        let same = match (&used.from, from) {
            (UseSource::Path(a), UseSource::Path(b)) => joined(a) == joined(b),
            (UseSource::File(a), UseSource::File(b)) => a.text == b.text,
            _ => false,
        };
        same.then_some(*file)
    })
}

fn type_meaning(program: &Program<'_>, path: &Path, at: usize) -> Option<Meaning> {
    let is_module = at + 1 < path.segments.len();
    if is_module {
        return used_as(program, &path.segments.get(at)?.text);
    }
    let full = program.names.type_name(FILE, &joined(path))?;
    Some(Meaning::Declared(program.names.types.get(&full)?.place))
}

/// Where a member of a type is declared; a property and an attribute may have the same name.
fn member(program: &Program<'_>, full: &str, name: &str, is_requirement: bool) -> Option<Place> {
    let info = program.types.get(full)?;
    if is_requirement {
        return info.requirements.get(name).map(|found| found.place);
    }
    None.or_else(|| info.properties.get(name).map(|found| found.place))
        .or_else(|| info.capabilities.get(name).map(|found| found.place))
        .or_else(|| info.requirements.get(name).map(|found| found.place))
}

/// Where a field or member of a value of this type is declared.
fn field(program: &Program<'_>, ty: &Type, name: &str) -> Option<Place> {
    let ty = settled(plain(program, &settled(ty.clone())));
    let ty = match ty {
        Type::Nodes(full) => Type::Node(full),
        other => other,
    };
    program.type_place(&ty, Some(name))
}

/// A declaration as the source has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'s> {
    /// An item.
    Item(&'s Item),
    /// An entry of a type, with the type's item.
    Entry(&'s BodyEntry, &'s Item),
    /// A parameter of a function or workflow.
    Parameter(&'s Member),
}

/// The declaration whose name stands at a place.
pub(super) fn source<'s>(program: &Program<'s>, place: Place) -> Option<Source<'s>> {
    let items = &program.sources.modules.get(place.file.0 as usize)?.tree.items;
    let after = items.partition_point(|item| item.span.start <= place.span.start);
    let item = items.get(after.checked_sub(1)?)?;
    if declared(&item.kind).is_some_and(|name| name.span == place.span) {
        return Some(Source::Item(item));
    }
    let (body, parameters) = match &item.kind {
        ItemKind::Type(it) => (Some(&it.body), None),
        ItemKind::Function(it) => (None, Some(&it.parameters)),
        ItemKind::Workflow(it) => (None, Some(&it.parameters)),
        _ => (None, None),
    };
    let entries = || body.into_iter().flat_map(|body| &body.entries);
    let of_operations = entries().filter_map(|entry| match &entry.kind {
        EntryKind::Operation(it) => it.parameters.as_ref(),
        _ => None,
    });
    let mut parameters = parameters.into_iter().chain(of_operations).flatten();
    if let Some(parameter) = parameters.find(|one| one.name.span == place.span) {
        return Some(Source::Parameter(parameter));
    }
    let named = |entry: &&BodyEntry| match &entry.kind {
        EntryKind::Operation(it) => it.path.span == place.span,
        EntryKind::Implements { alias: Some(alias), .. } => alias.span == place.span,
        _ => entry_name(entry).is_some_and(|name| name.span == place.span),
    };
    entries().find(named).map(|entry| Source::Entry(entry, item))
}

/// The name that an entry of a type declares.
pub(super) fn entry_name(entry: &BodyEntry) -> Option<&Name> {
    match &entry.kind {
        EntryKind::Field(it)
        | EntryKind::Property(it)
        | EntryKind::Attribute(it)
        | EntryKind::Requires(it)
        | EntryKind::Capability(it) => Some(&it.name),
        _ => None,
    }
}

impl<'s> Source<'s> {
    /// The `///` lines.
    pub(super) fn documentation(&self) -> &'s str {
        match self {
            Self::Item(item) => &item.documentation,
            Self::Entry(entry, _) => &entry.documentation,
            Self::Parameter(_) => "",
        }
    }

    /// Its annotations.
    pub(super) fn annotations(&self) -> &'s [Annotation] {
        match self {
            Self::Item(item) => &item.annotations,
            Self::Entry(entry, _) => &entry.annotations,
            Self::Parameter(_) => &[],
        }
    }

    /// What the source says, without annotations and without the block.
    pub(super) fn head(&self) -> Span {
        let (whole, body) = match self {
            Self::Item(item) => (item.span, body(&item.kind)),
            Self::Entry(entry, _) => (entry.span, entry_body(&entry.kind)),
            Self::Parameter(member) => (member.span, None),
        };
        let start = self.annotations().last().map_or(whole.start, |last| last.span.end);
        Span::new(start, body.map_or(whole.end, |body| body.start))
    }
}

/// The block of an entry.
fn entry_body(entry: &EntryKind) -> Option<Span> {
    match entry {
        EntryKind::Operation(it) => it.body.span,
        _ => None,
    }
}

/// The block of an item.
fn body(item: &ItemKind) -> Option<Span> {
    match item {
        ItemKind::Blueprint(it) => it.body.span,
        ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => it.body.span,
        ItemKind::Node(it) => it.body.span,
        ItemKind::Type(it) => it.body.span,
        ItemKind::Test(it) => it.body.span,
        ItemKind::Workflow(it) => Some(it.steps_span),
        _ => None,
    }
}
