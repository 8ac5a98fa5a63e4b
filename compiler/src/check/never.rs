//! Constraints that can never hold: each may be fine alone, and together they leave no value.
//!
//! It knows constraints as they were lowered, those of the types above and below joined. What it can't
//! read (a function, an `or`, something known later) it takes as possible.

mod room;

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{BinaryOp, Constraint, Expr, Input, Type, UnaryOp, Value};

use super::Checked;
use super::mentions::mentions;
use super::nodes::items;
use super::program::{Program, PropertyInfo};
use crate::diagnostics::{Diagnostic, never as says};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{self, ItemKind, Member};

use room::{Against, Fact, INPUT, Room, facts};

/// All constraints of the program; what only repeats such a mistake is taken out of `out`.
pub(crate) fn check(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    let program = &checked.program;
    let mut finder = Finder { program, told: BTreeSet::new(), found: Vec::new() };
    for (name, info) in program.types.iter().filter(|(_, info)| is_own(program, info.place.file)) {
        for property in info.properties.values() {
            finder.look(&property.declared.kind, property.declared.constraints.iter());
        }
        for requirement in info.requirements.values() {
            let declared = &requirement.declared;
            finder.look(&declared.target, declared.constraints.iter());
        }
        let checks = info.constraints.iter().map(|(one, _)| one);
        finder.look_at(&Type::Unknown, finder.properties(name), checks);
        for parameter in info.operations.values().flat_map(|operation| &operation.parameters) {
            finder.look(&parameter.ty, parameter.constraints.iter());
        }
    }
    let own = program.functions.iter().filter(|((file, _), _)| is_own(program, *file));
    for parameter in own.flat_map(|(_, function)| &function.parameters) {
        finder.look(&parameter.ty, parameter.constraints.iter());
    }
    for (name, data) in program.data.iter() {
        let declared = program.names.types.get(name);
        if !declared.is_some_and(|declared| is_own(program, declared.place.file)) {
            continue;
        }
        let kind = data.alias.as_ref().unwrap_or(&Type::Unknown);
        finder.look_at(kind, finder.fields(name), data.constraints.iter());
        for field in data.fields.values() {
            finder.look(&field.kind, field.constraints.iter());
        }
    }
    for part in std::iter::once(checked).chain(&checked.others) {
        for parameter in part.program.workflows.values().flat_map(|head| &head.parameters) {
            finder.look(&parameter.ty, parameter.constraints.iter());
        }
        for input in part.inputs.values() {
            finder.look(&input.kind, input.constraints.iter());
        }
        for secret in part.secrets.values() {
            finder.look(&secret.kind, secret.constraints.iter());
        }
        for node in part.nodes.nodes.values() {
            for met in node.node.requirements.iter().filter(|met| !met.constraints.is_empty()) {
                let info = program.types.get(&node.node.kind);
                let declared = info.and_then(|info| info.requirements.get(&met.name));
                let Some(declared) = declared.map(|it| &it.declared) else { continue };
                finder.look(&declared.target, declared.constraints.iter().chain(&met.constraints));
            }
            for choice in &node.choices {
                let (wanted, constraints) = choice.asks();
                // What the requirement's type asks joins first.
                finder.look(&Type::Node(wanted.to_owned()), constraints.iter().rev());
            }
        }
        for selection in part.selections.values() {
            finder.look(&Type::Node(selection.kind.clone()), selection.predicate.iter());
        }
    }
    conditions(checked, out);
    let found = finder.found;
    if !found.is_empty() {
        let around: Vec<Place> = found.iter().map(|one| entry_around(program, one.place)).collect();
        // Whatever value was given there, it could not be right.
        out.retain(|diagnostic| {
            let inside = |entry: &Place, at: Place| {
                entry.file == at.file
                    && entry.span.start <= at.span.start
                    && at.span.end <= entry.span.end
            };
            let is_of = |entry: &Place| {
                let broken = matches!(diagnostic.code, "E3028" | "E4023");
                inside(entry, diagnostic.place)
                    || broken && diagnostic.related.iter().any(|(at, _)| inside(entry, *at))
            };
            let codes = ["E3028", "E4011", "E4013", "E4023", "W4079"];
            !codes.contains(&diagnostic.code) || !around.iter().any(is_of)
        });
        out.extend(found);
    }
}

fn is_own(program: &Program<'_>, file: FileId) -> bool {
    program.sources.modules.get(file.0 as usize).is_some_and(|module| !module.is_library)
}

struct Finder<'f> {
    program: &'f Program<'f>,
    told: BTreeSet<(FileId, Span)>,
    found: Vec<Diagnostic>,
}

impl<'f> Finder<'f> {
    /// Constraints of one value, in the order in which they join. What its type asks joins first.
    fn look<'c>(&mut self, kind: &'c Type, constraints: impl Iterator<Item = &'c Constraint>)
    where
        'f: 'c,
    {
        let brought = match plain(kind).0 {
            Type::Node(name) => self.properties(name),
            Type::Data(name) => self.fields(name),
            _ => Vec::new(),
        };
        self.look_at(kind, brought, constraints);
    }

