//! The members of types: their own, and those they inherit and refine.
//!
//! Twice: first by their types alone, so that expressions can be checked at all; then with the
//! expressions in them.

pub(super) mod keeper;
mod over;

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_plan::{Constraint, Expr, Phase, PropertyType, RequirementType, Type, Value};

use super::expr::{
    Scope, World, check_expr, check_of_type, check_type_expr, check_wheres, fits, holds_node,
    holds_secret,
};
use super::program::{CapabilityInfo, Program, PropertyInfo, RequirementInfo, TypeInfo};
use super::{refinement, relationships};
use crate::diagnostics::{
    Diagnostic, names as says_names, near, nodes as says_nodes, topology as says,
    types as says_types,
};
use crate::library::PROVIDERS;
use crate::resolve::TypeDeclaration;
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{self, EntryKind, ExprKind, TypeItemKind};

/// Which of the two times it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Types alone; what is there of expressions is a placeholder.
    Signatures,
    /// With the expressions.
    Bodies,
}

/// Which kinds of types come first: those that others are made of.
pub(crate) fn rank(kind: TypeItemKind) -> u8 {
    match kind {
        TypeItemKind::Data => 0,
        TypeItemKind::Interface => 1,
        _ => 2,
    }
}

/// Works out a type's members.
pub(crate) fn build(program: &mut Program<'_>, full: &str, pass: Pass, out: &mut Vec<Diagnostic>) {
    let Some(declared) = program.names.types.get(full) else { return };
    let Some(item) = declared.item(program.sources) else { return };
    match declared.kind {
        TypeItemKind::Data => {
            let data = super::data::data_type(program, full, declared, item, pass, out);
            Arc::make_mut(&mut program.data).insert(full.to_owned(), Arc::new(data));
        }
        TypeItemKind::Interface => {
            let info = super::operations::interface(program, full, declared, item, pass, out);
            Arc::make_mut(&mut program.types).insert(full.to_owned(), Arc::new(info));
        }
        _ => {
            let info = Builder { program, declared, full, pass, out }.build(item);
            Arc::make_mut(&mut program.types).insert(full.to_owned(), Arc::new(info));
        }
    }
}

/// A property or field: its type, its default and its constraints.
#[expect(clippy::too_many_arguments, reason = "one caller a kind of type")]
pub(crate) fn property(
    program: &Program<'_>,
    scope: &Scope,
    this: &Type,
    member: &ast::Member,
    ty: Type,
    replace: bool,
    pass: Pass,
    out: &mut Vec<Diagnostic>,
) -> PropertyType {
    let default = null_by_default(member, &ty);
    let mut made = PropertyType { kind: ty, default, constraints: Vec::new(), replace };
    if pass == Pass::Signatures {
        if member.default.is_some() {
            made.default = Some(Expr::Value(Value::Null));
        }
        return made;
    }
    made.constraints = check_wheres(program, scope, &made.kind, &member.wheres, out);
    if let Some(default) = &member.default {
        let place = Place { file: scope.file(), span: member.ty.span };
        let inside = scope
            .clone()
            .with_self(this.clone(), Phase::Compile)
            .because(Some(place), format!("`{}` is declared here", member.name.text));
        let typed = check_expr(program, &inside, default, Some(&made.kind), out);
        let at = Place { file: scope.file(), span: default.span };
        if typed.phase != Phase::Compile && !mentions_self(&typed.expr) {
            out.push(says::too_late(
                at,
                "a default in a type",
                "when compiling",
                words(typed.phase),
            ));
        }
        breaks(&made.constraints, &typed.expr, at, &member.name.text, out);
        if typed.ty == Type::Unknown && matches!(this, Type::Data(_)) {
            // Its mistake was told; what leaves the member out has nothing more to tell.
            made.kind = Type::Unknown;
        }
        made.default = Some(typed.expr);
    }
    made
}

