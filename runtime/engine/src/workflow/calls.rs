//! Calls of a workflow: announced, made, and what came of them.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Reference, Value};
use bp_topology::{Act, Given, InstanceId, Own};
use serde_json::Value as Json;

use super::Conductor;
use super::facts::CallState;
use super::walk::ToCall;
use crate::engine::{CallStep, Intent, Step, TargetRef, Wanted};
use crate::event::{Class, Event, Failure, Operation};
use crate::life::Limits;
use crate::retry::{derived, digest};
use crate::sealed::{self, Sealing};
use crate::secrets::hash;
use crate::state::InstanceState;
use crate::stream::Stream;
use crate::subject::Subject;

/// An operation to call, or a call to go on with.
#[derive(Clone, Debug, PartialEq)]
pub struct Perform {
    /// Where the instance is.
    pub target: TargetRef,
    /// The path of the call.
    pub path: String,
    /// What.
    pub step: Box<Step>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallReport {
    /// Its path.
    pub step: String,
    /// What it gave.
    pub outcome: Result<Json, Failure>,
    /// What it wrote.
    pub output: Option<Vec<u8>>,
}

/// A call as it is to be made.
struct Made {
    instance: InstanceId,
    target: TargetRef,
    subject: Subject,
    limits: Limits,
}

impl Conductor {
    /// Makes calls, as many as may be made at once; targets that have no grant yet get one first.
    pub(super) fn make(&mut self, ready: Vec<ToCall>) {
        let mut busy: BTreeMap<String, usize> = BTreeMap::new();
        for (_, target) in self.flying.values() {
            *busy.entry(target.clone()).or_default() += 1;
        }
        let mut room = self.limits.at_once.saturating_sub(self.flying.len());
        let mut granted = Vec::new();
        let mut calls = Vec::new();
        for call in ready {
            if room == 0 {
                break;
            }
            if self.flying.contains_key(&call.path) {
                continue;
            }
            let target = match self.place(&call) {
                Ok((_, target)) => target,
                Err((instance, failure)) => {
                    calls.push((call, Err((instance, failure))));
                    continue;
                }
            };
            let on_target = busy.entry(target.clone()).or_default();
            if *on_target >= self.limits.at_once_per_target {
                continue;
            }
            *on_target += 1;
            room -= 1;
            let has_grant = self.facts().is_some_and(|run| run.granted.contains(&target));
            if !has_grant && !granted.contains(&target) {
                granted.push(target);
            }
            let made = self.made(&call);
            calls.push((call, made));
        }
        if !granted.is_empty() {
            return self.push_run(Event::TargetsGranted { targets: granted });
        }
        for (call, made) in calls {
            match made {
                Ok(made) => self.begin(call, made),
                Err((instance, failure)) => self.refuse(&call, instance, failure),
            }
        }
    }

    fn begin(&mut self, call: ToCall, made: Made) {
        let Made { instance, target, subject, limits } = made;
        let known = self.facts().and_then(|run| run.calls.get(&call.path)).cloned();
        let known = known.unwrap_or_default();
        let bytes = subject.bytes();
        // A further try of what was announced is called as that was; what is made with secrets only these can
        // tell, so it is made anew.
        let is_new = known.attempt == 0 || !subject.revealed.properties.is_empty();
        let own = if is_new { digest(&bytes) } else { known.subject.clone() };
        let is_same = own == digest(&bytes);
        let limits = if known.attempt == 0 { limits } else { known.limits };
        let key = if known.attempt == 0 {
            derived(&[&self.state.seed, "workflow", &self.run, &call.path, &call.operation])
        } else {
            known.key.clone()
        };
        let executor = if is_same { subject.provider.clone() } else { known.executor.clone() };
        let attempt = if known.is_flying { known.attempt } else { known.attempt.saturating_add(1) };
        if !known.is_flying {
            let stream = Stream::Target(self.deployment.clone(), target.id.clone());
            let started = Event::CallStarted {
                run: self.run.clone(),
                step: call.path.clone(),
                instance: instance.to_string(),
                operation: call.operation.clone(),
                attempt,
                key: key.clone(),
                subject: own.clone(),
                executor: executor.clone(),
                limits,
            };
            self.push(stream.clone(), started);
            if is_new {
                self.outbox.entry(stream).or_default().1.push(bytes);
            }
        }
        let act = Act { operation: call.operation.clone(), via: None };
        let step = Step {
            instance: instance.to_string(),
            operation: Operation::Converge,
            key,
            attempt,
            provider: executor,
            subject: if is_same { Wanted::Here(Box::new(subject)) } else { Wanted::Stored(own) },
            earlier: Vec::new(),
            was: Vec::new(),
            may_replace: false,
            hidden: BTreeSet::new(),
            takes_back: false,
            record: None,
            handle: None,
            call: Some(CallStep { act, turn: attempt, intent: Intent::CarryOut, limits }),
        };
        let path = call.path.clone();
        self.flying.insert(path.clone(), (call, target.id.clone()));
        self.calls.push(Perform { target, path, step: Box::new(step) });
    }

