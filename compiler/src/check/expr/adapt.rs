//! Whether a part is what is wanted of it, why it is not, and what a constant becomes on the way.

use bp_eval::{DataTypes, Nowhere, Verdict, check_constraint};
use bp_plan::{Constraint, Entry, Expr, Held, Type, Value};

use super::scope::Because;
use super::secrets::Way;
use super::{Checker, Part, World, collections, fits, folding};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::Place;
use crate::syntax::ast;

/// Tells each constraint that this constant breaks. `because` is where the constraint comes from.
/// What can't be told yet stays silent.
pub fn held(
    constraints: &[Constraint],
    value: &Value,
    at: Place,
    because: Option<(Place, String)>,
    out: &mut Vec<Diagnostic>,
) {
    for constraint in constraints {
        match check_constraint(constraint, value, &Nowhere::default()) {
            Ok(Verdict::Holds | Verdict::Open) => {}
            Ok(Verdict::Broken(message)) => {
                // A message says what is asked; the predicate of another file names what stands there.
                let is_elsewhere = because.as_ref().is_some_and(|(place, _)| place.file != at.file);
                let is_told = constraint.message.is_some() && is_elsewhere;
                let text = (!is_told).then_some(constraint.text.as_str());
                out.push(says::constraint_broken(at, &message, text, because));
                return;
            }
            Err(error) => {
                out.push(folding::mistake(at, &error));
                return;
            }
        }
    }
}

