//! Names of types.

use super::{Completion, CompletionKind, FILE, List};
use crate::ide::spot::Wanted;
use crate::syntax::BUILT_IN_TYPES;
use crate::syntax::ast::{Item, ItemKind, Path, TypeItemKind};
use std::sync::Arc;

impl List<'_, '_> {
    pub(super) fn types(&mut self, path: &Path, at: usize, wanted: &Wanted) {
        let prefix: Vec<&str> =
            path.segments.iter().take(at).map(|segment| segment.text.as_str()).collect();
        let prefix = prefix.join(".");
        if *wanted == Wanted::Value && prefix.is_empty() {
            self.scalars();
        }
        if *wanted == Wanted::Workflow {
            return self.found.push(Completion::new("Workflow", CompletionKind::Type, 0));
        }
        let mut known = self.program.names.names_of_types(FILE);
        if let Some(core) = self.program.names.files.get(1).filter(|_| prefix == "std") {
            known.extend(core.types.keys().map(|name| format!("std.{name}")));
        }
        for name in known {
            let shown = if prefix.is_empty() {
                name.as_str()
            } else {
                match name.strip_prefix(prefix.as_str()).and_then(|rest| rest.strip_prefix('.')) {
                    Some(rest) => rest,
                    None => continue,
                }
            };
            self.named_type(&name, shown, wanted);
        }
        if prefix.is_empty() {
            self.aliases(1);
        }
    }

    /// A type by its name, where it is what is wanted.
    fn named_type(&mut self, name: &str, shown: &str, wanted: &Wanted) {
        let program = self.program;
        let Some(full) = program.names.type_name(FILE, name) else { return };
        let Some(declared) = program.names.types.get(&full) else { return };
        // A blueprint is a type, too.
        let is_abstract = declared.item(program.sources).is_some_and(|item| item.is_abstract);
        // A blueprint has no node of itself.
        if *wanted == Wanted::Node && program.names.blueprints.get(&full) == Some(&FILE) {
            return;
        }
        let fits = match wanted {
            Wanted::Kind(kind) => declared.kind == *kind,
            Wanted::Node => {
                declared.kind == TypeItemKind::Node && (!is_abstract || self.is_stood_for(&full))
            }
            Wanted::Abstract => declared.kind == TypeItemKind::Node && is_abstract,
            Wanted::Substitute(of) => {
                program.names.blueprints.contains_key(&full)
                    && of
                        .as_ref()
                        .is_none_or(|of| full != *of && program.names.is_subtype(&full, of))
            }
            Wanted::Workflow => false,
            Wanted::Target => {
                matches!(declared.kind, TypeItemKind::Node | TypeItemKind::Capability)
            }
            Wanted::Value => !matches!(
                declared.kind,
                TypeItemKind::Interface | TypeItemKind::Policy | TypeItemKind::Group
            ),
        };
        if !fits {
            return;
        }
        let documentation = self.documented(Some(declared.place));
        // Records are the most likely types of values; what the file declares itself is likeliest.
        let own = u8::from(declared.file != FILE);
        let rank = match (wanted, declared.kind) {
            (Wanted::Value, TypeItemKind::Data) => 1,
            (Wanted::Value, _) => 3,
            _ => own,
        };
        let origin = match full.rsplit_once('.') {
            Some((module, _)) => module.to_owned(),
            None => String::new(),
        };
        let made = Completion::new(shown, CompletionKind::Type, rank)
            .detail(origin)
            .documentation(documentation);
        self.found.push(made);
    }

    /// Whether there is a blueprint that stands for an abstract type.
    fn is_stood_for(&self, full: &str) -> bool {
        let names = &self.program.names;
        names.blueprints.iter().any(|(of, file)| *file != FILE && names.is_subtype(of, full))
    }

    /// Behind `extends`, neither the type itself nor those that are derived from it.
    pub(super) fn without_heirs(&mut self, items: &[Arc<Item>], at: u32) {
        let names = &self.program.names;
        let own = items.iter().find_map(|item| match &item.kind {
            ItemKind::Type(it) => {
                let path = it.extends.as_ref()?;
                let is_it = path.span.start <= at && at <= path.span.end;
                is_it.then(|| names.type_name(FILE, &it.name.text)).flatten()
            }
            _ => None,
        });
        let Some(own) = own else { return };
        self.found.retain(|made| {
            let full = names.type_name(FILE, &made.label);
            full.is_none_or(|full| !names.is_subtype(&full, &own))
        });
    }

    fn scalars(&mut self) {
        for name in BUILT_IN_TYPES.iter().filter(|name| !matches!(**name, "null" | "range")) {
            let made = Completion::new(name, CompletionKind::Type, 0);
            let of = matches!(*name, "list" | "map");
            let whole = format!("{name}<$1>");
            let has_own = self.after.starts_with('<');
            self.found.push(if of && !has_own { made.snippet(&whole) } else { made });
        }
    }

    /// The names by which modules are used.
    pub(super) fn aliases(&mut self, rank: u8) {
        let Some(scope) = self.program.names.files.first() else { return };
        for (alias, module) in &scope.modules {
            let made =
                Completion::new(alias, CompletionKind::Module, rank).detail(module.name.clone());
            self.found.push(made);
        }
    }
}
