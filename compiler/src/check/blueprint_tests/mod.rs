//! The tests that a blueprint brings along: what they give, what they assert, what they expect to be
//! refused. They are no part of a plan.
//!
//! It must not run them: that is `testing`, with what bp-topology makes of the plan.

mod inventory;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_plan::{BinaryOp, Expr, Phase, Type, UnaryOp, Value};
use bp_topology::Inventory;

use super::Checked;
use super::blocks::in_time;
use super::expr::{Local, Scope, World as _, check_claim, check_expr, check_local, data_types};
use super::program::Program;
use crate::diagnostics::{
    Diagnostic, names as says_names, testing as says, topology as says_topology,
    types as says_types,
};
use crate::source::{Place, Span};
use crate::syntax::ast::{self, EntryKind, ExprKind, ItemKind, RecordEntry, ValueKeyword};
use crate::syntax::walk;

pub(crate) use inventory::{Stands, form_place, from_file};

/// What stands in a test, for those who wrote something else.
const ALLOWED: &str = "`inputs`, `inventory`, `secrets`, `let`, `assert` and `assert_fails`";

/// A test of a blueprint.
#[derive(Clone, Debug)]
pub struct BlueprintTest {
    /// What it says.
    pub(crate) name: String,
    /// Where that stands.
    pub(crate) place: Place,
    /// The inputs that it gives.
    pub(crate) inputs: BTreeMap<String, Expr>,
    /// The values of secrets that it gives.
    pub(crate) secrets: BTreeMap<String, Expr>,
    /// What there is to choose from.
    pub(crate) inventory: Option<Arc<Inventory>>,
    /// Why that can't be read; then the test fails, and nothing else does.
    pub(crate) unread: Vec<Diagnostic>,
    /// What must hold, in order.
    pub(crate) assertions: Vec<Assertion>,
    /// The code that it must be refused with.
    pub(crate) refused: Option<(String, Place)>,
}

/// `assert e else "…"`.
#[derive(Clone, Debug)]
pub(crate) struct Assertion {
    pub(crate) predicate: Expr,
    pub(crate) message: Option<Expr>,
    pub(crate) shape: Shape,
}

/// How a predicate is written, so that what it is made of can be shown with its values.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) place: Place,
    pub(crate) parts: Parts,
    /// The part by itself, for where the whole was folded; nothing where it reads what a loop goes through.
    pub(crate) expr: Option<Expr>,
}

/// See [`Shape`].
#[derive(Clone, Debug)]
pub(crate) enum Parts {
    /// `a and b`.
    Both(Box<(Shape, Shape)>),
    /// `a == b` and its like.
    Compared(Box<[Side; 2]>),
    /// `a or b`, `not a`: what is compared in it, which stands for itself.
    Mixed(Vec<Side>),
    /// `all(n in xs, p)` and its like: what is asked of each.
    Each(Box<Shape>),
    /// Everything else.
    Whole,
}

/// A side of what is compared.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) place: Place,
    /// It is a literal: what it is, is written there.
    pub(crate) says_itself: bool,
    /// See [`Shape::expr`].
    pub(crate) expr: Option<Expr>,
}

impl BlueprintTest {
    /// What it says.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where that stands.
    pub fn place(&self) -> Place {
        self.place
    }
}

/// Checks the tests of the root.
pub(crate) fn check(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) -> Vec<BlueprintTest> {
    let Some(module) = checked.program.blueprint() else { return Vec::new() };
    let items = module.tree.items.iter();
    let tests: Vec<&ast::Test> = items
        .filter_map(|item| match &item.kind {
            ItemKind::Test(test) => Some(test),
            _ => None,
        })
        .collect();
    if tests.is_empty() {
        return Vec::new();
    }
    let selected = checked.selections.values().map(|selection| selection.kind.as_str());
    let ahead = checked.program.ahead(&selected.collect::<Vec<_>>());
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    let mut found = Vec::new();
    for test in tests {
        let at = Place { file: checked.program.file, span: test.name.span };
        if let Some(first) = first.get(test.name.text.as_str()) {
            out.push(says_names::twice(at, &test.name.text, *first));
        }
        first.entry(&test.name.text).or_insert(at);
        let scope = Scope::new(checked.program.file);
        let mut entries = test.body.entries.iter();
        let is_refused = entries.any(|entry| matches!(entry.kind, EntryKind::AssertFails(_)));
        let mut one = Checker { checked, ahead: &ahead, scope, is_refused, out };
        found.push(one.test(test, at));
    }
    found
}