/// The type of something that is kept or handed on as data (what it is, its name, and whether a requirement could
/// stand for it); where it would hold a node, which is told, nothing is asked of it.
pub(crate) fn as_data(
    program: &Program<'_>,
    (what, name, requires): (&str, &str, bool),
    at: Place,
    ty: Type,
    out: &mut Vec<Diagnostic>,
) -> Type {
    if !holds_node(program, &ty) {
        return ty;
    }
    out.push(says_types::node_kept(at, what, name, &ty, requires));
    Type::Unknown
}

/// `json?` is open data, of which `null` is a value: left out, it is that.
pub(crate) fn null_by_default(member: &ast::Member, ty: &Type) -> Option<Expr> {
    fn is_marked(ty: &ast::TypeExpr) -> bool {
        match &ty.kind {
            ast::TypeKind::Optional(_) => true,
            ast::TypeKind::Secret(of) => is_marked(of),
            _ => false,
        }
    }
    let is_open = match ty {
        Type::Secret(of) => **of == Type::Json,
        other => *other == Type::Json,
    };
    (is_open && is_marked(&member.ty)).then_some(Expr::Value(Value::Null))
}

/// When something is known, in words.
pub(crate) fn words(phase: Phase) -> &'static str {
    match phase {
        Phase::Compile => "when compiling",
        Phase::Deploy => "when it is deployed",
        Phase::Run => "only once other nodes are there",
    }
}

fn mentions_self(expr: &Expr) -> bool {
    let mut found = matches!(expr, Expr::This | Expr::Source | Expr::Target);
    expr.parts(&mut |part| found = found || mentions_self(part));
    found
}

pub(crate) fn breaks(
    constraints: &[Constraint],
    default: &Expr,
    at: Place,
    name: &str,
    out: &mut Vec<Diagnostic>,
) {
    let Some(value) = default.as_value() else { return };
    for constraint in constraints {
        if let Ok(bp_eval::Verdict::Broken(message)) =
            bp_eval::check_constraint(constraint, value, &bp_eval::Nowhere::default())
        {
            out.push(says::default_breaks(at, name, &message));
            return;
        }
    }
}

pub(crate) fn described(entry: &EntryKind) -> &'static str {
    match entry {
        EntryKind::Assign { .. } => "a value",
        EntryKind::Meets(_) => "`->`",
        EntryKind::Field(_) => "a field",
        EntryKind::Property(_) => "a property",
        EntryKind::Attribute(_) => "an attribute",
        EntryKind::Requires(_) => "a requirement",
        EntryKind::Capability(_) => "a capability",
        EntryKind::Operation(_) => "an operation",
        EntryKind::Implements { .. } => "`implements`",
        EntryKind::Fixed { .. } => "`fixed`",
        EntryKind::Check(_) => "`check`",
        EntryKind::Let { .. } => "`let`",
        EntryKind::Assert(_) => "`assert`",
        EntryKind::AssertFails(_) => "`assert_fails`",
        EntryKind::Spread(_) => "`...`",
    }
}

/// Works out the members of one type.
pub(super) struct Builder<'a, 's> {
    pub(super) program: &'a Program<'s>,
    pub(super) declared: &'a TypeDeclaration,
    full: &'a str,
    pub(super) pass: Pass,
    pub(super) out: &'a mut Vec<Diagnostic>,
}

impl Builder<'_, '_> {
    pub(super) fn place(&self, span: Span) -> Place {
        Place { file: self.declared.file, span }
    }

    fn file(&self) -> FileId {
        self.declared.file
    }

    /// The type of `self` in the type's body.
    pub(super) fn this(&self) -> Type {
        let full = self.full.to_owned();
        match self.declared.kind {
            TypeItemKind::Capability => Type::Capability(full),
            TypeItemKind::Relationship => Type::Relationship(full),
            TypeItemKind::Group => Type::Group(full),
            _ => Type::Node(full),
        }
    }

