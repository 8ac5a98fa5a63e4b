//! Modules behind `use`, and the names that a `use` brings in.

use std::path::Path;

use super::{Completion, CompletionKind, List};
use crate::ide::declared::module;
use crate::source::Place;
use crate::syntax::ast::{Use, UseSource};
use crate::{library, loader};

impl List<'_, '_> {
    pub(super) fn modules(&mut self, used: &Use, at: Option<usize>) {
        let (UseSource::Path(path), Some(at)) = (&used.from, at) else {
            return self.files(true);
        };
        let before: Vec<&str> =
            path.segments.iter().take(at).map(|segment| segment.text.as_str()).collect();
        // The core needs no `use`.
        let library = library::MODULES.iter().map(|module| module.name.to_owned());
        let package = self.program.sources.modules.first().map(|root| root.package.modules());
        let mut all: Vec<String> = library.filter(|name| name != "std").collect();
        all.extend(package.into_iter().flatten());
        for module in &all {
            let mut segments = module.split('.');
            if before.iter().any(|wanted| segments.next() != Some(wanted)) {
                continue;
            }
            let Some(next) = segments.next() else { continue };
            let made = Completion::new(next, CompletionKind::Module, 0);
            // A part of a name goes on behind a dot; modules share parts.
            self.found.push(if segments.next().is_none() {
                made.detail(module)
            } else {
                made.snippet(&format!("{next}.$1"))
            });
        }
    }

    /// What lies in the folder that was typed so far: modules for a `use`, else every file.
    pub(super) fn files(&mut self, of_use: bool) {
        let Some(root) = self.program.sources.modules.first() else { return };
        let folder = match self.typed.rfind('/') {
            Some(at) => self.typed.get(..=at).unwrap_or_default(),
            None if of_use => "./",
            None => "",
        };
        for (name, is_folder) in loader::beside_root(Path::new(root.source.path()), folder) {
            if of_use && !is_folder && Path::new(&name).extension().is_none_or(|of| of != "bp") {
                continue;
            }
            let rank = u8::from(is_folder);
            let slash = if is_folder { "/" } else { "" };
            let made =
                Completion::new(&format!("{folder}{name}{slash}"), CompletionKind::Module, rank);
            self.found.push(made);
        }
    }

    /// What the module of a `use` declares.
    pub(super) fn exported(&mut self, used: &Use) {
        let Some(file) = module(self.program, &used.from) else { return };
        let Some(theirs) = self.program.names.files.get(file.0 as usize) else { return };
        let types = theirs.types.iter().filter_map(|(name, full)| {
            Some((name, CompletionKind::Type, self.program.names.types.get(full)?.place))
        });
        let values = theirs
            .value_names()
            .into_iter()
            .filter_map(|name| Some((name, CompletionKind::Value, theirs.values.get(name)?.place)));
        let functions =
            theirs.functions.iter().map(|(n, found)| (n, CompletionKind::Function, found.place));
        let is_free = |name: &String| {
            used.names.iter().flatten().all(|used| used.text.as_str() != name.as_str())
        };
        let all = types.chain(values).chain(functions).filter(|(name, ..)| is_free(name));
        let all: Vec<(&String, CompletionKind, Place)> = all.collect();
        for (name, kind, place) in all {
            let documentation = self.documented(Some(place));
            let made = Completion::new(name, kind, 0).documentation(documentation);
            self.found.push(made);
        }
    }
}
