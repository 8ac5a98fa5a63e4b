//! Blocks `{ … }` and their entries.

use bp_plan::Type;

use super::{FILE, Finder, bind, type_of};
use crate::check::expr::{Local, check_expr};
use crate::ide::spot::{Around, Expected, Owner, Role, Runner, Spot, Wanted};
use crate::ide::steps;
use crate::syntax::ast::{
    Body, BodyEntry, EntryKind, Expr, ExprKind, Meets, Member, Name, Operation, TypeItemKind, Via,
};

impl Finder<'_, '_> {
    pub(super) fn block<'t>(
        &self,
        body: &'t Body,
        owner: &Owner,
        mut around: Around,
    ) -> Option<Spot<'t>> {
        if !body.span.is_some_and(|span| self.is_in(span)) {
            return None;
        }
        for entry in &body.entries {
            if self.is_in(entry.span)
                && let Some(found) = self.entry(body, entry, owner, &around)
            {
                return Some(found);
            }
            if let EntryKind::Let { name, value } = &entry.kind {
                let made = check_expr(self.program, &around.scope, value, None, &mut Vec::new());
                around.scope = around.scope.with(Local::alias(name.text.as_str(), made));
                around.binds(name);
            }
        }
        None
    }

    fn entry<'t>(
        &self,
        body: &'t Body,
        entry: &'t BodyEntry,
        owner: &Owner,
        around: &Around,
    ) -> Option<Spot<'t>> {
        if let Some(found) = entry.annotations.iter().find(|a| self.is_in(a.span)) {
            return Some(Spot::Annotation(found));
        }
        let this = this(owner);
        let ends = self.with_ends(around, owner);
        let around = ends.as_ref().unwrap_or(around);
        let key = |name: &'t Name, is_requirement: bool| {
            let owner = owner.clone();
            self.is_in(name.span).then_some(Spot::Key { owner, body, name, is_requirement })
        };
        match &entry.kind {
            EntryKind::Assign { key: name, value } => {
                key(name, false).or_else(|| self.value((owner, body), name, value, around))
            }
            EntryKind::Fixed { key: name, value } => {
                let inside = as_self(around, &this);
                key(name, false).or_else(|| self.value((owner, body), name, value, &inside))
            }
            EntryKind::Meets(meets) => {
                key(&meets.name, true).or_else(|| self.meets(meets, owner, around))
            }
            EntryKind::Field(it) => {
                let wanted = field_of(owner, it);
                let is_word = wanted != Wanted::Value;
                let own = if is_word { key(&it.name, false) } else { None };
                own.or_else(|| self.member(it, around, &this, &wanted))
            }
            EntryKind::Property(it) | EntryKind::Attribute(it) => {
                self.member(it, around, &this, &Wanted::Value)
            }
            EntryKind::Requires(it) => self.member(it, around, &this, &Wanted::Target),
            EntryKind::Capability(it) => {
                let kind = TypeItemKind::Capability;
                self.member(it, around, &this, &Wanted::Kind(kind)).or_else(|| {
                    let owner = match self.ty(&it.ty) {
                        Type::Capability(full) => Owner::Properties(Some(full)),
                        _ => Owner::Other,
                    };
                    self.block(&it.body, &owner, as_self(around, &this))
                })
            }
            EntryKind::Operation(it) => self.operation(it, (owner, body), &as_self(around, &this)),
            EntryKind::Implements { interface, alias } => alias
                .as_ref()
                .filter(|alias| self.is_in(alias.span))
                .map(Spot::Declared)
                .or_else(|| self.path(interface, &Wanted::Kind(TypeItemKind::Interface))),
            EntryKind::Check(one) => self.wheres(std::slice::from_ref(one), around, &this),
            EntryKind::Assert(one) => {
                let text = Expected::Value(Type::String);
                self.expr(&one.predicate, around, &Expected::Value(Type::Bool))
                    .or_else(|| self.perhaps(one.message.as_ref(), around, &text))
            }
            EntryKind::Let { name, value } => {
                if self.is_in(name.span) {
                    let mut around = around.clone();
                    let ty = type_of(self.program, &around.scope, value);
                    bind(&mut around, name, ty);
                    return Some(Spot::Local { name, around });
                }
                self.expr(value, around, &Expected::Anything)
            }
            EntryKind::Spread(value) => self.expr(value, around, &Expected::Anything),
            EntryKind::AssertFails(code) => self.is_in(code.span).then_some(Spot::Code(code)),
        }
    }

    /// In a relationship type, with its ends.
    fn with_ends(&self, around: &Around, owner: &Owner) -> Option<Around> {
        let Owner::Type(TypeItemKind::Relationship, full) = owner else { return None };
        let info = self.info(full.as_ref())?;
        let end = |name: &str| match info.ends.get(name) {
            Some((ty, _)) => ty.clone(),
            None => Type::Node("std.Root".to_owned()),
        };
        let mut around = around.clone();
        around.scope = around
            .scope
            .with_source(end("source"), bp_plan::Phase::Deploy)
            .with_target(end("target"), bp_plan::Phase::Deploy);
        Some(around)
    }

    /// The value of `key = value`.
    fn value<'t>(
        &self,
        (owner, body): (&Owner, &Body),
        key: &Name,
        value: &'t Expr,
        around: &Around,
    ) -> Option<Spot<'t>> {
        let wanted = self.wanted_of(owner, body, key);
        let mut around = around.clone();
        match owner {
            Owner::Over(TypeItemKind::Policy, _, full) => {
                let runs = self.info(full.as_ref()).is_some_and(|info| info.over.run.is_some());
                if let ExprKind::Name(name) = &value.kind
                    && runs
                    && key.text == "run"
                    && self.is_in(value.span)
                {
                    let (name, span) = (name.clone(), value.span);
                    return Some(Spot::Workflow { name, span, by: Runner::Policy });
                }
            }
            Owner::Implementation(_, result) if key.text == "sets" => {
                let result = Local::variable("result", result.clone(), bp_plan::Phase::Run);
                around.scope = around.scope.with(result);
            }
            _ => {}
        }
        self.expr(value, &around, &wanted)
    }

    fn meets<'t>(&self, meets: &'t Meets, owner: &Owner, around: &Around) -> Option<Spot<'t>> {
        let (node, full) = match owner {
            Owner::Node(name, full) => (name.clone(), full.clone()),
            _ => Default::default(),
        };
        let info = full.as_ref().and_then(|full| self.program.types.get(full));
        let declared = info.and_then(|info| info.requirements.get(meets.name.text.as_str()));
        let wanted = declared.map_or_else(
            || Type::Node("std.Root".to_owned()),
            |declared| declared.declared.target.clone(),
        );
        // Of what is not declared nothing is known.
        let most = declared.map_or(Some(2), |declared| declared.declared.cardinality.1);
        let many = most != Some(1);
        let this = wanted.clone();
        let source = full.map_or(Type::Unknown, Type::Node);
        let mut inside = Around { binders: around.binders.clone(), ..Around::default() };
        inside.scope = crate::check::expr::Scope::new(FILE)
            .with_source(source.clone(), bp_plan::Phase::Deploy);
        let mut ends = around.clone();
        ends.scope = ends
            .scope
            .with_source(source, bp_plan::Phase::Deploy)
            .with_target(wanted.clone(), bp_plan::Phase::Deploy);
        self.expr(&meets.target, around, &Expected::Target { wanted, node, many })
            .or_else(|| meets.via.iter().find_map(|via| self.via(via, (around, &ends))))
            .or_else(|| self.wheres(&meets.wheres, &inside, &this))
    }

    /// What `via` says; what carries its operations out knows the ends.
    fn via<'t>(&self, via: &'t Via, (around, ends): (&Around, &Around)) -> Option<Spot<'t>> {
        let owner = Owner::Via(self.full(&via.ty));
        let is_operation = |entry: &BodyEntry| {
            matches!(entry.kind, EntryKind::Operation(_)) && self.is_in(entry.span)
        };
        let inside = if via.body.entries.iter().any(is_operation) { ends } else { around };
        self.path(&via.ty, &Wanted::Kind(TypeItemKind::Relationship))
            .or_else(|| self.block(&via.body, &owner, inside.clone()))
    }

    /// A declared member: its name, type, default and constraints.
    pub(super) fn member<'t>(
        &self,
        it: &'t Member,
        around: &Around,
        this: &Type,
        wanted: &Wanted,
    ) -> Option<Spot<'t>> {
        if self.is_in(it.name.span) {
            return Some(Spot::Declared(&it.name));
        }
        if let Some(found) = self.type_expr(&it.ty, wanted) {
            return Some(found);
        }
        let ty = self.ty(&it.ty);
        let mut outside = around.clone();
        if *wanted == Wanted::Target {
            outside.scope = outside.scope.with_source(this.clone(), bp_plan::Phase::Deploy);
        }
        self.perhaps(it.default.as_ref(), &as_self(around, this), &Expected::Value(ty.clone()))
            .or_else(|| self.wheres(&it.wheres, &outside, &ty))
            .or_else(|| {
                let inside = as_self(around, this);
                it.via.iter().find_map(|via| self.via(via, (&inside, &inside)))
            })
    }

    fn operation<'t>(
        &self,
        it: &'t Operation,
        (owner, body): (&Owner, &'t Body),
        around: &Around,
    ) -> Option<Spot<'t>> {
        let full = match owner {
            Owner::Node(_, full) | Owner::Type(_, full) | Owner::Via(full) => full.as_ref(),
            _ => None,
        };
        let is_interface = matches!(owner, Owner::Type(TypeItemKind::Interface, _));
        let (first, second) = (it.path.segments.first(), it.path.segments.get(1));
        if let Some(name) = it.path.segments.iter().rev().find(|name| self.is_in(name.span)) {
            if is_interface {
                return Some(Spot::Declared(name));
            }
            let interface = first.filter(|first| *first != name).map(|first| first.text.clone());
            let (role, full) = (Role::CarriedOut(body), full?.clone());
            return Some(Spot::Operation { role, full, interface, name });
        }
        let declared = || {
            let info = self.info(full)?;
            let path = format!("{}.{}", first?.text, second?.text);
            Some((info, info.operations.get(&path)?))
        };
        let declared = declared();
        let (found, mut inside) =
            self.parameters(it.parameters.as_deref().unwrap_or_default(), around.clone());
        if let (Some((info, signature)), None) = (declared, &it.parameters) {
            for taken in
                steps::parameters(self.program, info, &joined_ends(first, second), signature)
            {
                inside.knows(&taken);
            }
        }
        let result = declared.and_then(|(_, signature)| signature.result.clone());
        let owner = Owner::Implementation(full.cloned(), result.unwrap_or(Type::Json));
        found
            .or_else(|| it.result.iter().find_map(|ty| self.type_expr(ty, &Wanted::Value)))
            .or_else(|| {
                self.perhaps(it.implementation.as_ref(), &inside, &Expected::Implementation)
            })
            .or_else(|| self.block(&it.body, &owner, inside.clone()))
    }
}

