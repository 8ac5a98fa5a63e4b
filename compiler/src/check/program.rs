//! What is known of a program while it is checked: types with their members, values, functions.
//!
//! It answers the questions of the check of expressions, in `world`.

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use bp_plan::{Constraint, DataType, Expr, Phase, PropertyType, RequirementType, Type};

use super::annotations::Notices;
use super::choices::Needs;
use super::expr::{Function, Named};
use super::instances::Keyed;
use super::kept::Phases;
use super::operations::OperationSignature;
use super::workflows::WorkflowHead;
use crate::diagnostics::Diagnostic;
use crate::loader::{Files, Module, Sources};
use crate::resolve::{Declaration, FileScope, Names};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{EntryKind, ItemKind, ValueKeyword};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Program<'s> {
    /// The file that is checked: a blueprint and its parts are sought there.
    pub(crate) file: FileId,
    pub(crate) sources: &'s Sources,
    pub(crate) names: &'s Names,
    /// Files that `file`, `read` and `template` name.
    pub(crate) files: Files<'s>,
    /// Types with members, by full name: of nodes, capabilities, relationships, policies, groups.
    pub(crate) types: Arc<BTreeMap<String, Arc<TypeInfo>>>,
    /// Data types by full name.
    pub(crate) data: Arc<BTreeMap<String, Arc<DataType>>>,
    /// Values by file and item.
    pub(crate) values: Arc<BTreeMap<(FileId, usize), Named>>,
    /// Functions by file and item.
    pub(crate) functions: Arc<BTreeMap<(FileId, usize), Arc<Function>>>,
    /// Constants that could not be folded.
    pub(crate) constants: Arc<BTreeMap<String, Expr>>,
    /// The versions of blueprints, by the full names of these as types.
    pub(crate) versions: Arc<BTreeMap<String, String>>,
    /// When the properties of nodes are known.
    pub(crate) phases: Arc<Phases>,
    /// What is deprecated or experimental.
    pub(crate) notices: Arc<Notices>,
    /// What workflows take and give, by name; the built-in ones too.
    pub(crate) workflows: Arc<BTreeMap<String, WorkflowHead>>,
    /// The instances of collections, as far as they are known, by node.
    pub(crate) instances: Arc<BTreeMap<String, Keyed>>,
    /// Which nodes may need which others; known where there are choices.
    pub(crate) needs: Arc<Needs>,
    /// Each file's place among the plan's sources.
    pub(crate) plan_files: Vec<u32>,
    /// What expressions are worth a word of.
    warnings: Arc<Mutex<Vec<Diagnostic>>>,
    /// How many bytes of constants are kept beyond what their text accounts for.
    kept: Arc<AtomicUsize>,
}

/// What was found out of a program, without what it was found in: it can be kept beside the
/// sources and names, and looked at again through [`Program::known`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    types: Arc<BTreeMap<String, Arc<TypeInfo>>>,
    data: Arc<BTreeMap<String, Arc<DataType>>>,
    values: Arc<BTreeMap<(FileId, usize), Named>>,
    functions: Arc<BTreeMap<(FileId, usize), Arc<Function>>>,
    constants: Arc<BTreeMap<String, Expr>>,
    phases: Arc<Phases>,
    workflows: Arc<BTreeMap<String, WorkflowHead>>,
}

impl Facts {
    /// When the properties of nodes are known.
    pub(crate) fn phases(&self) -> &Arc<Phases> {
        &self.phases
    }

    /// A type with members, by its full name.
    pub(crate) fn info(&self, full: &str) -> Option<&Arc<TypeInfo>> {
        self.types.get(full)
    }

    /// A data type, by its full name.
    pub(crate) fn data(&self, full: &str) -> Option<&Arc<DataType>> {
        self.data.get(full)
    }
}

/// A type with members.
#[derive(Clone, Debug)]
pub(crate) struct TypeInfo {
    pub(crate) full: String,
    pub(crate) place: Place,
    pub(crate) is_abstract: bool,
    pub(crate) properties: BTreeMap<String, PropertyInfo>,
    pub(crate) attributes: BTreeMap<String, (Type, Place)>,
    pub(crate) requirements: BTreeMap<String, RequirementInfo>,
    pub(crate) capabilities: BTreeMap<String, CapabilityInfo>,
    /// What a relationship's `source` and `target` must be, and where that is said.
    pub(crate) ends: BTreeMap<String, (Type, Place)>,
    /// Interfaces: the full names of their types, by the names they go by here.
    pub(crate) interfaces: BTreeMap<String, String>,
    /// Operations, as `interface.operation`; those of an interface type by their bare names.
    pub(crate) operations: BTreeMap<String, OperationSignature>,
    pub(crate) provider: Option<String>,
    pub(crate) constraints: Vec<(Constraint, Place)>,
    /// Of a group type its `members`, of a policy type its `targets` and more.
    pub(crate) over: Over,
}

