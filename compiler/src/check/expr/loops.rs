//! Comprehensions and the functions that bind a name over a collection.

use bp_plan::{Binder, Dimension, Entry, Expr, Item, Quantity, Type, Value};

use super::access::closed_from;
use super::{Checker, Local, Part, fits};
use crate::diagnostics::types as says;
use crate::source::Span;
use crate::syntax::ast;

/// What goes on inside a loop: what it goes through, and its filter.
struct Turn {
    over: Part,
    filter: Option<Part>,
    element: Type,
    base: usize,
}

impl Turn {
    fn is_secret(&self) -> bool {
        fits::has_secret(&self.over.ty)
            || self.filter.as_ref().is_some_and(|filter| fits::has_secret(&filter.ty))
    }

    /// The loop as an expression, with the phase and openness of all its parts.
    fn expr(
        self,
        function: &str,
        names: &[ast::Name],
        key: Option<Part>,
        body: Option<Part>,
        ty: Type,
    ) -> Part {
        let is_secret = self.is_secret();
        let mut phase = self.over.phase;
        let mut open = self.over.open;
        for part in self.filter.iter().chain(&key).chain(&body) {
            phase = phase.max(part.phase);
            open = open.min(closed_from(part.open, self.base));
        }
        let binder = Binder {
            function: function.to_owned(),
            names: names.iter().map(|name| name.text.to_string()).collect(),
            over: self.over.expr,
            filter: self.filter.map(|part| part.expr),
            key: key.map(|part| part.expr),
            body: body.map(|part| part.expr),
        };
        let ty = if is_secret { fits::secret(ty) } else { ty };
        Part::new(ty, Expr::Binder(Box::new(binder)), phase, open)
    }
}

/// What a loop binds.
pub(super) struct Bound {
    pub(super) over: Part,
    pub(super) key: Type,
    pub(super) element: Type,
    pub(super) locals: Vec<Local>,
}

