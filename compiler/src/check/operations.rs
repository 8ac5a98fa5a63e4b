//! Interfaces and operations as types declare them: signatures, what is inherited, what a
//! refinement may change.
//!
//! What implements an operation is the matter of [`super::implementations`].

use std::collections::BTreeMap;

use std::sync::Arc;

use bp_plan::{Expr, Implementation, Phase, Type, Value};

use super::blocks::in_time;
use super::expr::{Parameter, Scope, check_expr, check_type_expr, check_wheres, fits, held};
use super::implementations;
use super::members::{Builder, Pass, as_data, null_by_default};
use super::program::{Program, TypeInfo};
use crate::diagnostics::{Diagnostic, names as says_names, operations as says};
use crate::resolve::TypeDeclaration;
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, EntryKind, ExprKind, TypeItemKind};

/// An operation: what it takes and gives, and whether something carries it out.
#[derive(Clone, Debug)]
pub(crate) struct OperationSignature {
    /// What it takes, by name, in the order of the source.
    pub(crate) parameters: Vec<Parameter>,
    /// What it gives; `None` where nothing is said, which reads as `json`.
    pub(crate) result: Option<Type>,
    /// Whether it has an implementation.
    pub(crate) implemented: bool,
    /// That implementation, once the types' bodies were checked.
    pub(crate) implementation: Option<Arc<Implementation>>,
    /// Where it was declared last.
    pub(crate) place: Place,
    /// Its `///` comment.
    pub(crate) documentation: String,
}

/// The members of an interface type: operations under their bare names.
pub(crate) fn interface(
    program: &Program<'_>,
    full: &str,
    declared: &TypeDeclaration,
    item: &ast::TypeItem,
    pass: Pass,
    out: &mut Vec<Diagnostic>,
) -> TypeInfo {
    let parent = declared.ancestors.first().and_then(|name| program.types.get(name));
    let mut info = TypeInfo::new(full, declared.place, false);
    info.operations = parent.map(|parent| parent.operations.clone()).unwrap_or_default();
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    for entry in &item.body.entries {
        let EntryKind::Operation(operation) = &entry.kind else {
            if pass == Pass::Signatures {
                let at = Place { file: declared.file, span: entry.span };
                let found = super::members::described(&entry.kind);
                out.push(says_names::not_here(at, found, "an interface type", "operations"));
            }
            continue;
        };
        let at = Place { file: declared.file, span: operation.path.span };
        let [name] = operation.path.segments.as_slice() else {
            if pass == Pass::Signatures {
                out.push(says::dotted_in_interface(at, &path(operation)));
            }
            continue;
        };
        if let Some(first) = seen.get(name.text.as_str()).copied() {
            if pass == Pass::Signatures {
                out.push(says_names::member_twice(at, &name.text, &item.name.text, first));
            }
            continue;
        }
        seen.insert(&name.text, at);
        if let (Pass::Signatures, Some(implementation)) = (pass, &operation.implementation) {
            let at = Place { file: declared.file, span: implementation.span };
            out.push(says::implemented_in_interface(at, &name.text));
        }
        let inherited = info.operations.get(name.text.as_str());
        let made = signature(program, declared.file, entry, operation, inherited, pass, out);
        info.operations.insert(name.text.to_string(), made);
    }
    info
}

/// `interface.operation`, as written.
pub(crate) fn path(operation: &ast::Operation) -> String {
    let segments: Vec<&str> = operation.path.segments.iter().map(|s| s.text.as_str()).collect();
    segments.join(".")
}

/// Whether `= null` switches the operation off.
pub(crate) fn is_off(operation: &ast::Operation) -> bool {
    operation
        .implementation
        .as_ref()
        .is_some_and(|e| matches!(&e.kind, ExprKind::Literal(Value::Null)))
}

