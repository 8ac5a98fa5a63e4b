//! What is told of uses of types that are deprecated or experimental: every place where a type is named.

use super::program::Program;
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Place};
use crate::syntax::ast::{Body, EntryKind, ItemKind, Member, Operation, Path, TypeExpr, TypeKind};

/// Tells them, once a use.
pub(crate) fn check(program: &Program<'_>, out: &mut Vec<Diagnostic>) {
    if program.notices.members.keys().all(|(_, member)| !member.is_empty()) {
        return;
    }
    for (file, module) in program.sources.all() {
        let mut walk = Walk { program, file, out };
        module.tree.items.iter().for_each(|item| walk.item(&item.kind));
    }
}

struct Walk<'a, 's> {
    program: &'a Program<'s>,
    file: FileId,
    out: &'a mut Vec<Diagnostic>,
}

impl Walk<'_, '_> {
    fn path(&mut self, path: &Path) {
        let name = path.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".");
        let Some(full) = self.program.names.type_name(self.file, &name) else { return };
        if let Some(notice) = self.program.notices.members.get(&(full, String::new())) {
            let at = Place { file: self.file, span: path.span };
            self.out.push(notice.told(at, &name));
        }
    }

    fn ty(&mut self, ty: &TypeExpr) {
        match &ty.kind {
            TypeKind::Named { path, arguments } => {
                self.path(path);
                arguments.iter().for_each(|argument| self.ty(argument));
            }
            TypeKind::Union(members) => members.iter().for_each(|member| self.ty(member)),
            TypeKind::Optional(of) | TypeKind::Secret(of) => self.ty(of),
            TypeKind::Record(members) => members.iter().for_each(|member| self.member(member)),
            TypeKind::Literal(_) | TypeKind::Missing => {}
        }
    }

    fn member(&mut self, member: &Member) {
        self.ty(&member.ty);
        member.via.iter().for_each(|via| self.path(&via.ty));
    }

    fn operation(&mut self, operation: &Operation) {
        operation.parameters.iter().flatten().for_each(|parameter| self.member(parameter));
        operation.result.iter().for_each(|result| self.ty(result));
    }

    fn body(&mut self, body: &Body) {
        for entry in &body.entries {
            match &entry.kind {
                EntryKind::Field(member)
                | EntryKind::Property(member)
                | EntryKind::Attribute(member)
                | EntryKind::Requires(member)
                | EntryKind::Capability(member) => self.member(member),
                EntryKind::Meets(meets) => meets.via.iter().for_each(|via| self.path(&via.ty)),
                EntryKind::Implements { interface, .. } => self.path(interface),
                EntryKind::Operation(operation) => self.operation(operation),
                _ => {}
            }
        }
    }

    fn item(&mut self, item: &ItemKind) {
        match item {
            ItemKind::Blueprint(it) => it.substitutes.iter().for_each(|path| self.path(path)),
            ItemKind::Value(it) => it.ty.iter().for_each(|ty| self.ty(ty)),
            ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => {
                self.path(&it.ty);
                self.body(&it.body);
            }
            ItemKind::Node(it) => {
                it.ty.iter().chain(&it.using).for_each(|path| self.path(path));
                self.body(&it.body);
            }
            ItemKind::Type(it) => {
                it.extends.iter().for_each(|path| self.path(path));
                it.alias.iter().for_each(|ty| self.ty(ty));
                self.body(&it.body);
            }
            ItemKind::Output(it) | ItemKind::Expose(it) => {
                it.ty.iter().for_each(|ty| self.ty(ty));
            }
            ItemKind::Function(it) => {
                it.parameters.iter().for_each(|parameter| self.member(parameter));
                it.result.iter().for_each(|ty| self.ty(ty));
            }
            ItemKind::Workflow(it) => {
                it.parameters.iter().for_each(|parameter| self.member(parameter));
                it.result.iter().for_each(|ty| self.ty(ty));
            }
            ItemKind::Requires(it) => self.member(it),
            ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Implement(_) => {}
        }
    }
}
