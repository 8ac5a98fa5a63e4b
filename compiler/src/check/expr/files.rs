//! The functions that take files of the package in: `file`, `read`, and what is common to `template`.
//!
//! Their paths are known when compiling. Reading is the loader's; what comes back is a value.

use bp_plan::{Type, Value};

use super::{Checker, Part};
use crate::diagnostics::{operations as says_operations, types as says};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast;

/// The functions of this file; all others are in the evaluator's table.
pub(crate) const NAMES: [&str; 3] = ["file", "read", "template"];

const FILE: &str = "file(path: string) -> file";
const READ: &str = "read(path: string) -> string";

impl Checker<'_> {
    /// A call of one of [`NAMES`].
    pub(super) fn of_file(&mut self, name: &str, arguments: &[ast::Expr], span: Span) -> Part {
        let part = match name {
            "file" => self.file(arguments, span),
            "read" => self.read(arguments, span),
            _ => self.template(arguments, span),
        };
        part.unwrap_or_else(Part::broken)
    }

    /// `file("path")`: the file itself.
    fn file(&mut self, arguments: &[ast::Expr], span: Span) -> Option<Part> {
        let [path] = self.exactly("file", arguments, FILE, span)?;
        let (path, at) = self.path_of_file(path)?;
        self.file_at(&path, at.span)
    }

    /// The file at this path.
    pub(super) fn file_at(&mut self, path: &str, span: Span) -> Option<Part> {
        let at = self.place(span);
        let file = self.taken(at, path, |c, from| c.world.file(from, path))?;
        Some(Part::value(Type::File, Value::File(file)))
    }

    /// `read("path")`: its text.
    fn read(&mut self, arguments: &[ast::Expr], span: Span) -> Option<Part> {
        let [path] = self.exactly("read", arguments, READ, span)?;
        let (path, at) = self.path_of_file(path)?;
        let file = self.taken(at, &path, |c, from| c.world.text_file(from, &path))?;
        Some(Part::value(Type::String, file.text.as_ref().into()))
    }

    /// The arguments, where there are as many as the function takes.
    pub(super) fn exactly<'e, const N: usize>(
        &mut self,
        name: &str,
        arguments: &'e [ast::Expr],
        signature: &str,
        span: Span,
    ) -> Option<&'e [ast::Expr; N]> {
        let found = <&[ast::Expr; N]>::try_from(arguments).ok();
        if found.is_none() {
            let takes = super::calls::counted(N, Some(N));
            let at = self.place(span);
            self.report(says::arity(at, name, &takes, arguments.len(), signature));
        }
        found
    }

    /// The path that an argument names, and where it stands.
    pub(super) fn path_of_file(&mut self, argument: &ast::Expr) -> Option<(String, Place)> {
        let path = self.because(None, |c| c.check(argument, &Type::String));
        if path.is_broken() {
            return None;
        }
        let at = self.place(argument.span);
        let Some(Value::String(text)) = path.expr.as_value() else {
            self.report(says::late_file(at));
            return None;
        };
        Some((text.clone(), at))
    }

    /// What the surroundings give for a path, or the one error that says why there is nothing.
    pub(super) fn taken<T>(
        &mut self,
        at: Place,
        path: &str,
        take: impl FnOnce(&Self, FileId) -> Result<T, String>,
    ) -> Option<T> {
        match take(self, self.scope.file()) {
            Ok(file) => Some(file),
            Err(why) => {
                self.report(if self.scope.is_implementing {
                    says_operations::missing_script(at, path, &why)
                } else {
                    says::no_file(at, path, &why)
                });
                None
            }
        }
    }
}