/// The operations that a node gives or takes itself, and whether each has an implementation then.
pub(crate) fn of_node(node: &ast::Node) -> BTreeMap<String, bool> {
    node.body
        .entries
        .iter()
        .filter_map(|entry| match &entry.kind {
            EntryKind::Operation(operation) => Some((path(operation), !is_off(operation))),
            _ => None,
        })
        .collect()
}

/// An operation as its entry says, on top of what is inherited.
fn signature(
    program: &Program<'_>,
    file: FileId,
    entry: &ast::BodyEntry,
    operation: &ast::Operation,
    inherited: Option<&OperationSignature>,
    pass: Pass,
    out: &mut Vec<Diagnostic>,
) -> OperationSignature {
    let place = Place { file, span: operation.path.span };
    let mut silent = Vec::new();
    let typed = if pass == Pass::Signatures { &mut *out } else { &mut silent };
    let mut result = operation.result.as_ref().map(|ty| check_type_expr(program, file, ty, typed));
    if let (Pass::Bodies, Some(written)) = (pass, &operation.result) {
        let at = Place { file, span: written.span };
        let what = ("what an operation gives", "", false);
        result = result.map(|ty| as_data(program, what, at, ty, out));
    }
    let mut made = OperationSignature {
        parameters: Vec::new(),
        result,
        implemented: inherited.is_some_and(|old| old.implemented),
        implementation: inherited.and_then(|old| old.implementation.clone()),
        place,
        documentation: entry.documentation.to_string(),
    };
    match (&operation.parameters, inherited) {
        (Some(written), _) => {
            made.parameters = parameters(program, file, written, pass, out);
        }
        (None, Some(old)) => made.parameters.clone_from(&old.parameters),
        (None, None) => {}
    }
    if let Some(old) = inherited {
        if pass == Pass::Signatures {
            refines(program, file, operation, (old, &made), out);
        }
        if made.result.is_none() {
            made.result.clone_from(&old.result);
        }
        if made.documentation.is_empty() {
            made.documentation.clone_from(&old.documentation);
        }
    }
    made
}

/// What an operation takes.
fn parameters(
    program: &Program<'_>,
    file: FileId,
    written: &[ast::Member],
    pass: Pass,
    out: &mut Vec<Diagnostic>,
) -> Vec<Parameter> {
    let mut made: Vec<Parameter> = Vec::with_capacity(written.len());
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    for parameter in written {
        let name = parameter.name.text.as_str();
        let at = Place { file, span: parameter.name.span };
        let first = places.insert(name, at);
        if let Some(first) = first {
            if pass == Pass::Signatures {
                out.push(says::parameter_twice(at, name, first));
            }
            continue;
        }
        if pass == Pass::Signatures {
            let ty = check_type_expr(program, file, &parameter.ty, out);
            let default = parameter.default.as_ref().map(|_| Expr::Value(Value::Null));
            let default = default.or_else(|| null_by_default(parameter, &ty));
            let (name, constraints) = (name.to_owned(), Vec::new());
            made.push(Parameter { name, ty, default, constraints, place: at });
            continue;
        }
        let ty = check_type_expr(program, file, &parameter.ty, &mut Vec::new());
        let place = Place { file, span: parameter.ty.span };
        let ty = as_data(program, ("the parameter", name, false), place, ty, out);
        let scope = Scope::new(file);
        let constraining = scope.clone().constraining(&parameter.name.text);
        let constraints = check_wheres(program, &constraining, &ty, &parameter.wheres, out);
        let note = format!("`{name}` is declared here");
        let scope = scope.because(Some(at), note.clone());
        let default = parameter.default.as_ref().map(|default| {
            let typed = check_expr(program, &scope, default, Some(&ty), out);
            let place = Place { file, span: default.span };
            in_time(typed.phase, Phase::Compile, "a parameter's default", place, out);
            if let Some(value) = typed.expr.as_value() {
                held(&constraints, value, place, Some((at, note.clone())), out);
            }
            typed.expr
        });
        let default = default.or_else(|| null_by_default(parameter, &ty));
        made.push(Parameter { name: name.to_owned(), ty, default, constraints, place: at });
    }
    made
}

