//! What helps where something is no target for a requirement: what could be named instead, and how one of many is.
//!
//! It looks at what the blueprint has, and proposes nothing that would be refused for its type.

use bp_plan::{Expr, Type};

use super::expr::{Scope, check_expr};
use super::program::{Program, RequirementInfo};
use super::requirements::{can_meet, capabilities, nodes_and_requirements};
use crate::diagnostics::{Diagnostic, one_of};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{self, ExprKind};

/// How many nodes or types are named.
const MOST: usize = 5;

/// A target of a requirement of this name, that is of a type that does not fit.
pub(crate) struct Unfit<'a, 's> {
    pub(crate) program: &'a Program<'s>,
    pub(crate) scope: &'a Scope,
    /// The node that requires.
    pub(crate) node: &'a str,
    pub(crate) requirement: &'a str,
    pub(crate) declared: Option<&'a RequirementInfo>,
    pub(crate) wanted: &'a Type,
    pub(crate) found: &'a Type,
    pub(crate) written: &'a ast::Expr,
    pub(crate) target: &'a Expr,
}

impl Unfit<'_, '_> {
    fn file(&self) -> FileId {
        self.scope.file()
    }

    /// The help for one of another kind than is wanted.
    pub(crate) fn of_another_kind(&self, error: Diagnostic) -> Diagnostic {
        if let Some(node) = self.node_of_capability() {
            let dot = Span::new(node.span.end, self.written.span.end);
            let text = self.text(node);
            return error.help(format!("name the node itself: `{text}`")).fix(
                format!("write `{text}`"),
                vec![(Place { file: self.file(), span: dot }, String::new())],
            );
        }
        let fits: Vec<&str> = nodes_and_requirements(self.program)
            .filter(|(name, ty, is_perhaps)| {
                let is_one = matches!(ty, Type::Node(_) | Type::Capability(_));
                *name != self.node
                    && !is_perhaps
                    && is_one
                    && can_meet(self.program, ty, self.wanted)
            })
            .map(|(name, ..)| name)
            .take(MOST)
            .collect();
        let help = match (self.wanted, fits.as_slice()) {
            (Type::Capability(_), [only]) => format!("name `{only}`, which has it"),
            (Type::Capability(_), [_, ..]) => format!("name {}, which have it", one_of(&fits)),
            (_, [only]) => format!("name `{only}`"),
            (_, [_, ..]) => format!("name {}", one_of(&fits)),
            (Type::Capability(wanted), []) => self.who_has(wanted),
            (Type::Node(wanted), []) => {
                let kind = self.program.spoken_whole(self.file(), wanted);
                format!("declare a node of the type {kind}, and name that")
            }
            _ => return error,
        };
        error.help(help)
    }

    /// Which types of nodes have a capability.
    fn who_has(&self, wanted: &str) -> String {
        let types = self.program.types.iter().filter(|(full, info)| {
            !info.is_abstract && !capabilities(self.program, full, wanted).is_empty()
        });
        let types: Vec<String> = types
            .map(|(full, _)| self.program.spoken_whole(self.file(), full))
            .take(MOST)
            .collect();
        let kind = self.program.spoken(self.file(), wanted);
        match types.as_slice() {
            [] => format!("no type of nodes has it: give one a `capability name: {kind}`"),
            [only] => format!("declare a node of the type {only}, which has it, and name that"),
            several => format!("nodes of these types have it: {}", several.join(", ")),
        }
    }

    /// The node whose capability is written, where the node itself would do.
    fn node_of_capability(&self) -> Option<&ast::Expr> {
        let ExprKind::Field { of, .. } = &self.written.kind else { return None };
        if !matches!((self.wanted, self.found), (Type::Node(_), Type::Capability(_))) {
            return None;
        }
        let node = check_expr(self.program, self.scope, of, None, &mut Vec::new()).ty;
        can_meet(self.program, &node, self.wanted).then_some(of)
    }

    /// The help for several, or for perhaps none, where one is wanted.
    pub(crate) fn of_another_number(&self, error: Diagnostic) -> Diagnostic {
        let (name, text) = (self.requirement, self.text(self.written));
        let kind = match Program::full_name(self.wanted) {
            Some(full) => self.program.spoken(self.file(), full),
            None => self.wanted.to_string(),
        };
        let declared = self.declared.filter(|declared| self.is_own(declared.place.file));
        let otherwise = |cardinality: &str| match declared {
            Some(_) => format!("; or declare `requires {name}: {kind}{cardinality}`"),
            None => String::new(),
        };
        let help = match self.found {
            Type::Optional(_) => format!(
                "let `{}` be there only where that is: `node {}: … if {text} != null`{}",
                self.node,
                self.node,
                otherwise("[0..1]")
            ),
            Type::Nodes(_) => match self.first_key() {
                Some(key) => {
                    format!("name one of them, such as `{text}[{key:?}]`{}", otherwise("[1..]"))
                }
                None => format!("name one of them: `{text}[key]`{}", otherwise("[1..]")),
            },
            _ => format!("name one of them{}", otherwise("[1..]")),
        };
        error.help(help)
    }

    /// The key of the first instance, where it is known.
    fn first_key(&self) -> Option<&str> {
        let node = Program::node_of(self.target)?;
        self.program.instances.get(node)?.keys().next().map(String::as_str)
    }

    /// Whether the file is written by whoever gets the help.
    fn is_own(&self, file: FileId) -> bool {
        self.program.sources.modules.get(file.0 as usize).is_some_and(|module| !module.is_library)
    }

    fn text(&self, expr: &ast::Expr) -> String {
        use super::expr::World as _;
        self.program.text(Place { file: self.file(), span: expr.span })
    }
}
