//! How a file calls a type: under the name that it has there, or under the one that a `use` would give it.

use bp_plan::Type;

use super::members::short;
use super::program::Program;
use crate::source::FileId;

impl Program<'_> {
    /// The name of a type in a file, and what must be done there so that it has it.
    pub(crate) fn named_in(&self, file: FileId, full: &str) -> (String, Option<String>) {
        if let Some(name) = self.names.name_in(file, full) {
            return (name, None);
        }
        let bare = short(full);
        let declared = self.names.types.get(full);
        let module = declared.and_then(|it| self.sources.modules.get(it.file.0 as usize));
        match module {
            Some(module) if module.is_library => {
                let name = format!("{}.{bare}", short(&module.name));
                (name, Some(format!("with `use {}`", module.name)))
            }
            Some(module) => (bare.to_owned(), Some(format!("of \"{}\"", module.path))),
            None => (bare.to_owned(), None),
        }
    }

    /// `k8s.Cluster`: the name alone.
    pub(crate) fn spoken(&self, file: FileId, full: &str) -> String {
        self.named_in(file, full).0
    }

    /// `` `kubernetes.Cluster` (with `use std.kubernetes`)``: the name, and what the file needs for it.
    pub(crate) fn spoken_whole(&self, file: FileId, full: &str) -> String {
        match self.named_in(file, full) {
            (name, Some(needed)) => format!("`{name}` ({needed})"),
            (name, None) => format!("`{name}`"),
        }
    }

    /// The full name of the type that this is, or that its elements are.
    pub(crate) fn full_name(ty: &Type) -> Option<&str> {
        match ty {
            Type::Node(full) | Type::Nodes(full) | Type::Capability(full) => Some(full),
            Type::Optional(of) | Type::List(of) => Self::full_name(of),
            _ => None,
        }
    }
}
