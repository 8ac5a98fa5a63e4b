//! A plan with one of everything, for the other tests.
#![allow(missing_docs, unreachable_pub, dead_code, reason = "a test's own vocabulary")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::workflow::*;
use bp_plan::*;

pub fn span() -> Span {
    Span { file: 0, line: 1, column: 1, end_line: 1, end_column: 2 }
}

pub fn name<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
    entries.into_iter().map(|(name, entry)| (name.to_owned(), entry)).collect()
}

pub fn property(value: Expr) -> Property {
    Property { value, phase: Phase::Deploy, span: span(), inner: BTreeMap::new() }
}

fn property_type(kind: Type, default: Option<Expr>) -> PropertyType {
    PropertyType { kind, default, constraints: vec![], replace: false }
}

pub fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::Binary { op, left: Box::new(left), right: Box::new(right) }
}

pub fn artifacts() -> BTreeMap<Digest, Vec<u8>> {
    [b"echo hello\n".to_vec(), vec![0; 512]].into_iter().map(|a| (Digest::of(&a), a)).collect()
}

fn types() -> (BTreeMap<String, DataType>, BTreeMap<String, NodeType>) {
    let port = DataType {
        extends: Vec::new(),
        alias: Some(Type::Int),
        fields: BTreeMap::new(),
        constraints: vec![Constraint {
            predicate: binary(BinaryOp::In, Expr::This, Expr::Value(Value::Range(1, 65535))),
            text: "self in 1..65535".into(),
            message: None,
            span: span(),
        }],
    };
    let cluster = NodeType {
        extends: vec!["std.Root".into()],
        blueprint: None,
        provider: None,
        properties: BTreeMap::new(),
        attributes: name([("labels", Type::Map(Box::new(Type::String)))]),
        requirements: BTreeMap::new(),
        capabilities: BTreeMap::new(),
        operations: BTreeMap::new(),
        constraints: vec![],
    };
    let web = NodeType {
        provider: Some("noop".into()),
        properties: name([
            ("image", property_type(Type::String, None)),
            ("port", property_type(Type::Data("Port".into()), Some(Expr::Value(80.into())))),
            ("script", property_type(Type::Optional(Box::new(Type::File)), None)),
        ]),
        requirements: name([(
            "host",
            RequirementType {
                target: Type::Node("std.Cluster".into()),
                cardinality: (1, Some(1)),
                relationship: "std.HostedOn".into(),
                hosts: true,
                unordered: false,
                constraints: vec![],
            },
        )]),
        operations: name([("upkeep.snapshot", snapshot())]),
        ..cluster.clone()
    };
    (name([("Port", port)]), name([("std.Cluster", cluster), ("Web", web)]))
}

fn implementation() -> Implementation {
    let file = artifacts().into_keys().next().unwrap();
    Implementation {
        kind: "std.Script".into(),
        extends: vec!["std.Implementation".into()],
        value: Expr::Record(vec![Entry::One(
            "path".into(),
            Expr::Value(Value::File(FileRef { path: "a.sh".into(), digest: file })),
        )]),
        args: Some(Expr::Record(vec![Entry::One("into".into(), Expr::Local("into".into()))])),
        on: None,
        env: None,
        files: None,
        timeout: None,
        retries: Some(Expr::Value(3.into())),
        backoff: None,
        repeatable: Some(Expr::Value(true.into())),
        sets: name([("labels", Expr::Local("result".into()))]),
        span: span(),
    }
}

fn snapshot() -> Operation {
    Operation {
        parameters: vec![OperationParameter {
            name: "into".into(),
            kind: Type::String,
            default: None,
            constraints: vec![],
        }],
        result: None,
        implementation: Some(implementation()),
    }
}