    fn build(mut self, item: &ast::TypeItem) -> TypeInfo {
        let parent = self.declared.ancestors.first().and_then(|name| self.program.types.get(name));
        let parent = parent.map(|info| &**info);
        let mut info = match parent {
            Some(parent) => TypeInfo {
                full: self.full.to_owned(),
                place: self.declared.place,
                is_abstract: item.is_abstract,
                ..parent.clone()
            },
            None => TypeInfo::new(self.full, self.declared.place, item.is_abstract),
        };
        // Operations may stand before the interface that they belong to.
        for entry in &item.body.entries {
            if let EntryKind::Implements { interface, alias } = &entry.kind
                && matches!(self.declared.kind, TypeItemKind::Node | TypeItemKind::Relationship)
            {
                self.implements(&mut info, interface, alias.as_ref());
            }
        }
        let mut seen: BTreeMap<(bool, String), Place> = BTreeMap::new();
        let mut operations = BTreeMap::new();
        // Members read the ends of a relationship, and operations set attributes, which may stand behind them.
        let is_relationship = self.declared.kind == TypeItemKind::Relationship;
        let rank = |entry: &&ast::BodyEntry| match &entry.kind {
            EntryKind::Field(end) if is_relationship && relationships::is_end(&end.name.text) => 0,
            EntryKind::Operation(_) => 2,
            _ => 1,
        };
        let mut entries: Vec<&ast::BodyEntry> = item.body.entries.iter().collect();
        entries.sort_by_key(rank);
        for entry in entries {
            if let Some(name) = member_name(&entry.kind) {
                // An attribute may repeat a property.
                let key = (matches!(entry.kind, EntryKind::Attribute(_)), name.text.to_string());
                let place = self.place(name.span);
                if let Some(first) = seen.get(&key).copied() {
                    if self.pass == Pass::Signatures {
                        let of = &item.name.text;
                        self.out.push(says_names::member_twice(place, &name.text, of, first));
                    }
                    continue;
                }
                seen.insert(key, place);
            }
            self.other_kind(&mut info, parent, entry);
            if let EntryKind::Operation(operation) = &entry.kind
                && self.is_second(&mut operations, operation)
            {
                continue;
            }
            self.entry(&mut info, entry);
        }
        keeper::of_type(&mut self, &info, item);
        if self.pass == Pass::Signatures {
            self.repeated(item, &info);
        }
        info
    }

    /// Tells a member whose name an inherited one of another kind has; the new one counts from there on.
    fn other_kind(
        &mut self,
        info: &mut TypeInfo,
        parent: Option<&TypeInfo>,
        entry: &ast::BodyEntry,
    ) {
        let (Some(parent), Some(name)) = (parent, member_name(&entry.kind)) else { return };
        let Some((was, declared)) = refinement::kind(parent, &name.text) else { return };
        let is_value = |kind: &str| matches!(kind, "a property" | "an attribute");
        let is = described(&entry.kind);
        let is_member = is_value(is) || matches!(is, "a requirement" | "a capability");
        // An attribute may repeat a property.
        if !is_member || is == was || is_value(is) && is_value(was) {
            return;
        }
        let text = name.text.as_str();
        info.properties.remove(text);
        info.attributes.remove(text);
        info.requirements.remove(text);
        info.capabilities.remove(text);
        if self.pass == Pass::Signatures {
            let at = self.place(name.span);
            self.out.push(says::other_kind(at, text, was, is, declared));
        }
    }

    /// An attribute that repeats a property is of its type, or one of the two narrows the other.
    fn repeated(&mut self, item: &ast::TypeItem, info: &TypeInfo) {
        for entry in &item.body.entries {
            let (EntryKind::Attribute(member) | EntryKind::Property(member)) = &entry.kind else {
                continue;
            };
            let name = member.name.text.as_str();
            let Some(((attribute, reported), property)) =
                info.attributes.get(name).zip(info.properties.get(name))
            else {
                continue;
            };
            let set = &property.declared.kind;
            if fits(self.program, attribute, set) || fits(self.program, set, attribute) {
                continue;
            }
            let is_attribute = matches!(entry.kind, EntryKind::Attribute(_));
            let own = self.place(member.name.span);
            // Of two that stand here, the second is told.
            let other = if is_attribute { property.place } else { *reported };
            if other.file == own.file && other.span.start > own.span.start {
                continue;
            }
            let at = self.place(member.ty.span);
            let (was, is) = if is_attribute { (set, attribute) } else { (attribute, set) };
            self.out.push(says::repeated_otherwise(at, name, was, is, other));
        }
    }