impl Checker<'_> {
    /// Checks with this as the reason of what is expected inside.
    pub(super) fn because<T>(
        &mut self,
        because: Option<Because>,
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outside = std::mem::replace(&mut self.scope.because, because);
        let result = inside(self);
        self.scope.because = outside;
        result
    }

    /// The part as `want`, or the one error that says why it is none.
    pub(super) fn require(&mut self, part: Part, want: &Type, expr: &ast::Expr) -> Part {
        if part.is_broken() {
            return part;
        }
        if fits::fits(self.world, &part.ty, want) {
            let part = self.listed(part, want, expr);
            return if part.is_broken() { part } else { self.adapted(part, want, expr) };
        }
        let error = self.within_reach(self.misfit(&part, want, expr));
        let error = match self.scope.because.as_ref().map(Because::told) {
            Some((place, note)) => error.related(place, note),
            None => error,
        };
        self.report(error);
        Part::broken()
    }

    /// A range where a list is wanted, or open data, is the list of its numbers.
    fn listed(&mut self, mut part: Part, want: &Type, expr: &ast::Expr) -> Part {
        let wanted = fits::bare(fits::plain(self.world, want));
        let wanted = match &wanted {
            Type::Optional(of) => fits::plain(self.world, of),
            of => of.clone(),
        };
        if part.ty != Type::Range || !matches!(wanted, Type::List(_) | Type::Json) {
            return part;
        }
        part.ty = Type::List(Box::new(Type::Int));
        if let Expr::Value(value) = &part.expr {
            match bp_eval::elements(value.clone()) {
                Ok(all) => {
                    let all = all.into_iter().map(|(_, number)| number);
                    part.expr = Expr::Value(Value::List(all.collect()));
                }
                Err(error) => {
                    self.report(folding::mistake(self.place(expr.span), &error));
                    return Part::broken();
                }
            }
            return part;
        }
        let of = std::mem::replace(&mut part.expr, Expr::Value(Value::Null));
        let body = Box::new(Expr::Local("*".to_owned()));
        part.expr = Expr::Splat { of: Box::new(of), body };
        part
    }

    /// A mistake with the help that can be followed: what takes a secret is declared anew only where that stands
    /// in this file.
    fn within_reach(&self, error: Diagnostic) -> Diagnostic {
        let declared = self.scope.because.as_ref().map(|because| because.told().0.file);
        if says::is_secret_escape(&error) && declared != Some(self.scope.file()) {
            return says::only_without_secret(error);
        }
        error
    }

    fn misfit(&self, part: &Part, want: &Type, expr: &ast::Expr) -> Diagnostic {
        let at = self.place(expr.span);
        let found = &part.ty;
        let would_fit =
            || fits::has_secret(found) && fits::fits(self.world, &fits::bare(found.clone()), want);
        if self.is_open_with_secret(found, want) || would_fit() {
            let way = Way::into(self.world, &self.scope, &part.expr);
            let plain = fits::bare(want.clone());
            let error = says::secret_escapes(at, (want, &plain), &way.secrets);
            return way.shown(error);
        }
        // That it may be secret matters only to what is.
        let want = &fits::bare(want.clone());
        match (found, want) {
            (Type::Optional(of), _) if fits::fits(self.world, of, want) => {
                return says::unsettled(at, found, &format!("where `{want}` is wanted"));
            }
            (Type::Nodes(of), Type::List(_))
                if fits::fits(self.world, &Type::List(Box::new(Type::Node(of.clone()))), want) =>
            {
                return says::collection_as_list(at, found, Some(want), is_name(expr));
            }
            (Type::Nodes(_), Type::Node(_)) => return says::collection_as_node(at, found, want),
            _ => {}
        }
        if let Type::Literal(text) = found {
            let mut options = Vec::new();
            self.literals(want, &mut options);
            if !options.is_empty() {
                let mut others = Vec::new();
                self.no_literals(want, &mut others);
                return says::not_one_of(at, text, (&options, &others), want);
            }
        }
        let inner = if let Type::Optional(of) = want { of } else { want };
        let is_number = matches!(&expr.kind, ast::ExprKind::Literal(Value::Float(_)));
        if *inner == Type::Version && is_number {
            return says::unquoted_version(at, want, &self.world.text(at));
        }
        let [want, found] = self.apart(want, found);
        says::misfit(at, &want, &found, &expr.kind)
    }

    /// Whether it would be open data but for the secrets in its data types.
    fn is_open_with_secret(&self, found: &Type, want: &Type) -> bool {
        let is_open = match want {
            Type::Optional(of) => **of == Type::Json,
            of => *of == Type::Json,
        };
        is_open && fits::holds_secret(self.world, found) && !fits::holds_node(self.world, found)
    }

    /// Two types for a message: of two types of one name each under the name that it has in this file.
    pub(super) fn apart(&self, one: &Type, other: &Type) -> [Type; 2] {
        let is_confusing = says::may_be_confused(one, other);
        [one, other].map(|ty| if is_confusing { self.as_named_here(ty) } else { ty.clone() })
    }

    fn as_named_here(&self, ty: &Type) -> Type {
        let file = self.scope.file();
        let inner = |of: &Type| Box::new(self.as_named_here(of));
        match ty {
            Type::Data(name) => Type::Data(self.world.written(file, name)),
            Type::Node(name) => Type::Node(self.world.written(file, name)),
            Type::Nodes(name) => Type::Nodes(self.world.written(file, name)),
            Type::Group(name) => Type::Group(self.world.written(file, name)),
            Type::Capability(name) => Type::Capability(self.world.written(file, name)),
            Type::Relationship(name) => Type::Relationship(self.world.written(file, name)),
            Type::Optional(of) => Type::Optional(inner(of)),
            Type::Perhaps(of) => Type::Perhaps(inner(of)),
            Type::List(of) => Type::List(inner(of)),
            Type::Map(of) => Type::Map(inner(of)),
            Type::Secret(of) => Type::Secret(inner(of)),
            Type::Union(members) => {
                Type::Union(members.iter().map(|of| self.as_named_here(of)).collect())
            }
            Type::Record(fields) => {
                let named = |(name, of): (&String, &Type)| (name.clone(), self.as_named_here(of));
                Type::Record(fields.iter().map(named).collect())
            }
            other => other.clone(),
        }
    }

    /// The string literals that a type takes.
    pub(super) fn literals(&self, ty: &Type, options: &mut Vec<String>) {
        match fits::plain(self.world, ty) {
            Type::Optional(of) | Type::Secret(of) => self.literals(&of, options),
            Type::Union(members) => members.iter().for_each(|of| self.literals(of, options)),
            Type::Literal(text) => options.push(text),
            _ => {}
        }
    }

    /// What else than string literals a type takes.
    fn no_literals(&self, ty: &Type, others: &mut Vec<Type>) {
        match fits::plain(self.world, ty) {
            Type::Optional(of) | Type::Secret(of) => self.no_literals(&of, others),
            Type::Union(members) => members.iter().for_each(|of| self.no_literals(of, others)),
            Type::Literal(_) => {}
            other => others.push(other),
        }
    }

    /// A constant as a value of the type that it stands for now: an int becomes the float it is good
    /// for, a record gets the defaults of its data type, whose constraints must hold.
    fn adapted(&mut self, mut part: Part, want: &Type, expr: &ast::Expr) -> Part {
        let Expr::Value(value) = &part.expr else { return self.completed(part, want, expr) };
        let is_null = matches!(value, Value::Null) && !has_open_data(&part.ty);
        if part.ty == *want || is_null {
            return part;
        }
        let mut data_types = DataTypes::new();
        collect(self.world, want, &mut data_types);
        // A record of a derived type stands for one of its parent.
        collect(self.world, &part.ty, &mut data_types);
        // Of open data only the value tells whether it is what is wanted.
        let is_told_by_type = data_types.is_empty() && !has_open_data(&part.ty);
        if is_told_by_type || contains_reference(value) {
            if let Some(widened) = widened(value, want) {
                part.expr = Expr::Value(widened);
                part.ty = Type::Float;
            }
            return part;
        }
        match bp_eval::conform(value.clone(), want, &data_types) {
            Ok(value) => {
                if matches!(value, Value::Map(_) | Value::List(_)) || has_open_data(&part.ty) {
                    // It has the defaults of what it is now; that it might be secret makes it none.
                    let is_secret = fits::has_secret(&part.ty);
                    part.ty = if is_secret { want.clone() } else { fits::bare(want.clone()) };
                }
                part.expr = Expr::Value(value);
                part
            }
            Err(error) => {
                // Of a union the member counts whose kind of value it is.
                let error = match fits::plain(self.world, want) {
                    Type::Union(members) => members
                        .iter()
                        .filter(|member| fits::fits(self.world, &part.ty, member))
                        .find_map(|of| bp_eval::conform(value.clone(), of, &data_types).err())
                        .unwrap_or(error),
                    _ => error,
                };
                let because = self.scope.because.as_ref().map(Because::told);
                let at = self.place(expr.span);
                self.report(says::constraint_broken(at, &error.to_string(), None, because));
                Part::broken()
            }
        }
    }

    /// A value that is of this type, or a mistake where its expression is evaluated.
    pub(super) fn held_as(&self, of: Expr, what: String, kind: Type) -> Expr {
        let is_secret = fits::holds_secret(self.world, &kind);
        let kind = if is_secret { fits::secret(kind) } else { kind };
        Expr::Held(Box::new(Held { of, what, kind, constraints: Vec::new() }))
    }

    /// A record whose fields are not known yet, as one of a data type: the fields that it leaves out
    /// are there, with their defaults.
    fn completed(&self, mut part: Part, want: &Type, expr: &ast::Expr) -> Part {
        if self.lacks_inside(&part.ty, want, true) {
            // Which of the records inside lack what, only their values tell.
            let what = format!("`{}`", says::short(&self.world.text(self.place(expr.span))));
            let is_secret = fits::holds_secret(self.world, &part.ty);
            let kind = if is_secret { fits::secret(want.clone()) } else { want.clone() };
            part.expr = self.held_as(part.expr, what, kind);
            return part;
        }
        let (mut found, mut want) = (&part.ty, want);
        while let Type::Secret(of) | Type::Optional(of) = want {
            want = of;
        }
        while let Type::Secret(of) = found {
            found = of;
        }
        let (Type::Record(fields), Type::Data(name)) = (found, want) else { return part };
        let Some(data) = self.world.data_type(name) else { return part };
        let there = fields.iter().filter(|(_, of)| !fits::may_lack(of));
        let left = collections::left_out(&data, &there.map(|(name, _)| name.clone()).collect());
        if left.is_empty() {
            return part;
        }
        let whole = Entry::Spread(std::mem::replace(&mut part.expr, Expr::Value(Value::Null)));
        part.expr = Expr::Record(left.into_iter().chain([whole]).collect());
        part
    }

    /// Whether records inside of such a value may lack fields of the data types that they stand for; of the value
    /// itself (`is_whole`) that is no question, unless it may be unset.
    fn lacks_inside(&self, found: &Type, want: &Type, is_whole: bool) -> bool {
        match (found, want) {
            (Type::Secret(found), want) => self.lacks_inside(found, want, is_whole),
            (Type::Optional(found) | Type::Perhaps(found), want) => {
                self.lacks_inside(found, want, false)
            }
            (found, Type::Secret(want) | Type::Optional(want) | Type::Perhaps(want)) => {
                self.lacks_inside(found, want, is_whole)
            }
            (Type::List(found), Type::List(want)) | (Type::Map(found), Type::Map(want)) => {
                self.lacks_inside(found, want, false)
            }
            (Type::Record(fields), Type::Map(want)) => {
                fields.values().any(|found| self.lacks_inside(found, want, false))
            }
            (Type::Record(fields), Type::Record(want)) => fields.iter().any(|(name, found)| {
                want.get(name).is_some_and(|want| self.lacks_inside(found, want, false))
            }),
            (Type::Record(fields), Type::Data(name)) => {
                self.world.data_type(name).is_some_and(|data| match &data.alias {
                    Some(alias) => self.lacks_inside(found, alias, is_whole),
                    None => data.fields.iter().any(|(name, want)| match fields.get(name) {
                        Some(found) => {
                            (!is_whole && fits::may_lack(found))
                                || self.lacks_inside(found, &want.kind, false)
                        }
                        None => !is_whole,
                    }),
                })
            }
            _ => false,
        }
    }

    /// The data types that a value of this type is checked with.
    pub(super) fn data_types(&self, ty: &Type) -> DataTypes {
        let mut found = DataTypes::new();
        collect(self.world, ty, &mut found);
        found
    }
}