fn joined_ends(first: Option<&Name>, second: Option<&Name>) -> (String, String) {
    let text = |name: Option<&Name>| name.map(|name| name.text.to_string()).unwrap_or_default();
    (text(first), text(second))
}

/// What the type of a field is to be: those of a data type are values, all others are of nodes.
fn field_of(owner: &Owner, field: &Member) -> Wanted {
    let node = || Wanted::Kind(TypeItemKind::Node);
    match owner {
        Owner::Type(TypeItemKind::Relationship, _) if field.name.text == "target" => Wanted::Target,
        Owner::Type(TypeItemKind::Policy, _) if field.name.text == "run" => Wanted::Workflow,
        Owner::Type(TypeItemKind::Relationship | TypeItemKind::Policy | TypeItemKind::Group, _) => {
            node()
        }
        _ => Wanted::Value,
    }
}

/// What `self` is in the declarations of a type.
fn this(owner: &Owner) -> Type {
    let Owner::Type(kind, Some(full)) = owner else { return Type::Unknown };
    let full = full.clone();
    match kind {
        TypeItemKind::Node | TypeItemKind::Policy => Type::Node(full),
        TypeItemKind::Capability => Type::Capability(full),
        TypeItemKind::Relationship => Type::Relationship(full),
        TypeItemKind::Data => Type::Data(full),
        TypeItemKind::Group => Type::Group(full),
        TypeItemKind::Interface => Type::Unknown,
    }
}

fn as_self(around: &Around, this: &Type) -> Around {
    let mut around = around.clone();
    if *this != Type::Unknown {
        around.scope = around.scope.with_self(this.clone(), bp_plan::Phase::Compile);
    }
    around
}
