//! Requirements that a node leaves out, with what would meet them: told once all nodes are known, so that
//! nothing is proposed that does not fit.

use std::collections::{BTreeMap, BTreeSet};

use bp_eval::{Verdict, check_constraint};
use bp_plan::{Expr, Reference, Selection, Type, Value};

use super::blocks::must_be_set;
use super::choices::Needs;
use super::groups::Groups;
use super::inserts;
use super::members::declared_at;
use super::nodes::{CheckedNode, Nodes};
use super::program::{Program, RequirementInfo};
use super::relationships;
use super::requirements::{capabilities, nodes_and_requirements};
use super::targets::Around;
use super::verify::{Known, Memo, instance, reference};
use crate::diagnostics::{Diagnostic, topology as says};
use crate::syntax::ast::{self, ExprKind, ItemKind};

/// How many are proposed.
const MOST: usize = 5;
/// For how many requirements: each search goes through all nodes.
const MOST_SEARCHED: usize = 100;

/// Tells them all.
pub(crate) fn tell(
    program: &Program<'_>,
    nodes: &Nodes,
    selections: &BTreeMap<String, Selection>,
    out: &mut Vec<Diagnostic>,
) {
    if nodes.nodes.values().all(|checked| checked.unmet.is_empty()) {
        return;
    }
    let needs = needs(program, nodes);
    let mut searched = 0;
    for (name, checked) in &nodes.nodes {
        let Some(info) = program.types.get(&checked.node.kind) else { continue };
        for requirement in &checked.unmet {
            let Some(declared) = info.requirements.get(requirement) else { continue };
            let search = Search { program, nodes, selections, node: name, checked, declared };
            searched += 1;
            let fits = if searched > MOST_SEARCHED { Vec::new() } else { search.all(&needs) };
            let at = checked.place();
            let place = declared_at(program, &info.full, requirement).unwrap_or(declared.place);
            let asked: Vec<&str> =
                declared.declared.constraints.iter().map(|one| one.text.as_str()).collect();
            let of = declared.declared.target.to_string();
            let written = match Program::full_name(&declared.declared.target) {
                Some(full) => program.spoken_whole(at.file, full),
                None => format!("`{of}`"),
            };
            let via = search.via();
            let what = says::Unmet {
                name: requirement,
                of: &of,
                written: &written,
                asked: &asked.join(" and "),
                fewest: declared.declared.cardinality.0,
                via: &via,
            };
            let texts: Vec<String> = fits.iter().map(|fit| fit.text.clone()).collect();
            let error = says::missing_requirement(at, name, &what, &texts, place);
            let error = match &declared.declared.target {
                Type::Node(of) if fits.is_empty() && is_observed(program, of) => {
                    let (of, needed) = program.named_in(at.file, of);
                    let needed = needed.as_deref();
                    error.help(says::from_inventory(requirement, &of, needed, what.fewest))
                }
                _ => error,
            };
            let sure = fits.first().filter(|fit| !fit.is_picked && search.is_enough(fit));
            let meets = sure.map(|fit| format!("{requirement} -> {}{via}", fit.text));
            let edits = meets
                .iter()
                .find_map(|meets| inserts::entries(program, at, std::slice::from_ref(meets)));
            out.push(match (meets, edits) {
                (Some(meets), Some(edits)) if via.is_empty() => {
                    error.fix(format!("write `{meets}`"), edits)
                }
                (Some(meets), Some(edits)) => error.draft(format!("write `{meets}`"), edits),
                _ => error,
            });
        }
    }
}

/// Whether such a thing is there before any blueprint: nobody makes it, and nothing of it can be set.
fn is_observed(program: &Program<'_>, of: &str) -> bool {
    program.types.get(of).is_some_and(|info| {
        let is_made = info.operations.values().any(|operation| operation.implementation.is_some());
        info.provider.is_none()
            && !is_made
            && info.properties.is_empty()
            && !info.attributes.is_empty()
    })
}