    /// Parts of a member that mean nothing in this kind of member.
    fn idle(&mut self, entry: &EntryKind) {
        let (member, of, takes_value) = match entry {
            EntryKind::Property(member) => (member, "a property", true),
            EntryKind::Attribute(member) => (member, "an attribute", false),
            EntryKind::Capability(member) => (member, "a capability", false),
            _ => return,
        };
        if let Some(written) = &member.cardinality {
            let at = self.place(written.span);
            let help = "only requirements have one; a list is written `list<T>`";
            self.out.push(says_nodes::idle_part(at, "cardinality", of, help));
        }
        let value = member.default.as_ref().map(|default| ("default", default.span));
        let first = member.wheres.first().map(|one| ("`where`", one.predicate.span));
        if let Some((what, span)) = value.or(first).filter(|_| !takes_value) {
            let help = match entry {
                EntryKind::Attribute(_) => "it is reported, never set: leave this out",
                _ => "give the capability's type what it needs, and its properties in `{ … }`",
            };
            self.out.push(says_nodes::idle_part(self.place(span), what, of, help));
        }
    }

    fn entry(&mut self, info: &mut TypeInfo, entry: &ast::BodyEntry) {
        use TypeItemKind as K;
        if self.pass == Pass::Signatures {
            self.idle(&entry.kind);
        }
        let kind = self.declared.kind;
        let is_allowed = match &entry.kind {
            EntryKind::Property(_) | EntryKind::Check(_) | EntryKind::Fixed { .. } => true,
            EntryKind::Attribute(_) | EntryKind::Operation(_) => {
                matches!(kind, K::Node | K::Relationship)
            }
            EntryKind::Implements { .. } => matches!(kind, K::Node | K::Relationship),
            EntryKind::Requires(_) | EntryKind::Capability(_) => kind == K::Node,
            EntryKind::Assign { key, .. } => match kind {
                K::Node => key.text == "provider",
                K::Policy => key.text == "exclusive",
                _ => false,
            },
            EntryKind::Field(member) => match kind {
                K::Relationship => true,
                K::Group => member.name.text == "members",
                K::Policy => matches!(member.name.text.as_str(), "targets" | "run"),
                _ => false,
            },
            _ => false,
        };
        if !is_allowed {
            if self.pass == Pass::Signatures {
                self.misplaced(entry);
            }
            return;
        }
        match &entry.kind {
            EntryKind::Property(member) => {
                let replace = entry.annotations.iter().any(|a| a.name.text == "replace");
                self.property(info, member, replace);
            }
            EntryKind::Attribute(member) => self.attribute(info, member),
            EntryKind::Requires(member) => self.requirement(info, member),
            EntryKind::Capability(member) => self.capability(info, member),
            EntryKind::Operation(operation) => self.operation(info, entry, operation),
            EntryKind::Fixed { key, value } => self.fixed(info, key, value),
            EntryKind::Field(member) if kind == K::Relationship => self.end(info, member),
            EntryKind::Check(check) if self.pass == Pass::Bodies => {
                let scope = self.scope(info);
                let this = self.this();
                let place = self.place(check.predicate.span);
                let made = check_of_type(self.program, &scope, &this, check, self.out);
                info.constraints.extend(made.into_iter().map(|one| (one, place)));
            }
            EntryKind::Assign { key, value } if key.text == "exclusive" => {
                over::exclusive(self, info, value);
            }
            EntryKind::Assign { value, .. } => self.provider(info, value),
            EntryKind::Field(member) if kind == K::Policy && member.name.text == "run" => {
                over::run(self, info, member);
            }
            EntryKind::Field(member) if matches!(kind, K::Policy | K::Group) => {
                over::members(self, info, member);
            }
            _ => {}
        }
    }

