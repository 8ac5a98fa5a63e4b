//! Reading parts: fields, members, keys, elements.

use std::collections::BTreeMap;

use bp_plan::{Expr, Phase, Type, Value};

use super::functions::ARGUMENTS;
use super::origin::Origin;
use super::{CLOSED, Checker, Local, OPEN, Part, Read, fits, names::nearest};
use crate::diagnostics::{never, types as says};
use crate::source::Span;
use crate::syntax::ast;

impl Checker<'_> {
    pub(super) fn field(
        &mut self,
        of: &ast::Expr,
        name: &ast::Name,
        safe: bool,
        whole: &ast::Expr,
        takes_null: bool,
    ) -> Part {
        if let Some(part) = self.of_module(of, name) {
            return self.narrowed(part, whole);
        }
        let from = self.infer(of, None);
        if from.is_broken() {
            return from;
        }
        let (ty, was_secret) = fits::revealed(from.ty.clone());
        let (ty, was_optional) = match fits::plain(self.world, &ty) {
            Type::Optional(of) => (fits::plain(self.world, &of), true),
            Type::Null => {
                self.report(says::field_of_null(self.place(of.span), &name.text));
                return Part::broken();
            }
            other => (other, false),
        };
        let is_counted = matches!(ty, Type::List(_) | Type::String | Type::Literal(_));
        if is_counted && matches!(name.text.as_str(), "length" | "len" | "size") {
            let of = (self.place(of.span), self.world.text(self.place(of.span)));
            self.report(says::length_of(self.place(name.span), &name.text, &ty, (of.0, &of.1)));
            return Part::broken();
        }
        if was_optional && !safe {
            let dot = Span::new(of.span.end, of.span.end);
            self.report(says::unsettled_path(
                self.place(of.span),
                &from.ty,
                (&self.world.text(self.place(of.span)), &name.text),
                takes_null.then(|| self.place(dot)),
            ));
            return Part::broken();
        }
        let Some(mut part) = self.member(&ty, name, safe, from) else { return Part::broken() };
        if let Some(notice) = self.world.notice(&ty, &name.text) {
            self.report(notice.told(self.place(name.span), &name.text));
        }
        if was_optional {
            part.ty = fits::optional(part.ty);
        }
        if was_secret {
            part.ty = fits::secret(part.ty);
        }
        let part = self.settle(part, whole.span);
        self.narrowed(part, whole)
    }

    /// The member of what is set; tells it where there is none.
    fn member(&mut self, ty: &Type, name: &ast::Name, safe: bool, from: Part) -> Option<Part> {
        let text = name.text.as_str();
        let reads = |ty: Type, from: Part| {
            let of = Box::new(from.expr);
            let expr = Expr::Field { of, name: text.to_owned(), safe };
            Some(Part::new(ty, expr, from.phase, from.open))
        };
        match ty {
            Type::Record(fields) => match fields.get(text) {
                Some(field) => {
                    let of = Box::new(from.expr);
                    let safe = safe || fits::may_lack(field);
                    let expr = Expr::Field { of, name: text.to_owned(), safe };
                    Some(Part::new(fits::read(field), expr, from.phase, from.open))
                }
                None if from.expr == Expr::Deployment => {
                    let known = names(fields);
                    let near = nearest(text, known.iter().copied());
                    let at = self.place(name.span);
                    self.report(says::unknown_of_deployment(at, text, &known, near));
                    None
                }
                None => self.no_field(ty, name, &names(fields)),
            },
            Type::Data(data) => match self.world.data_type(data) {
                Some(data) => match data.fields.get(text) {
                    Some(field) => reads(field.kind.clone(), from),
                    None => self.no_field(ty, name, &names(&data.fields)),
                },
                None => None,
            },
            Type::Map(of) => {
                let of = (**of).clone();
                reads(if safe { fits::optional(of) } else { of }, from)
            }
            Type::Json | Type::Never => reads(Type::Json, from),
            Type::Node(_) | Type::Group(_) | Type::Capability(_) | Type::Relationship(_) => {
                self.declared_member(ty, name, safe, from)
            }
            Type::List(_) if text == "via" && from.via.is_some() => {
                self.report(says::via_of_many(self.place(name.span)));
                None
            }
            Type::Nodes(_) | Type::List(_) => {
                let this = self.scope.local("self").map(|local| &local.ty);
                let is_one =
                    matches!((ty, this), (Type::Nodes(of), Some(Type::Node(it))) if it == of);
                let at = self.place(name.span);
                self.report(says::field_of_collection(at, text, ty, is_one));
                None
            }
            _ => self.no_field(ty, name, &[]),
        }
    }

    fn declared_member(
        &mut self,
        ty: &Type,
        name: &ast::Name,
        safe: bool,
        from: Part,
    ) -> Option<Part> {
        if name.text == "via"
            && let Some(via) = from.via
        {
            let (expr, ty) = *via;
            return Some(Part::new(ty, expr, from.phase, OPEN));
        }
        let Some(member) = self.world.member(ty, &name.text, &from.expr) else {
            let is_element = match &from.expr {
                Expr::Local(_) => true,
                Expr::Index { of, .. } => !matches!(**of, Expr::Node(_)),
                _ => false,
            };
            if name.text == "via" && is_element {
                self.report(says::via_of_many(self.place(name.span)));
                return None;
            }
            let known = self.world.members(ty);
            return self.no_field(ty, name, &known.iter().map(String::as_str).collect::<Vec<_>>());
        };
        if member.ty == Type::Unknown {
            return None;
        }
        let via = member.via.map(|via| {
            let name = format!("{}.via", name.text);
            let of = Box::new(from.expr.clone());
            Box::new((Expr::Field { of, name, safe }, Type::Relationship(via)))
        });
        let read = Read { ty: ty.clone(), member: name.text.clone(), default: member.phase };
        let origin = self.origin(&from.expr, ty);
        let phase = from.phase.max(self.read_of(&read, &origin));
        let of = Box::new(from.expr);
        let expr = Expr::Field { of, name: name.text.to_string(), safe };
        Some(Part { via, ..Part::new(member.ty, expr, phase, OPEN) })
    }

    /// Where the nodes of a value of this type come from.
    pub(super) fn origin(&self, expr: &Expr, ty: &Type) -> Origin {
        if !fits::holds_node(self.world, ty) {
            return Origin::Unknown;
        }
        Origin::among(self.world, &self.scope.locals, expr)
    }

    /// When a member is known of all that a value may be. What is read of a parameter is noted: it is as late as
    /// it is of the argument.
    pub(super) fn read_of(&mut self, read: &Read, origin: &Origin) -> Phase {
        let Origin::Of(all) = origin else { return read.default };
        let mut latest = None;
        for one in all {
            let phase = if is_of_parameter(one) {
                let noted = (read.clone(), one.clone());
                if !self.reads.contains(&noted) {
                    self.reads.push(noted);
                }
                Phase::Compile
            } else {
                let member = self.world.member(&read.ty, &read.member, one);
                member.map_or(read.default, |member| member.phase)
            };
            latest = latest.max(Some(phase));
        }
        latest.unwrap_or(read.default)
    }

    fn no_field(&mut self, ty: &Type, name: &ast::Name, known: &[&str]) -> Option<Part> {
        if self.world.has_open(ty) {
            return None;
        }
        let near = nearest(&name.text, known.iter().copied());
        let at = self.place(name.span);
        let error = says::unknown_field(at, &name.text, ty, known, near);
        let error = match self.world.type_place(ty, near) {
            Some(place) => {
                let what = near.map_or_else(|| ty.to_string(), str::to_owned);
                error.related(place, format!("`{what}` is declared here"))
            }
            None => error,
        };
        self.report(error);
        None
    }

    pub(super) fn index(
        &mut self,
        of: &ast::Expr,
        key: &ast::Expr,
        safe: bool,
        span: Span,
    ) -> Part {
        let from = self.infer(of, None);
        let by = self.infer(key, None);
        if fits::has_secret(&by.ty) {
            self.report(says::secret_decides(self.place(key.span), "a key"));
            return Part::broken();
        }
        if from.is_broken() || by.is_broken() {
            return Part::broken();
        }
        if matches!(by.ty, Type::Optional(_) | Type::Null) {
            self.report(says::unsettled(self.place(key.span), &by.ty, "as a key"));
            return Part::broken();
        }
        let (ty, was_secret) = fits::revealed(from.ty.clone());
        let (ty, was_optional) = match fits::plain(self.world, &ty) {
            Type::Optional(of) => (fits::plain(self.world, &of), true),
            other => (other, false),
        };
        if was_optional && !safe {
            self.report(says::unsettled(self.place(of.span), &from.ty, "before `[`"));
            return Part::broken();
        }
        let Some(found) = self.element_by(&ty, &by, of, key) else { return Part::broken() };
        let lacks = match (&ty, by.expr.as_value()) {
            (Type::Record(fields), Some(Value::String(name))) => {
                fields.get(name).is_some_and(fits::may_lack)
            }
            _ => false,
        };
        if !safe && self.certain {
            if self.is_missing(&from, &by, span) {
                return Part::broken();
            }
            self.may_miss(&from, &by, (of, key));
        }
        let found = if safe { fits::optional(found) } else { found };
        let found = if was_secret { fits::secret(found) } else { found };
        let phase = from.phase.max(by.phase);
        let open = from.open.min(by.open);
        let safe = safe || lacks;
        let expr = Expr::Index { of: Box::new(from.expr), key: Box::new(by.expr), safe };
        self.settle(Part::new(found, expr, phase, open), span)
    }

    /// Tells that a collection of nodes has no instance under a key, where both are known.
    fn is_missing(&mut self, from: &Part, by: &Part, span: Span) -> bool {
        let (Expr::Node(node), Some(key)) = (&from.expr, by.expr.as_value()) else { return false };
        let Ok(key) = bp_eval::scalar_text(key) else { return false };
        let Some(known) = self.world.keys(node) else { return false };
        if known.contains(&key.as_str()) {
            return false;
        }
        let error = says::missing_instance(self.place(span), node, &key, &known, None);
        self.report(error);
        true
    }

    /// Warns of a value that the key may be, for which there is nothing in what is known to the last.
    fn may_miss(&self, from: &Part, by: &Part, (of, key): (&ast::Expr, &ast::Expr)) {
        let Type::Union(members) = fits::plain(self.world, &by.ty) else { return };
        let mut options = Vec::new();
        for member in &members {
            let Type::Literal(text) = member else { return };
            options.push(text.as_str());
        }
        let known: Vec<&str> = match (from.expr.as_value(), fits::plain(self.world, &from.ty)) {
            (Some(Value::Map(entries)), _) => entries.keys().map(String::as_str).collect(),
            _ => return,
        };
        if by.expr.as_value().is_some() {
            return;
        }
        let missing: Vec<&str> = options.into_iter().filter(|one| !known.contains(one)).collect();
        if !missing.is_empty() {
            let [of, key_text] = [of, key].map(|part| self.world.text(self.place(part.span)));
            let at = self.place(key.span);
            self.world.warn(never::may_miss(at, &of, &key_text, &missing));
        }
    }

    /// The type of the element under this key.
    fn element_by(
        &mut self,
        ty: &Type,
        by: &Part,
        of: &ast::Expr,
        key: &ast::Expr,
    ) -> Option<Type> {
        let (wanted, fits) = match ty {
            Type::List(_) | Type::Range => {
                ("a whole number", fits::fits(self.world, &by.ty, &Type::Int))
            }
            Type::Map(_) | Type::Record(_) => ("a string", self.is_key_part(by)),
            Type::Nodes(_) => ("the key of an instance", self.is_key_part(by)),
            Type::Json | Type::Never => ("a string or a whole number", self.is_key_part(by)),
            _ => {
                let key = match by.expr.as_value() {
                    Some(Value::String(key)) => Some(key.as_str()),
                    _ => None,
                };
                let error = if matches!(of.kind, ast::ExprKind::Element) {
                    let star = self.world.text(self.place(of.span));
                    says::key_of_each(self.place(of.span), ty, &star)
                } else {
                    says::not_indexable(self.place(of.span), ty, key)
                };
                self.report(error);
                return None;
            }
        };
        if !fits {
            self.report(says::bad_key(self.place(key.span), wanted, &by.ty, ty));
            return None;
        }
        if let (Type::List(_) | Type::Range, Some(Value::Int(index @ ..0))) =
            (ty, by.expr.as_value())
        {
            let written = self.world.text(self.place(of.span));
            self.report(says::negative_index(self.place(key.span), *index, &written));
            return None;
        }
        Some(match ty {
            Type::List(of) | Type::Map(of) => (**of).clone(),
            Type::Range => Type::Int,
            Type::Nodes(of) => Type::Node(of.clone()),
            Type::Record(fields) => {
                if let Some(Value::String(name)) = by.expr.as_value() {
                    let found = fields.get(name).map(fits::read);
                    if found.is_none() {
                        let name = ast::Name { text: name.as_str().into(), span: key.span };
                        self.no_field(ty, &name, &names(fields));
                    }
                    return found;
                }
                let found = self.any_field(ty);
                if found.is_none() {
                    self.report(says::not_indexable(self.place(of.span), ty, None));
                }
                return found;
            }
            _ => Type::Json,
        })
    }

    /// What any field of a record can be that is there.
    fn any_field(&self, ty: &Type) -> Option<Type> {
        let Type::Record(fields) = ty else { return None };
        let mut whole = Type::Never;
        for field in fields.values() {
            match fits::join(self.world, &whole, field.field().0) {
                Some(joined) => whole = joined,
                None => return fits::anything(self.world, ty),
            }
        }
        Some(whole)
    }

    /// Whether a part can be a key of a map or of a collection: an element of a selection, or an instance of a
    /// collection, stands for its own key.
    pub(super) fn is_key_part(&self, part: &Part) -> bool {
        !matches!(part.expr, Expr::Node(_)) && self.is_key(&part.ty)
    }

    /// As [`Self::is_key_part`], as far as the type tells.
    pub(super) fn is_key(&self, ty: &Type) -> bool {
        matches!(fits::plain(self.world, ty), Type::Node(_))
            || fits::fits(self.world, ty, &Type::Union(vec![Type::String, Type::Int]))
    }

    /// The types of keys and elements of what can be gone through.
    pub(super) fn elements(&self, ty: &Type) -> Option<(Type, Type)> {
        Some(match fits::plain(self.world, ty) {
            Type::List(of) => (Type::Int, *of),
            Type::Range => (Type::Int, Type::Int),
            Type::Map(of) => (Type::String, *of),
            Type::Nodes(of) => (Type::String, Type::Node(of)),
            record @ Type::Record(_) => (Type::String, self.any_field(&record)?),
            Type::Json => (Type::Json, Type::Json),
            Type::Never => (Type::Never, Type::Never),
            Type::Secret(of) => {
                let (key, element) = self.elements(&of)?;
                (fits::secret(key), fits::secret(element))
            }
            _ => return None,
        })
    }

    /// What is gone through, with the types of its keys and elements; tells it where it can't be.
    pub(super) fn collection(&mut self, expr: &ast::Expr) -> Option<(Part, Type, Type)> {
        let part = self.because(None, |c| c.infer(expr, None));
        if part.is_broken() {
            return None;
        }
        if let Some((key, element)) = self.elements(&part.ty) {
            return Some((part, key, element));
        }
        let at = self.place(expr.span);
        match &part.ty {
            Type::Optional(of) if self.elements(of).is_some() => {
                self.report(says::unsettled(at, &part.ty, "to go through it"));
            }
            other => self.report(says::no_collection(at, other)),
        }
        None
    }

    pub(super) fn splat(&mut self, of: &ast::Expr, body: &ast::Expr, span: Span) -> Part {
        let Some((over, _, element)) = self.collection(of) else { return Part::broken() };
        let base = self.scope.locals.len();
        let phase = over.phase;
        let origin = self.origin(&over.expr, &element).element();
        let element = Local::element("*", element, phase, origin);
        let body = self.within(vec![element], |c| c.perhaps(false, |c| c.infer(body, None)));
        if body.is_broken() {
            return body;
        }
        let open = over.open.min(closed_from(body.open, base));
        let expr = Expr::Splat { of: Box::new(over.expr), body: Box::new(body.expr) };
        let part = Part::new(Type::List(Box::new(body.ty)), expr, phase.max(body.phase), open);
        self.settle(part, span)
    }
}

/// Whether it is an argument of the function at hand, or read of one.
fn is_of_parameter(expr: &Expr) -> bool {
    match expr {
        Expr::Local(name) => name == ARGUMENTS,
        Expr::Field { of, .. } => is_of_parameter(of),
        _ => false,
    }
}

/// The names of fields.
pub(super) fn names<T>(fields: &BTreeMap<String, T>) -> Vec<&str> {
    fields.keys().map(String::as_str).collect()
}

/// What a body still waits for when the locals from `base` on are given.
pub(super) fn closed_from(open: usize, base: usize) -> usize {
    if open > base { CLOSED } else { open }
}
