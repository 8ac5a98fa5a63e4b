//! What selections take of an inventory, in which order, and why not the others; which members groups have.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_plan::{
    BinaryOp, Binder, Constraint, Digest, EDITION, Expr, FORMAT, Group, GroupType, Item, Node,
    NodeType, Phase, Plan, Preference, Property, PropertyType, Rank, Requirement, Selection, Span,
    Spread, Type,
};
use bp_topology::{Element, Identity, Inventory, Left, Place, Placement, Secrets, Topology};
use serde_json::json;

fn span() -> Span {
    Span { file: 0, line: 1, column: 1, end_line: 1, end_column: 2 }
}

fn named<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
    entries.into_iter().map(|(name, entry)| (name.to_owned(), entry)).collect()
}

fn field(of: Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of), name: name.into(), safe: false }
}

fn label(name: &str) -> Expr {
    field(field(Expr::This, "labels"), name)
}

fn int(number: i64) -> Expr {
    Expr::Value(number.into())
}

/// What stands in a plan, in short.
fn read<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}

/// A plan with one selection of clusters.
fn plan(selection: Selection) -> Plan {
    let digest = serde_json::to_value(Digest::of(b"source")).unwrap();
    let mut plan: Plan = read(json!({
        "format": FORMAT,
        "edition": EDITION,
        "blueprint": { "name": "sample", "version": "1.0.0", "sources": digest },
        "sources": [{ "path": "sample.bp", "digest": digest, "lines": {} }],
        "inputs": {},
        "secrets": {},
        "constants": {},
        "data_types": {},
        "node_types": { "Cluster": {}, "Box": {} },
        "selections": {},
        "nodes": {},
        "outputs": {},
        "workflows": {},
        "artifacts": [],
    }));
    let cluster: &mut NodeType = plan.node_types.get_mut("Cluster").unwrap();
    cluster.attributes =
        named([("labels", Type::Map(Box::new(Type::String))), ("cost", Type::Float)]);
    plan.selections.insert("some".into(), selection);
    plan
}

/// Clusters by name, region and cost; without a region where that is empty.
fn inventory(clusters: &[(&str, &str, f64)]) -> Arc<Inventory> {
    let elements = clusters.iter().map(|(name, region, cost)| {
        let labels = if region.is_empty() { json!({}) } else { json!({ "region": region }) };
        let mut facts = named([("labels", labels)]);
        if *cost > 0.0 {
            facts.insert("cost".into(), json!(cost));
        }
        Element {
            name: (*name).into(),
            node_type: "Cluster".into(),
            facts,
            connection: json!(null),
        }
    });
    Arc::new(elements.collect::<Inventory>())
}

fn expand(plan: Plan, inventory: Arc<Inventory>) -> Result<Topology, Vec<String>> {
    let inputs = BTreeMap::new();
    let who = Identity::default();
    let expanded = Topology::expand(&Arc::new(plan), &inputs, inventory, who, Secrets::veiled());
    let told = expanded.problems.iter().map(|problem| {
        format!("{} ({})", problem.message, problem.help.as_deref().unwrap_or_default())
    });
    let told: Vec<String> = told.collect();
    expanded.topology.ok_or(told)
}

fn place(selection: Selection, clusters: &[(&str, &str, f64)]) -> Placement {
    let topology = expand(plan(selection), inventory(clusters)).unwrap();
    topology.placement("some").unwrap()
}

fn any() -> Selection {
    Selection::new("Cluster", (0, None), span())
}

fn cheapest() -> Preference {
    Preference {
        rank: Rank::Least,
        by: field(Expr::This, "cost"),
        text: "least(self.cost)".into(),
        span: span(),
    }
}

fn by_region(max: i64) -> Spread {
    let text = "self.labels.region".into();
    Spread { by: label("region"), text, max: int(max), span: span() }
}

