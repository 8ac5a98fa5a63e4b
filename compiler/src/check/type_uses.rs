//! What is told of uses of types that are deprecated or experimental: every place where a type is named.

use super::program::Program;
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Place};
use crate::syntax::ast::Path;
use crate::syntax::walk;

/// Tells them, once a use.
pub(crate) fn check(program: &Program<'_>, out: &mut Vec<Diagnostic>) {
    let noticed = program.notices.members.keys().filter(|(_, member)| member.is_empty());
    let noticed: Vec<&str> =
        noticed.map(|(full, _)| full.rsplit('.').next().unwrap_or(full)).collect();
    for (file, module) in program.sources.all() {
        // Few files name any of them, and a text is sooner searched than its tree is walked.
        let text = module.source.text().as_bytes();
        if !noticed.iter().any(|name| memchr::memmem::find(text, name.as_bytes()).is_some()) {
            continue;
        }
        for item in &module.tree.items {
            walk::types_of_item(&item.kind, &mut |path| out.extend(told(program, file, path)));
        }
    }
}

fn told(program: &Program<'_>, file: FileId, path: &Path) -> Option<Diagnostic> {
    let name = path.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".");
    let full = program.names.type_name(file, &name)?;
    let notice = program.notices.members.get(&(full, String::new()))?;
    Some(notice.told(Place { file, span: path.span }, &name))
}