struct Checker<'c, 's> {
    checked: &'c Checked<'s>,
    /// The program as a test sees it.
    ahead: &'c Program<'s>,
    scope: Scope,
    /// The test says that the blueprint is refused.
    is_refused: bool,
    out: &'c mut Vec<Diagnostic>,
}

impl Checker<'_, '_> {
    fn test(&mut self, test: &ast::Test, named: Place) -> BlueprintTest {
        let mut made = BlueprintTest {
            name: test.name.text.to_string(),
            place: named,
            inputs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            inventory: None,
            unread: Vec::new(),
            assertions: Vec::new(),
            refused: None,
        };
        let before = self.out.len();
        let mut set: BTreeMap<&str, Place> = BTreeMap::new();
        let mut asserted: Vec<Place> = Vec::new();
        for entry in &test.body.entries {
            let at = self.place(entry.span);
            match &entry.kind {
                EntryKind::Assign { key, value } => {
                    let at = self.place(key.span);
                    if let Some(first) = set.get(key.text.as_str()) {
                        self.out.push(says_topology::set_twice(at, &key.text, *first));
                        continue;
                    }
                    set.insert(&key.text, at);
                    self.given(&mut made, key, value);
                }
                EntryKind::Let { name, value } => self.local(name, value),
                EntryKind::Assert(one) => {
                    asserted.push(at);
                    made.assertions.extend(self.assertion(one));
                }
                EntryKind::AssertFails(code) => self.refusal(&mut made, code),
                _ => self.out.push(says_names::not_here(at, "this", "a test", ALLOWED)),
            }
        }
        if let Some((_, first)) = &made.refused {
            if let Some(at) = asserted.first() {
                self.out.push(says::refused_and_more(*at, *first));
            }
        } else {
            self.missing(&made, named);
            if asserted.is_empty() && self.out.len() == before {
                self.out.push(says::asserts_nothing(named));
            }
        }
        made
    }

    fn place(&self, span: Span) -> Place {
        Place { file: self.checked.program.file, span }
    }

    /// `inputs = …`, `secrets = …`, `inventory = …`.
    fn given(&mut self, made: &mut BlueprintTest, key: &ast::Name, value: &ast::Expr) {
        match key.text.as_str() {
            "inputs" => made.inputs = self.values(value, true),
            "secrets" => made.secrets = self.values(value, false),
            "inventory" => match inventory::check(self.ahead, value, self.out) {
                Ok(inventory) => made.inventory = inventory,
                Err(unread) => self.unread(made, unread),
            },
            other => {
                let known = ["inputs", "inventory", "secrets"];
                let at = self.place(key.span);
                self.out.push(says_names::unknown_field(at, other, "a test", &known));
            }
        }
    }

    /// A test whose inventory can't be read. Several may name the same file: that is told once.
    fn unread(&mut self, made: &mut BlueprintTest, unread: Vec<Diagnostic>) {
        for one in &unread {
            let told = says::unread_inventory(one.place, &one.message);
            if !self
                .out
                .iter()
                .any(|other| (other.code, &other.message) == (told.code, &told.message))
            {
                self.out.push(told);
            }
        }
        made.unread = unread;
    }

    /// The values of inputs or secrets, each of the type that is declared.
    fn values(&mut self, value: &ast::Expr, are_inputs: bool) -> BTreeMap<String, Expr> {
        let mut values = BTreeMap::new();
        let entries = match &value.kind {
            ExprKind::Paren(of) => return self.values(of, are_inputs),
            ExprKind::Record(entries) => entries,
            _ => {
                self.spread(value, are_inputs, &mut values);
                return values;
            }
        };
        let mut set: BTreeMap<&str, Place> = BTreeMap::new();
        for entry in entries {
            let (key, value) = match entry {
                RecordEntry::One { key, value } => (key, value),
                RecordEntry::Spread(value) => {
                    self.spread(value, are_inputs, &mut values);
                    continue;
                }
            };
            let at = self.place(key.span);
            if let Some(first) = set.insert(&key.text, at) {
                self.out.push(says_topology::set_twice(at, &key.text, first));
                continue;
            }
            let Some((kind, declared)) = self.declared(&key.text, at, are_inputs) else {
                check_expr(self.ahead, &self.scope, value, None, self.out);
                continue;
            };
            let note = format!("`{}` is declared here", key.text);
            let scope = self.scope.clone().because(declared, note);
            let before = self.out.len();
            let mut typed = check_expr(self.ahead, &scope, value, Some(&kind), self.out);
            let told = self.out.get(before..).unwrap_or_default();
            if self.is_refused && !told.is_empty() && told.iter().all(says_types::is_broken) {
                // That it is not allowed is what the test is about: it is given as it is written.
                self.out.truncate(before);
                typed = check_expr(self.ahead, &self.scope, value, None, self.out);
            }
            let what = if are_inputs { "a test's input" } else { "a test's secret" };
            in_time(typed.phase, Phase::Deploy, what, self.place(value.span), self.out);
            values.insert(key.text.to_string(), typed.expr);
        }
        values
    }

