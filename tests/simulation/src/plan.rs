//! A blueprint as the plan that the runtime is given.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{
    BinaryOp, Constraint, Digest, EDITION, Each, Entry, Expr, FORMAT, Implementation, Node,
    NodeType, Operation, Phase, Plan, Property, PropertyType, RelationshipType, Requirement,
    Selection, Source, Span, Type, Value,
};
use bp_topology::{Element, Inventory};
use serde_json::json;

use crate::blueprint::{Blueprint, CLUSTERS, Kind, Node as Described};

/// How often a call that failed is made again.
const RETRIES: i64 = 2;

/// What becomes of a call whose outcome nobody knows.
#[derive(Clone, Copy)]
enum Doubt {
    Repeat,
    Look,
}

fn span() -> Span {
    Span { file: 0, line: 1, column: 1, end_line: 1, end_column: 2 }
}

fn named<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
    entries.into_iter().map(|(name, entry)| (name.to_owned(), entry)).collect()
}

fn field(of: Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of), name: name.into(), safe: false }
}

/// The plan of a blueprint.
pub(crate) fn plan(blueprint: &Blueprint) -> Plan {
    let nodes = blueprint.nodes.iter().map(|n| (n.name.clone(), node(blueprint, n))).collect();
    Plan {
        format: FORMAT,
        edition: EDITION.into(),
        blueprint: bp_plan::Blueprint {
            name: "simulated".into(),
            version: format!("1.0.{}", blueprint.version),
            documentation: String::new(),
            labels: BTreeMap::new(),
            sources: Digest::of(b"sources"),
        },
        sources: vec![Source {
            path: "simulated.bp".into(),
            digest: Digest::of(b"source"),
            lines: BTreeMap::from([(1, "blueprint simulated".into())]),
        }],
        inputs: BTreeMap::new(),
        secrets: BTreeMap::new(),
        constants: BTreeMap::new(),
        data_types: BTreeMap::new(),
        node_types: node_types(),
        relationship_types: named([
            ("std.DependsOn", relationship(BTreeMap::new())),
            ("Linked", relationship(linked())),
        ]),
        selections: named([("demo", demo())]),
        nodes,
        outputs: BTreeMap::new(),
        group_types: BTreeMap::new(),
        groups: BTreeMap::new(),
        policy_types: BTreeMap::new(),
        policies: BTreeMap::new(),
        requirements: BTreeMap::new(),
        exposed: BTreeMap::new(),
        substitutes: None,
        workflows: BTreeMap::new(),
        artifacts: BTreeSet::new(),
    }
}

/// All clusters, with a label on those that are chosen.
pub(crate) fn inventory(blueprint: &Blueprint) -> Inventory {
    let element = |name: &&str| {
        let tier = if blueprint.clusters.contains(name) { "demo" } else { "prod" };
        Element {
            name: (*name).to_owned(),
            node_type: "Cluster".into(),
            facts: BTreeMap::from([("labels".to_owned(), json!({ "tier": tier }))]),
            connection: json!("local"),
        }
    };
    CLUSTERS.iter().map(element).collect()
}

fn demo() -> Selection {
    let predicate = Constraint {
        predicate: Expr::Binary {
            op: BinaryOp::Equal,
            left: Box::new(field(field(Expr::This, "labels"), "tier")),
            right: Box::new(Expr::string("demo")),
        },
        text: "self.labels.tier == \"demo\"".into(),
        message: None,
        span: span(),
    };
    Selection { predicate: Some(predicate), ..Selection::new("Cluster", (1, None), span()) }
}

fn node(blueprint: &Blueprint, node: &Described) -> Node {
    let other = |name: &str| {
        let is_fleet = node.is_fleet && blueprint.node(name).is_some_and(|other| other.is_fleet);
        let of = Expr::Node(name.to_owned());
        if !is_fleet {
            return of;
        }
        Expr::Index { of: Box::new(of), key: Box::new(Expr::Local("cluster".into())), safe: false }
    };
    let requirement = |target: Expr, name: &str, relationship: &str| Requirement {
        name: name.into(),
        target,
        relationship: relationship.into(),
        hosts: name == "host",
        unordered: false,
        properties: BTreeMap::new(),
        operations: BTreeMap::new(),
        constraints: Vec::new(),
        span: span(),
    };
    let mut requirements: Vec<Requirement> = node
        .needs
        .iter()
        .map(|(name, is_linked)| {
            let relationship = if *is_linked { "Linked" } else { "std.DependsOn" };
            requirement(other(name), "after", relationship)
        })
        .collect();
    if node.is_fleet {
        requirements.push(requirement(Expr::Local("cluster".into()), "host", "std.DependsOn"));
    }
    let value = match &node.reads {
        Some(read) => field(other(read), "id"),
        None => Expr::string(format!("v{}", node.value)),
    };
    let property =
        |value| Property { value, phase: Phase::Run, span: span(), inner: BTreeMap::new() };
    let mut properties = BTreeMap::from([("value".to_owned(), property(value))]);
    if node.kind == Kind::Named {
        let title = Expr::string(format!("t{}", node.title));
        properties.insert("title".to_owned(), property(title));
    }
    Node {
        kind: node.kind.name().into(),
        substituted_by: None,
        constraints: Vec::new(),
        condition: None,
        each: node.is_fleet.then(|| Each {
            names: vec!["cluster".into()],
            over: Expr::Selection("demo".into()),
            key: None,
            filter: None,
            span: span(),
        }),
        properties: properties.into(),
        requirements,
        capabilities: BTreeMap::new(),
        operations: BTreeMap::new(),
        labels: None,
        protect: false,
        was: vec![],
        span: span(),
    }
}