impl Checker<'_> {
    /// What a loop goes through, and what its names stand for.
    pub(super) fn bind(&mut self, names: &[ast::Name], over: &ast::Expr) -> Bound {
        let found = self.collection(over);
        let (over, key, element) = match found {
            Some(found) => found,
            // What is inside is checked all the same, for mistakes of its own.
            None => (Part::broken(), Type::Unknown, Type::Unknown),
        };
        let types = if names.len() > 1 {
            vec![key.clone(), element.clone()]
        } else {
            vec![element.clone()]
        };
        let origin = self.origin(&over.expr, &element).element();
        let mut locals: Vec<Local> = Vec::new();
        for (name, ty) in names.iter().zip(types) {
            if locals.iter().any(|local| local.name == name.text) {
                self.report(says::local_repeats(self.place(name.span), &name.text, None));
            } else {
                self.new_local(name);
            }
            // Where there are two names, the first is of keys.
            let is_element = ty == element;
            locals.push(if is_element {
                Local::element(name.text.as_str(), ty, over.phase, origin.clone())
            } else {
                Local::variable(name.text.as_str(), ty, over.phase)
            });
        }
        Bound { over, key, element, locals }
    }

    /// Checks the parts inside of a loop: `inside` runs with the names bound and the filter known.
    /// `None` where something was wrong.
    fn turn<T>(
        &mut self,
        names: &[ast::Name],
        over: &ast::Expr,
        filter: Option<&ast::Expr>,
        inside: impl FnOnce(&mut Self, &Type) -> T,
    ) -> Option<(Turn, T)> {
        let Bound { over: part, element, locals, .. } = self.bind(names, over);
        let base = self.scope.locals.len();
        let (checked, result) = self.within(locals, |c| {
            c.perhaps(false, |c| match filter {
                Some(filter) => {
                    let checked = c.because(None, |c| c.filter(filter));
                    (Some(checked), c.given(filter, true, |c| inside(c, &element)))
                }
                None => (None, inside(c, &element)),
            })
        });
        let broken = part.is_broken() || checked.as_ref().is_some_and(Part::is_broken);
        (!broken).then_some((Turn { over: part, filter: checked, element, base }, result))
    }

    pub(super) fn list_for(
        &mut self,
        body: &ast::Expr,
        each: &ast::Each,
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        let wanted = hint.and_then(|hint| self.element_hint(hint));
        let found =
            self.turn(&each.names, &each.over, each.filter.as_ref(), |c, _| match &wanted {
                Some(of) => c.check(body, of),
                None => c.infer(body, None),
            });
        let Some((turn, body)) = found else { return Part::broken() };
        if body.is_broken() {
            return Part::broken();
        }
        let of = made(wanted, &body);
        let ty = Type::List(Box::new(of));
        let part = turn.expr("list", &each.names, None, Some(body), ty);
        self.settle(part, span)
    }

    pub(super) fn record_for(
        &mut self,
        key: &ast::Expr,
        value: &ast::Expr,
        each: &ast::Each,
        hint: Option<&Type>,
        span: Span,
    ) -> Part {
        let wanted = hint.and_then(|hint| self.value_hint(hint));
        let found = self.turn(&each.names, &each.over, each.filter.as_ref(), |c, _| {
            let key = c.made_key(key);
            let value = match &wanted {
                Some(of) => c.check(value, of),
                None => c.infer(value, None),
            };
            (key, value)
        });
        let Some((turn, (key, value))) = found else { return Part::broken() };
        if key.is_broken() || value.is_broken() {
            return Part::broken();
        }
        let of = made(wanted, &value);
        let ty = Type::Map(Box::new(of));
        let part = turn.expr("map", &each.names, Some(key), Some(value), ty);
        self.settle(part, span)
    }

    /// What the values of a map are to become.
    fn value_hint(&self, hint: &Type) -> Option<Type> {
        match fits::plain(self.world, hint) {
            Type::Optional(of) => self.value_hint(&of),
            Type::Secret(of) => self.value_hint(&of).map(fits::secret),
            Type::Map(of) => Some(*of),
            Type::Json => Some(Type::Json),
            _ => None,
        }
    }

    /// A key that an expression makes.
    pub(super) fn made_key(&mut self, key: &ast::Expr) -> Part {
        let part = self.infer(key, None);
        if part.is_broken() {
            return part;
        }
        let at = self.place(key.span);
        if fits::has_secret(&part.ty) {
            self.report(says::secret_decides(at, "a key"));
        } else if matches!(part.ty, Type::Optional(_) | Type::Null) {
            self.report(says::unsettled(at, &part.ty, "as a key"));
        } else if !self.is_key_part(&part) {
            let map = Type::Map(Box::new(Type::Unknown));
            self.report(says::bad_key(at, "a string or a whole number", &part.ty, &map));
        } else {
            return part;
        }
        Part::broken()
    }

    pub(super) fn binder(
        &mut self,
        function: &ast::Name,
        names: &[ast::Name],
        over: &ast::Expr,
        body: Option<&ast::Expr>,
        span: Span,
    ) -> Part {
        let name = function.text.as_str();
        let found = self.turn(names, over, None, |c, _| {
            body.map(|body| match name {
                "all" | "any" | "count" => c.truth(body),
                "group_by" => c.made_key(body),
                _ => c.infer(body, None),
            })
        });
        if !bp_eval::functions::BINDERS.contains(&name) {
            self.report(says::no_binder(self.place(function.span), name));
            return Part::broken();
        }
        let Some((turn, body_part)) = found else { return Part::broken() };
        if body_part.as_ref().is_some_and(Part::is_broken) {
            return Part::broken();
        }
        let needs_body = matches!(name, "all" | "any" | "group_by" | "unique_by");
        let Some(ty) = self.binder_type(name, &turn.element, body_part.as_ref()) else {
            let of = body_part.as_ref().map_or(&turn.element, |part| &part.ty).clone();
            let at = self.place(body.map_or(over.span, |body| body.span));
            let error = if needs_body && body.is_none() {
                says::binder_body(self.place(span), name)
            } else if matches!(of, Type::Optional(_)) {
                says::unsettled(at, &of, &format!("in `{name}`"))
            } else {
                says::binder_of(at, name, &of)
            };
            self.report(error);
            return Part::broken();
        };
        let is_secret = body_part.as_ref().is_some_and(|part| fits::has_secret(&part.ty));
        let ty = if is_secret { fits::secret(fits::bare(ty)) } else { ty };
        let part = match zero(name, &ty) {
            Some(zero) => {
                let list = turn.expr("list", names, None, body_part, ty);
                Part { expr: sum_from(zero, list.expr), ..list }
            }
            None => turn.expr(name, names, None, body_part, ty),
        };
        self.settle(part, span)
    }

    /// What a binder gives; nothing where it does not go with this.
    fn binder_type(&self, name: &str, element: &Type, body: Option<&Part>) -> Option<Type> {
        let own = body.map_or(element, |part| &part.ty);
        let plain = fits::bare(own.clone());
        match name {
            "all" | "any" => body.map(|_| Type::Bool),
            "count" => Some(Type::Int),
            "sum" => self.summed(&plain),
            "min" | "max" => self.is_ordered(&plain).then(|| own.clone()),
            "sort" => self.is_ordered(&plain).then(|| Type::List(Box::new(element.clone()))),
            "unique_by" => body.map(|_| Type::List(Box::new(element.clone()))),
            "group_by" => body.map(|_| Type::Map(Box::new(Type::List(Box::new(element.clone()))))),
            _ => None,
        }
    }
}

/// What a loop makes: what is wanted of it, without a secret where none has come in.
fn made(wanted: Option<Type>, part: &Part) -> Type {
    match wanted {
        Some(of) if fits::has_secret(&part.ty) => of,
        Some(of) => fits::bare(of),
        None => part.ty.clone(),
    }
}

/// Nothing at all of a quantity, for the sums of which `0` would be of another type.
pub(super) fn zero(function: &str, ty: &Type) -> Option<Value> {
    match ty {
        Type::Secret(of) => zero(function, of),
        Type::Quantity(of) if function == "sum" => Some(no_quantity(*of)),
        _ => None,
    }
}

fn no_quantity(of: Dimension) -> Value {
    Value::Quantity(Quantity::new(of, 0))
}

/// `sum([zero, ...list])`.
pub(super) fn sum_from(zero: Value, list: Expr) -> Expr {
    let items = vec![Item::One(Expr::Value(zero)), Item::Spread(list)];
    Expr::Call { function: "sum".to_owned(), arguments: vec![Expr::List(items)] }
}

/// The body of a function with its arguments bound: `[body for () in [{ … }]][0]`.
pub(super) fn applied(arguments: Vec<Entry>, body: Expr) -> Expr {
    let over = Expr::List(vec![Item::One(Expr::Record(arguments))]);
    let binder = Binder {
        function: "list".to_owned(),
        names: vec![super::functions::ARGUMENTS.to_owned()],
        over,
        filter: None,
        key: None,
        body: Some(body),
    };
    let of = Box::new(Expr::Binder(Box::new(binder)));
    Expr::Index { of, key: Box::new(Expr::Value(Value::Int(0))), safe: false }
}
