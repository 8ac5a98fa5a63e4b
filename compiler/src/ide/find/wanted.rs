//! What the value of a key of a block is to be.

use std::collections::BTreeMap;

use bp_plan::Type;
use smol_str::SmolStr;

use super::{FILE, Finder};
use crate::check::TypeInfo;
use crate::check::expr::World as _;
use crate::check::workflows::{Taken, signature};
use crate::ide::spot::{Expected, Owner};
use crate::source::Place;
use crate::syntax::ast::{Body, EntryKind, ExprKind, ItemKind, Name, TypeItemKind, ValueKeyword};

/// Whose fields the clauses of an implementation are.
pub(in crate::ide) const IMPLEMENTATION: &str = "std.Implementation";

impl Finder<'_, '_> {
    /// What is known of a type.
    pub(super) fn info(&self, full: Option<&String>) -> Option<&TypeInfo> {
        self.program.types.get(full?).map(|info| &**info)
    }

    /// What the value of a key is to be.
    pub(super) fn wanted_of(&self, owner: &Owner, body: &Body, key: &Name) -> Expected {
        let key = key.text.as_str();
        let found = match owner {
            Owner::Node(_, full) => self.property(full.as_ref(), key).or_else(|| match key {
                "labels" => Some(labels()),
                _ => self.capability(full.as_ref(), key),
            }),
            Owner::Properties(full) | Owner::Via(full) => self.property(full.as_ref(), key),
            Owner::Type(_, full) => match key {
                "exclusive" => Some(Expected::Word("true")),
                "provider" => Some(Expected::Value(self.providers())),
                _ => self.property(full.as_ref(), key),
            },
            Owner::Over(kind, name, full) => self
                .property(full.as_ref(), key)
                .or_else(|| self.over(*kind, name, full.as_ref(), body, key)),
            Owner::Arguments(taken) => {
                let taken = taken.iter().find(|taken| taken.name == key);
                taken.map(|taken| Expected::Value(taken.ty.clone()))
            }
            Owner::Implementation(full, _) => self.clause(full.as_ref(), key),
            Owner::Blueprint if key == "version" => Some(Expected::Value(Type::Version)),
            Owner::Blueprint if key == "labels" => Some(labels()),
            Owner::Select => Self::selection(key),
            Owner::Test => self.test(key),
            Owner::Blueprint | Owner::Other => None,
        };
        found.unwrap_or_default()
    }

    fn property(&self, full: Option<&String>, key: &str) -> Option<Expected> {
        let property = self.info(full)?.properties.get(key)?;
        Some(Expected::Value(property.declared.kind.clone()))
    }

    /// What a node says of one of its capabilities.
    fn capability(&self, full: Option<&String>, key: &str) -> Option<Expected> {
        let capability = self.info(full)?.capabilities.get(key)?;
        Some(Expected::Value(Type::Capability(capability.ty.clone())))
    }

    /// What a group or a policy is over, and what a policy runs.
    fn over(
        &self,
        kind: TypeItemKind,
        name: &SmolStr,
        full: Option<&String>,
        body: &Body,
        key: &str,
    ) -> Option<Expected> {
        let over = &self.info(full)?.over;
        match key {
            "with" if over.run.is_some() => {
                let run = body.entries.iter().find_map(|entry| match &entry.kind {
                    EntryKind::Assign { key, value } if key.text == "run" => Some(value),
                    _ => None,
                })?;
                let ExprKind::Name(workflow) = &run.kind else { return None };
                let head = signature(self.program, workflow)?;
                Some(Expected::Entries(head.parameters.clone()))
            }
            "members" | "targets" if (key == "members") == (kind == TypeItemKind::Group) => {
                let (of, ..) = over.members.as_ref()?;
                Some(Expected::Over { of: of.clone(), owner: name.clone() })
            }
            _ => None,
        }
    }

    /// A clause of what carries an operation out.
    fn clause(&self, full: Option<&String>, key: &str) -> Option<Expected> {
        match key {
            "on" => Some(Expected::Value(Type::Node("std.Root".to_owned()))),
            "sets" => {
                let attributes = self.info(full)?.attributes.iter();
                let taken =
                    attributes.map(|(name, (ty, place))| open(name, ty.clone(), Some(*place)));
                Some(Expected::Entries(taken.collect()))
            }
            _ => {
                let field = self.program.data_type(IMPLEMENTATION)?.fields.get(key)?.kind.clone();
                Some(Expected::Value(field))
            }
        }
    }