fn kind(provider: Option<&str>, operations: BTreeMap<String, Operation>) -> NodeType {
    let text = || PropertyType {
        kind: Type::Optional(Box::new(Type::String)),
        default: None,
        constraints: vec![],
        replace: false,
    };
    NodeType {
        extends: vec!["std.Root".into()],
        blueprint: None,
        provider: provider.map(str::to_owned),
        properties: named([("value", text()), ("title", text())]),
        attributes: named([("id", Type::String)]),
        requirements: BTreeMap::new(),
        capabilities: BTreeMap::new(),
        operations,
        constraints: vec![],
    }
}

fn node_types() -> BTreeMap<String, NodeType> {
    let kept = |of: Kind| (of.name(), kind(of.provider(), BTreeMap::new()));
    let cluster = NodeType {
        properties: BTreeMap::new(),
        attributes: named([("labels", Type::Map(Box::new(Type::String)))]),
        ..kind(None, BTreeMap::new())
    };
    named([
        (
            Kind::Logical.name(),
            NodeType { attributes: BTreeMap::new(), ..kind(None, BTreeMap::new()) },
        ),
        kept(Kind::Quick),
        kept(Kind::Slow),
        kept(Kind::Named),
        (Kind::Looked.name(), kind(None, made(Doubt::Look))),
        (Kind::Repeated.name(), kind(None, made(Doubt::Repeat))),
        (Kind::Around.name(), kind(Kind::Around.provider(), around())),
        ("Cluster", cluster),
    ])
}

fn made(doubt: Doubt) -> BTreeMap<String, Operation> {
    let own = |name| field(Expr::This, name);
    let mut operations = named([
        ("lifecycle.create", operation(doubt, Some(("value", own("value"))), true)),
        ("lifecycle.start", operation(doubt, Some(("id", own("id"))), false)),
        ("lifecycle.stop", operation(doubt, None, false)),
        ("lifecycle.delete", operation(doubt, None, false)),
    ]);
    match doubt {
        Doubt::Look => {
            operations.insert("lifecycle.observe".into(), operation(doubt, None, false));
        }
        Doubt::Repeat => {
            let configure = operation(doubt, Some(("value", own("value"))), false);
            operations.insert("lifecycle.configure".into(), configure);
        }
    }
    operations
}

fn around() -> BTreeMap<String, Operation> {
    let own = |name| field(Expr::This, name);
    named([
        ("lifecycle.precreate", operation(Doubt::Repeat, Some(("value", own("value"))), false)),
        ("lifecycle.poststart", operation(Doubt::Repeat, Some(("id", own("id"))), false)),
        ("lifecycle.prestop", operation(Doubt::Repeat, None, false)),
        ("lifecycle.postdelete", operation(Doubt::Repeat, None, false)),
    ])
}

fn linked() -> BTreeMap<String, Operation> {
    let id = || Some(("id", field(Expr::Target, "id")));
    named([
        ("configure.preconfigure_source", operation(Doubt::Repeat, None, false)),
        ("configure.establish_target", operation(Doubt::Repeat, id(), false)),
        ("configure.unlink_source", operation(Doubt::Repeat, None, false)),
    ])
}

fn relationship(operations: BTreeMap<String, Operation>) -> RelationshipType {
    RelationshipType {
        extends: vec![],
        leads_to_capability: false,
        properties: BTreeMap::new(),
        attributes: BTreeMap::new(),
        operations,
        constraints: vec![],
    }
}

fn operation(doubt: Doubt, arg: Option<(&str, Expr)>, sets_id: bool) -> Operation {
    let args = arg.map(|(name, value)| Entry::One(name.to_owned(), value)).into_iter().collect();
    let sets = sets_id.then(|| ("id".to_owned(), field(Expr::Local("result".into()), "id")));
    Operation {
        parameters: vec![],
        result: None,
        implementation: Some(Implementation {
            kind: "std.Script".into(),
            extends: vec!["std.Implementation".into()],
            value: Expr::Record(vec![]),
            args: Some(Expr::Record(args)),
            on: None,
            env: None,
            files: None,
            timeout: None,
            retries: Some(Expr::Value(Value::Int(RETRIES))),
            backoff: None,
            repeatable: matches!(doubt, Doubt::Repeat).then(|| Expr::Value(Value::Bool(true))),
            sets: sets.into_iter().collect(),
            span: span(),
        }),
    }
}
