//! Lists and records as written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_eval::{DataTypes, Nowhere, Verdict, check_constraint};
use bp_plan::{Constraint, DataType, Entry, Expr, Item, Phase, PropertyType, Type, Value};

use super::access::names;
use super::names::nearest;
use super::scope::Because;
use super::{CLOSED, Checker, OPEN, Part, adapt, fits};
use crate::diagnostics::types as says;
use crate::source::Span;
use crate::syntax::ast::{self, RecordEntry};

/// What a record literal is to become.
enum Shape {
    /// A data type or a record of known fields, and whether these may be secret.
    Data(Type, Arc<DataType>, bool),
    /// Any keys, values of this type.
    Map(Type),
    /// Whatever it says.
    Free,
}

/// A list or record while its parts come in.
struct Whole {
    phase: Phase,
    open: usize,
    broken: bool,
    is_secret: bool,
}

impl Whole {
    fn new() -> Self {
        Self { phase: Phase::Compile, open: CLOSED, broken: false, is_secret: false }
    }

    fn takes(&mut self, part: &Part) {
        self.phase = self.phase.max(part.phase);
        self.open = self.open.min(part.open);
        self.broken |= part.is_broken();
        self.is_secret |= fits::has_secret(&part.ty);
    }

    fn part(self, ty: Type, expr: Expr) -> Part {
        let open = if self.broken { OPEN } else { self.open };
        // Where a secret might have come in, and none did, there is none.
        let ty = if self.is_secret || self.broken { ty } else { fits::bare(ty) };
        Part::new(ty, expr, self.phase, open)
    }
}