/// Where a parameter of the operation that is declared there stands; the operation where it is not written there.
pub(crate) fn parameter_place(program: &Program<'_>, declared: Place, name: &str) -> Place {
    let module = program.sources.modules.get(declared.file.0 as usize);
    let items = module.into_iter().flat_map(|module| &module.tree.items);
    let bodies = items.filter_map(|item| match &item.kind {
        ast::ItemKind::Type(of) => Some(&of.body),
        _ => None,
    });
    let mut operations = bodies.flat_map(|body| &body.entries).filter_map(|it| match &it.kind {
        ast::EntryKind::Operation(operation) => Some(operation),
        _ => None,
    });
    let operation = operations.find(|it| it.path.span == declared.span);
    let mut parameters = operation.into_iter().flat_map(|it| it.parameters.iter().flatten());
    let parameter = parameters.find(|parameter| parameter.name.text == name);
    parameter.map_or(declared, |it| Place { span: it.name.span, ..declared })
}

/// Whether whoever calls the old operation can call the new one in its place.
fn refines(
    program: &Program<'_>,
    file: FileId,
    operation: &ast::Operation,
    (old, new): (&OperationSignature, &OperationSignature),
    out: &mut Vec<Diagnostic>,
) {
    let name = path(operation);
    let mut tell = |span, why: String| {
        out.push(says::operation_widened(Place { file, span }, &name, &why, old.place));
    };
    if let Some(written) = &operation.parameters {
        for was in &old.parameters {
            let Some(is) = new.parameters.iter().find(|p| p.name == was.name) else {
                let why = format!("it no longer takes `{}`", was.name);
                tell(operation.path.span, why);
                continue;
            };
            let member = written.iter().find(|m| m.name.text == was.name);
            let span = member.map_or(operation.path.span, |member| member.ty.span);
            if !fits(program, &was.ty, &is.ty) {
                tell(span, format!("`{}` took `{}`, now `{}`", was.name, was.ty, is.ty));
            } else if was.default.is_some() && is.default.is_none() {
                tell(span, format!("`{}` could be left out", was.name));
            }
        }
        for is in &new.parameters {
            let is_new = !old.parameters.iter().any(|was| was.name == is.name);
            let may_miss = is.default.is_some() || matches!(is.ty, Type::Optional(_));
            if is_new && !may_miss && is.ty != Type::Unknown {
                let member = written.iter().find(|m| m.name.text == is.name);
                let span = member.map_or(operation.path.span, |member| member.name.span);
                tell(span, format!("`{}` is new and has no default", is.name));
            }
        }
    }
    if let (Some(was), Some(is), Some(written)) = (&old.result, &new.result, &operation.result)
        && !fits(program, is, was)
    {
        tell(written.span, format!("it gave `{was}`, now `{is}`"));
    }
}

impl Builder<'_, '_> {
    /// `implements I as name`.
    pub(super) fn implements(
        &mut self,
        info: &mut TypeInfo,
        interface: &ast::Path,
        alias: Option<&ast::Name>,
    ) {
        let mut silent = Vec::new();
        let out = match self.pass {
            Pass::Signatures => &mut *self.out,
            Pass::Bodies => &mut silent,
        };
        let file = self.declared.file;
        let full = self.program.names.expect_type(file, interface, TypeItemKind::Interface, out);
        let Some(full) = full else { return };
        let last = interface.segments.last().map_or("", |last| last.text.as_str());
        let (name, span) = match alias {
            Some(alias) => (alias.text.to_string(), alias.span),
            None => (crate::syntax::snake_case(last), interface.span),
        };
        if let Some(other) = info.interfaces.get(&name)
            && !self.program.names.is_subtype(&full, other)
        {
            if self.pass == Pass::Signatures {
                let place = self.place(span);
                self.out.push(says::interface_twice(place, &name, other, &full));
            }
            return;
        }
        let Some(declared) = self.program.types.get(&full) else { return };
        for (operation, signature) in &declared.operations {
            let key = format!("{name}.{operation}");
            let mut made = signature.clone();
            if let Some(old) = info.operations.get(&key) {
                made.implemented = old.implemented;
                made.implementation.clone_from(&old.implementation);
            }
            info.operations.insert(key, made);
        }
        info.interfaces.insert(name, full);
    }

