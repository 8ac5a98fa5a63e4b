//! How a file calls a type: under the name that it has there, or under the one that a `use` would give it.

use bp_plan::Type;

use super::members::short;
use super::program::Program;
use crate::diagnostics::types::may_be_confused;
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

    /// Two types beside each other: where two of one name would look the same, as the file calls them, and by their
    /// whole names where it calls them the same.
    pub(crate) fn apart(&self, file: FileId, one: &Type, other: &Type) -> [String; 2] {
        if !may_be_confused(one, other) {
            return [one.to_string(), other.to_string()];
        }
        let [first, second] = [one, other].map(|ty| format!("{:#}", self.as_spoken(file, ty)));
        if first == second { [format!("{one:#}"), format!("{other:#}")] } else { [first, second] }
    }

    /// A type whose names are those of a file.
    fn as_spoken(&self, file: FileId, ty: &Type) -> Type {
        let name = |full: &String| self.spoken(file, full);
        match ty {
            Type::Data(full) => Type::Data(name(full)),
            Type::Node(full) => Type::Node(name(full)),
            Type::Nodes(full) => Type::Nodes(name(full)),
            Type::Capability(full) => Type::Capability(name(full)),
            Type::Relationship(full) => Type::Relationship(name(full)),
            Type::Optional(of) => Type::Optional(Box::new(self.as_spoken(file, of))),
            Type::List(of) => Type::List(Box::new(self.as_spoken(file, of))),
            other => other.clone(),
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