/// What a group or a policy is over, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Over {
    /// The node type of members or targets, by full name, how many there are, and where that is said.
    pub(crate) members: Option<(String, (u64, Option<u64>), Place)>,
    /// A policy runs a workflow: whether it must, and where that is said.
    pub(crate) run: Option<(bool, Place)>,
    /// No two policies are over the same target: where that is said.
    pub(crate) exclusive: Option<Place>,
}

impl TypeInfo {
    /// A type with no member.
    pub(crate) fn new(full: &str, place: Place, is_abstract: bool) -> Self {
        Self {
            full: full.to_owned(),
            place,
            is_abstract,
            properties: BTreeMap::new(),
            attributes: BTreeMap::new(),
            requirements: BTreeMap::new(),
            capabilities: BTreeMap::new(),
            ends: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            operations: BTreeMap::new(),
            provider: None,
            constraints: Vec::new(),
            over: Over::default(),
        }
    }
}

/// A property.
#[derive(Clone, Debug)]
pub(crate) struct PropertyInfo {
    pub(crate) declared: PropertyType,
    pub(crate) place: Place,
    /// Where it was settled for good.
    pub(crate) fixed: Option<Place>,
}

/// A requirement.
#[derive(Clone, Debug)]
pub(crate) struct RequirementInfo {
    pub(crate) declared: RequirementType,
    pub(crate) place: Place,
}

/// A capability.
#[derive(Clone, Debug)]
pub(crate) struct CapabilityInfo {
    /// Its type, by full name.
    pub(crate) ty: String,
    /// The values of its properties.
    pub(crate) values: BTreeMap<String, Expr>,
    /// When those are known at the earliest.
    pub(crate) phases: BTreeMap<String, Phase>,
    pub(crate) place: Place,
}

impl<'s> Program<'s> {
    pub(crate) fn new(sources: &'s Sources, names: &'s Names, files: Files<'s>) -> Self {
        // Sources stand in a plan in the order of their paths, whatever order they were met in.
        let mut paths: Vec<(&str, usize)> =
            sources.modules.iter().enumerate().map(|(at, m)| (m.path.as_str(), at)).collect();
        paths.sort_unstable();
        let mut plan_files = vec![0; paths.len()];
        for (place, (_, at)) in paths.iter().enumerate() {
            if let Some(slot) = plan_files.get_mut(*at) {
                *slot = u32::try_from(place).unwrap_or(u32::MAX);
            }
        }
        Self {
            file: FileId(0),
            sources,
            names,
            files,
            types: Arc::default(),
            data: Arc::default(),
            values: Arc::default(),
            functions: Arc::default(),
            constants: Arc::default(),
            versions: Arc::default(),
            phases: Arc::default(),
            notices: Arc::default(),
            workflows: Arc::default(),
            instances: Arc::default(),
            needs: Arc::default(),
            plan_files,
            warnings: Arc::default(),
            kept: Arc::default(),
        }
    }

    /// A program that was checked before.
    pub(crate) fn known(sources: &'s Sources, names: &'s Names, facts: &Facts) -> Self {
        let Facts { types, data, values, functions, constants, phases, workflows } = facts.clone();
        let files = Files::Known(&sources.attached);
        Self {
            types,
            data,
            values,
            functions,
            constants,
            phases,
            workflows,
            ..Self::new(sources, names, files)
        }
    }

