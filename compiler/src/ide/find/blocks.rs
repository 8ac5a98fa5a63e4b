//! Blocks `{ … }` and their entries.

use bp_plan::Type;

use super::{FILE, Finder, bind, type_of};
use crate::check::expr::{Local, check_expr};
use crate::ide::spot::{Around, Expected, Owner, Spot, Wanted};
use crate::syntax::ast::{
    Body, BodyEntry, EntryKind, Expr, Meets, Member, Name, Operation, TypeItemKind, Via,
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
                around.binders.push(name.clone());
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
        let key = |name: &'t Name, is_requirement: bool| {
            let owner = owner.clone();
            self.is_in(name.span).then_some(Spot::Key { owner, body, name, is_requirement })
        };
        match &entry.kind {
            EntryKind::Assign { key: name, value } => {
                key(name, false).or_else(|| self.value(owner, name, value, around))
            }
            EntryKind::Fixed { key: name, value } => {
                let inside = as_self(around, &this);
                key(name, false).or_else(|| self.value(owner, name, value, &inside))
            }
            EntryKind::Meets(meets) => {
                key(&meets.name, true).or_else(|| self.meets(meets, owner, around))
            }
            EntryKind::Field(it) | EntryKind::Property(it) | EntryKind::Attribute(it) => {
                self.member(it, around, &this, Wanted::Value)
            }
            EntryKind::Requires(it) => self.member(it, around, &this, Wanted::Target),
            EntryKind::Capability(it) => {
                let kind = TypeItemKind::Capability;
                self.member(it, around, &this, Wanted::Kind(kind)).or_else(|| {
                    let owner = match self.ty(&it.ty) {
                        Type::Capability(full) => Owner::Properties(Some(full)),
                        _ => Owner::Other,
                    };
                    self.block(&it.body, &owner, as_self(around, &this))
                })
            }
            EntryKind::Operation(it) => self.operation(it, &as_self(around, &this)),
            EntryKind::Implements { interface, .. } => {
                self.path(interface, Wanted::Kind(TypeItemKind::Interface))
            }
            EntryKind::Check(one) => self.wheres(std::slice::from_ref(one), around, &this),
            EntryKind::Assert(one) => {
                self.expr(&one.predicate, around, &Expected::Value(Type::Bool))
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
            EntryKind::AssertFails(_) => None,
        }
    }

    /// The value of `key = value`.
    fn value<'t>(
        &self,
        owner: &Owner,
        key: &Name,
        value: &'t Expr,
        around: &Around,
    ) -> Option<Spot<'t>> {
        let labels = || Type::Map(Box::new(Type::String));
        let property = |full: &Option<String>| {
            let info = self.program.types.get(full.as_ref()?)?;
            Some(info.properties.get(key.text.as_str())?.declared.kind.clone())
        };
        let ty = match owner {
            Owner::Node(_, full) => property(full).or_else(|| (key.text == "labels").then(labels)),
            Owner::Properties(full) | Owner::Type(_, full) => property(full),
            Owner::Arguments(taken) => {
                taken.iter().find(|taken| taken.name == key.text).map(|taken| taken.ty.clone())
            }
            Owner::Blueprint if key.text == "version" => Some(Type::Version),
            Owner::Blueprint if key.text == "labels" => Some(labels()),
            Owner::Select if key.text == "where" => Some(Type::Bool),
            _ => None,
        };
        self.expr(value, around, &ty.map_or(Expected::Anything, Expected::Value))
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
        inside.scope =
            crate::check::expr::Scope::new(FILE).with_source(source, bp_plan::Phase::Deploy);
        self.expr(&meets.target, around, &Expected::Target { wanted, node, many })
            .or_else(|| meets.via.iter().find_map(|via| self.via(via, around)))
            .or_else(|| self.wheres(&meets.wheres, &inside, &this))
    }

    fn via<'t>(&self, via: &'t Via, around: &Around) -> Option<Spot<'t>> {
        let owner = Owner::Properties(self.full(&via.ty));
        self.path(&via.ty, Wanted::Kind(TypeItemKind::Relationship))
            .or_else(|| self.block(&via.body, &owner, around.clone()))
    }

    /// A declared member: its name, type, default and constraints.
    pub(super) fn member<'t>(
        &self,
        it: &'t Member,
        around: &Around,
        this: &Type,
        wanted: Wanted,
    ) -> Option<Spot<'t>> {
        if self.is_in(it.name.span) {
            return Some(Spot::Declared(&it.name));
        }
        if let Some(found) = self.type_expr(&it.ty, wanted) {
            return Some(found);
        }
        let ty = self.ty(&it.ty);
        let mut outside = around.clone();
        if wanted == Wanted::Target {
            outside.scope = outside.scope.with_source(this.clone(), bp_plan::Phase::Deploy);
        }
        self.perhaps(it.default.as_ref(), &as_self(around, this), &Expected::Value(ty.clone()))
            .or_else(|| self.wheres(&it.wheres, &outside, &ty))
            .or_else(|| it.via.iter().find_map(|via| self.via(via, &as_self(around, this))))
    }

    fn operation<'t>(&self, it: &'t Operation, around: &Around) -> Option<Spot<'t>> {
        let (found, inside) =
            self.parameters(it.parameters.as_deref().unwrap_or_default(), around.clone());
        found
            .or_else(|| it.result.iter().find_map(|ty| self.type_expr(ty, Wanted::Value)))
            .or_else(|| self.perhaps(it.implementation.as_ref(), &inside, &Expected::Anything))
            .or_else(|| self.block(&it.body, &Owner::Other, inside))
    }
}

/// What `self` is in the declarations of a type.
fn this(owner: &Owner) -> Type {
    let Owner::Type(kind, Some(full)) = owner else { return Type::Unknown };
    let full = full.clone();
    match kind {
        TypeItemKind::Node => Type::Node(full),
        TypeItemKind::Capability => Type::Capability(full),
        TypeItemKind::Relationship => Type::Relationship(full),
        TypeItemKind::Data => Type::Data(full),
        TypeItemKind::Policy | TypeItemKind::Group | TypeItemKind::Interface => Type::Unknown,
    }
}

fn as_self(around: &Around, this: &Type) -> Around {
    let mut around = around.clone();
    if *this != Type::Unknown {
        around.scope = around.scope.with_self(this.clone(), bp_plan::Phase::Compile);
    }
    around
}