impl Checker<'_> {
    pub(super) fn list(
        &mut self,
        elements: &[ast::Element],
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        let wanted = hint.and_then(|hint| self.element_hint(hint));
        let mut whole = Whole::new();
        let mut joined = Type::Never;
        let mut first: Option<Span> = None;
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let value = &element.value;
            let part = match (&wanted, element.spread) {
                (Some(of), false) => self.check(value, of),
                (None, false) => self.infer(value, None),
                (wanted, true) => self.spread_list(value, wanted.as_ref()),
            };
            whole.takes(&part);
            if wanted.is_none() && !part.is_broken() {
                let ty = if element.spread {
                    self.elements(&part.ty).map_or(Type::Unknown, |(_, of)| of)
                } else {
                    part.ty.clone()
                };
                if let Some(both) = fits::join(self.world, &joined, &ty) {
                    joined = both;
                } else {
                    let other = self.place(first.unwrap_or(span));
                    let at = self.place(value.span);
                    let [ty, before] = self.apart(&ty, &joined);
                    self.report(says::no_common(at, &ty, "what is before", &before, other));
                    whole.broken = true;
                }
            }
            first.get_or_insert(value.span);
            items.push(if element.spread { Item::Spread(part.expr) } else { Item::One(part.expr) });
        }
        if whole.broken && wanted.is_none() {
            return Part::broken();
        }
        let ty = Type::List(Box::new(wanted.unwrap_or(joined)));
        let part = whole.part(ty, Expr::List(items));
        self.settle(part, span)
    }

    /// What elements are to become.
    pub(super) fn element_hint(&self, hint: &Type) -> Option<Type> {
        match fits::plain(self.world, hint) {
            Type::Optional(of) => self.element_hint(&of),
            Type::Secret(of) => self.element_hint(&of).map(fits::secret),
            Type::List(of) => Some(*of),
            Type::Json => Some(Type::Json),
            _ => None,
        }
    }

    fn spread_list(&mut self, expr: &ast::Expr, wanted: Option<&Type>) -> Part {
        let list = wanted.map(|of| Type::List(Box::new(of.clone())));
        let part = self.infer(expr, list.as_ref());
        if part.is_broken() {
            return part;
        }
        let (ty, _) = fits::revealed(fits::plain(self.world, &part.ty));
        let at = self.place(expr.span);
        match &ty {
            Type::List(_) | Type::Range | Type::Json | Type::Never => {}
            Type::Optional(_) => {
                self.report(says::unsettled(at, &part.ty, "after `...`"));
                return Part::broken();
            }
            Type::Nodes(_) => {
                let is_name = adapt::is_name(expr);
                self.report(says::collection_as_list(at, &ty, None, is_name));
                return Part::broken();
            }
            other => {
                self.report(says::bad_spread(at, "a list", other));
                return Part::broken();
            }
        }
        let Some(list) = list else { return part };
        let elements = if ty == Type::Range { Type::List(Box::new(Type::Int)) } else { part.ty };
        self.require(Part { ty: elements, ..part }, &list, expr)
    }

    fn shape(&self, hint: Option<&Type>, is_secret: bool) -> Shape {
        let Some(hint) = hint else { return Shape::Free };
        let element = |of: Type| if is_secret { fits::secret(of) } else { of };
        match fits::plain(self.world, hint) {
            Type::Optional(of) => self.shape(Some(&of), is_secret),
            Type::Secret(of) => self.shape(Some(&of), true),
            Type::Map(of) => Shape::Map(element(*of)),
            Type::Json => Shape::Map(element(Type::Json)),
            Type::Data(name) => match self.world.data_type(&name) {
                Some(data) => Shape::Data(Type::Data(name), data, is_secret),
                None => Shape::Free,
            },
            Type::Record(fields) => {
                let data = DataType {
                    extends: Vec::new(),
                    alias: None,
                    fields: declared(&fields),
                    constraints: vec![],
                };
                Shape::Data(Type::Record(fields), Arc::new(data), is_secret)
            }
            _ => Shape::Free,
        }
    }

    pub(super) fn record(
        &mut self,
        entries: &[RecordEntry],
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        self.duplicate_keys(entries);
        match self.shape(hint, false) {
            Shape::Data(ty, data, is_secret) => {
                self.data_record(entries, ty, &data, is_secret, span)
            }
            Shape::Map(of) => self.map_record(entries, &of, hint, span),
            Shape::Free => self.free_record(entries, span),
        }
    }

    fn duplicate_keys(&mut self, entries: &[RecordEntry]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for entry in entries {
            let RecordEntry::One { key, .. } = entry else { continue };
            match seen.get(key.text.as_str()) {
                Some(first) => {
                    let (at, first) = (self.place(key.span), self.place(*first));
                    self.report(says::duplicate_key(at, &key.text, first));
                }
                None => {
                    seen.insert(&key.text, key.span);
                }
            }
        }
    }

    fn map_record(
        &mut self,
        entries: &[RecordEntry],
        of: &Type,
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        let mut whole = Whole::new();
        let mut lowered = Vec::with_capacity(entries.len());
        let map = Type::Map(Box::new(of.clone()));
        for entry in entries {
            match entry {
                RecordEntry::One { key, value } => {
                    let part = self.check(value, of);
                    whole.takes(&part);
                    lowered.push(Entry::One(key.text.to_string(), part.expr));
                }
                RecordEntry::Spread(expr) => {
                    let part = self.spread_record(expr);
                    let part = self.require(part, &map, expr);
                    whole.takes(&part);
                    lowered.push(Entry::Spread(part.expr));
                }
            }
        }
        let is_json = hint.is_some_and(|hint| {
            matches!(fits::bare(fits::plain(self.world, hint)), Type::Json)
                || matches!(hint, Type::Optional(of) if **of == Type::Json)
        });
        let ty = match (is_json, fits::has_secret(of)) {
            (true, true) => fits::secret(Type::Json),
            (true, false) => Type::Json,
            _ => map,
        };
        let part = whole.part(ty, Expr::Record(lowered));
        self.settle(part, span)
    }

    /// A map or record after `...`.
    fn spread_record(&mut self, expr: &ast::Expr) -> Part {
        let part = self.infer(expr, None);
        if part.is_broken() {
            return part;
        }
        let (ty, _) = fits::revealed(fits::plain(self.world, &part.ty));
        let at = self.place(expr.span);
        match &ty {
            Type::Map(_) | Type::Record(_) | Type::Json | Type::Data(_) | Type::Never => {
                let ty = self.as_record(&part.ty);
                Part { ty, ..part }
            }
            Type::Optional(_) => {
                self.report(says::unsettled(at, &part.ty, "after `...`"));
                Part::broken()
            }
            other => {
                self.report(says::bad_spread(at, "a map or record", other));
                Part::broken()
            }
        }
    }

    /// A data type as the record that its fields make.
    pub(super) fn as_record(&self, ty: &Type) -> Type {
        match fits::plain(self.world, ty) {
            Type::Data(name) => self.world.data_type(&name).map_or(Type::Unknown, |data| {
                let fields = data.fields.iter();
                Type::Record(fields.map(|(name, of)| (name.clone(), of.kind.clone())).collect())
            }),
            Type::Secret(of) => fits::secret(self.as_record(&of)),
            other => other,
        }
    }

    fn free_record(&mut self, entries: &[RecordEntry], span: Span) -> Part {
        let mut whole = Whole::new();
        let mut fields: BTreeMap<String, Type> = BTreeMap::new();
        // What keys that can't be told now have.
        let mut others: Option<Type> = None;
        let mut lowered = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                RecordEntry::One { key, value } => {
                    let part = self.infer(value, None);
                    whole.takes(&part);
                    fields.insert(key.text.to_string(), part.ty);
                    lowered.push(Entry::One(key.text.to_string(), part.expr));
                }
                RecordEntry::Spread(expr) => {
                    let part = self.spread_record(expr);
                    whole.takes(&part);
                    let (ty, was_secret) = fits::revealed(part.ty.clone());
                    let mark = |of: Type| if was_secret { fits::secret(of) } else { of };
                    match ty {
                        Type::Record(of) => {
                            for (name, of) in of {
                                self.overlay(&mut fields, name, mark(of));
                            }
                        }
                        Type::Map(of) => others = Some(self.either(others, mark(*of))),
                        Type::Json => others = Some(mark(Type::Json)),
                        _ => {}
                    }
                    lowered.push(Entry::Spread(part.expr));
                }
            }
        }
        if whole.broken && self.world.keep(0).is_err() {
            // Of what is too much, nothing more is made.
            return Part::broken();
        }
        let ty = match others {
            None => Type::Record(fields),
            Some(of) => {
                let all = fields.values().map(|of| of.field().0.clone());
                let of = all.fold(of, |whole, of| self.either(Some(whole), of));
                Type::Map(Box::new(of))
            }
        };
        let part = whole.part(ty, Expr::Record(lowered));
        self.settle(part, span)
    }

    /// A field that a spread brings: where it may be missing there, what was before may remain.
    fn overlay(&self, fields: &mut BTreeMap<String, Type>, name: String, of: Type) {
        let of = match fields.remove(&name) {
            Some(before) if fits::may_lack(&of) => {
                let (_, may_lack) = before.field();
                let both = self.either(Some(before.field().0.clone()), of.field().0.clone());
                if may_lack { both.perhaps() } else { both }
            }
            _ => of,
        };
        fields.insert(name, of);
    }

    fn either(&self, a: Option<Type>, b: Type) -> Type {
        match a {
            None => b,
            Some(a) => {
                let is_secret = fits::has_secret(&a) || fits::has_secret(&b);
                fits::join(self.world, &a, &b).unwrap_or(if is_secret {
                    fits::secret(Type::Json)
                } else {
                    Type::Json
                })
            }
        }
    }

    fn data_record(
        &mut self,
        entries: &[RecordEntry],
        ty: Type,
        data: &DataType,
        is_secret: bool,
        span: Span,
    ) -> Part {
        let before = self.out.len();
        let mut whole = Whole::new();
        let mut given: BTreeSet<String> = BTreeSet::new();
        // Of these, the ones that a spread may lack: what stands for a field left out comes before.
        let mut lacked: BTreeSet<String> = BTreeSet::new();
        // Whether only the values of spreads tell what keys there are.
        let mut is_dynamic = false;
        let mut lowered = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                RecordEntry::One { key, value } => {
                    let part = self.data_field(key, value, &ty, data, is_secret);
                    whole.takes(&part);
                    given.insert(key.text.to_string());
                    lacked.remove(key.text.as_str());
                    lowered.push(Entry::One(key.text.to_string(), part.expr));
                }
                RecordEntry::Spread(expr) => {
                    let part = self.spread_record(expr);
                    whole.takes(&part);
                    match fits::revealed(part.ty.clone()).0 {
                        Type::Record(fields) => {
                            self.spread_fields(&fields, &ty, data, is_secret, expr);
                            for (name, of) in fields {
                                if !fits::may_lack(&of) {
                                    lacked.remove(&name);
                                } else if !given.contains(&name) {
                                    lacked.insert(name.clone());
                                }
                                given.insert(name);
                            }
                        }
                        _ => is_dynamic = true,
                    }
                    lowered.push(Entry::Spread(part.expr));
                }
            }
        }
        if !is_dynamic && !whole.broken {
            whole.broken |= !self.missing(&ty, data, &given, span);
        }
        let mut all = left_out(data, &given.difference(&lacked).cloned().collect());
        for entry in &all {
            if let Entry::One(_, default) = entry {
                whole.broken |= !self.take_default(default, span);
            }
        }
        all.append(&mut lowered);
        whole.broken |= self.out.len() > before;
        let ty = if is_secret { fits::secret(ty) } else { ty };
        let part = whole.part(ty.clone(), Expr::Record(all));
        let mut part = self.settle(part, span);
        if is_dynamic && !part.is_broken() && part.expr.as_value().is_none() {
            // Whether it has the fields of its type, only the values of what is spread tell.
            let what = format!("`{}`", says::short(&self.world.text(self.place(span))));
            part.expr = self.held_as(part.expr, what, ty.clone());
        }
        self.whole_value(part, &ty, span)
    }

    /// Tells which fields are missing, if any are; and whether it is known of all.
    fn missing(
        &mut self,
        ty: &Type,
        data: &DataType,
        given: &BTreeSet<String>,
        span: Span,
    ) -> bool {
        let left = data.fields.iter().filter(|(name, field)| {
            !given.contains(*name) && field.default.is_none() && !fits::may_lack(&field.kind)
        });
        // Of a field whose type was told to be none, nobody knows whether it may lack.
        let (unknown, missing): (Vec<_>, Vec<_>) = left
            .map(|(name, field)| (name.as_str(), &field.kind))
            .partition(|(_, kind)| **kind == Type::Unknown);
        if let Some((first, _)) = missing.first() {
            let place = self.world.type_place(ty, Some(first));
            self.report(says::missing_fields(self.place(span), ty, &missing, place));
        }
        unknown.is_empty()
    }

    /// Holds what a spread brings in against the fields of a data type.
    fn spread_fields(
        &mut self,
        fields: &BTreeMap<String, Type>,
        ty: &Type,
        data: &DataType,
        is_secret: bool,
        expr: &ast::Expr,
    ) {
        for (name, of) in fields {
            if let Some(to) = data.fields.get(name) {
                // Where it may be missing, what stands for a field left out takes its place.
                let has_other = to.default.is_some() || fits::may_lack(&to.kind);
                let of = if has_other { of.field().0.clone() } else { fits::read(of) };
                // The value as a whole is looked at when it is known.
                let inner = Part::new(of, Expr::Input(name.clone()), Phase::Run, OPEN);
                self.require(inner, &marked(&to.kind, is_secret), expr);
            } else if !self.world.has_open(ty) {
                let known = names(&data.fields);
                let near = nearest(name, known.iter().copied());
                self.report(says::unknown_field(self.place(expr.span), name, ty, &known, near));
            }
        }
    }

    /// A constant record: its defaults that use `self`, and what must hold of it as a whole.
    pub(super) fn whole_value(&mut self, mut part: Part, ty: &Type, span: Span) -> Part {
        let Expr::Value(value) = &part.expr else { return part };
        if part.open != CLOSED {
            return part;
        }
        let data_types = self.data_types(ty);
        match bp_eval::conform(value.clone(), ty, &data_types) {
            Ok(value) => part.expr = Expr::Value(value),
            Err(error) => {
                // That it may be secret, nobody wrote.
                let plain = fits::bare(ty.clone());
                let place = self.world.type_place(&plain, None);
                let because = place.map(|place| (place, format!("`{plain}` is declared here")));
                let said = (self.place(span), error.to_string());
                let error = says::constraint_broken(said.0, &said.1, None, because);
                self.report(match broken(&plain, value, &data_types) {
                    Some(clause) => error.help(says::meet(&clause)),
                    None => error,
                });
                return Part { ty: plain, ..Part::broken() };
            }
        }
        part
    }

    fn data_field(
        &mut self,
        key: &ast::Name,
        value: &ast::Expr,
        ty: &Type,
        data: &DataType,
        is_secret: bool,
    ) -> Part {
        let Some(field) = data.fields.get(key.text.as_str()) else {
            if self.world.has_open(ty) {
                self.infer(value, None);
                return Part::broken();
            }
            let known = names(&data.fields);
            let near = nearest(&key.text, known.iter().copied());
            let at = self.place(key.span);
            let error = says::unknown_field(at, &key.text, ty, &known, near);
            let error = match self.world.type_place(ty, near) {
                Some(place) => error.related(place, format!("`{ty}` has it declared here")),
                None => error,
            };
            self.report(error);
            self.infer(value, None);
            return Part::broken();
        };
        if let Some(notice) = self.world.notice(ty, &key.text) {
            self.report(notice.told(self.place(key.span), &key.text));
        }
        let place = self.world.type_place(ty, Some(&key.text));
        let because = place.map(|place| Because::Declared(place, key.text.clone()));
        let want = marked(field.kind.field().0, is_secret);
        let part = self.because(because.clone(), |c| c.check(value, &want));
        if let Some(constant) = part.expr.as_value()
            && !part.is_broken()
            && !field.constraints.is_empty()
        {
            let at = self.place(value.span);
            let before = self.out.len();
            let because = because.as_ref().map(Because::told);
            adapt::held(&field.constraints, constant, at, because, self.out);
            if self.out.len() > before {
                return Part::broken();
            }
        }
        part
    }
}