/// Which nodes name which others, or may choose them.
fn needs(program: &Program<'_>, nodes: &Nodes) -> Needs {
    let items: Vec<&ast::Node> = program
        .blueprint()
        .into_iter()
        .flat_map(|module| &module.tree.items)
        .filter_map(|item| match &item.kind {
            ItemKind::Node(node) => Some(node),
            _ => None,
        })
        .collect();
    let mut needs = Needs::of(&items);
    for (name, checked) in &nodes.nodes {
        for choice in &checked.choices {
            choice.note(name, &mut needs);
        }
    }
    needs
}

/// A target as it is written.
struct Fit {
    text: String,
    /// It is one of a collection: which one is meant, the author alone knows.
    is_picked: bool,
    /// It is a collection with as many elements as are wanted.
    is_whole: bool,
}

impl Fit {
    fn sure(text: String) -> Self {
        Self { text, is_picked: false, is_whole: false }
    }
}

/// For what would meet one requirement of one node.
struct Search<'a, 's> {
    program: &'a Program<'s>,
    nodes: &'a Nodes,
    selections: &'a BTreeMap<String, Selection>,
    node: &'a str,
    checked: &'a CheckedNode,
    declared: &'a RequirementInfo,
}

impl Search<'_, '_> {
    /// The targets as they are written.
    fn all(&self, needs: &Needs) -> Vec<Fit> {
        let closing = if self.declared.declared.unordered {
            BTreeSet::new()
        } else {
            needs.reaching(self.program, self.node)
        };
        let sure = |name: &str, ty: &Type| self.written(name, ty);
        let mut fits = self.each(&closing, sure);
        if fits.is_empty() {
            let picked = |name: &str, ty: &Type| match ty {
                Type::Nodes(full) => self.instances(full, name),
                _ => Vec::new(),
            };
            fits = self.each(&closing, picked);
        }
        // Where several are needed, one alone is no help, nor are too few.
        let fewest = usize::try_from(self.declared.declared.cardinality.0).unwrap_or(usize::MAX);
        if fewest > 1 && fits.iter().any(|fit| fit.is_whole) {
            fits.retain(|fit| fit.is_whole);
            return fits;
        }
        if fits.len() >= fewest.min(MOST) { fits } else { Vec::new() }
    }

    /// What each node, selection and requirement gives, but for those that need this node.
    fn each(
        &self,
        closing: &BTreeSet<&str>,
        written: impl Fn(&str, &Type) -> Vec<Fit>,
    ) -> Vec<Fit> {
        nodes_and_requirements(self.program)
            .filter(|(name, _, is_perhaps)| {
                *name != self.node && !is_perhaps && !closing.contains(name)
            })
            .flat_map(|(name, ty, _)| written(name, &ty))
            .take(MOST)
            .collect()
    }

    /// Whether this target meets it alone.
    fn is_enough(&self, fit: &Fit) -> bool {
        fit.is_whole || self.declared.declared.cardinality.0 <= 1
    }

    /// The `via` with what its relationship must be given, where it must be given something.
    fn via(&self) -> String {
        let relationship = &self.declared.declared.relationship;
        let Some(info) = self.program.types.get(relationship) else { return String::new() };
        let open: Vec<String> = info
            .properties
            .iter()
            .filter(|(_, property)| must_be_set(property))
            .map(|(name, _)| format!("{name} = …"))
            .collect();
        if open.is_empty() {
            return String::new();
        }
        let name = self.program.spoken(self.checked.place().file, relationship);
        format!(" via {name} {{ {} }}", open.join(", "))
    }

    /// What of a node or collection is a target; nothing where it does not fit.
    fn written(&self, name: &str, ty: &Type) -> Vec<Fit> {
        let sure = |of: Vec<String>| of.into_iter().map(Fit::sure).collect();
        match ty {
            Type::Node(full) => sure(self.parts(full, name, Some(reference(name)))),
            Type::Nodes(full) => {
                let takes_one = self.declared.declared.cardinality.1 == Some(1);
                if !takes_one && self.are_as_many(name) {
                    let whole = self.whole(full, name).into_iter();
                    return whole.map(|text| Fit { is_whole: true, ..Fit::sure(text) }).collect();
                }
                let element = self.element(name);
                element.map_or_else(Vec::new, |it| sure(self.parts(full, &it, None)))
            }
            _ => Vec::new(),
        }
    }