const FIVE: &[(&str, &str, f64)] =
    &[("e", "eu", 1.0), ("d", "us", 2.0), ("c", "eu", 3.0), ("b", "us", 0.0), ("a", "eu", 1.0)];

#[test]
fn without_a_wish_all_are_taken_in_the_order_of_the_inventory() {
    let placement = place(any(), FIVE);
    assert_eq!(placement.taken, ["e", "d", "c", "b", "a"]);
    assert!(placement.left.is_empty());
}

#[test]
fn the_preferred_are_taken_equals_by_name_and_the_unknown_last() {
    let wish = |count| Selection { prefer: vec![cheapest()], count: Some(int(count)), ..any() };
    assert_eq!(place(wish(1), FIVE).taken, ["a"]);
    let placement = place(wish(3), FIVE);
    assert_eq!(placement.taken, ["e", "d", "a"]);
    assert_eq!(placement.left["b"], Left::Surplus { count: 3 });
    assert_eq!(place(wish(4), FIVE).taken, ["e", "d", "c", "a"]);
    // Without a count the cardinality's most says how many.
    let most = Selection { prefer: vec![cheapest()], cardinality: (1, Some(2)), ..any() };
    assert_eq!(place(most, FIVE).taken, ["e", "a"]);
    let dearest = Preference { rank: Rank::Most, ..cheapest() };
    let most = Selection { prefer: vec![dearest], cardinality: (1, Some(1)), ..any() };
    assert_eq!(place(most, FIVE).taken, ["c"]);
}

#[test]
fn a_second_preference_decides_among_equals() {
    let region = Preference { rank: Rank::Most, by: label("region"), ..cheapest() };
    let prefer = vec![region, cheapest()];
    let wish = Selection { prefer, count: Some(int(2)), ..any() };
    assert_eq!(place(wish, FIVE).taken, ["d", "b"]);
}

#[test]
fn of_each_value_no_more_are_taken_than_may_be() {
    let wish = Selection { spread: Some(by_region(1)), prefer: vec![cheapest()], ..any() };
    let placement = place(wish, FIVE);
    assert_eq!(placement.taken, ["d", "a"]);
    let eu = Left::Crowded { by: "self.labels.region".into(), value: Some("eu".into()), max: 1 };
    assert_eq!(placement.left["e"], eu);
    assert_eq!(eu.to_string(), "there is 1 already whose self.labels.region is eu");
    // Those without such a fact are a kind of their own.
    let clusters = &[("a", "", 1.0), ("b", "", 1.0), ("c", "eu", 1.0)];
    let placement = place(Selection { spread: Some(by_region(1)), ..any() }, clusters);
    assert_eq!(placement.taken, ["a", "c"]);
}

#[test]
fn too_few_are_told_with_what_stands_in_the_way() {
    let wish = Selection { spread: Some(by_region(1)), cardinality: (3, None), ..any() };
    let told = expand(plan(wish), inventory(FIVE)).unwrap_err();
    assert_eq!(
        told,
        [
            "the selection `some` wants 3 or more: 5 fit, of which `spread` takes 2: at most 1 with the same \
          self.labels.region (`c` fits and is left: there is 1 already whose self.labels.region is eu)"
        ]
    );
}

#[test]
fn what_has_no_order_is_a_mistake() {
    let wish = Selection {
        prefer: vec![Preference { by: label("region"), ..cheapest() }],
        count: Some(int(1)),
        ..any()
    };
    assert_eq!(place(wish.clone(), FIVE).taken, ["a"]);
    let odd = Selection {
        prefer: vec![Preference { by: field(Expr::This, "labels"), ..cheapest() }],
        ..wish
    };
    let told = expand(plan(odd), inventory(FIVE)).unwrap_err();
    assert!(told[0].contains("have no order"), "{told:?}");
}

fn node() -> Node {
    read(json!({ "type": "Box", "span": span() }))
}