    /// Whether the body has this operation already, which is told.
    pub(super) fn is_second(
        &mut self,
        seen: &mut BTreeMap<String, Place>,
        operation: &ast::Operation,
    ) -> bool {
        let place = self.place(operation.path.span);
        let Some(first) = seen.get(&path(operation)).copied() else {
            seen.insert(path(operation), place);
            return false;
        };
        if self.pass == Pass::Signatures {
            self.out.push(says::operation_twice(place, &path(operation), first));
        }
        true
    }

    /// `operation i.o(…) = …` of a type.
    pub(super) fn operation(
        &mut self,
        info: &mut TypeInfo,
        entry: &ast::BodyEntry,
        operation: &ast::Operation,
    ) {
        let mut silent = Vec::new();
        let out = match self.pass {
            Pass::Signatures => &mut *self.out,
            Pass::Bodies => &mut silent,
        };
        let file = self.declared.file;
        let Some((key, inherited)) = known(self.program, info, file, operation, out) else {
            return;
        };
        let declares = operation.parameters.is_some();
        let inherited = inherited.clone();
        let mut made = if declares {
            let old = Some(&inherited);
            signature(self.program, file, entry, operation, old, self.pass, self.out)
        } else {
            inherited
        };
        if operation.implementation.is_some() {
            made.implemented = !is_off(operation);
            made.implementation = None;
            if self.pass == Pass::Bodies && made.implemented {
                let scope = self.scope(info).with_self(self.this(), Phase::Compile);
                let found =
                    implementations::check(self.program, &scope, info, &made, operation, self.out);
                made.implementation = found.map(Arc::new);
            }
        } else if !declares && self.pass == Pass::Signatures {
            let at = self.place(operation.path.span);
            self.out.push(says::no_implementation(at, &key, made.place));
        }
        info.operations.insert(key, made);
    }
}

/// The operation of a type that a path names; reported where there is none.
pub(crate) fn known<'i>(
    program: &Program<'_>,
    info: &'i TypeInfo,
    file: FileId,
    operation: &ast::Operation,
    out: &mut Vec<Diagnostic>,
) -> Option<(String, &'i OperationSignature)> {
    let whole = Place { file, span: operation.path.span };
    if program.names.is_open(&info.full) && !info.operations.contains_key(&path(operation)) {
        return None;
    }
    let of = super::members::short(&info.full);
    let [interface, name] = operation.path.segments.as_slice() else {
        let known: Vec<&str> = info.operations.keys().map(String::as_str).collect();
        out.push(says::not_an_operation(whole, &path(operation), of, &known));
        return None;
    };
    if !info.interfaces.contains_key(interface.text.as_str()) {
        let at = Place { file, span: interface.span };
        let known: Vec<&str> = info.interfaces.keys().map(String::as_str).collect();
        out.push(says::unknown_interface(at, &interface.text, of, &known));
        return None;
    }
    let key = path(operation);
    let Some(found) = info.operations.get(&key) else {
        let at = Place { file, span: name.span };
        let prefix = format!("{}.", interface.text);
        let known: Vec<&str> =
            info.operations.keys().filter_map(|key| key.strip_prefix(&prefix)).collect();
        out.push(says::unknown_operation(at, &name.text, &interface.text, &known));
        return None;
    };
    let of = info.interfaces.get(interface.text.as_str());
    if let Some(notice) = of.and_then(|of| program.notices.member(program.names, of, &name.text)) {
        out.push(notice.told(Place { file, span: name.span }, &key));
    }
    Some((key, found))
}