    fn misplaced(&mut self, entry: &ast::BodyEntry) {
        let place = self.place(entry.span);
        if let EntryKind::Assign { key, .. } = &entry.kind {
            let place = self.place(key.span);
            let known = match self.declared.kind {
                TypeItemKind::Policy => "exclusive",
                _ => "provider",
            };
            self.out.push(says_names::unknown_field(place, &key.text, "a type", &[known]));
            return;
        }
        let (of, allowed) = match self.declared.kind {
            TypeItemKind::Node => (
                "a node type",
                "properties, attributes, requirements, capabilities, operations, `fixed`, `check` and `provider`",
            ),
            TypeItemKind::Capability => ("a capability type", "properties and `check`"),
            TypeItemKind::Relationship => {
                ("a relationship type", "properties, attributes, operations and `check`")
            }
            TypeItemKind::Policy => (
                "a policy type",
                "properties, `fixed`, `check`, `targets: T[n..m]`, `run: Workflow` and `exclusive`",
            ),
            _ => ("a group type", "properties, `fixed`, `check` and `members: T[n..m]`"),
        };
        let error = says_names::not_here(place, described(&entry.kind), of, allowed);
        let is_field = matches!(entry.kind, EntryKind::Field(_)) && allowed.contains("properties");
        self.out.push(if is_field { says_names::bare_property(error) } else { error });
    }

    fn type_of(&mut self, ty: &ast::TypeExpr) -> Type {
        match self.pass {
            Pass::Signatures => check_type_expr(self.program, self.declared.file, ty, self.out),
            Pass::Bodies => check_type_expr(self.program, self.declared.file, ty, &mut Vec::new()),
        }
    }

    fn property(&mut self, info: &mut TypeInfo, member: &ast::Member, replace: bool) {
        let name = member.name.text.to_string();
        let ty = self.type_of(&member.ty);
        let ty = self.unkept(member, ty);
        let ty = self.data("the property", member, ty);
        let scope = self.scope(info);
        let this = self.this();
        let mut made =
            property(self.program, &scope, &this, member, ty, replace, self.pass, self.out);
        let place = self.place(member.name.span);
        if let Some(inherited) = info.properties.get(&name) {
            if let Some(settled) = inherited.fixed {
                if self.pass == Pass::Signatures {
                    self.out.push(says::fixed_anew(place, &name, short(self.full), settled));
                }
                return;
            }
            let old = (&inherited.declared, Some(inherited.place));
            let at = (self.pass, self.declared.file);
            refinement::property(self.program, at, member, &mut made, old.0, old.1, self.out);
        }
        info.properties.insert(name, PropertyInfo { declared: made, place, fixed: None });
    }

    /// The type of a property or an attribute, which are data.
    fn data(&mut self, what: &str, member: &ast::Member, ty: Type) -> Type {
        let requires = what == "the property" && self.declared.kind == TypeItemKind::Node;
        let (at, mut silent) = (self.place(member.ty.span), Vec::new());
        let out = if self.pass == Pass::Bodies { &mut *self.out } else { &mut silent };
        as_data(self.program, (what, &member.name.text, requires), at, ty, out)
    }

    /// The type of a property; of a policy's or a group's that would be secret, which is told, nothing is asked.
    fn unkept(&mut self, member: &ast::Member, ty: Type) -> Type {
        let of = match self.declared.kind {
            TypeItemKind::Policy => "a policy type",
            TypeItemKind::Group => "a group type",
            _ => return ty,
        };
        if !holds_secret(self.program, &ty) {
            return ty;
        }
        if self.pass == Pass::Bodies {
            let at = self.place(member.ty.span);
            self.out.push(says_nodes::secret_of_policy(at, of));
        }
        Type::Unknown
    }

    fn attribute(&mut self, info: &mut TypeInfo, member: &ast::Member) {
        let name = member.name.text.to_string();
        let ty = self.type_of(&member.ty);
        let ty = self.data("the attribute", member, ty);
        let place = self.place(member.name.span);
        if self.pass == Pass::Signatures
            && let Some((old, declared)) = info.attributes.get(&name).cloned()
        {
            let file = self.declared.file;
            refinement::narrows(self.program, file, member, (&ty, &old), Some(declared), self.out);
        }
        info.attributes.insert(name, (ty, place));
    }