/// Whatever of the nodes, then of the inventory, has this region.
fn choice(nodes: &[&str], region: &str) -> Expr {
    let all = Expr::Splat {
        of: Box::new(Expr::Selection("some".into())),
        body: Box::new(Expr::Local("*".into())),
    };
    let nodes = nodes.iter().map(|name| Item::One(Expr::Node((*name).into())));
    let labels = field(Expr::Local("candidate.self".into()), "labels");
    Expr::Binder(Box::new(Binder {
        function: "choose".into(),
        names: vec!["candidate.self".into()],
        over: Expr::List(nodes.chain([Item::Spread(all)]).collect()),
        filter: Some(Expr::Binary {
            op: BinaryOp::Equal,
            left: Box::new(field(labels, "region")),
            right: Box::new(Expr::string(region)),
        }),
        key: None,
        body: None,
    }))
}

#[test]
fn a_choice_falls_on_the_inventory_where_no_node_fits() {
    let on = |region: &str| {
        let mut plan = plan(Selection { implicit: true, ..any() });
        let never = Node { condition: Some(Expr::Value(false.into())), ..node() };
        plan.nodes.insert("gone".into(), never);
        let host: Requirement = read(json!({
            "name": "host",
            "target": choice(&["gone"], region),
            "relationship": "std.HostedOn",
            "hosts": true,
            "span": span(),
        }));
        plan.nodes.insert("app".into(), Node { requirements: vec![host], ..node() });
        let topology = expand(plan, inventory(&[("x", "", 1.0), ("y", "eu", 1.0)])).unwrap();
        topology.instances()[0].place.clone()
    };
    assert_eq!(on("eu"), Place::Element("y".into()));
    assert_eq!(on("us"), Place::Local);
}

fn with_groups(most: Option<u64>) -> Plan {
    let mut plan = plan(any());
    plan.nodes.insert("app".into(), node());
    let region = PropertyType {
        kind: Type::String,
        default: None,
        constraints: vec![Constraint {
            predicate: Expr::Binary {
                op: BinaryOp::NotEqual,
                left: Box::new(Expr::This),
                right: Box::new(Expr::string("mars")),
            },
            text: "self != \"mars\"".into(),
            message: None,
            span: span(),
        }],
        replace: false,
    };
    let kind = GroupType {
        extends: vec![],
        properties: named([("region", region)]),
        members: "std.Root".into(),
        cardinality: (1, most),
        constraints: vec![],
    };
    plan.group_types.insert("Site".into(), kind);
    let group = |members: Vec<Expr>, region: &str| Group {
        kind: "Site".into(),
        members: Expr::List(members.into_iter().map(Item::One).collect()),
        properties: named([(
            "region",
            Property {
                value: Expr::string(region),
                phase: Phase::Compile,
                span: span(),
                inner: BTreeMap::new(),
            },
        )]),
        documentation: String::new(),
        span: span(),
    };
    let (app, some) = (Expr::Node("app".into()), Expr::Selection("some".into()));
    plan.groups.insert("inner".into(), group(vec![app.clone(), some], "eu"));
    plan.groups.insert("outer".into(), group(vec![Expr::Group("inner".into()), app], "eu"));
    plan
}

#[test]
fn a_group_has_its_members_members_each_once() {
    assert!(expand(with_groups(Some(3)), inventory(&FIVE[..2])).is_ok());
    let told = expand(with_groups(Some(2)), inventory(&FIVE[..2])).unwrap_err();
    assert_eq!(
        told,
        ["inner", "outer"]
            .map(|name| format!("the group `{name}` wants 1 to 2 members and has 3 ()"))
    );
}

#[test]
fn a_groups_properties_keep_their_constraints() {
    let mut plan = with_groups(None);
    let outer = plan.groups.get_mut("outer").unwrap();
    outer.properties.get_mut("region").unwrap().value = Expr::string("mars");
    let told = expand(plan, inventory(FIVE)).unwrap_err();
    assert!(told[0].starts_with("the group `outer`: `region`: "), "{told:?}");
}