    /// `...base`: a record that is known when compiling.
    fn spread(&mut self, value: &ast::Expr, are_inputs: bool, values: &mut BTreeMap<String, Expr>) {
        let at = self.place(value.span);
        let typed = check_expr(self.ahead, &self.scope, value, None, self.out);
        if typed.ty == Type::Unknown {
            return;
        }
        let Some(Value::Map(entries)) = typed.expr.as_value() else {
            let what = if are_inputs {
                "what a test spreads into its inputs"
            } else {
                "what a test spreads into its secrets"
            };
            let error = match typed.phase {
                Phase::Compile => {
                    says_types::misfit(at, &Type::Map(Box::new(Type::Json)), &typed.ty, &value.kind)
                }
                phase => says_topology::too_late(
                    at,
                    what,
                    "when compiling",
                    super::members::words(phase),
                ),
            };
            self.out.push(error);
            return;
        };
        for (name, value) in entries {
            let Some((kind, declared)) = self.declared(name, at, are_inputs) else { continue };
            let declarations = data_types(self.ahead, &kind);
            match bp_eval::conform(value.clone(), &kind, &declarations) {
                Ok(value) => drop(values.insert(name.clone(), Expr::Value(value))),
                Err(_) if self.is_refused => {
                    drop(values.insert(name.clone(), Expr::Value(value.clone())));
                }
                Err(error) => {
                    let because = declared.map(|at| (at, format!("`{name}` is declared here")));
                    let message = format!("`{name}`: {error}");
                    self.out.push(says_types::constraint_broken(at, &message, None, because));
                }
            }
        }
    }

    /// The type of an input or a secret, and where it is declared.
    fn declared(&mut self, name: &str, at: Place, is_input: bool) -> Option<(Type, Option<Place>)> {
        let (inputs, secrets) = (&self.checked.inputs, &self.checked.secrets);
        let kind = if is_input {
            inputs.get(name).map(|input| &input.kind)
        } else {
            secrets.get(name).map(|secret| &secret.kind)
        };
        if let Some(kind) = kind {
            return Some((kind.clone(), self.ahead.value_place(self.checked.program.file, name)));
        }
        let blueprint = self.checked.blueprint.as_ref().map_or("", |head| head.name.as_str());
        self.out.push(if is_input && secrets.contains_key(name) {
            says::in_the_other(at, name, true)
        } else if !is_input && inputs.contains_key(name) {
            says::in_the_other(at, name, false)
        } else if is_input {
            let known: Vec<&str> = inputs.keys().map(String::as_str).collect();
            says::unknown_input(at, name, blueprint, &known)
        } else {
            let known: Vec<&str> = secrets.keys().map(String::as_str).collect();
            says::unknown_secret(at, name, blueprint, &known)
        });
        None
    }

    /// Inputs that must be given and are not. A name that was misspelt was told.
    fn missing(&mut self, made: &BlueprintTest, at: Place) {
        let told = self.out.iter().rev().take(4).any(|d| d.code == "E7071");
        for (name, input) in &self.checked.inputs {
            let is_open = input.default.is_none()
                && !matches!(input.kind, Type::Optional(_) | Type::Unknown)
                && !made.inputs.contains_key(name);
            // A default with a mistake is one all the same.
            if is_open && !told && !self.has_default(name) {
                let declared = self.ahead.value_place(self.checked.program.file, name);
                let ty = input.kind.to_string();
                self.out.push(says::missing_input(at, name, &ty, declared));
            }
        }
    }

    fn has_default(&self, input: &str) -> bool {
        let module = self.checked.program.blueprint();
        module.into_iter().flat_map(|module| &module.tree.items).any(|item| {
            matches!(&item.kind, ItemKind::Value(value)
                if value.keyword == ValueKeyword::Input
                    && value.name.text == input
                    && value.default.is_some())
        })
    }

    fn local(&mut self, name: &ast::Name, value: &ast::Expr) {
        check_local(self.ahead, &self.scope, name, self.out);
        let typed = check_expr(self.ahead, &self.scope, value, None, self.out);
        let scope = std::mem::take(&mut self.scope);
        self.scope = scope.with(Local::alias(name.text.as_str(), typed));
    }

