//! Names: locals, values of the file, and what people meant by names that there are not.

use std::collections::BTreeMap;

use bp_plan::{Expr, Phase, Type};

use super::{CLOSED, Checker, Declared, Local, Named, OPEN, Part, fits, narrow};
use crate::diagnostics::{composition, types as says};
pub(super) use crate::diagnostics::{near as nearest, of_module};
use crate::source::Span;
use crate::syntax::ast;

/// How many mistakes are told with what was perhaps meant.
const MAX_SUGGESTIONS: usize = 100;

impl Checker<'_> {
    pub(super) fn name(&mut self, name: &str, span: Span) -> Part {
        let part = match self.local(name, span) {
            Some(part) => part,
            None => self.declared(name, span),
        };
        self.narrowed_name(part, name)
    }

    /// What a local stands for.
    fn local(&mut self, name: &str, span: Span) -> Option<Part> {
        let at = self.scope.locals.iter().rposition(|local| local.name == name)?;
        let local = self.scope.locals.get(at)?.clone();
        Some(self.use_local(local, at, span))
    }

    fn use_local(&mut self, local: Local, at: usize, span: Span) -> Part {
        let open = match &local.expr {
            Expr::Value(_) => {
                if !self.take(&local.ty, &local.expr, span) {
                    return Part::broken();
                }
                CLOSED
            }
            Expr::Local(_) => at + 1,
            Expr::This | Expr::Source | Expr::Target => OPEN,
            other => {
                if !self.spend(other, span) {
                    return Part::broken();
                }
                OPEN
            }
        };
        if local.ty == Type::Unknown {
            return Part::broken();
        }
        Part::new(local.ty, local.expr, local.phase, open)
    }

    /// The element of the splat around.
    pub(super) fn element(&mut self) -> Part {
        self.local("*", Span::default()).unwrap_or_else(Part::broken)
    }

    fn declared(&mut self, name: &str, span: Span) -> Part {
        match name {
            "deployment" => return deployment(),
            "self" | "source" | "target" => {
                self.report(says::no_self(self.place(span), name));
                return Part::broken();
            }
            _ => {}
        }
        if self.scope.constrained.as_ref().is_some_and(|constrained| constrained == name) {
            // What is secret is tested as what it is, and told as a secret.
            let this = self.scope.local("self");
            let is_told = this.is_some_and(|this| fits::has_secret(&this.ty));
            let at = self.place(span);
            self.report(if is_told {
                says::secret_message(at)
            } else {
                says::constrained_by_name(at, name)
            });
            return Part::broken();
        }
        if let Some(found) = self.world.value(self.scope.file(), name) {
            self.notice_value(name, span);
            return self.found(found, name, span);
        }
        self.unknown_name(name, span);
        Part::broken()
    }

    fn notice_value(&mut self, path: &str, span: Span) {
        if let Some(notice) = self.world.value_notice(self.scope.file(), path) {
            self.report(notice.told(self.place(span), path));
        }
    }

    fn found(&mut self, found: Declared, name: &str, span: Span) -> Part {
        let error = match found {
            Declared::Value(named) => {
                let is_taken = self.take(&named.ty, &named.expr, span);
                return if is_taken { from_named(named) } else { Part::broken() };
            }
            Declared::Module => says::no_value(self.place(span), name, "module"),
            Declared::NoValue(what) => says::no_value(self.place(span), name, what),
            Declared::Inside(what) => {
                let (module, short) = name.split_once('.').unwrap_or((name, name));
                let at = self.place(span);
                let declared = self.world.value_place(self.scope.file(), name).unwrap_or(at);
                self.report(composition::inside(at, short, what, module, declared));
                return Part::broken();
            }
        };
        let error = match self.world.value_place(self.scope.file(), name) {
            Some(place) => error.related(place, format!("`{name}` is declared here")),
            None => error,
        };
        self.report(error);
        Part::broken()
    }

    /// `module.name`, where the first is the name of a module.
    pub(super) fn of_module(&mut self, of: &ast::Expr, name: &ast::Name) -> Option<Part> {
        let ast::ExprKind::Name(module) = &of.kind else { return None };
        if self.scope.local(module).is_some() {
            return None;
        }
        let file = self.scope.file();
        if !self.world.is_module(file, module) {
            return None;
        }
        let path = format!("{module}.{}", name.text);
        if let Some(found) = self.world.value(file, &path) {
            self.notice_value(&path, name.span);
            return Some(self.found(found, &path, name.span));
        }
        if let Some(ty) = self.world.named_type(file, &path) {
            self.report(says::type_as_value(self.place(name.span), &path, &ty));
            return Some(Part::broken());
        }
        if self.world.function(file, &path).is_some() {
            self.report(says::function_as_value(self.place(name.span), &path));
            return Some(Part::broken());
        }
        let names = self.world.value_names(file);
        let of_module = names.iter().filter(|known| !self.is_inside(known)).filter_map(|known| {
            known.strip_prefix(module.as_str()).and_then(|known| known.strip_prefix('.'))
        });
        let near = nearest(&name.text, of_module);
        self.report(says::unknown_in_module(self.place(name.span), &name.text, module, near));
        Some(Part::broken())
    }

    /// Whether it is a name of a blueprint that is used, which nobody else reads.
    fn is_inside(&self, path: &str) -> bool {
        path.contains('.')
            && matches!(self.world.value(self.scope.file(), path), Some(Declared::Inside(_)))
    }

    /// The one error for a name that nothing has, with what was perhaps meant.
    fn unknown_name(&mut self, name: &str, span: Span) {
        let at = self.place(span);
        let file = self.scope.file();
        if let Some(this) = self.scope.local("self") {
            let known = self.world.member(&this.ty, name, &Expr::This).is_some()
                || matches!(&this.ty, Type::Record(fields) if fields.contains_key(name))
                || matches!(&this.ty, Type::Data(data) if self.world.data_type(data)
                    .is_some_and(|data| data.fields.contains_key(name)));
            if known {
                self.report(says::own_member(at, name));
                return;
            }
        }
        if is_function(name) || self.world.function(file, name).is_some() {
            self.report(says::function_as_value(at, name));
            return;
        }
        if name.starts_with(char::is_uppercase)
            && let Some(ty) = self.world.named_type(file, name)
        {
            self.report(says::type_as_value(at, name, &ty));
            return;
        }
        let mut names: Vec<String> = Vec::new();
        // `True` is meant as `true`; a small letter more or less is another name.
        let words = ["true", "false", "null"].into_iter();
        names.extend(words.filter(|word| word.eq_ignore_ascii_case(name)).map(str::to_owned));
        if self.suggests() {
            let locals = self.scope.locals.iter().map(|local| local.name.clone());
            names.extend(locals.chain(self.world.value_names(file)).filter(|known| known != "*"));
            names.retain(|known| !self.is_inside(known));
        }
        let near = match name {
            "this" if self.scope.local("self").is_some() => Some("self"),
            name => {
                let known = || names.iter().map(String::as_str);
                of_module(name, known()).or_else(|| nearest(name, known()))
            }
        };
        let place = near.and_then(|near| self.world.value_place(file, near));
        self.report(says::unknown_name(at, name, near, place));
    }

    /// What else may be meant by a name that was told since, where a value of this type is wanted: one of
    /// its texts, without quotes. No `null` is meant where none may stand.
    pub(super) fn meant(&mut self, expr: &ast::Expr, want: &Type, before: usize) {
        let ast::ExprKind::Name(name) = &expr.kind else { return };
        let takes_null = fits::fits(self.world, &Type::Null, want);
        let Some(told) = self.out.get_mut(before).filter(|told| told.code == "E3001") else {
            return;
        };
        if let Some(ours) = truth_of(name).filter(|_| fits::fits(self.world, &Type::Bool, want)) {
            *told = says::unknown_name(told.place, name, Some(ours), None);
        } else if is_text_of(name, want) {
            *told = says::unquoted(told.place, name);
        } else if !takes_null && says::is_meant_as_null(told) {
            *told = says::no_null_here(told.place, name);
        }
    }

    /// Whether names are looked for that were perhaps meant: not for the hundredth mistake, since
    /// each goes through all names there are.
    pub(super) fn suggests(&self) -> bool {
        self.out.len() < MAX_SUGGESTIONS
    }

    /// Reports a local whose name something visible has already; the name is bound all the same.
    pub(super) fn new_local(&mut self, name: &ast::Name) {
        let at = self.place(name.span);
        if name.text == "deployment" || self.scope.local(&name.text).is_some() {
            self.report(says::local_repeats(at, &name.text, None));
        } else if self.world.value(self.scope.file(), &name.text).is_some() {
            let place = self.world.value_place(self.scope.file(), &name.text);
            self.report(says::local_repeats(at, &name.text, place));
        }
    }

    fn narrowed_name(&self, part: Part, name: &str) -> Part {
        if self.scope.settled.iter().any(|path| path == name) { settled(part) } else { part }
    }

    /// The part without its `?`, where a test around shows that it is set.
    pub(super) fn narrowed(&self, part: Part, expr: &ast::Expr) -> Part {
        if self.scope.settled.is_empty() || !matches!(part.ty, Type::Optional(_)) {
            return part;
        }
        match narrow::path(expr) {
            Some(path) if self.scope.settled.contains(&path) => settled(part),
            _ => part,
        }
    }
}