    fn selection(key: &str) -> Option<Expected> {
        Some(match key {
            "where" => Expected::Value(Type::Bool),
            "count" => Expected::Value(Type::Int),
            "prefer" => Expected::Preference,
            "spread" => {
                let must = |name, ty| Taken { default: None, ..open(name, ty, None) };
                Expected::Entries(vec![must("by", Type::Unknown), must("max", Type::Int)])
            }
            _ => return None,
        })
    }

    fn test(&self, key: &str) -> Option<Expected> {
        match key {
            "inputs" => Some(Expected::Entries(self.given(ValueKeyword::Input))),
            "secrets" => Some(Expected::Entries(self.given(ValueKeyword::Secret))),
            "inventory" => Some(Expected::Value(self.inventory())),
            _ => None,
        }
    }

    /// The inputs or the secrets of the blueprint.
    fn given(&self, wanted: ValueKeyword) -> Vec<Taken> {
        let Some(module) = self.program.blueprint() else { return Vec::new() };
        let mut found = Vec::new();
        for (at, item) in module.tree.items.iter().enumerate() {
            let ItemKind::Value(value) = &item.kind else { continue };
            if value.keyword != wanted {
                continue;
            }
            let ty =
                self.program.values.get(&(self.program.file, at)).map(|named| named.ty.clone());
            let ty = match ty {
                Some(Type::Secret(of)) => *of,
                other => other.unwrap_or(Type::Unknown),
            };
            let place = Place { file: FILE, span: value.name.span };
            let taken = open(&value.name.text, ty, Some(place));
            // A secret may be left out, and so may an input with a default.
            let must = value.default.is_none() && wanted == ValueKeyword::Input;
            found.push(if must { Taken { default: None, ..taken } } else { taken });
        }
        found
    }

    /// What an inventory is as a literal. Whatever else is known of an element is told by its type.
    fn inventory(&self) -> Type {
        let perhaps = |ty: Type| Type::Optional(Box::new(ty));
        let text = || perhaps(Type::String);
        let labels = perhaps(Type::Map(Box::new(Type::String)));
        let mut cluster: BTreeMap<String, Type> = [
            ("labels".to_owned(), labels),
            ("kubeconfig".to_owned(), text()),
            ("context".to_owned(), text()),
        ]
        .into();
        let facts = self.program.types.get("std.kubernetes.Cluster");
        for (name, (ty, _)) in facts.into_iter().flat_map(|info| &info.attributes) {
            cluster.entry(name.clone()).or_insert_with(|| perhaps(ty.clone()));
        }
        cluster.insert("name".to_owned(), Type::String);
        let names = self.program.names.names_of_types(FILE).into_iter().filter(|name| {
            let full = self.program.names.type_name(FILE, name);
            let declared = full.and_then(|full| self.program.names.types.get(&full));
            declared.is_some_and(|declared| declared.kind == TypeItemKind::Node)
        });
        let kinds = Type::Union(names.map(Type::Literal).collect());
        let other = [("name".to_owned(), Type::String), ("type".to_owned(), kinds)];
        let all = |of: BTreeMap<String, Type>| perhaps(Type::List(Box::new(Type::Record(of))));
        let both =
            [("clusters".to_owned(), all(cluster)), ("elements".to_owned(), all(other.into()))];
        Type::Record(both.into())
    }

    /// Those that keep the nodes of some type.
    fn providers(&self) -> Type {
        let known = self.program.types.values().filter_map(|info| info.provider.clone());
        let known: std::collections::BTreeSet<String> = known.collect();
        Type::Union(known.into_iter().map(Type::Literal).collect())
    }
}

fn labels() -> Expected {
    Expected::Value(Type::Map(Box::new(Type::String)))
}

/// An entry that may be left out.
fn open(name: &str, ty: Type, place: Option<Place>) -> Taken {
    let default = Some(bp_plan::Expr::Value(bp_plan::Value::Null));
    Taken { name: name.to_owned(), ty, default, constraints: Vec::new(), place }
}