    fn assertion(&mut self, one: &ast::Where) -> Option<Assertion> {
        let before = self.out.len();
        let predicate = check_claim(self.ahead, &self.scope, &one.predicate, self.out);
        let message = one.message.as_ref().map(|message| {
            check_expr(self.ahead, &self.scope, message, Some(&Type::String), self.out)
        });
        if self.out.len() > before {
            return None;
        }
        for (phase, of) in [(predicate.phase, Some(&one.predicate))]
            .into_iter()
            .chain(message.iter().map(|message| (message.phase, one.message.as_ref())))
        {
            if let Some(of) = of.filter(|_| phase > Phase::Deploy) {
                let (at, name) = self.too_late(of);
                self.out.push(says::run_time(at, name));
                return None;
            }
        }
        let shape = self.shape(&one.predicate, true);
        Some(Assertion {
            predicate: predicate.expr,
            message: message.map(|message| message.expr),
            shape,
        })
    }

    /// The first attribute that an expression reads, and where.
    fn too_late<'e>(&self, of: &'e ast::Expr) -> (Place, Option<&'e str>) {
        let mut found = None;
        walk::expressions(of, &mut |expr| {
            let ExprKind::Field { name, .. } = &expr.kind else { return };
            let is_attribute = self
                .ahead
                .types
                .values()
                .any(|info| info.attributes.contains_key(name.text.as_str()));
            if is_attribute && found.is_none() {
                found = Some((self.place(expr.span), name.text.as_str()));
            }
        });
        match found {
            Some((at, name)) => (at, Some(name)),
            None => (self.place(of.span), None),
        }
    }

    /// How a predicate is written; `is_alone` where it reads nothing that a loop goes through.
    fn shape(&self, predicate: &ast::Expr, is_alone: bool) -> Shape {
        let place = self.place(predicate.span);
        // What is wrong with it was told of the whole.
        let expr = |of: &ast::Expr| {
            let checked = || check_expr(self.ahead, &self.scope, of, None, &mut Vec::new()).expr;
            is_alone.then(checked)
        };
        let side = |of: &ast::Expr| Side {
            place: self.place(of.span),
            says_itself: says_itself(of),
            expr: expr(of),
        };
        let parts = match &predicate.kind {
            ExprKind::Paren(of) => return self.shape(of, is_alone),
            ExprKind::Binary { op: BinaryOp::And, left, right, .. } => {
                Parts::Both(Box::new((self.shape(left, is_alone), self.shape(right, is_alone))))
            }
            ExprKind::Binary { op: BinaryOp::Or, .. }
            | ExprKind::Unary { op: UnaryOp::Not, .. } => {
                Parts::Mixed(compared(predicate).into_iter().map(side).collect())
            }
            ExprKind::Binary { left, right, .. } => {
                Parts::Compared(Box::new([side(left), side(right)]))
            }
            ExprKind::Binder { body: Some(body), .. } => {
                Parts::Each(Box::new(self.shape(body, false)))
            }
            _ => Parts::Whole,
        };
        Shape { place, parts, expr: expr(predicate) }
    }

    fn refusal(&mut self, made: &mut BlueprintTest, code: &ast::Name) {
        let at = self.place(code.span);
        if let Some((_, first)) = &made.refused {
            self.out.push(says::refused_and_more(at, *first));
            return;
        }
        if !bp_topology::problem::CODES.contains(&code.text.as_str()) {
            self.out.push(says::no_refusal(at, &code.text));
        }
        made.refused = Some((code.text.to_string(), at));
    }
}

/// What a condition compares, in the order of the source.
fn compared(condition: &ast::Expr) -> Vec<&ast::Expr> {
    match &condition.kind {
        ExprKind::Paren(of) | ExprKind::Unary { op: UnaryOp::Not, of } => compared(of),
        ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, left, right, .. } => {
            [compared(left), compared(right)].concat()
        }
        ExprKind::Binary { left, right, .. } => vec![left, right],
        _ => vec![condition],
    }
}

/// Whether an expression shows what it is: a literal of literals.
fn says_itself(of: &ast::Expr) -> bool {
    match &of.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Paren(of) | ExprKind::Unary { of, .. } => says_itself(of),
        ExprKind::Binary { op: BinaryOp::Range, left, right, .. } => {
            says_itself(left) && says_itself(right)
        }
        ExprKind::List(items) => items.iter().all(|item| says_itself(&item.value)),
        ExprKind::Record(entries) => entries.is_empty(),
        _ => false,
    }
}