fn web(file: Digest) -> Node {
    Node {
        kind: "Web".into(),
        substituted_by: None,
        constraints: Vec::new(),
        condition: None,
        each: Some(Each {
            names: vec!["cluster".into()],
            over: Expr::Selection("demo".into()),
            key: None,
            filter: None,
            span: span(),
        }),
        properties: name([
            (
                "image",
                property(Expr::Interpolate(vec![
                    Expr::string("nginx:"),
                    Expr::Input("tag".into()),
                    Expr::Const("suffix".into()),
                ])),
            ),
            (
                "script",
                property(Expr::Value(Value::File(FileRef { path: "a.sh".into(), digest: file }))),
            ),
        ])
        .into(),
        requirements: vec![Requirement {
            name: "host".into(),
            target: Expr::Local("cluster".into()),
            relationship: "std.HostedOn".into(),
            hosts: true,
            unordered: false,
            properties: BTreeMap::new(),
            operations: BTreeMap::new(),
            constraints: vec![],
            span: span(),
        }],
        capabilities: BTreeMap::new(),
        operations: BTreeMap::new(),
        labels: None,
        protect: false,
        was: vec![],
        span: span(),
    }
}

fn field(of: Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of), name: name.into(), safe: false }
}

fn group_type() -> GroupType {
    GroupType {
        extends: vec![],
        properties: BTreeMap::new(),
        members: "std.Root".into(),
        cardinality: (0, None),
        constraints: vec![],
    }
}

fn policy_type() -> PolicyType {
    PolicyType {
        extends: vec!["std.Policy".into()],
        properties: name([("pause", property_type(Type::Bool, None))]),
        targets: "std.Root".into(),
        cardinality: (1, None),
        exclusive: true,
        constraints: vec![],
    }
}

fn policy() -> Policy {
    Policy {
        kind: "Gradual".into(),
        targets: Expr::List(vec![Item::One(Expr::Group("all".into()))]),
        properties: name([("pause", property(Expr::Value(true.into())))]),
        run: Some(policy::Run { workflow: "update".into(), with: BTreeMap::new(), span: span() }),
        documentation: "Slowly.".into(),
        span: span(),
    }
}

fn demo() -> Selection {
    let labels = field(Expr::This, "labels");
    let tier = Expr::Field { of: Box::new(labels), name: "tier".into(), safe: true };
    Selection {
        predicate: Some(Constraint {
            predicate: binary(BinaryOp::Equal, tier, Expr::string("demo")),
            text: "self.labels?.tier == \"demo\"".into(),
            message: None,
            span: span(),
        }),
        spread: Some(Spread {
            by: field(Expr::This, "region"),
            text: "self.region".into(),
            max: Expr::Value(2.into()),
            span: span(),
        }),
        prefer: vec![Preference {
            rank: Rank::Least,
            by: field(Expr::This, "cost"),
            text: "least(self.cost)".into(),
            span: span(),
        }],
        count: Some(Expr::Value(3.into())),
        ..Selection::new("std.Cluster", (1, None), span())
    }
}

pub fn plan() -> Plan {
    let (data_types, node_types) = types();
    let digests: BTreeSet<Digest> = artifacts().into_keys().collect();
    Plan {
        format: FORMAT,
        edition: EDITION.into(),
        blueprint: Blueprint {
            name: "sample".into(),
            version: "1.0.0".into(),
            documentation: String::new(),
            labels: BTreeMap::new(),
            sources: Digest::of(b"sources"),
        },
        sources: vec![Source {
            path: "sample.bp".into(),
            digest: Digest::of(b"source"),
            lines: BTreeMap::from([(1, "blueprint sample".into())]),
        }],
        inputs: name([(
            "tag",
            Input {
                kind: Type::Union(vec![Type::Literal("1.27".into()), Type::Literal("1.28".into())]),
                default: Some(Expr::string("1.27")),
                constraints: vec![],
                label: None,
                hidden: false,
                documentation: "Which one.".into(),
                span: span(),
            },
        )]),
        secrets: name([(
            "password",
            Secret {
                kind: Type::String,
                from: "db".into(),
                constraints: vec![],
                label: None,
                hidden: false,
                span: span(),
            },
        )]),
        constants: name([("suffix", Expr::Interpolate(vec![Expr::Input("tag".into())]))]),
        data_types,
        node_types,
        relationship_types: BTreeMap::new(),
        selections: name([("demo", demo())]),
        nodes: name([("web", web(digests.first().unwrap().clone()))]),
        outputs: name([(
            "images",
            Output {
                kind: Type::List(Box::new(Type::String)),
                value: Expr::Splat {
                    of: Box::new(Expr::Node("web".into())),
                    body: Box::new(Expr::Field {
                        of: Box::new(Expr::Local("*".into())),
                        name: "image".into(),
                        safe: false,
                    }),
                },
                constraints: Vec::new(),
                phase: Phase::Run,
                documentation: String::new(),
                span: span(),
            },
        )]),
        requirements: BTreeMap::new(),
        exposed: BTreeMap::new(),
        substitutes: None,
        group_types: name([("std.Group", group_type())]),
        groups: name([(
            "all",
            Group {
                kind: "std.Group".into(),
                members: Expr::List(vec![Item::One(Expr::Selection("demo".into()))]),
                properties: BTreeMap::new(),
                documentation: String::new(),
                span: span(),
            },
        )]),
        policy_types: name([("Gradual", policy_type())]),
        policies: name([("gradual", policy())]),
        workflows: name([("backup", backup()), ("clean", clean())]),
        artifacts: digests,
    }
}

