//! A sample of nodes with lives of their own, and an executor that remembers what was called.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bp_driver::{Executors, Runtime};
use bp_journal::Store;
use bp_plan::*;
use bp_provider::{Class, Executor, Failure, Intent, Job, Listener, Ran};
use serde_json::{Value as Json, json};

use super::{World, field, kind, named, node, plan, runtime, span};

/// What was called, as every process that dies and comes back finds it.
#[derive(Debug, Default)]
pub struct Calls {
    /// Each call that had an effect, oldest first: `base lifecycle.create {"name":"b"}`.
    pub made: Mutex<Vec<String>>,
    /// How each ended, by key and turn.
    ended: Mutex<BTreeMap<(String, u32), Result<Json, Failure>>>,
    /// Calls whose next ends are these: by instance and operation.
    pub faults: Mutex<BTreeMap<String, Vec<Failure>>>,
    /// What `lifecycle.observe` tells of an instance until its next operation; `started` where nothing is said.
    pub told: Mutex<BTreeMap<String, Json>>,
    /// How often it was asked where no journal knows of that.
    pub looks: Mutex<u32>,
}

impl Calls {
    pub fn made(&self) -> Vec<String> {
        self.made.lock().unwrap().clone()
    }

    pub fn fail(&self, call: &str, failure: Failure) {
        self.faults.lock().unwrap().entry(call.to_owned()).or_default().push(failure);
    }
}

struct Remembering(Arc<Calls>);

#[async_trait]
impl Executor for Remembering {
    fn kind(&self) -> &'static str {
        "std.Script"
    }

    async fn run(&self, job: Job, listener: &dyn Listener) -> Ran {
        let call = format!("{} {}", job.subject.instance, job.operation);
        let known = (job.key.clone(), job.turn);
        let before = self.0.ended.lock().unwrap().get(&known).cloned();
        let outcome = match before {
            Some(outcome) => outcome,
            None if matches!(job.intent, Intent::WaitFor | Intent::Stop) => {
                Err(Failure::new(Class::Permanent, "it was announced and never begun"))
            }
            None => {
                let fault = self.0.faults.lock().unwrap().get_mut(&call).and_then(Vec::pop);
                let told = &mut self.0.told.lock().unwrap();
                let is_look = job.operation == "lifecycle.observe";
                let id = format!("id of {}", job.subject.instance);
                let outcome = match (fault, told.get(&job.subject.instance)) {
                    (Some(fault), _) => Err(fault),
                    (None, Some(told)) if is_look => Ok(told.clone()),
                    (None, None) if is_look => Ok(json!({ "id": id, "state": "started" })),
                    (None, _) => Ok(json!({ "id": id })),
                };
                if job.intent == Intent::Look {
                    *self.0.looks.lock().unwrap() += 1;
                    return Ran { outcome, output: Vec::new() };
                }
                if !is_look && outcome.is_ok() {
                    told.remove(&job.subject.instance);
                }
                let args = job.subject.properties.get("args").cloned().unwrap_or_default();
                self.0.made.lock().unwrap().push(format!("{call} {args}"));
                self.0.ended.lock().unwrap().insert(known, outcome.clone());
                outcome
            }
        };
        listener.line("called");
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ran { outcome, output: b"called\n".to_vec() }
    }
}

pub fn runtime_of(store: Arc<dyn Store>, world: &Arc<World>, calls: &Arc<Calls>) -> Runtime {
    let executor: Arc<dyn Executor> = Arc::new(Remembering(calls.clone()));
    let executors: Executors = BTreeMap::from([("std.Script".to_owned(), executor)]);
    Runtime { executors, ..runtime(store, world) }
}

/// Called with these arguments.
pub fn called(args: &[(&str, Expr)], sets: bool) -> Operation {
    let args = args.iter().map(|(name, value)| Entry::One((*name).to_owned(), value.clone()));
    let sets = sets.then(|| field(Expr::Local("result".into()), "id"));
    Operation {
        parameters: vec![],
        result: None,
        implementation: Some(Implementation {
            kind: "std.Script".into(),
            extends: vec!["std.Implementation".into()],
            value: Expr::Record(vec![]),
            args: Some(Expr::Record(args.collect())),
            on: None,
            env: None,
            files: None,
            timeout: None,
            retries: None,
            backoff: None,
            repeatable: None,
            sets: sets.into_iter().map(|set| ("id".to_owned(), set)).collect(),
            span: span(),
        }),
    }
}

/// `base` has nothing but operations; `web` is kept by a provider with operations around, and needs
/// `base`, with operations between the two; `late` needs what `web` reports.
pub fn lives(greeting: &str) -> Vec<u8> {
    sample(greeting, true)
}

/// The same, but that `base` and `late` tell themselves what is there.
pub fn telling(greeting: &str) -> Vec<u8> {
    let mut plan = bp_plan::from_bytes(&lives(greeting)).unwrap().plan;
    let made = plan.node_types.get_mut("Made").unwrap();
    let own = field(Expr::This, "id");
    made.operations.insert("lifecycle.observe".to_owned(), called(&[("id", own)], false));
    bp_plan::to_bytes(&plan, &BTreeMap::new()).unwrap()
}

/// The same, but that `web` needs nothing of `base`.
pub fn unlinked(greeting: &str) -> Vec<u8> {
    sample(greeting, false)
}

fn sample(greeting: &str, is_linked: bool) -> Vec<u8> {
    let mut plan = bp_plan::from_bytes(&plan(greeting)).unwrap().plan;
    let own = |name| field(Expr::This, name);
    let id = || [("id", own("id"))];
    let text = |text: &str| Expr::string(text);
    let life = named([
        ("lifecycle.precreate", called(&[], false)),
        ("lifecycle.create", called(&[("value", own("value"))], true)),
        ("lifecycle.start", called(&id(), false)),
        ("lifecycle.stop", called(&id(), false)),
        ("lifecycle.delete", called(&id(), false)),
    ]);
    let around = named([
        ("lifecycle.precreate", called(&[("value", own("value"))], false)),
        ("lifecycle.poststart", called(&id(), false)),
        ("lifecycle.prestop", called(&id(), false)),
        ("lifecycle.postdelete", called(&id(), false)),
    ]);
    let attributes = named([("id", Type::String)]);
    let made = NodeType { provider: None, operations: life, attributes, ..kind("") };
    let kept = NodeType { operations: around, ..kind("slow") };
    plan.node_types.extend(named([("Made", made), ("Kept", kept)]));
    let between = named([
        ("configure.preconfigure_source", called(&[], false)),
        ("configure.establish_target", called(&[("id", field(Expr::Target, "id"))], false)),
        ("configure.unlink_source", called(&[("id", field(Expr::Target, "id"))], false)),
    ]);
    let depends = RelationshipType {
        extends: vec![],
        leads_to_capability: false,
        properties: BTreeMap::new(),
        attributes: BTreeMap::new(),
        operations: between,
        constraints: vec![],
    };
    plan.relationship_types = named([("std.DependsOn", depends)]);
    let web = field(Expr::Node("web".into()), "id");
    let base: Vec<Expr> = is_linked.then(|| Expr::Node("base".into())).into_iter().collect();
    plan.nodes = named([
        ("base", node("Made", &[("value", text(greeting))], &[], false)),
        ("web", node("Kept", &[("value", text("web"))], &base, false)),
        ("late", node("Made", &[("value", web)], &[], false)),
    ]);
    plan.selections.clear();
    plan.outputs.clear();
    to_bytes(&plan, &BTreeMap::new()).unwrap()
}