/// The data types that a value of this type is checked with.
pub(crate) fn data_types(world: &dyn World, ty: &Type) -> DataTypes {
    let mut found = DataTypes::new();
    collect(world, ty, &mut found);
    found
}

/// Whether a part of a value of this type is open data.
fn has_open_data(ty: &Type) -> bool {
    match ty {
        Type::Json => true,
        Type::Optional(of)
        | Type::Perhaps(of)
        | Type::Secret(of)
        | Type::List(of)
        | Type::Map(of) => has_open_data(of),
        Type::Union(members) => members.iter().any(has_open_data),
        Type::Record(fields) => fields.values().any(has_open_data),
        _ => false,
    }
}

fn contains_reference(value: &Value) -> bool {
    match value {
        Value::Reference(_) => true,
        Value::List(items) => items.iter().any(contains_reference),
        Value::Map(entries) => entries.values().any(contains_reference),
        _ => false,
    }
}

#[expect(clippy::cast_precision_loss, reason = "an int widens to the nearest float")]
fn widened(value: &Value, want: &Type) -> Option<Value> {
    match (value, want) {
        (value, Type::Optional(of) | Type::Secret(of)) => widened(value, of),
        (Value::Int(i), Type::Float) => Some(Value::Float(*i as f64)),
        _ => None,
    }
}

/// All data types that a type mentions, and those that they mention.
fn collect(world: &dyn World, ty: &Type, found: &mut DataTypes) {
    match ty {
        Type::Optional(of)
        | Type::Perhaps(of)
        | Type::Secret(of)
        | Type::List(of)
        | Type::Map(of) => {
            collect(world, of, found);
        }
        Type::Union(members) => members.iter().for_each(|of| collect(world, of, found)),
        Type::Record(fields) => fields.values().for_each(|of| collect(world, of, found)),
        Type::Data(name) if !found.contains_key(name) => {
            if let Some(data) = world.data_type(name) {
                found.insert(name.clone(), (*data).clone());
                data.alias.iter().for_each(|of| collect(world, of, found));
                data.fields.values().for_each(|field| collect(world, &field.kind, found));
            }
        }
        _ => {}
    }
}

/// Whether this is a name, or one of a module: something can be read of it as it stands.
pub(super) fn is_name(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Name(_) => true,
        ast::ExprKind::Field { of, .. } => is_name(of),
        _ => false,
    }
}