    /// What the properties of a type ask that are set for sure, by their paths.
    fn properties(&self, name: &str) -> Vec<(String, &'f Constraint)> {
        let info = self.program.types.get(name);
        let all = info.into_iter().flat_map(|info| &info.properties);
        let is_set = |property: &PropertyInfo| !plain(&property.declared.kind).1;
        all.filter(|(_, property)| is_set(property))
            .flat_map(|(name, property)| at(name, &property.declared.constraints))
            .collect()
    }

    /// What the fields of a data type ask that are set for sure, by their paths.
    fn fields(&self, name: &str) -> Vec<(String, &'f Constraint)> {
        let data = self.program.data.get(name);
        let all = data.into_iter().flat_map(|data| &data.fields);
        all.filter(|(_, field)| !plain(&field.kind).1)
            .flat_map(|(name, field)| at(name, &field.constraints))
            .collect()
    }

    fn look_at<'c>(
        &mut self,
        kind: &'c Type,
        brought: Vec<(String, &'c Constraint)>,
        constraints: impl Iterator<Item = &'c Constraint>,
    ) where
        'f: 'c,
    {
        let of_self: Vec<(String, &Constraint)> =
            constraints.map(|one| ("self".to_owned(), one)).collect();
        if of_self.is_empty() {
            return;
        }
        let (plain, may_be_unset) = plain(kind);
        let mut own = brought;
        let mut rooms: BTreeMap<String, Room> = BTreeMap::new();
        let mut scalar = plain.clone();
        // A named scalar brings its own.
        if let Type::Data(name) = plain
            && let Some(data) = self.program.data.get(name)
            && let Some(alias) = &data.alias
        {
            scalar = alias.clone();
            own.extend(data.constraints.iter().map(|one| ("self".to_owned(), one)));
        }
        own.extend(of_self);
        rooms.insert("self".to_owned(), Room::of(&scalar));
        for (at, (this, one)) in own.iter().enumerate() {
            let Some(against) = narrow(&mut rooms, this, &one.predicate, at) else { continue };
            let other = match against {
                Against::Itself => None,
                Against::Other(at) => own.get(at).map(|(_, other)| *other),
            };
            self.tell(one, other, kind, may_be_unset);
            return;
        }
    }

    fn tell(
        &mut self,
        one: &Constraint,
        other: Option<&Constraint>,
        kind: &Type,
        is_optional: bool,
    ) {
        let Some(place) = self.program.place_of(one.span) else { return };
        if !self.told.insert((place.file, place.span)) {
            return;
        }
        let other =
            other.and_then(|other| Some((other.text.as_str(), self.program.place_of(other.span)?)));
        self.found.push(says::never_holds(place, other, kind, is_optional));
    }
}

/// What is asked of a value of one type, and is not kept for sure by the values of another: each type with the
/// constraints beside it.
pub(crate) fn narrower<'c>(
    program: &'c Program<'_>,
    (asked, beside): (&'c Type, &'c [Constraint]),
    (kept, own): (&Type, &[Constraint]),
) -> Option<&'c Constraint> {
    let (scalar, mut all) = named(program, kept);
    all.extend(own);
    let mut rooms = BTreeMap::from([("self".to_owned(), Room::of(scalar))]);
    let mut said = Vec::new();
    for (at, one) in all.iter().enumerate() {
        // What can never hold is told where it stands.
        if narrow(&mut rooms, "self", &one.predicate, at).is_some() {
            return None;
        }
        parts(&one.predicate, &mut said);
    }
    let mut all = named(program, asked).1;
    all.extend(beside);
    all.into_iter().find(|one| {
        let mut asked = Vec::new();
        parts(&one.predicate, &mut asked);
        !asked.iter().all(|part| said.contains(part) || is_certain(&rooms, part))
    })
}

/// What a type is that has a name of its own, and what it asks of its values.
fn named<'t>(program: &'t Program<'_>, kind: &'t Type) -> (&'t Type, Vec<&'t Constraint>) {
    let (mut kind, mut asked) = (plain(kind).0, Vec::new());
    while let Type::Data(name) = kind
        && let Some(data) = program.data.get(name)
        && let Some(alias) = &data.alias
    {
        asked.extend(&data.constraints);
        kind = alias;
    }
    (kind, asked)
}

/// Whether nothing is left without it.
fn is_certain(rooms: &BTreeMap<String, Room>, predicate: &Expr) -> bool {
    let without = Expr::Unary { op: UnaryOp::Not, of: Box::new(predicate.clone()) };
    let closes = |(path, fact): (String, Fact)| match rooms.get(&path) {
        Some(room) => room.closes(&fact, usize::MAX).is_some(),
        None => Room::at(&path).closes(&fact, usize::MAX).is_some(),
    };
    facts(&without).into_iter().any(closes)
}