    /// A call that can't be made.
    fn refuse(&mut self, call: &ToCall, instance: String, failure: Failure) {
        let target = self.any_target();
        let stream = Stream::Target(self.deployment.clone(), target);
        let failed = Event::CallFailed {
            run: self.run.clone(),
            step: call.path.clone(),
            instance,
            operation: call.operation.clone(),
            failure,
            retry_at_ms: None,
            output: None,
        };
        self.push(stream, failed);
    }

    /// Where what belongs nowhere is written down: the first of all targets.
    fn any_target(&self) -> String {
        self.state.targets.keys().next().cloned().unwrap_or_default()
    }

    /// The instance that is called, and its target; else of which instance, and why not.
    fn place(&self, call: &ToCall) -> Result<(InstanceId, String), (String, Failure)> {
        let Value::Reference(reference) = &call.target else {
            let message = "there is no such node in this deployment".to_owned();
            return Err((String::new(), Failure::permanent(message)));
        };
        let gone = || (shown(reference), Failure::permanent("it is no node of this deployment"));
        let instance = InstanceId::of(reference).ok_or_else(gone)?;
        let at = self.topology.find(&instance).ok_or_else(gone)?;
        let wanted = self.topology.instances().get(at).ok_or_else(gone)?;
        let name = instance.to_string();
        let id = self.targets.get(&wanted.place).ok_or_else(gone)?;
        let there = self.state.targets.get(id).and_then(|target| target.instance(&name));
        if !wanted.is_logical() && there.and_then(InstanceState::reported).is_none() {
            let help = format!("`bpr resume {}` brings about what is missing", self.state.name);
            let message = format!("`{name}` is not deployed");
            return Err((name, Failure { help: Some(help), ..Failure::permanent(message) }));
        }
        Ok((instance, id.clone()))
    }

    /// The call with all that it is made with; else of which instance, and why not.
    fn made(&self, call: &ToCall) -> Result<Made, (String, Failure)> {
        let (instance, id) = self.place(call)?;
        let refuse = |failure: Failure| (instance.to_string(), failure);
        let act = Act { operation: call.operation.clone(), via: None };
        if let Some(machine) = self.topology.machine(&instance, &act) {
            return Err(refuse(Failure::permanent(format!(
                "it is to run on `{machine}`, and this version of the runtime can't run anything on a `std.Compute`"
            ))));
        }
        let own = self.reported(&instance);
        let (planned, reads) =
            self.topology.call_given(&instance, &act, Own::Now(&own), &call.arguments);
        let planned = planned.map_err(|flaw| refuse(flaw.into()))?.ok_or_else(|| {
            let needs: Vec<String> = reads.missing.iter().map(|id| format!("`{id}`")).collect();
            let needs = needs.join(", ");
            refuse(Failure::permanent(format!(
                "it needs what {needs} reports, which is not deployed"
            )))
        })?;
        let wants_result = planned.wants_result || call.wants_result;
        let limits = Limits::of(planned.limits, wants_result);
        let subject = Subject::of_call(&act, planned, self.topology.secrets().key());
        let name = self.state.targets.get(&id).map(|target| target.name.clone());
        let target = TargetRef {
            id,
            name: name.unwrap_or_default(),
            identity: None,
            // It runs where the runtime runs.
            connection: Json::from("local"),
        };
        Ok(Made { instance, target, subject, limits })
    }

