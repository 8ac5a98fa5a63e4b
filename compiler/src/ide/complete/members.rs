//! What stands behind a `.`.

use bp_plan::Type;

use super::{Completion, CompletionKind, List};
use crate::check::TypeInfo;
use crate::check::expr::{World as _, plain};
use crate::check::program::reads_as;
use crate::ide::declared::module_of;
use crate::ide::find::{settled, type_of};
use crate::ide::spot::{Around, Expected};
use crate::source::{Place, Span};
use crate::syntax::ast::Expr;

impl List<'_, '_> {
    pub(super) fn members(&mut self, of: &Expr, safe: bool, around: &Around, expected: &Expected) {
        if let Some(module) = module_of(self.program, around, of) {
            self.of_module(&module, expected);
            return;
        }
        let ty = type_of(self.program, &around.scope, of);
        let is_optional =
            matches!(revealed(plain(self.program, &ty)), Type::Optional(_) | Type::Null);
        let ty = settled(plain(self.program, &settled(ty)));
        if let (Some(name), Some(info)) = (self.program.over(&ty), self.program.info(&ty))
            && let Some((of, _, place)) = &info.over.members
        {
            let over = Type::List(Box::new(Type::Node(of.clone())));
            self.member(name, &over, CompletionKind::Requirement, Some(*place), expected);
        }
        match ty {
            Type::Node(full)
            | Type::Group(full)
            | Type::Capability(full)
            | Type::Relationship(full) => {
                if let Some(info) = self.program.types.get(&full) {
                    self.declared(info, expected);
                }
            }
            Type::Data(full) => {
                let Some(data) = self.program.data_type(&full) else { return };
                for (name, field) in &data.fields {
                    let place = self.program.type_place(&Type::Data(full.clone()), Some(name));
                    self.member(name, &field.kind, CompletionKind::Property, place, expected);
                }
            }
            Type::Record(fields) => {
                for (name, kind) in &fields {
                    self.member(name, kind, CompletionKind::Property, None, expected);
                }
            }
            _ => {}
        }
        // What is perhaps not there is read with `?.`.
        if is_optional && !safe {
            let dot = self.span.start.saturating_sub(1);
            self.also = Some((Span::new(dot, dot), "?".to_owned()));
        }
    }

    fn declared(&mut self, info: &TypeInfo, expected: &Expected) {
        if *expected == Expected::Exposed {
            return self.offered_by(info, expected);
        }
        for (name, (ty, place)) in &info.attributes {
            self.member(name, ty, CompletionKind::Attribute, Some(*place), expected);
        }
        let own = info.properties.iter().filter(|(name, _)| !info.attributes.contains_key(*name));
        for (name, property) in own {
            let ty = &property.declared.kind;
            self.member(name, ty, CompletionKind::Property, Some(property.place), expected);
        }
        for (name, requirement) in &info.requirements {
            let ty = reads_as(&requirement.declared);
            let place = Some(requirement.place);
            self.member(name, &ty, CompletionKind::Requirement, place, expected);
        }
        self.offered_by(info, expected);
    }

    /// The capabilities of a node.
    fn offered_by(&mut self, info: &TypeInfo, expected: &Expected) {
        for (name, capability) in &info.capabilities {
            let ty = Type::Capability(capability.ty.clone());
            let place = Some(capability.place);
            self.member(name, &ty, CompletionKind::Requirement, place, expected);
        }
    }

    fn member(
        &mut self,
        name: &str,
        ty: &Type,
        kind: CompletionKind,
        place: Option<Place>,
        expected: &Expected,
    ) {
        let documentation = self.documented(place);
        let rank = self.rank(ty, expected);
        let made =
            Completion::new(name, kind, rank).detail(ty.to_string()).documentation(documentation);
        self.found.push(made);
    }
}

fn revealed(ty: Type) -> Type {
    match ty {
        Type::Secret(of) => *of,
        other => other,
    }
}