/// What YAML says so.
fn truth_of(name: &str) -> Option<&'static str> {
    match name {
        "yes" | "on" => Some("true"),
        "no" | "off" => Some("false"),
        _ => None,
    }
}

/// Whether the type lists this text.
fn is_text_of(name: &str, want: &Type) -> bool {
    match want {
        Type::Literal(text) => text == name,
        Type::Union(members) => members.iter().any(|one| is_text_of(name, one)),
        Type::Optional(of) | Type::Secret(of) => is_text_of(name, of),
        _ => false,
    }
}

fn settled(mut part: Part) -> Part {
    if let Type::Optional(of) = part.ty {
        part.ty = *of;
    }
    part
}

fn from_named(named: Named) -> Part {
    if named.ty == Type::Unknown {
        return Part::broken();
    }
    let open = if named.expr.as_value().is_some() { CLOSED } else { OPEN };
    let ty = match named.ty {
        ty @ Type::Secret(_) => fits::secret(ty),
        ty => ty,
    };
    Part::new(ty, named.expr, named.phase, open)
}

/// `deployment`: what the runtime tells of the deployment itself.
fn deployment() -> Part {
    Part::new(deployment_type(), Expr::Deployment, Phase::Deploy, OPEN)
}

/// What is told of a deployment.
pub(crate) fn deployment_type() -> Type {
    let text = |name: &str| (name.to_owned(), Type::String);
    let mut fields = BTreeMap::from([text("id"), text("name"), text("tenant")]);
    fields.insert("labels".to_owned(), Type::Map(Box::new(Type::String)));
    Type::Record(fields)
}

/// Whether there is a built-in function of this name.
pub(crate) fn is_function(name: &str) -> bool {
    super::files::NAMES.contains(&name)
        || bp_eval::functions::NAMES.contains_key(name)
        || bp_eval::functions::BINDERS.contains(&name)
}