    /// What of a report is secret and not in the journal yet, by name: it is to be sealed
    /// ([`Self::seal`]) before it is reported.
    pub fn secrets_of(&mut self, report: &CallReport) -> Option<Sealing> {
        let CallReport { step, outcome: Ok(result), .. } = report else { return None };
        let (call, _) = self.flying.get(step)?;
        let Value::Reference(reference) = &call.target else { return None };
        let act = Act { operation: call.operation.clone(), via: None };
        // What is wrong with it is told when it is reported.
        let given = self.gives(&InstanceId::of(reference)?, &act, call, result.clone()).ok()?;
        sealed::known(&mut self.topology, &self.state, given)
    }

    /// Takes in what was sealed of the next report, by name.
    pub fn seal(&mut self, sealed: BTreeMap<String, Vec<u8>>) {
        self.sealed.extend(sealed);
    }

    fn reported(&self, id: &InstanceId) -> BTreeMap<String, Json> {
        self.topology.reported(id).cloned().unwrap_or_default().into_iter().collect()
    }

    /// What a call gives.
    fn gives(
        &self,
        id: &InstanceId,
        act: &Act,
        call: &ToCall,
        result: Json,
    ) -> Result<Given, Failure> {
        let own = self.reported(id);
        let key = self.topology.secrets().key();
        let mark = |value: &Json| hash(key, value);
        self.topology.gives(id, act, &own, &call.arguments, result, &mark).map_err(Failure::from)
    }

    /// Takes in what came of a call.
    pub fn report(&mut self, now_ms: i64, report: CallReport) {
        self.now_ms = self.now_ms.max(now_ms);
        let CallReport { step, outcome, output } = report;
        let Some((call, _)) = self.flying.remove(&step) else { return };
        let state = self.facts().and_then(|run| run.calls.get(&step)).cloned();
        let (Some(state), Value::Reference(reference)) = (state, &call.target) else { return };
        let Some(id) = InstanceId::of(reference) else { return };
        // It is stored with the event that names it.
        let output = output.map(|bytes| {
            let named = digest(&bytes);
            let stream = Stream::Target(self.deployment.clone(), state.target.clone());
            self.outbox.entry(stream).or_default().1.push(bytes);
            named
        });
        let act = Act { operation: call.operation.clone(), via: None };
        let mut own = self.reported(&id);
        let given = outcome.and_then(|result| self.gives(&id, &act, &call, result));
        let given = given.and_then(|given| {
            let kept = self.sealed.kept(&given.secrets, &self.state)?;
            Ok((given, kept))
        });
        let (given, (sealed, blobs)) = match given {
            Ok(given) => given,
            Err(failure) => return self.failed(&step, state, failure, output),
        };
        let stream = Stream::Target(self.deployment.clone(), state.target);
        let succeeded = Event::CallSucceeded {
            run: self.run.clone(),
            step,
            instance: state.instance,
            operation: call.operation,
            result: given.result,
            attributes: given.attributes.clone(),
            sealed,
            output,
        };
        self.push(stream.clone(), succeeded);
        self.outbox.entry(stream).or_default().1.extend(blobs);
        own.extend(given.attributes);
        self.topology.report(id, own);
    }

    fn failed(
        &mut self,
        step: &str,
        state: CallState,
        mut failure: Failure,
        output: Option<String>,
    ) {
        let limits = state.limits;
        let is_unknown = failure.class == Class::UnknownOutcome;
        // An unknown outcome is no failure yet: it costs one call more.
        let allowed = limits.retries.saturating_add(1 + u32::from(is_unknown));
        let may_again = failure.may_pass() && (!is_unknown || limits.repeatable);
        let is_cancelled = self.facts().is_some_and(|run| run.is_cancelled);
        let is_retried = may_again && state.attempt < allowed && !is_cancelled;
        if is_unknown && !limits.repeatable {
            failure.message =
                format!("{}; nobody knows whether it was carried out", failure.message);
        }
        let pause = limits.pause_ms(state.attempt);
        let failed = Event::CallFailed {
            run: self.run.clone(),
            step: step.to_owned(),
            instance: state.instance,
            operation: state.operation,
            failure,
            retry_at_ms: is_retried.then(|| self.now_ms.saturating_add(pause)),
            output,
        };
        self.push(Stream::Target(self.deployment.clone(), state.target), failed);
    }
}

fn shown(reference: &Reference) -> String {
    bp_eval::reference_text(reference)
}
