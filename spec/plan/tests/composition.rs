//! Plans inside of plans: whole, there, and only so deep; and what of composition has no meaning.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod sample;

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{
    BlueprintType, Digest, Exposed, Expr, LoadedPlan, Plan, PlanError, Required, Substitutes,
    canonical, composition, from_bytes, to_bytes, validate,
};
use sample::{plan, span};

type Artifacts = BTreeMap<Digest, Vec<u8>>;

/// A plan with another one inside: the type of its node is made of that.
fn around(inner: &Plan, mut artifacts: Artifacts) -> (Plan, Artifacts) {
    let bytes = canonical(inner).unwrap();
    let digest = Digest::of(&bytes);
    artifacts.insert(digest.clone(), bytes);
    let mut outer = plan();
    outer.artifacts.extend(artifacts.keys().cloned());
    outer.node_types.get_mut("Web").unwrap().blueprint =
        Some(BlueprintType { name: "inner".into(), version: "1.0.0".into(), plan: Some(digest) });
    (outer, artifacts)
}

fn loaded((plan, artifacts): &(Plan, Artifacts)) -> Result<LoadedPlan, PlanError> {
    from_bytes(&to_bytes(plan, artifacts).unwrap())
}

#[test]
fn plans_inside_are_read_with_the_plan() {
    let inner = around(&plan(), sample::artifacts());
    let outer = around(&inner.0, inner.1.clone());
    let loaded = loaded(&outer).unwrap();
    assert_eq!(loaded.nested.len(), 2);
    let direct: Vec<&Digest> = composition::nested(&loaded.plan).into_iter().collect();
    assert_eq!(loaded.nested[direct[0]], inner.0);
}

#[test]
fn a_plan_inside_is_whole_or_none_is_read() {
    let words = |plan: &(Plan, Artifacts)| loaded(plan).unwrap_err().to_string();
    // Not among the artifacts.
    let mut gone = around(&plan(), sample::artifacts());
    let digest = composition::nested(&gone.0).into_iter().next().unwrap().clone();
    gone.0.artifacts.remove(&digest);
    gone.1.remove(&digest);
    assert!(words(&gone).contains("does not travel with it"), "{}", words(&gone));
    // Without the files that it names.
    let mut inner = plan();
    inner.artifacts.insert(Digest::of(b"another"));
    let poor = around(&inner, sample::artifacts());
    assert!(words(&poor).contains("is missing"), "{}", words(&poor));
    // Parts of it that don't fit together.
    let mut inner = plan();
    inner.nodes.get_mut("web").unwrap().kind = "Gone".into();
    let broken = around(&inner, sample::artifacts());
    assert!(words(&broken).contains("there is no node type `Gone`"), "{}", words(&broken));
    // Another format.
    let mut inner = plan();
    inner.format = 0;
    assert!(words(&around(&inner, sample::artifacts())).contains("format"));
}

#[test]
fn plans_lie_inside_of_each_other_only_so_deep() {
    let mut at = (plan(), sample::artifacts());
    for _ in 0..composition::MOST_NESTED {
        at = around(&at.0, at.1);
    }
    assert_eq!(loaded(&at).unwrap().nested.len(), composition::MOST_NESTED);
    at = around(&at.0, at.1);
    assert!(matches!(loaded(&at), Err(PlanError::NestedTooDeep { .. })));
}

fn problems(change: impl FnOnce(&mut Plan)) -> Vec<String> {
    let mut plan = plan();
    change(&mut plan);
    let problems = validate(&plan).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_offered_and_needed_has_a_meaning() {
    let requirement = plan().node_types["Web"].requirements["host"].clone();
    let required = || Required {
        requirement: requirement.clone(),
        documentation: String::new(),
        span: span(),
    };
    let exposed = |value: Expr| Exposed {
        kind: "std.Endpoint".into(),
        value,
        documentation: String::new(),
        span: span(),
    };
    let substitutes = |workflow: &str| Substitutes {
        kind: "std.Database".into(),
        constraints: vec![],
        operations: BTreeMap::from([("a.b".to_owned(), workflow.to_owned())]),
        span: span(),
    };
    let fine = problems(|plan| {
        plan.requirements.insert("site".into(), required());
        plan.exposed.insert("sql".into(), exposed(Expr::Requirement("site".into())));
    });
    assert!(fine.is_empty(), "{fine:?}");
    let found = problems(|plan| {
        let mut backwards = required();
        backwards.requirement.cardinality = (2, Some(1));
        plan.requirements.insert("site".into(), backwards);
        plan.exposed.insert("sql".into(), exposed(Expr::Requirement("gone".into())));
        plan.substitutes = Some(substitutes("gone"));
        plan.nodes.get_mut("web").unwrap().substituted_by = Some("Web".into());
    });
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let wanted = BTreeSet::from([
        "a cardinality asks for more than it allows at requirements.site",
        "there is no requirement `gone` at exposed.sql",
        "there is no workflow `gone` at substitutes",
        "`Web` stands for this node and has no plan at nodes.web",
    ]);
    assert_eq!(found, wanted);
}
