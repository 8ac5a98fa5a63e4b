//! Whether a blueprint offers all that the abstract type has that it substitutes.

use std::collections::BTreeMap;

use bp_plan::{RequirementType, Type};

use super::{implement, type_of, written};
use crate::check::Checked;
use crate::check::expr::{World as _, fits, secret_of};
use crate::check::members::short;
use crate::check::program::TypeInfo;
use crate::diagnostics::{Diagnostic, composition as says, names as says_names};
use crate::source::Place;
use crate::syntax::ast::{ItemKind, Name, ValueKeyword};

/// Tells what a blueprint lacks, at its head; what has a type that does not fit, where it is declared.
pub(in crate::check) fn check(checked: &mut Checked<'_>, out: &mut Vec<Diagnostic>) {
    let operations = offered(checked, out);
    if let Some(substitutes) = &mut checked.composition.substitutes {
        substitutes.operations = operations;
    }
}

/// Tells what is wrong; gives what is implemented.
fn offered(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) -> BTreeMap<String, String> {
    let program = &checked.program;
    let Some(own) = type_of(program.names, checked.file).and_then(|full| program.types.get(full))
    else {
        return BTreeMap::new();
    };
    members(checked, out);
    let substitutes = checked.composition.substitutes.as_ref();
    let wanted = substitutes.and_then(|it| program.types.get(&it.kind)).map(|info| &**info);
    let operations = implement::check(checked, wanted, out);
    let Some(wanted) = wanted else { return operations };
    let mut offers = Offers { checked, own, wanted, missing: Vec::new(), out };
    offers.properties();
    offers.attributes();
    offers.capabilities();
    offers.requirements();
    offers.operations();
    let Offers { missing, .. } = offers;
    if !missing.is_empty() {
        out.push(says::offers_less(own.place, short(&wanted.full), &missing));
    }
    operations
}

/// The members that a blueprint has as a type share one namespace; an output may repeat an input.
fn members(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    let Some(module) = checked.program.blueprint() else { return };
    let requirements = required(checked);
    let inside_and_out = declared(checked, |item| match item {
        ItemKind::Output(it) => Some(&it.name),
        ItemKind::Requires(it) => Some(&it.name),
        ItemKind::Value(it) if it.keyword != ValueKeyword::Const => Some(&it.name),
        _ => None,
    });
    for item in &module.tree.items {
        let (ItemKind::Output(it) | ItemKind::Expose(it)) = &item.kind else { continue };
        let name = it.name.text.as_str();
        let is_exposed = matches!(item.kind, ItemKind::Expose(_));
        let others = if is_exposed { &inside_and_out } else { &requirements };
        let first = others.get(name).copied();
        if let Some(first) = first {
            let at = Place { file: checked.file, span: it.name.span };
            let (first, at) = (first.min(at), first.max(at));
            out.push(says_names::member_twice(at, name, "Blueprint", first));
        }
    }
}

/// The names of items of a kind, with their places.
fn declared<'s>(
    checked: &Checked<'s>,
    name: impl Fn(&'s ItemKind) -> Option<&'s Name>,
) -> BTreeMap<&'s str, Place> {
    let items = checked.program.blueprint().into_iter().flat_map(|module| &module.tree.items);
    items
        .filter_map(|item| name(&item.kind))
        .map(|name| (name.text.as_str(), Place { file: checked.file, span: name.span }))
        .collect()
}

/// What whoever uses the blueprint gives it, mistakes included.
fn required<'s>(checked: &Checked<'s>) -> BTreeMap<&'s str, Place> {
    declared(checked, |item| match item {
        ItemKind::Requires(it) => Some(&it.name),
        _ => None,
    })
}

struct Offers<'a, 's> {
    checked: &'a Checked<'s>,
    /// The blueprint as a type.
    own: &'a TypeInfo,
    /// The type that it substitutes.
    wanted: &'a TypeInfo,
    /// What it lacks: what that is, how it is written, where it is declared.
    missing: Vec<(String, String, Option<Place>)>,
    out: &'a mut Vec<Diagnostic>,
}

impl Offers<'_, '_> {
    fn lacks(&mut self, what: String, add: String, place: Place) {
        self.missing.push((what, add, Some(place)));
    }

    fn other(&mut self, at: Place, what: &str, wanted: &str, found: &str, declared: Place) {
        let of = short(&self.wanted.full).to_owned();
        self.out.push(says::offers_other(at, what, &of, wanted, found, declared));
    }

    /// Each property is an input or a secret that takes at least as much.
    fn properties(&mut self) {
        for (name, property) in &self.wanted.properties {
            let wanted = &property.declared.kind;
            let is_secret = match wanted {
                Type::Optional(of) => matches!(**of, Type::Secret(_)),
                other => matches!(other, Type::Secret(_)),
            };
            let input = self.checked.inputs.get(name).map(|input| input.kind.clone());
            let secret = self.checked.secrets.get(name).map(|it| secret_of(it.kind.clone()));
            match input.or(secret) {
                None => {
                    let word = if is_secret { "secret" } else { "input" };
                    let ty = wanted.to_string();
                    let ty = ty.strip_prefix("secret ").unwrap_or(&ty);
                    let add = format!("{word} {name}: {ty}");
                    self.lacks(format!("the {word} `{name}`"), add, property.place);
                }
                Some(found) if !fits(&self.checked.program, wanted, &found) => {
                    let at = self.own.properties.get(name).map_or(self.own.place, |p| p.place);
                    let (what, wanted, found) =
                        (format!("`{name}`"), format!("`{wanted}` or wider"), format!("`{found}`"));
                    self.other(at, &what, &wanted, &found, property.place);
                }
                Some(_) => {}
            }
        }
        let own = &self.own.properties;
        for (name, property) in own.iter().filter(|(_, p)| p.place.file == self.checked.file) {
            let must = property.declared.default.is_none()
                && !matches!(property.declared.kind, Type::Optional(_) | Type::Unknown);
            if must && !self.wanted.properties.contains_key(name) {
                let what = format!("`{name}`");
                let help = "give it a default, or take it out";
                let of = short(&self.wanted.full);
                self.out.push(says::needs_more(property.place, &what, of, help));
            }
        }
    }