/// What holds where a predicate does, in as small parts as can be.
fn parts(predicate: &Expr, found: &mut Vec<Expr>) {
    match predicate {
        Expr::Binary { op: BinaryOp::And, left, right } => {
            parts(left, found);
            parts(right, found);
        }
        Expr::Binary { op: BinaryOp::In, left, right } => {
            let Some(Value::Range(from, to)) = right.as_value() else {
                found.push(predicate.clone());
                return;
            };
            for (op, bound) in [(BinaryOp::GreaterOrEqual, from), (BinaryOp::LessOrEqual, to)] {
                let right = Box::new(Expr::Value(Value::Int(*bound)));
                found.push(Expr::Binary { op, left: left.clone(), right });
            }
        }
        other => found.push(other.clone()),
    }
}

/// What is asked of a part of `self`.
fn at<'c>(
    name: &str,
    constraints: &'c [Constraint],
) -> impl Iterator<Item = (String, &'c Constraint)> {
    let path = format!("self.{name}");
    constraints.iter().map(move |one| (path.clone(), one))
}

/// Adds what a constraint says. If no value is left, what stands against it.
fn narrow(
    rooms: &mut BTreeMap<String, Room>,
    this: &str,
    predicate: &Expr,
    at: usize,
) -> Option<Against> {
    for (path, fact) in facts(predicate) {
        // What it constrains is a part of what is looked at.
        let path = match path.strip_prefix("self") {
            Some(rest) => format!("{this}{rest}"),
            None => path,
        };
        let room = rooms.entry(path).or_insert_with_key(|path| Room::at(path));
        if let Some(against) = room.closes(&fact, at) {
            return Some(against);
        }
        room.add(fact, at);
    }
    None
}

/// Warns of conditions of nodes that no values of the inputs meet.
fn conditions(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    let program = &checked.program;
    let Some(module) = program.blueprint() else { return };
    let may_say = |written: &ast::Node| written.condition.is_some() || written.each.is_some();
    for (_, written) in items(module).filter(|(_, written)| may_say(written)) {
        let Some(made) = checked.nodes.nodes.get(written.name.text.as_str()) else { continue };
        let filter = made.node.each.as_ref().and_then(|each| each.filter.as_ref());
        let written_filter = written.each.as_ref().and_then(|each| each.filter.as_ref());
        let both = [
            (
                made.node.condition.as_ref(),
                written.condition.as_ref(),
                "there never is such a node",
            ),
            (filter, written_filter, "it leaves nothing"),
        ];
        for (condition, written, what) in both {
            let (Some(condition), Some(written)) = (condition, written) else { continue };
            // What is written out to the last was told where it stands.
            if condition.as_value().is_none() && never_true(program, &checked.inputs, condition) {
                let at = Place { file: program.file, span: written.span };
                out.push(says::constant_condition(at, false, what));
            }
        }
    }
}

/// Whether no values of the inputs make a condition true, as far as that can be told.
fn never_true(program: &Program<'_>, inputs: &BTreeMap<String, Input>, condition: &Expr) -> bool {
    let mut rooms: BTreeMap<String, Room> = BTreeMap::new();
    for (name, input) in inputs {
        let (mut kind, may_be_unset) = plain(&input.kind);
        if may_be_unset || !mentions(condition, &|e| matches!(e, Expr::Input(of) if of == name)) {
            continue;
        }
        let this = format!("{INPUT}{name}");
        let mut asked: Vec<&Constraint> = Vec::new();
        if let Type::Data(of) = kind
            && let Some(data) = program.data.get(of)
        {
            kind = data.alias.as_ref().unwrap_or(kind);
            asked.extend(&data.constraints);
        }
        rooms.insert(this.clone(), Room::of(kind));
        asked.extend(&input.constraints);
        for (at, one) in asked.iter().enumerate() {
            // What can never hold is told where it stands.
            if narrow(&mut rooms, &this, &one.predicate, at).is_some() {
                return false;
            }
        }
    }
    narrow(&mut rooms, "self", condition, inputs.len()).is_some()
}

/// The type of what is constrained: what may be unset is set there, what is secret may be tested.
fn plain(kind: &Type) -> (&Type, bool) {
    match kind {
        Type::Optional(of) => (plain(of).0, true),
        Type::Secret(of) => plain(of),
        other => (other, false),
    }
}

/// The entry, the parameter, or the item, that a constraint stands in.
fn entry_around(program: &Program<'_>, at: Place) -> Place {
    let around = |span| Place { file: at.file, span };
    let holds = |span: Span| span.start <= at.span.start && at.span.end <= span.end;
    let Some(module) = program.sources.modules.get(at.file.0 as usize) else { return at };
    let Some(item) = module.tree.items.iter().find(|item| holds(item.span)) else { return at };
    let of_parameter = |all: &[Member]| {
        let found = all.iter().find(|parameter| holds(parameter.span));
        around(found.map_or(item.span, |parameter| parameter.span))
    };
    let body = match &item.kind {
        ItemKind::Type(it) => &it.body,
        ItemKind::Node(it) => &it.body,
        ItemKind::Function(it) => return of_parameter(&it.parameters),
        ItemKind::Workflow(it) => return of_parameter(&it.parameters),
        _ => return around(item.span),
    };
    let entry = body.entries.iter().find(|entry| holds(entry.span));
    around(entry.map_or(item.span, |entry| entry.span))
}