/// The defaults of the fields that nothing gives, as far as they need no other field.
pub(super) fn left_out(data: &DataType, given: &BTreeSet<String>) -> Vec<Entry> {
    let left = data.fields.iter().filter(|(name, _)| !given.contains(*name));
    left.filter_map(|(name, field)| match &field.default {
        Some(default @ Expr::Value(_)) => Some(Entry::One(name.clone(), default.clone())),
        None if matches!(field.kind, Type::Optional(_)) => {
            Some(Entry::One(name.clone(), Expr::Value(Value::Null)))
        }
        _ => None,
    })
    .collect()
}

/// Fields as a data type would declare them.
fn declared(fields: &BTreeMap<String, Type>) -> BTreeMap<String, PropertyType> {
    let field = |kind: &Type| PropertyType {
        kind: kind.clone(),
        default: None,
        constraints: Vec::new(),
        replace: false,
    };
    fields.iter().map(|(name, kind)| (name.clone(), field(kind))).collect()
}

fn marked(ty: &Type, is_secret: bool) -> Type {
    if is_secret { fits::secret(ty.clone()) } else { ty.clone() }
}

/// The `where` or `check` of a data type that a constant does not meet, as it is written.
fn broken(ty: &Type, value: &Value, data_types: &DataTypes) -> Option<String> {
    let (Type::Data(name), Value::Map(given)) = (ty, value) else { return None };
    let data = data_types.get(name)?;
    let mut whole = given.clone();
    for (name, field) in &data.fields {
        let default = field.default.as_ref().and_then(Expr::as_value);
        if let Some(default) = default.filter(|_| !given.contains_key(name)) {
            whole.insert(name.clone(), default.clone());
        }
    }
    let is_broken = |constraint: &&Constraint, value: &Value| {
        let verdict = check_constraint(constraint, value, &Nowhere::default());
        matches!(verdict, Ok(Verdict::Broken(_)))
    };
    let of_field = data.fields.iter().find_map(|(name, field)| {
        let value = whole.get(name)?;
        field.constraints.iter().find(|one| is_broken(one, value))
    });
    let of_whole = || {
        let whole = Value::Map(whole.clone());
        data.constraints.iter().find(|one| is_broken(one, &whole))
    };
    match of_field {
        Some(one) => Some(format!("where {}", one.text)),
        None => of_whole().map(|one| format!("check {}", one.text)),
    }
}
