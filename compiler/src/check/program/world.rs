//! What the check of expressions asks of a program: the names that a file sees, and what stands for them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use bp_plan::{DataType, Expr, FileRef, Phase, Type};

use super::{Program, TypeInfo, reads_as};
use crate::check::expr::{Declared, Function, Member, Named, Notice, TextFile, World};
use crate::check::mentions::{is_inside, mentions};
use crate::diagnostics::Diagnostic;
use crate::source::{FileId, Place};
use crate::syntax::ast::{EntryKind, ItemKind, TypeItemKind};

/// How many bytes of constants a program may keep beyond what their text accounts for.
const MAX_KEPT: usize = 64 << 20;

impl World for Program<'_> {
    fn constant(&self, full: &str) -> Option<(Place, &Expr)> {
        let (module, name) = full.rsplit_once('.').unwrap_or(("", full));
        let mut all = self.sources.all().zip(&self.names.files);
        let (_, scope) = all.find(|((_, of), _)| of.name == module)?;
        Some((scope.values.get(name)?.place, self.constants.get(full)?))
    }

    fn keys(&self, node: &str) -> Option<Vec<&str>> {
        Some(self.instances.get(node)?.keys().map(String::as_str).collect())
    }

    fn keep(&self, bytes: usize) -> Result<(), Option<usize>> {
        let add = |kept: usize| Some(kept.saturating_add(bytes));
        let before = self.kept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).unwrap_or(0);
        if before.saturating_add(bytes) <= MAX_KEPT {
            return Ok(());
        }
        Err((before <= MAX_KEPT).then_some(MAX_KEPT))
    }

    fn warn(&self, warning: Diagnostic) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    fn value(&self, file: FileId, path: &str) -> Option<Declared> {
        let scope = self.names.files.get(file.0 as usize)?;
        if let Some(declared) = self.value_declaration(file, path) {
            let what = match self.item(declared)? {
                ItemKind::Policy(_) => Some("policy"),
                ItemKind::Workflow(_) => Some("workflow"),
                _ => None,
            };
            let named = self.values.get(&(declared.file, declared.item)).cloned();
            if declared.file != file
                && let Some(what) = self.inside(declared, named.as_ref())
            {
                return Some(Declared::Inside(what));
            }
            if let Some(what) = what {
                return Some(Declared::NoValue(what));
            }
            return Some(Declared::Value(named.unwrap_or(Named {
                ty: Type::Unknown,
                phase: Phase::Compile,
                expr: Expr::Value(bp_plan::Value::Null),
            })));
        }
        scope.modules.contains_key(path).then_some(Declared::Module)
    }

    fn is_module(&self, file: FileId, path: &str) -> bool {
        let scope = self.names.files.get(file.0 as usize);
        scope.is_some_and(|scope| scope.modules.contains_key(path))
            && self.value_declaration(file, path).is_none()
    }

    fn function(&self, file: FileId, path: &str) -> Option<Arc<Function>> {
        let declared = self.function_declaration(file, path)?;
        self.functions.get(&(declared.file, declared.item)).cloned()
    }

    fn is_open(&self, file: FileId, path: &str) -> bool {
        self.function_declaration(file, path).is_some_and(|declared| {
            declared.file != file
                && self.has_blueprint(declared.file)
                && self.functions.get(&(declared.file, declared.item)).is_some_and(|function| {
                    let is_open = |e: &Expr| is_inside(e) || matches!(e, Expr::Const(_));
                    function.phase > Phase::Compile
                        || function.body.as_ref().is_some_and(|body| mentions(body, &is_open))
                })
        })
    }

    fn named_type(&self, file: FileId, path: &str) -> Option<Type> {
        let full = self.names.type_name(file, path)?;
        match self.names.types.get(&full)?.kind {
            TypeItemKind::Data => Some(Type::Data(full)),
            TypeItemKind::Node => Some(Type::Node(full)),
            TypeItemKind::Capability => Some(Type::Capability(full)),
            TypeItemKind::Relationship => Some(Type::Relationship(full)),
            TypeItemKind::Interface | TypeItemKind::Policy | TypeItemKind::Group => None,
        }
    }

    fn data_type(&self, name: &str) -> Option<Arc<DataType>> {
        self.data.get(name).cloned()
    }

    fn member(&self, of: &Type, name: &str, from: &Expr) -> Option<Member> {
        let info = self.info(of)?;
        // What a node sets, it need not wait to hear of itself.
        let is_own = *from == Expr::This && info.properties.contains_key(name);
        if let Some((ty, _)) = info.attributes.get(name).filter(|_| !is_own) {
            // Of which deployment it is, is told before anything runs; so is all of what was there before.
            let is_told = name == "deployment" && self.names.blueprints.contains_key(&info.full);
            let is_fact = is_told || self.is_element(from);
            let phase = if is_fact { Phase::Deploy } else { Phase::Run };
            return Some(Member { ty: ty.clone(), phase, via: None });
        }
        if let Some(property) = info.properties.get(name) {
            let known = match from {
                // A capability's property, under both names.
                Expr::Field { of, name: capability, .. } => Self::node_of(of)
                    .and_then(|node| self.phases.get(node)?.get(&format!("{capability}.{name}"))),
                _ => Self::node_of(from).and_then(|node| self.phases.get(node)?.get(name)),
            };
            let phase = match from {
                Expr::Group(group) if self.is_made_late(group, info, name, 0) => Phase::Run,
                Expr::Local(_) | Expr::Selection(_) | Expr::Group(_) | Expr::Requirement(_) => {
                    Phase::Deploy
                }
                _ => known.copied().unwrap_or(Phase::Compile),
            };
            return Some(Member { ty: property.declared.kind.clone(), phase, via: None });
        }
        if let Some(requirement) = info.requirements.get(name) {
            return Some(Member {
                ty: reads_as(&requirement.declared),
                phase: Phase::Deploy,
                via: Some(requirement.declared.relationship.clone()),
            });
        }
        if let Some(capability) = info.capabilities.get(name) {
            let ty = Type::Capability(capability.ty.clone());
            return Some(Member { ty, phase: Phase::Compile, via: None });
        }
        if let Some((over, ..)) = info.over.members.as_ref().filter(|_| self.over(of) == Some(name))
        {
            let ty = Type::List(Box::new(Type::Node(over.clone())));
            return Some(Member { ty, phase: Phase::Deploy, via: None });
        }
        if name == "labels" && matches!(of, Type::Node(_)) && self.over(of).is_none() {
            // What a node says beside its properties.
            let ty = Type::Map(Box::new(Type::String));
            return Some(Member { ty, phase: Phase::Deploy, via: None });
        }
        if name != "node" || !matches!(of, Type::Capability(_)) {
            return None;
        }
        // Of a capability that a node has, it is that node; of one that it requires, another.
        let from = match from {
            Expr::Field { of, name, .. } => {
                Self::node_of(of).and_then(|node| self.node_type(node)).filter(|ty| {
                    self.types.get(*ty).is_some_and(|i| i.capabilities.contains_key(name))
                })
            }
            _ => None,
        };
        let ty = Type::Node(from.unwrap_or("std.Root").to_owned());
        Some(Member { ty, phase: Phase::Deploy, via: None })
    }

    fn members(&self, of: &Type) -> Vec<String> {
        let Some(info) = self.info(of) else { return Vec::new() };
        let mut names: Vec<String> = info
            .properties
            .keys()
            .chain(info.attributes.keys())
            .chain(info.requirements.keys())
            .chain(info.capabilities.keys())
            .cloned()
            .collect();
        names.extend(self.over(of).map(str::to_owned));
        names.sort();
        names.dedup();
        names
    }

    fn is_subtype(&self, sub: &str, sup: &str) -> bool {
        self.names.may_be(sub, sup)
    }

    fn has_open(&self, of: &Type) -> bool {
        match of {
            Type::Node(full)
            | Type::Nodes(full)
            | Type::Group(full)
            | Type::Capability(full)
            | Type::Relationship(full)
            | Type::Data(full) => self.names.is_open(full),
            _ => false,
        }
    }

    fn common_type(&self, a: &str, b: &str) -> Option<String> {
        let line = |name: &str| {
            let ancestors = self.names.types.get(name).map(|declared| declared.ancestors.clone());
            let mut line = vec![name.to_owned()];
            line.extend(ancestors.unwrap_or_default());
            line
        };
        let theirs = line(b);
        line(a).into_iter().find(|name| theirs.contains(name))
    }

    fn value_names(&self, file: FileId) -> Vec<String> {
        let Some(scope) = self.names.files.get(file.0 as usize) else { return Vec::new() };
        let mut names: Vec<String> =
            scope.value_names().into_iter().chain(scope.imported_values.keys()).cloned().collect();
        for (alias, module) in &scope.modules {
            names.push(alias.clone());
            if let Some(theirs) = self.names.files.get(module.file.0 as usize) {
                names.extend(theirs.value_names().iter().map(|name| format!("{alias}.{name}")));
            }
        }
        names
    }

    fn function_names(&self, file: FileId) -> Vec<String> {
        let Some(scope) = self.names.files.get(file.0 as usize) else { return Vec::new() };
        let mut names: Vec<String> =
            scope.functions.keys().chain(scope.imported_functions.keys()).cloned().collect();
        let core = self.names.files.get(1).into_iter().flat_map(|core| core.functions.keys());
        names.extend(core.filter(|name| !scope.functions.contains_key(*name)).cloned());
        for (alias, module) in &scope.modules {
            if let Some(theirs) = self.names.files.get(module.file.0 as usize) {
                names.extend(theirs.functions.keys().map(|name| format!("{alias}.{name}")));
            }
        }
        names
    }

    fn type_names(&self, file: FileId) -> Vec<String> {
        self.names.names_of_types(file)
    }

    fn written(&self, file: FileId, full: &str) -> String {
        self.names.name_in(file, full).unwrap_or_else(|| full.to_owned())
    }

    fn value_place(&self, file: FileId, path: &str) -> Option<Place> {
        self.value_declaration(file, path)
            .or_else(|| self.function_declaration(file, path))
            .map(|declared| declared.place)
    }

    fn type_place(&self, of: &Type, member: Option<&str>) -> Option<Place> {
        let (Type::Node(full)
        | Type::Nodes(full)
        | Type::Group(full)
        | Type::Capability(full)
        | Type::Relationship(full)
        | Type::Data(full)) = of
        else {
            return None;
        };
        let Some(member) = member else {
            return self.names.types.get(full).map(|declared| declared.place);
        };
        if matches!(of, Type::Data(_)) {
            let own = self.names.types.get(full)?;
            let line = std::iter::once(full).chain(&own.ancestors);
            return line.into_iter().find_map(|full| self.field_place(full, member));
        }
        let info = self.types.get(full)?;
        None.or_else(|| info.properties.get(member).map(|p| p.place))
            .or_else(|| info.attributes.get(member).map(|(_, place)| *place))
            .or_else(|| info.requirements.get(member).map(|r| r.place))
            .or_else(|| info.capabilities.get(member).map(|c| c.place))
    }

    fn notice(&self, of: &Type, member: &str) -> Option<Notice> {
        match of {
            Type::Node(full)
            | Type::Capability(full)
            | Type::Relationship(full)
            | Type::Data(full) => self.notices.member(self.names, full, member),
            _ => None,
        }
    }

    fn value_notice(&self, file: FileId, path: &str) -> Option<Notice> {
        if self.notices.items.is_empty() {
            return None;
        }
        let found = self.value_declaration(file, path)?;
        self.notices.items.get(&(found.file, found.item)).cloned()
    }

    fn function_notice(&self, file: FileId, path: &str) -> Option<Notice> {
        if self.notices.items.is_empty() {
            return None;
        }
        let found = self.function_declaration(file, path)?;
        self.notices.items.get(&(found.file, found.item)).cloned()
    }

    fn file(&self, from: FileId, path: &str) -> Result<FileRef, String> {
        let file = self.files.file(self.module(from)?, path)?;
        Ok(FileRef { path: file.path.clone(), digest: file.digest.clone() })
    }

    fn text_file(&self, from: FileId, path: &str) -> Result<TextFile, String> {
        let file = self.files.text(self.module(from)?, path)?;
        Ok(TextFile { id: file.id, path: file.path.clone(), text: file.source.text().into() })
    }

    fn span(&self, place: Place) -> bp_plan::Span {
        let Some(file) = self.sources.file(place.file) else { return bp_plan::Span::default() };
        let (start, end) = file.positions(place.span);
        bp_plan::Span {
            file: self.plan_files.get(place.file.0 as usize).copied().unwrap_or_default(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }

    fn text(&self, place: Place) -> String {
        let text = self.sources.file(place.file).map(|file| file.slice(place.span));
        text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Program<'_> {
    /// Whether the type of a group makes a property that is left to it of what the members report.
    fn is_made_late(&self, group: &str, info: &TypeInfo, name: &str, depth: usize) -> bool {
        let declared = self.value_declaration(self.file, group).and_then(|at| self.item(at));
        let Some(ItemKind::Group(placed)) = declared else { return false };
        let is_set =
            placed.body.entries.iter().any(
                |entry| matches!(&entry.kind, EntryKind::Assign { key, .. } if key.text == name),
            );
        let default = info.properties.get(name).and_then(|it| it.declared.default.as_ref());
        let Some(default) = default.filter(|_| !is_set && depth < info.properties.len()) else {
            return false;
        };
        let members = info.over.members.as_ref().and_then(|(full, ..)| self.types.get(full));
        let reports = |name: &str| {
            members.is_some_and(|of| {
                of.attributes.contains_key(name) && !of.properties.contains_key(name)
            })
        };
        mentions(default, &|part| match part {
            Expr::Field { of, name, .. } if **of == Expr::This => {
                self.is_made_late(group, info, name, depth + 1)
            }
            Expr::Field { name, .. } => reports(name),
            _ => false,
        })
    }

    /// What the nodes are called that a group or a policy is over.
    pub(crate) fn over(&self, of: &Type) -> Option<&'static str> {
        match self.names.types.get(&self.info(of)?.full)?.kind {
            TypeItemKind::Group => Some("members"),
            TypeItemKind::Policy => Some("targets"),
            _ => None,
        }
    }

    /// Whether it is of the inventory.
    fn is_element(&self, from: &Expr) -> bool {
        match from {
            Expr::Selection(_) => true,
            Expr::Index { of, .. } => matches!(**of, Expr::Selection(_)),
            // What meets a requirement.
            Expr::Field { of, name, .. } => Self::node_of(of)
                .and_then(|node| self.phases.get(node))
                .is_some_and(|phases| phases.contains_key(name)),
            _ => false,
        }
    }
}