    fn requirement(&mut self, info: &mut TypeInfo, member: &ast::Member) {
        let name = member.name.text.to_string();
        let ty = self.type_of(&member.ty);
        let (target, optional) = match ty {
            Type::Optional(of) => (*of, true),
            other => (other, false),
        };
        let place = self.place(member.name.span);
        if !matches!(target, Type::Node(_) | Type::Capability(_) | Type::Unknown) {
            if self.pass == Pass::Signatures {
                let at = self.place(member.ty.span);
                let found = format!("`{target}`");
                let error =
                    says::unfit_target(at, &name, "a node type or a capability type", &found, None);
                self.out.push(error);
            }
            return;
        }
        let cardinality = match &member.cardinality {
            Some(written) => self.cardinality(written),
            None if optional => (0, Some(1)),
            None => (1, Some(1)),
        };
        let relationship = match &member.via {
            Some(via) => {
                let mut silent = Vec::new();
                let out = match self.pass {
                    Pass::Signatures => &mut *self.out,
                    Pass::Bodies => &mut silent,
                };
                self.program.names.expect_type(
                    self.declared.file,
                    &via.ty,
                    TypeItemKind::Relationship,
                    out,
                )
            }
            None => Some(match info.requirements.get(&name) {
                Some(inherited) => inherited.declared.relationship.clone(),
                None => "std.DependsOn".to_owned(),
            }),
        };
        let Some(relationship) = relationship else { return };
        let mut constraints = Vec::new();
        if self.pass == Pass::Bodies {
            let scope = Scope::new(self.file()).with_source(self.this(), Phase::Deploy);
            constraints = check_wheres(self.program, &scope, &target, &member.wheres, self.out);
        }
        let inherited = info.requirements.get(&name);
        if let Some(inherited) = inherited {
            constraints.splice(0..0, inherited.declared.constraints.iter().cloned());
        }
        let hosts = self.program.names.is_subtype(&relationship, "std.HostedOn");
        let unordered = self.program.names.is_subtype(&relationship, "std.AssociatesWith");
        let declared =
            RequirementType { target, cardinality, relationship, hosts, unordered, constraints };
        if self.pass == Pass::Signatures {
            if let Some(inherited) = inherited {
                let both = (&declared, &inherited.declared);
                let file = self.declared.file;
                refinement::requirement(
                    self.program,
                    file,
                    member,
                    both,
                    inherited.place,
                    self.out,
                );
            }
            self.ends_of(member, &declared);
        }
        info.requirements.insert(name, RequirementInfo { declared, place });
    }

    fn cardinality(&mut self, written: &ast::Cardinality) -> (u64, Option<u64>) {
        let mut silent = Vec::new();
        let out = match self.pass {
            Pass::Signatures => &mut *self.out,
            Pass::Bodies => &mut silent,
        };
        cardinality(self.program, self.declared.file, written, out)
    }

    fn capability(&mut self, info: &mut TypeInfo, member: &ast::Member) {
        let name = member.name.text.to_string();
        let Type::Capability(ty) = self.type_of(&member.ty) else {
            if self.pass == Pass::Signatures {
                let at = self.place(member.ty.span);
                let error =
                    says::unfit_target(at, &name, "a capability type", "another type", None);
                if !self.out.iter().any(|d| d.place == at) {
                    self.out.push(error);
                }
            }
            return;
        };
        let place = self.place(member.name.span);
        let inherited = info.capabilities.get(&name);
        let mut values = inherited.map(|old| old.values.clone()).unwrap_or_default();
        let mut phases = inherited.map(|old| old.phases.clone()).unwrap_or_default();
        if let (Pass::Signatures, Some(old)) = (self.pass, inherited) {
            let (new, was) = (Type::Capability(ty.clone()), Type::Capability(old.ty.clone()));
            let (at, file) = (Some(old.place), self.declared.file);
            refinement::narrows(self.program, file, member, (&new, &was), at, self.out);
        }
        if self.pass == Pass::Bodies {
            let this = self.this();
            let scope = Scope::new(self.file()).with_self(this, Phase::Compile);
            // What the type leaves open, its nodes give.
            let (set, _) =
                super::blocks::properties(self.program, &scope, &ty, &member.body, self.out);
            for (name, set) in set {
                phases.insert(name.clone(), set.phase);
                values.insert(name, set.value);
            }
        }
        info.capabilities.insert(name, CapabilityInfo { ty, values, phases, place });
    }