    /// Each attribute is an output of the same type, or a narrower one.
    fn attributes(&mut self) {
        let outputs = declared(self.checked, |item| match item {
            ItemKind::Output(it) => Some(&it.name),
            _ => None,
        });
        for (name, (wanted, declared)) in &self.wanted.attributes {
            let Some(place) = outputs.get(name.as_str()) else {
                let add = format!("output {name}: {wanted} = …");
                self.lacks(format!("the output `{name}`"), add, *declared);
                continue;
            };
            let Some(output) = self.checked.outputs.get(name) else { continue };
            if !fits(&self.checked.program, &output.kind, wanted) {
                let (what, wanted, found) = (
                    format!("the output `{name}`"),
                    format!("`{wanted}`"),
                    format!("`{}`", output.kind),
                );
                self.other(*place, &what, &wanted, &found, *declared);
            }
        }
    }

    /// Each capability is exposed.
    fn capabilities(&mut self) {
        let composition = &self.checked.composition;
        for (name, capability) in &self.wanted.capabilities {
            let Some(place) = composition.exposes.get(name) else {
                let add = format!("expose {name} = …");
                self.lacks(format!("`expose {name}`"), add, capability.place);
                continue;
            };
            let Some(exposed) = composition.exposed.get(name) else { continue };
            if !self.checked.program.is_subtype(&exposed.kind, &capability.ty) {
                let (what, wanted, found) = (
                    format!("`expose {name}`"),
                    format!("a `{}`", short(&capability.ty)),
                    format!("a `{}`", short(&exposed.kind)),
                );
                self.other(*place, &what, &wanted, &found, capability.place);
            }
        }
    }

    /// Each requirement is one of the blueprint's own that takes at least as much; those that every
    /// node has are the node's.
    fn requirements(&mut self) {
        let root = self.checked.program.types.get("std.Root");
        let is_everyones =
            |name: &str| root.is_some_and(|root| root.requirements.contains_key(name));
        for (name, requirement) in &self.wanted.requirements {
            if is_everyones(name) {
                continue;
            }
            let wanted = &requirement.declared;
            let Some(required) = self.checked.composition.requirements.get(name) else {
                if !required(self.checked).contains_key(name.as_str()) {
                    let add = format!("requires {}", as_written(name, wanted));
                    self.lacks(format!("`requires {name}`"), add, requirement.place);
                }
                continue;
            };
            let found = &required.requirement;
            if !self.takes(found, wanted) {
                let at = self.own.requirements.get(name).map_or(self.own.place, |r| r.place);
                let what = format!("`requires {name}`");
                let (wanted, found) = (
                    format!("`{}` or wider", as_written(name, wanted)),
                    format!("`{}`", as_written(name, found)),
                );
                self.other(at, &what, &wanted, &found, requirement.place);
            }
        }
        for (name, required) in &self.checked.composition.requirements {
            let must = required.requirement.cardinality.0 > 0;
            if must && !self.wanted.requirements.contains_key(name) {
                let at = self.own.requirements.get(name).map_or(self.own.place, |r| r.place);
                let what = format!("`{name}`");
                let of = short(&self.wanted.full);
                let help = "make it optional (`?`), or take it out";
                self.out.push(says::needs_more(at, &what, of, help));
            }
        }
    }

    /// Each operation is a workflow.
    fn operations(&mut self) {
        let Some(module) = self.checked.program.blueprint() else { return };
        let named: Vec<String> = module
            .tree
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Implement(it) => Some(written(&it.operation)),
                _ => None,
            })
            .collect();
        let root = self.checked.program.types.get("std.Root").map(|info| &**info);
        for (name, operation) in implement::needed(root, self.wanted) {
            if !named.contains(name) {
                let add = format!("implement {name} = …");
                self.lacks(format!("`implement {name}`"), add, operation.place);
            }
        }
    }

    /// Whether a requirement takes whatever another may be given.
    fn takes(&self, own: &RequirementType, wanted: &RequirementType) -> bool {
        let program = &self.checked.program;
        let (fewest, most) = own.cardinality;
        fits(program, &wanted.target, &own.target)
            && program.is_subtype(&wanted.relationship, &own.relationship)
            && fewest <= wanted.cardinality.0
            && match (most, wanted.cardinality.1) {
                (None, _) => true,
                (Some(own), Some(wanted)) => wanted <= own,
                (Some(_), None) => false,
            }
    }
}

/// A requirement as it is declared.
fn as_written(name: &str, declared: &RequirementType) -> String {
    let many = match declared.cardinality {
        (1, Some(1)) => String::new(),
        (0, Some(1)) => "?".to_owned(),
        (fewest, Some(most)) if fewest == most => format!("[{fewest}]"),
        (fewest, Some(most)) => format!("[{fewest}..{most}]"),
        (fewest, None) => format!("[{fewest}..]"),
    };
    let via = match declared.relationship.as_str() {
        "std.DependsOn" => String::new(),
        other => format!(" via {}", short(other)),
    };
    format!("{name}: {}{many}{via}", declared.target)
}