fn step(action: Action) -> Step {
    Step { action, span: span() }
}

pub fn clean() -> Workflow {
    let seconds = Value::Quantity(Quantity::new(Dimension::Duration, 1_000_000_000));
    Workflow {
        parameters: vec![],
        result: None,
        body: Block {
            steps: vec![step(Action::Wait(Expr::Value(seconds)))],
            on_failure: None,
            on_cancel: None,
        },
        documentation: String::new(),
        span: span(),
    }
}

/// A workflow with one of every kind of step.
pub fn backup() -> Workflow {
    let local = |name: &str| Expr::Local(name.into());
    let timeout = Value::Quantity(Quantity::new(Dimension::Duration, 60_000_000_000));
    let call = Call {
        target: Expr::Splat { of: Box::new(Expr::Node("web".into())), body: Box::new(local("*")) },
        each: true,
        interface: "maintenance".into(),
        operation: "snapshot".into(),
        arguments: name([("bucket", property(local("bucket")))]),
        result: Some("taken".into()),
    };
    let run = bp_plan::workflow::Run {
        workflow: "clean".into(),
        arguments: BTreeMap::new(),
        result: None,
    };
    let scale = bp_plan::workflow::Run {
        workflow: "scale".into(),
        arguments: BTreeMap::new(),
        result: Some("r".into()),
    };
    let looped = Loop {
        names: vec!["one".into()],
        over: local("taken"),
        max: Some(Expr::Value(2.into())),
        body: Block {
            steps: vec![step(Action::Let { name: "it".into(), value: local("one") })],
            on_failure: None,
            on_cancel: None,
        },
    };
    let parallel = Block {
        steps: vec![step(Action::Run(run.clone())), step(Action::Run(scale))],
        on_failure: None,
        on_cancel: None,
    };
    let failed = Block {
        steps: vec![step(Action::Fail(Expr::Field {
            of: Box::new(local("error")),
            name: "message".into(),
            safe: false,
        }))],
        on_failure: None,
        on_cancel: None,
    };
    let cancelled =
        Block { steps: vec![step(Action::Run(run))], on_failure: None, on_cancel: None };
    Workflow {
        parameters: vec![Parameter {
            name: "bucket".into(),
            kind: Type::String,
            default: Some(Expr::string("s3://x")),
            constraints: vec![],
            span: span(),
        }],
        result: Some(Type::Int),
        body: Block {
            steps: vec![
                step(Action::Call(call)),
                step(Action::For(Box::new(looped))),
                step(Action::Parallel(parallel)),
                step(Action::If {
                    arms: vec![Arm { condition: Expr::Value(true.into()), body: clean().body }],
                    otherwise: None,
                }),
                step(Action::WaitUntil {
                    condition: binary(BinaryOp::Equal, local("r"), Expr::Value(Value::Null)),
                    timeout: Expr::Value(timeout),
                }),
                step(Action::Return(Some(Expr::Value(1.into())))),
            ],
            on_failure: Some(Handler { body: Box::new(failed), recovers: true }),
            on_cancel: Some(Box::new(cancelled)),
        },
        documentation: "Saves everything.".into(),
        span: span(),
    }
}