    fn fixed(&mut self, info: &mut TypeInfo, key: &ast::Name, value: &ast::Expr) {
        let place = self.place(key.span);
        let Some(property) = info.properties.get(key.text.as_str()).cloned() else {
            if self.pass == Pass::Signatures && !self.program.names.is_open(self.full) {
                let known: Vec<String> = info.properties.keys().cloned().collect();
                let of = self.full;
                self.out.push(says::unknown_member(place, &key.text, of, &known, None, None));
            }
            return;
        };
        if let (Pass::Signatures, Some(settled)) = (self.pass, property.fixed) {
            self.out.push(says::fixed(place, &key.text, self.full, settled));
        }
        let mut declared = property.declared;
        declared.default = Some(Expr::Value(Value::Null));
        if self.pass == Pass::Bodies {
            let scope = Scope::new(self.file())
                .with_self(self.this(), Phase::Compile)
                .because(Some(property.place), format!("`{}` is declared here", key.text));
            let typed = check_expr(self.program, &scope, value, Some(&declared.kind), self.out);
            let at = self.place(value.span);
            breaks(&declared.constraints, &typed.expr, at, &key.text, self.out);
            declared.default = Some(typed.expr);
        }
        let made = PropertyInfo { declared, place: property.place, fixed: Some(place) };
        info.properties.insert(key.text.to_string(), made);
    }

    fn provider(&mut self, info: &mut TypeInfo, value: &ast::Expr) {
        match &value.kind {
            ExprKind::Literal(Value::String(name)) => {
                if self.pass == Pass::Signatures
                    && !PROVIDERS.contains(&name.as_str())
                    && let Some(meant) = near(name, PROVIDERS.iter().copied())
                {
                    let at = self.place(value.span);
                    self.out.push(says_nodes::misspelt_provider(at, name, meant));
                }
                info.provider = Some(name.clone());
            }
            ExprKind::Missing => {}
            _ if self.pass == Pass::Signatures => {
                let at = self.place(value.span);
                self.out.push(says_nodes::provider_no_text(at));
            }
            _ => {}
        }
    }
}

pub(crate) fn member_name(entry: &EntryKind) -> Option<&ast::Name> {
    match entry {
        EntryKind::Field(member)
        | EntryKind::Property(member)
        | EntryKind::Attribute(member)
        | EntryKind::Requires(member)
        | EntryKind::Capability(member) => Some(&member.name),
        EntryKind::Fixed { key, .. } | EntryKind::Assign { key, .. } => Some(key),
        _ => None,
    }
}

/// Fewest and most.
pub(crate) fn cardinality(
    program: &Program<'_>,
    file: FileId,
    written: &ast::Cardinality,
    out: &mut Vec<Diagnostic>,
) -> (u64, Option<u64>) {
    let scope = Scope::new(file);
    let mut number = |expr: &ast::Expr| {
        let typed = check_expr(program, &scope, expr, Some(&Type::Int), out);
        match typed.expr.as_value() {
            Some(Value::Int(number)) => u64::try_from(*number).ok(),
            _ => None,
        }
    };
    let from = number(&written.from);
    let to = match &written.to {
        Some(to) => number(to).map(Some),
        None => Some(None),
    };
    match (from, to) {
        (Some(from), Some(to)) if to.is_none_or(|to| from <= to) => (from, to),
        _ => {
            let place = Place { file, span: written.span };
            if !out.iter().any(|d| {
                d.place.file == file
                    && written.span.start <= d.place.span.start
                    && d.place.span.end <= written.span.end
            }) {
                out.push(says::bad_cardinality(place));
            }
            (0, None)
        }
    }
}

/// The name of a type without its module, for messages.
pub(crate) fn short(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}

/// Where a member of a type is declared.
pub(crate) fn declared_at(program: &Program<'_>, full: &str, member: &str) -> Option<Place> {
    program.type_place(&Type::Node(full.to_owned()), Some(member))
}
