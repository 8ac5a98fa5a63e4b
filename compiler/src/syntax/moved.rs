//! Trees and diagnostics that move: a stretch of text is parsed as if it were a file, or moves when
//! the text above it changes, and what was made of it moves along.
//!
//! Every field is named here, so that nothing new is forgotten.

use bp_plan::{BinaryOp, UnaryOp, Value};
use smol_str::SmolStr;
use std::sync::Arc;

use super::ast::{
    Annotation, Blueprint, Body, BodyEntry, Cardinality, Comment, Each, Element, EntryKind, Expr,
    ExprKind, Function, Implement, Item, ItemKind, Meets, Member, Name, Node, Operation, Output,
    Path, Placed, RecordEntry, Step, StepKind, Test, TypeExpr, TypeItem, TypeItemKind, TypeKind,
    Use, UseSource, ValueItem, ValueKeyword, Via, Where, Workflow,
};
use crate::diagnostics::{Diagnostic, Fix, Severity};
use crate::source::{Place, Span};

/// What has places in a file.
pub(super) trait Moved {
    /// Moves all of them; `by` wraps around, so that it also moves back.
    fn move_by(&mut self, by: u32);
}

impl Moved for Span {
    fn move_by(&mut self, by: u32) {
        self.start = self.start.wrapping_add(by);
        self.end = self.end.wrapping_add(by);
    }
}

impl Moved for Place {
    fn move_by(&mut self, by: u32) {
        self.span.move_by(by);
    }
}

impl<T: Moved> Moved for Vec<T> {
    fn move_by(&mut self, by: u32) {
        for one in self {
            one.move_by(by);
        }
    }
}

impl<T: Moved> Moved for Option<T> {
    fn move_by(&mut self, by: u32) {
        if let Some(one) = self {
            one.move_by(by);
        }
    }
}

impl<T: Moved> Moved for Box<T> {
    fn move_by(&mut self, by: u32) {
        (**self).move_by(by);
    }
}

impl<T: Moved + Clone> Moved for Arc<T> {
    fn move_by(&mut self, by: u32) {
        Arc::make_mut(self).move_by(by);
    }
}

impl<A: Moved, B: Moved> Moved for (A, B) {
    fn move_by(&mut self, by: u32) {
        self.0.move_by(by);
        self.1.move_by(by);
    }
}

/// What stands nowhere.
macro_rules! stays {
    ($($name:ty),* $(,)?) => {
        $(impl Moved for $name {
            fn move_by(&mut self, _: u32) {}
        })*
    };
}

stays! {
    bool, String, &'static str, SmolStr, Value, UnaryOp, BinaryOp, ValueKeyword, TypeItemKind,
    Severity,
}

/// Structures, field by field.
macro_rules! moves {
    ($($name:ident { $($field:ident),* $(,)? })*) => {
        $(impl Moved for $name {
            fn move_by(&mut self, by: u32) {
                let Self { $($field),* } = self;
                $($field.move_by(by);)*
            }
        })*
    };
}

moves! {
    Annotation { name, arguments, span }
    Blueprint { name, substitutes, wheres, body }
    Body { entries, span }
    BodyEntry { documentation, annotations, kind, span }
    Cardinality { from, to, span }
    Comment { text, span }
    Diagnostic { code, severity, message, place, label, help, related, fix }
    Each { names, over, key, filter }
    Element { spread, value }
    Expr { kind, span }
    Fix { title, edits, is_draft }
    Function { name, parameters, result, body }
    Item { documentation, annotations, kind, span }
    Meets { name, target, via, wheres }
    Member { name, ty, cardinality, via, default, wheres, body, span }
    Name { text, span }
    Node { name, ty, condition, each, using, body }
    Operation { path, parameters, result, implementation, body }
    Output { name, ty, value, wheres }
    Path { segments, span }
    Placed { name, ty, cardinality, body }
    Step { kind, span }
    Test { name, body }
    TypeExpr { kind, span }
    TypeItem { is_abstract, kind, name, alias, wheres, extends, body }
    Use { from, alias, names, span }
    ValueItem { keyword, name, ty, from, default, wheres }
    Implement { operation, workflow }
    Via { ty, body }
    Where { predicate, message }
    Workflow { name, parameters, result, steps, steps_span }
}

/// Enumerations, variant by variant.
macro_rules! moves_one_of {
    ($($name:ident {
        $($variant:ident $(($inner:ident))? $({ $($field:ident),* })?),* $(,)?
    })*) => {
        $(impl Moved for $name {
            fn move_by(&mut self, by: u32) {
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? => {
                        $($inner.move_by(by);)?
                        $($($field.move_by(by);)*)?
                    })*
                }
            }
        })*
    };
}

moves_one_of! {
    ItemKind {
        Blueprint(it), Use(it), Value(it), Select(it), Node(it), Type(it), Policy(it), Group(it),
        Output(it), Expose(it), Implement(it), Function(it), Workflow(it), Test(it), Requires(it),
    }
    UseSource { Path(it), File(it) }
    EntryKind {
        Assign { key, value }, Meets(it), Field(it), Property(it), Attribute(it), Requires(it),
        Capability(it), Operation(it), Implements { interface, alias }, Fixed { key, value },
        Check(it), Let { name, value }, Assert(it), AssertFails(it), Spread(it),
    }
    TypeKind {
        Named { path, arguments }, Literal(it), Union(it), Optional(it), Secret(it), Record(it),
        Missing,
    }
    ExprKind {
        Literal(it), Interpolation(it), Name(it), Field { of, name, safe },
        Index { of, key, safe }, Splat { of, body }, Element, Call { function, arguments },
        Binder { function, names, over, body }, List(it), ListFor { body, each }, Record(it),
        RecordFor { key, value, each }, Unary { op, of }, Binary { op, op_span, left, right },
        If { condition, then, otherwise }, Paren(it), Missing,
    }
    RecordEntry { One { key, value }, Spread(it) }
    StepKind {
        Call { result, operation, arguments }, Run { result, workflow, arguments },
        Let { name, value }, Parallel(it), For { names, over, max, steps },
        If { condition, then, otherwise }, Wait(it), WaitUntil { condition, timeout }, Fail(it),
        Return(it), Recover, OnFailure(it), OnCancel(it),
    }
}