    /// Notes from now on what the check of a part takes.
    pub(crate) fn watch(&self) -> Watch<'_> {
        let scope = self.names.files.get(self.file.0 as usize);
        let used = scope.map(FileScope::take_used).unwrap_or_default();
        Watch { program: self, used, warned: self.warned(), asked: self.files.asked() }
    }

    fn warned(&self) -> usize {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// These imports of the blueprint are used.
    pub(crate) fn use_imports<'n>(&self, imports: impl Iterator<Item = &'n String>) {
        let Some(scope) = self.names.files.get(self.file.0 as usize) else { return };
        imports.for_each(|name| scope.mark(name));
    }

    /// What expressions were worth a word of.
    pub(crate) fn take_warnings(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was found out.
    pub(crate) fn facts(&self) -> Facts {
        Facts {
            types: self.types.clone(),
            data: self.data.clone(),
            values: self.values.clone(),
            functions: self.functions.clone(),
            constants: self.constants.clone(),
            phases: self.phases.clone(),
            workflows: self.workflows.clone(),
        }
    }

    /// The program as those see it who look ahead of a deployment: nothing is reported, so what
    /// repeats a property reads as it is set, and of what is `selected` all facts are there.
    pub(crate) fn ahead(&self, selected: &[&str]) -> Self {
        let mut types = BTreeMap::clone(&self.types);
        for (full, info) in &mut types {
            let info = Arc::make_mut(info);
            let is_fact = selected.iter().any(|kind| self.names.is_subtype(full, kind));
            let attributes = std::mem::take(&mut info.attributes);
            for (name, (ty, place)) in attributes {
                match info.properties.get_mut(&name) {
                    Some(property) => property.declared.kind = ty,
                    None if is_fact => {
                        let declared = PropertyType {
                            kind: ty,
                            default: None,
                            constraints: Vec::new(),
                            replace: false,
                        };
                        let made = PropertyInfo { declared, place, fixed: None };
                        info.properties.insert(name, made);
                    }
                    None => drop(info.attributes.insert(name, (ty, place))),
                }
            }
        }
        Self { types: Arc::new(types), phases: Arc::default(), ..self.clone() }
    }

    /// Turns to another file. What is known of nodes is known of one blueprint's.
    pub(crate) fn enter(&mut self, file: FileId) {
        self.file = file;
        self.phases = Arc::default();
        self.workflows = Arc::default();
        self.instances = Arc::default();
        self.needs = Arc::default();
    }

    /// The file that is checked.
    pub(crate) fn blueprint(&self) -> Option<&'s Module> {
        self.sources.modules.get(self.file.0 as usize)
    }

    /// Whether the blueprint's head gives all of its nodes labels.
    pub(crate) fn gives_labels(&self) -> bool {
        let items = self.blueprint().into_iter().flat_map(|module| &module.tree.items);
        items.filter_map(|item| match &item.kind {
            ItemKind::Blueprint(head) => Some(&head.body.entries),
            _ => None,
        })
        .flatten()
        .any(|entry| matches!(&entry.kind, EntryKind::Assign { key, .. } if key.text == "labels"))
    }

    /// Whether a file has a blueprint.
    pub(crate) fn has_blueprint(&self, file: FileId) -> bool {
        self.names.files.get(file.0 as usize).is_some_and(|scope| scope.blueprint.is_some())
    }

    /// The item that declares something.
    pub(crate) fn item(&self, declared: Declaration) -> Option<&'s ItemKind> {
        let module = self.sources.modules.get(declared.file.0 as usize)?;
        module.tree.items.get(declared.item).map(|item| &item.kind)
    }

    /// Where a value's path leads in a file.
    pub(crate) fn value_declaration(&self, file: FileId, path: &str) -> Option<Declaration> {
        let scope = self.names.files.get(file.0 as usize)?;
        if let Some((module, name)) = path.split_once('.') {
            let imported = scope.modules.get(module)?;
            scope.mark(module);
            return self.names.files.get(imported.file.0 as usize)?.values.get(name).copied();
        }
        if let Some(own) = scope.values.get(path) {
            return Some(*own);
        }
        let imported = scope.imported_values.get(path)?;
        scope.mark(path);
        Some(*imported)
    }

    /// Where a function's path leads in a file.
    pub(crate) fn function_declaration(&self, file: FileId, path: &str) -> Option<Declaration> {
        let scope = self.names.files.get(file.0 as usize)?;
        if let Some((module, name)) = path.split_once('.') {
            let imported = match scope.modules.get(module) {
                Some(imported) => imported.file,
                // The core is reached by its own name, too.
                None if module == "std" => FileId(1),
                None => return None,
            };
            scope.mark(module);
            return self.names.files.get(imported.0 as usize)?.functions.get(name).copied();
        }
        if let Some(own) = scope.functions.get(path) {
            return Some(*own);
        }
        if let Some(imported) = scope.imported_functions.get(path) {
            scope.mark(path);
            return Some(*imported);
        }
        // The core needs no `use`.
        self.names.files.get(1)?.functions.get(path).copied()
    }

    /// The name of the node that an expression leads to: itself, or one of its instances.
    pub(crate) fn node_of(from: &Expr) -> Option<&str> {
        match from {
            Expr::Node(name) => Some(name),
            Expr::Index { of, .. } => match &**of {
                Expr::Node(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// The item that something stands in; where there is none, the place itself.
    pub(crate) fn item_around(&self, at: Place) -> Span {
        let module = self.sources.modules.get(at.file.0 as usize);
        let items = module.map_or(&[][..], |module| &module.tree.items);
        let after = items.partition_point(|item| item.span.start <= at.span.start);
        let item = after.checked_sub(1).and_then(|before| items.get(before));
        item.map(|item| item.span).filter(|span| at.span.end <= span.end).unwrap_or(at.span)
    }

    /// From a plan's place to the source's.
    pub(crate) fn place_of(&self, span: bp_plan::Span) -> Option<Place> {
        let index = self.plan_files.iter().position(|file| *file == span.file)?;
        let source = &self.sources.modules.get(index)?.source;
        let file = FileId(u32::try_from(index).ok()?);
        let offset = |line, column| source.offset(line, column);
        let span =
            Span::new(offset(span.line, span.column), offset(span.end_line, span.end_column));
        Some(Place { file, span })
    }

    /// What something is inside of its blueprint, where only that blueprint can name it.
    fn inside(&self, declared: Declaration, named: Option<&Named>) -> Option<&'static str> {
        Some(match self.item(declared)? {
            ItemKind::Value(value) => match value.keyword {
                ValueKeyword::Input => "an input",
                ValueKeyword::Secret => "a secret",
                ValueKeyword::Const => {
                    let is_open = named.is_some_and(|named| matches!(named.expr, Expr::Const(_)));
                    if !is_open || !self.has_blueprint(declared.file) {
                        return None;
                    }
                    "a constant that is not known when compiling"
                }
            },
            ItemKind::Node(_) => "a node",
            ItemKind::Select(_) => "a selection",
            ItemKind::Requires(_) => "a requirement",
            ItemKind::Policy(_) => "a policy",
            ItemKind::Group(_) => "a group",
            ItemKind::Workflow(_) => "a workflow",
            _ => return None,
        })
    }

    /// Where a data type itself declares a field.
    fn field_place(&self, full: &str, member: &str) -> Option<Place> {
        let declared = self.names.types.get(full)?;
        let field = declared.item(self.sources)?.body.entries.iter().find_map(|entry| {
            let EntryKind::Field(field) = &entry.kind else { return None };
            (field.name.text == member).then_some(field.name.span)
        });
        field.map(|span| Place { file: declared.file, span })
    }

    /// The type of a node of the root, by full name.
    pub(crate) fn node_type(&self, node: &str) -> Option<&str> {
        let declared = self.value_declaration(self.file, node)?;
        match self.item(declared)? {
            ItemKind::Node(_) => match &self.values.get(&(declared.file, declared.item))?.ty {
                Type::Node(full) | Type::Nodes(full) => Some(full),
                Type::Optional(of) => match &**of {
                    Type::Node(full) => Some(full),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a member of a node is reported, and not set.
    pub(crate) fn reports(&self, node: &str, member: &str) -> bool {
        let info = self.node_type(node).and_then(|full| self.types.get(full));
        info.is_some_and(|info| info.attributes.contains_key(member))
    }

    fn module(&self, file: FileId) -> Result<&'s Module, String> {
        let module = self.sources.modules.get(file.0 as usize);
        module.ok_or_else(|| "nothing is known of the file that names it".to_owned())
    }

    /// The type that something is of, where types have members.
    pub(crate) fn info(&self, of: &Type) -> Option<&TypeInfo> {
        match of {
            Type::Node(name)
            | Type::Group(name)
            | Type::Capability(name)
            | Type::Relationship(name) => self.types.get(name).map(|info| &**info),
            _ => None,
        }
    }
}

/// See [`Program::watch`].
pub(crate) struct Watch<'p> {
    program: &'p Program<'p>,
    /// What was used before.
    used: BTreeSet<String>,
    warned: usize,
    asked: usize,
}

impl Watch<'_> {
    /// The imports that were used meanwhile; nothing where there was a warning, or a file was asked for.
    pub(crate) fn end(self) -> Option<BTreeSet<String>> {
        let Self { program, used, warned, asked } = self;
        let scope = program.names.files.get(program.file.0 as usize);
        let own = scope.map(FileScope::take_used).unwrap_or_default();
        program.use_imports(used.iter().chain(&own));
        (program.warned() == warned && program.files.asked() == asked).then_some(own)
    }
}

/// How a requirement reads: its target, optional or a list by how many there may be.
pub(crate) fn reads_as(declared: &RequirementType) -> Type {
    match declared.cardinality {
        (1, Some(1)) => declared.target.clone(),
        (0, Some(1)) => Type::Optional(Box::new(declared.target.clone())),
        _ => Type::List(Box::new(declared.target.clone())),
    }
}