    /// A node, or its capabilities, by what it is written as. What is asked of it is looked at where it is known.
    fn parts(&self, full: &str, written: &str, node: Option<Reference>) -> Vec<String> {
        let holds = |target: Option<Reference>| target.is_none_or(|it| self.holds(&it));
        match &self.declared.declared.target {
            Type::Node(wanted) => {
                let fits = self.program.names.is_subtype(full, wanted)
                    && self.goes(&Type::Node(full.to_owned()))
                    && holds(node);
                fits.then(|| written.to_owned()).into_iter().collect()
            }
            Type::Capability(wanted) => {
                let all = capabilities(self.program, full, wanted);
                let is_one = all.len() == 1;
                let fits = all.into_iter().filter(|capability| {
                    let part = node.clone().map(|node| Reference::Capability {
                        of: Box::new(node),
                        name: capability.clone(),
                    });
                    self.goes(&Type::Capability(wanted.clone())) && holds(part)
                });
                let path = |capability: String| format!("{written}.{capability}");
                fits.map(|one| if is_one { written.to_owned() } else { path(one) }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// All of a collection at once; of capabilities only where each has one that fits.
    fn whole(&self, full: &str, name: &str) -> Vec<String> {
        self.parts(full, name, None).into_iter().filter(|written| written == name).collect()
    }

    /// The instances of a node, where they are known.
    fn instances(&self, full: &str, name: &str) -> Vec<Fit> {
        let keys = self.program.instances.get(name).into_iter().flat_map(|all| all.keys());
        let fits = keys.flat_map(|key| {
            self.parts(full, &format!("{name}[{key:?}]"), Some(instance(name, key)))
        });
        fits.take(MOST).map(|text| Fit { is_picked: true, ..Fit::sure(text) }).collect()
    }

    /// Whether a collection has as many elements as the requirement takes, as far as that is known.
    fn are_as_many(&self, name: &str) -> bool {
        let Self { program, nodes, selections, .. } = *self;
        let around = Around { program, nodes, selections, groups: &Groups::new() };
        let (least, largest) = around.how_many(&Expr::Node(name.to_owned()));
        let (fewest, most) = self.declared.declared.cardinality;
        most.is_none_or(|most| least <= most) && largest.is_none_or(|largest| largest >= fewest)
    }

    /// What the node's own loop calls each element of this collection.
    fn element(&self, collection: &str) -> Option<String> {
        let item = self.program.value_declaration(self.program.file, self.node)?;
        let ItemKind::Node(node) = self.program.item(item)? else { return None };
        let each = node.each.as_ref()?;
        match (&each.over.kind, each.names.as_slice()) {
            (ExprKind::Name(over), [.., element]) if over == collection => {
                Some(element.text.to_string())
            }
            _ => None,
        }
    }

    /// Whether the relationship goes between them.
    fn goes(&self, target: &Type) -> bool {
        let at = self.checked.place();
        let source = Type::Node(self.checked.node.kind.clone());
        let relationship = &self.declared.declared.relationship;
        let ends = ((&source, at), (target, at));
        relationships::fit(self.program, relationship, ends.0, ends.1, &mut Vec::new())
    }

    /// Whether what is asked of a target may hold of this one.
    fn holds(&self, target: &Reference) -> bool {
        let memo = Memo::default();
        let own = reference(self.node);
        let known = Known::of((self.program, self.nodes, &memo), own.clone()).required_by(own);
        let value = Value::Reference(target.clone());
        self.declared.declared.constraints.iter().all(|constraint| {
            !matches!(check_constraint(constraint, &value, &known), Ok(Verdict::Broken(_)) | Err(_))
        })
    }
}
