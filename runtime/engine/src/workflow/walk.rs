//! A walk through a workflow's steps: what has come of each by the journal, and what is to be begun.
//!
//! The walk begins at the first step every time; what has ended is remembered, so that it passes over
//! it. It decides what can be decided, and collects what is to be called and waited for. Nothing
//! here causes an effect.

use std::collections::{BTreeMap, BTreeSet};

use bp_eval::Outcome as Evaluated;
use bp_plan::workflow::{Action, Arm, Block, Call, Loop, Run, Step};
use bp_plan::{Expr, Item, Plan, Property, Value};
use bp_topology::parameters::Arguments;
use bp_topology::{Reads, Topology};

use super::facts::{Decision, WorkflowRun};
use super::path;
use crate::event::{Event, Failure, Outcome, Verb};
use crate::state;

/// The names that a step can read: values; what has a secret part as the expression that makes it.
pub(super) type Locals = Vec<(String, Expr)>;

/// What has come of a step or a block.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Flow {
    /// It has not ended.
    Open,
    /// It is done, and binds these names.
    Done(Locals),
    /// The workflow is to end here, with this.
    Returned(Expr),
    /// It failed.
    Failed(Trouble),
    /// It was cancelled, or not begun for that.
    Cancelled,
}

/// A failure, and the step that it began at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trouble {
    pub(super) step: String,
    pub(super) failure: Failure,
}

/// See the module.
pub(super) struct Walk<'e> {
    pub(super) plan: &'e Plan,
    pub(super) topology: &'e Topology,
    pub(super) facts: &'e mut WorkflowRun,
    /// What steps that have ended came to, by their paths.
    pub(super) over: &'e mut BTreeMap<String, Flow>,
    pub(super) now_ms: i64,
    /// What was decided.
    pub(super) events: Vec<Event>,
    /// Calls that are to be made, or gone on with, in order.
    pub(super) ready: Vec<ToCall>,
    /// When something is to be looked at again.
    pub(super) times: BTreeSet<i64>,
    /// Runs of the deployment, oldest first.
    pub(super) runs: &'e [state::Run],
    /// What is to be brought about by a run of the deployment, which goes alone.
    pub(super) bring_about: Option<BringAbout>,
    /// How many handlers it is inside of: what tidies up is not cancelled.
    pub(super) handlers: usize,
}

/// A call that is to be made, or gone on with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToCall {
    /// Its path.
    pub(super) path: String,
    /// The node.
    pub(super) target: Value,
    /// `copies.snapshot`.
    pub(super) operation: String,
    /// With these arguments.
    pub(super) arguments: Arguments,
    /// The workflow asks for its result.
    pub(super) wants_result: bool,
}

/// Something that goes alone.
#[derive(Clone, Debug, PartialEq)]
pub enum BringAbout {
    /// A run of the deployment.
    Run {
        /// The step, as a path.
        step: String,
        /// Its id. One that was stopped is begun anew under another, which begins with the first one's and a `~`.
        run: String,
        /// What it is to do.
        what: What,
    },
    /// A look at what is there. What is found is the decision of the step.
    Look {
        /// The step, as a path.
        step: String,
        /// What is sought.
        sought: Sought,
        /// Among which nodes or instances; among all where there is none.
        among: Vec<String>,
    },
}

/// What a run of the deployment is to do for a workflow.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// All is made as it is wanted.
    Deploy,
    /// All goes.
    Uninstall,
    /// What others have changed is made as it was applied: of these nodes or instances, or (without any) of all.
    Heal(Vec<String>),
    /// These inputs get other values.
    Scale(BTreeMap<String, Value>),
    /// What was wanted when it was last healthy is wanted again.
    Rollback,
}

impl What {
    /// What is decided by it.
    fn decision(&self) -> Decision {
        match self {
            Self::Deploy | Self::Heal(_) => Decision::BringsAbout(Verb::Deploy),
            Self::Uninstall => Decision::BringsAbout(Verb::Uninstall),
            Self::Scale(inputs) => Decision::Scales(inputs.clone()),
            Self::Rollback => Decision::GoesBack,
        }
    }
}

/// What a look at what is there is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// What is not as it was applied.
    Drift,
    /// What does not work.
    Illness,
}

/// Why a step can't go on.
enum Stop {
    Open,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<'e> Walk<'e> {
    /// The whole workflow.
    pub(super) fn whole(&mut self) -> Flow {
        let plan = self.plan;
        let Some(workflow) = plan.workflows.get(&self.facts.workflow) else {
            let name = &self.facts.workflow;
            let failure = Failure::permanent(format!("the plan has no workflow `{name}`"));
            return Flow::Failed(Trouble { step: String::new(), failure });
        };
        let mut locals = self.facts.arguments.clone().into_iter().collect();
        self.block(&workflow.body, "", &mut locals, false)
    }

    fn is_cancelling(&self) -> bool {
        self.facts.is_cancelled && self.handlers == 0
    }

    /// A block with its handlers.
    fn block(&mut self, block: &'e Block, at: &str, locals: &mut Locals, at_once: bool) -> Flow {
        let outside = locals.len();
        let flow = if at_once {
            self.at_once(&block.steps, at, locals)
        } else {
            self.in_order(&block.steps, at, locals)
        };
        locals.truncate(outside);
        let is_cancelling = self.is_cancelling();
        let handler = path::failure(at);
        match (flow, &block.on_failure, &block.on_cancel) {
            (Flow::Failed(trouble), Some(on_failure), _)
                if !is_cancelling || self.facts.is_begun(&handler) =>
            {
                locals.push(("error".to_owned(), Expr::Value(told(&trouble.failure))));
                let tidied = self.handled(&on_failure.body, &handler, locals);
                locals.truncate(outside);
                match tidied {
                    Flow::Done(_) if on_failure.recovers => Flow::Done(Locals::new()),
                    Flow::Done(_) => Flow::Failed(trouble),
                    Flow::Failed(second) => Flow::Failed(self.second(second, &trouble)),
                    other => other,
                }
            }
            (flow @ (Flow::Failed(_) | Flow::Cancelled), _, Some(on_cancel)) if is_cancelling => {
                match self.handled(on_cancel, &path::cancel(at), locals) {
                    Flow::Done(_) => flow,
                    other => other,
                }
            }
            (flow, ..) => flow,
        }
    }

    fn handled(&mut self, block: &'e Block, at: &str, locals: &mut Locals) -> Flow {
        self.handlers += 1;
        let flow = self.block(block, at, locals, false);
        self.handlers -= 1;
        flow
    }

    /// What goes up when a handler fails, too: its own words where it says them by `fail`.
    fn second(&self, mut second: Trouble, first: &Trouble) -> Trouble {
        let step = path::step(self.plan, &self.facts.workflow, &second.step);
        if !step.is_some_and(|step| matches!(step.action, Action::Fail(_))) {
            second.failure.message = format!(
                "{}; that was while it handled: {}",
                second.failure.message, first.failure.message
            );
        }
        second
    }

    fn in_order(&mut self, steps: &'e [Step], at: &str, locals: &mut Locals) -> Flow {
        for (number, step) in steps.iter().enumerate() {
            match self.step(step, path::child(at, number), locals) {
                Flow::Done(made) => locals.extend(made),
                other => return other,
            }
        }
        Flow::Done(Locals::new())
    }

    /// All at once: it ends when the last has ended, well where all did.
    fn at_once(&mut self, steps: &'e [Step], at: &str, locals: &mut Locals) -> Flow {
        let mut all = Gathered::default();
        let mut made = Locals::new();
        for (number, step) in steps.iter().enumerate() {
            match self.step(step, path::child(at, number), locals) {
                Flow::Done(bound) => made.extend(bound),
                other => all.add(other),
            }
        }
        all.flow("steps").unwrap_or(Flow::Done(made))
    }

    /// A step; one that has ended is passed over.
    fn step(&mut self, step: &'e Step, at: String, locals: &mut Locals) -> Flow {
        if let Some(flow) = self.over.get(&at) {
            return flow.clone();
        }
        if self.is_cancelling() && !self.facts.is_begun(&at) {
            return Flow::Cancelled;
        }
        let flow = match self.facts.ended_steps.get(&at) {
            Some(Some(failure)) => {
                Flow::Failed(Trouble { step: at.clone(), failure: failure.clone() })
            }
            _ => match self.action(step, &at, locals) {
                Ok(flow) => flow,
                Err(Stop::Open) => Flow::Open,
                Err(Stop::Failed(failure)) => {
                    self.end(&at, Some(failure.clone()));
                    Flow::Failed(Trouble { step: at.clone(), failure })
                }
            },
        };
        // A cancelled one is gone through again: its handlers are part of the blocks around it.
        if !matches!(flow, Flow::Open | Flow::Cancelled) {
            self.over.insert(at, flow.clone());
        }
        flow
    }

    fn action(&mut self, step: &'e Step, at: &str, locals: &mut Locals) -> Result<Flow, Stop> {
        match &step.action {
            Action::Let { name, value } => {
                let value = if let Some(Decision::Bound(value)) = self.facts.decided.get(at) {
                    value.clone()
                } else {
                    let value = self.kept(value, locals)?;
                    self.decide(at, Decision::Bound(value.clone()));
                    value
                };
                Ok(Flow::Done(vec![(name.clone(), value)]))
            }
            Action::Fail(message) => Err(Stop::Failed(match self.value(message, locals)? {
                Value::String(message) => Failure::permanent(message),
                _ => Failure::permanent("it failed, and its message is no text"),
            })),
            Action::Return(value) => {
                if let Some(Decision::Returned(value)) = self.facts.decided.get(at) {
                    return Ok(Flow::Returned(value.clone()));
                }
                let value = match value {
                    Some(value) => self.kept(value, locals)?,
                    None => Expr::Value(Value::Null),
                };
                self.decide(at, Decision::Returned(value.clone()));
                Ok(Flow::Returned(value))
            }
            Action::Wait(time) => self.wait(at, time, locals),
            Action::WaitUntil { condition, timeout } => {
                self.wait_until(at, condition, timeout, locals)
            }
            Action::Call(call) => self.call(call, at, locals),
            Action::Run(run) => self.run(run, at, locals),
            Action::Parallel(block) => Ok(self.block(block, at, locals, true)),
            Action::For(each) => self.turns(each, at, locals),
            Action::If { arms, otherwise } => self.arm(arms, otherwise.as_ref(), at, locals),
        }
    }

    fn wait(&mut self, at: &str, time: &Expr, locals: &Locals) -> Result<Flow, Stop> {
        if self.facts.ended_steps.contains_key(at) {
            return Ok(Flow::Done(Locals::new()));
        }
        let until_ms = self.until(at, time, locals)?;
        if self.now_ms >= until_ms {
            self.end(at, None);
            return Ok(Flow::Done(Locals::new()));
        }
        if self.is_cancelling() {
            return Ok(Flow::Cancelled);
        }
        self.times.insert(until_ms);
        Err(Stop::Open)
    }

    fn wait_until(
        &mut self,
        at: &str,
        condition: &Expr,
        timeout: &Expr,
        locals: &Locals,
    ) -> Result<Flow, Stop> {
        if self.facts.ended_steps.contains_key(at) {
            return Ok(Flow::Done(Locals::new()));
        }
        let until_ms = self.until(at, timeout, locals)?;
        // What can't be told yet may be told later.
        let held = self.truth(condition, locals);
        if matches!(held, Ok(true)) {
            self.end(at, None);
            return Ok(Flow::Done(Locals::new()));
        }
        if self.is_cancelling() {
            return Ok(Flow::Cancelled);
        }
        if self.now_ms >= until_ms {
            let why = held.err().map(|failure| format!(": {}", failure.message));
            let why = why.unwrap_or_default();
            let message = format!("what was waited for did not come about in time{why}");
            return Err(Stop::Failed(Failure::permanent(message)));
        }
        self.times.insert(until_ms);
        Err(Stop::Open)
    }

    /// When a wait is over.
    fn until(&mut self, at: &str, time: &Expr, locals: &Locals) -> Result<i64, Stop> {
        if let Some(Decision::Waits { until_ms }) = self.facts.decided.get(at) {
            return Ok(*until_ms);
        }
        let Value::Quantity(time) = self.value(time, locals)? else {
            return Err(Stop::Failed(Failure::permanent("the time to wait is no duration")));
        };
        let until_ms = self.now_ms.saturating_add((time.amount / 1_000_000).max(0));
        self.decide(at, Decision::Waits { until_ms });
        Ok(until_ms)
    }

    fn call(&mut self, call: &'e Call, at: &str, locals: &Locals) -> Result<Flow, Stop> {
        let (targets, arguments) =
            if let Some(Decision::Calls { targets, arguments }) = self.facts.decided.get(at) {
                (targets.clone(), arguments.clone())
            } else {
                let target = self.value(&call.target, locals)?;
                let targets = if call.each { elements(target)? } else { vec![target] };
                let arguments = self.arguments(&call.arguments, locals)?;
                let (of, with) = (targets.clone(), arguments.clone());
                self.decide(at, Decision::Calls { targets: of, arguments: with });
                (targets, arguments)
            };
        let mut all = Gathered::default();
        let mut results = Vec::with_capacity(targets.len());
        for (number, target) in targets.into_iter().enumerate() {
            let path = if call.each { path::turn(at, number) } else { at.to_owned() };
            let state = self.facts.calls.get(&path);
            match state.and_then(|state| state.outcome.as_ref()) {
                Some(Ok(result)) => results.push(result.clone()),
                Some(Err(failure)) => {
                    all.add(Flow::Failed(Trouble { step: path, failure: failure.clone() }));
                }
                None if self.is_cancelling() && !state.is_some_and(|state| state.is_flying) => {
                    all.add(Flow::Cancelled);
                }
                None => {
                    all.add(Flow::Open);
                    let retry = state.and_then(|state| state.retry.as_ref());
                    match retry.map(|(_, at_ms)| *at_ms).filter(|at_ms| *at_ms > self.now_ms) {
                        Some(at_ms) => drop(self.times.insert(at_ms)),
                        None => self.ready.push(ToCall {
                            path,
                            target,
                            operation: format!("{}.{}", call.interface, call.operation),
                            arguments: arguments.clone(),
                            wants_result: call.result.is_some(),
                        }),
                    }
                }
            }
        }
        Ok(all.flow("calls").unwrap_or_else(|| {
            let result = if call.each {
                listed(results)
            } else {
                results.pop().unwrap_or(Expr::Value(Value::Null))
            };
            bound(call.result.as_ref(), &result)
        }))
    }

    fn run(&mut self, run: &'e Run, at: &str, locals: &Locals) -> Result<Flow, Stop> {
        let plan = self.plan;
        let Some(workflow) = plan.workflows.get(&run.workflow) else {
            let name = &run.workflow;
            let what = match name.as_str() {
                "install" | "update" => What::Deploy,
                "uninstall" => What::Uninstall,
                "heal" => What::Heal(self.among(run, locals)?),
                "scale" => What::Scale(self.inputs(run, at, locals)?),
                "rollback" => What::Rollback,
                "check_drift" => return self.look((Sought::Drift, "drifted"), run, at, locals),
                "check_health" => {
                    return self.look((Sought::Illness, "unhealthy"), run, at, locals);
                }
                _ => {
                    return Err(Stop::Failed(Failure::permanent(format!(
                        "this version of the runtime can't run `{name}` as a step"
                    ))));
                }
            };
            return self.bring_about(name, what, at);
        };
        let arguments = if let Some(Decision::Runs(arguments)) = self.facts.decided.get(at) {
            arguments.clone()
        } else {
            let given = self.arguments(&run.arguments, locals)?;
            let whole = self.topology.arguments(&run.workflow, &given).map_err(|problems| {
                let told: Vec<String> = problems.into_iter().map(|it| it.message).collect();
                Failure::permanent(format!("`{}`: {}", run.workflow, told.join("; ")))
            })?;
            self.decide(at, Decision::Runs(whole.clone()));
            whole
        };
        // It sees its own parameters, and nothing of what is around.
        let mut own = arguments.into_iter().collect();
        Ok(match self.block(&workflow.body, at, &mut own, false) {
            Flow::Done(_) => bound(run.result.as_ref(), &Expr::Value(Value::Null)),
            Flow::Returned(value) => bound(run.result.as_ref(), &value),
            other => other,
        })
    }

    /// A run of the deployment, inside of this one. One that was stopped is begun anew, under another id.
    fn bring_about(&mut self, name: &str, what: What, at: &str) -> Result<Flow, Stop> {
        if !self.facts.decided.contains_key(at) {
            self.decide(at, what.decision());
        }
        let first = format!("{}.{at}", self.facts.id);
        let again = format!("{first}~");
        let mut all = self.runs.iter().filter(|run| run.id == first || run.id.starts_with(&again));
        let tries = all.clone().count();
        let last = all.next_back();
        match last.and_then(|run| run.closed) {
            Some(Outcome::Done) => return Ok(Flow::Done(Locals::new())),
            None | Some(Outcome::Stopped) => {}
            Some(_) => {
                return Err(Stop::Failed(Failure::permanent(format!(
                    "`{name}` did not bring everything about"
                ))));
            }
        }
        let run = match last {
            Some(open) if open.closed.is_none() => open.id.clone(),
            // What was not begun, or was stopped, is not begun any more.
            _ if self.is_cancelling() => return Ok(Flow::Cancelled),
            None => first,
            Some(_) => format!("{again}{}", tries + 1),
        };
        self.bring_about.get_or_insert(BringAbout::Run { step: at.to_owned(), run, what });
        Err(Stop::Open)
    }

    /// The nodes and instances that a step is about; none stands for all.
    fn among(&self, run: &Run, locals: &Locals) -> Result<Vec<String>, Stop> {
        let Some(nodes) = run.arguments.get("nodes") else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        names(&self.value(&nodes.value, locals)?, &mut found);
        if found.is_empty() && !matches!(self.value(&nodes.value, locals)?, Value::Null) {
            return Err(Stop::Failed(Failure::permanent("`nodes` is an empty list")));
        }
        Ok(found)
    }

    /// The inputs that a step sets: those that it names.
    fn inputs(
        &self,
        run: &Run,
        at: &str,
        locals: &Locals,
    ) -> Result<BTreeMap<String, Value>, Failure> {
        if let Some(Decision::Scales(inputs)) = self.facts.decided.get(at) {
            return Ok(inputs.clone());
        }
        let value = |(name, given): (&String, &Property)| {
            Ok((name.clone(), self.value(&given.value, locals)?))
        };
        run.arguments.iter().map(value).collect()
    }

    /// A look at what is there: it changes nothing, and gives the names of what it found.
    fn look(
        &mut self,
        (sought, called): (Sought, &str),
        run: &Run,
        at: &str,
        locals: &Locals,
    ) -> Result<Flow, Stop> {
        if let Some(Decision::Found(names)) = self.facts.decided.get(at) {
            let names = names.iter().cloned().map(Value::String).collect();
            let record = Value::Map(BTreeMap::from([(called.to_owned(), Value::List(names))]));
            return Ok(bound(run.result.as_ref(), &Expr::Value(record)));
        }
        if self.is_cancelling() {
            return Ok(Flow::Cancelled);
        }
        let (step, among) = (at.to_owned(), self.among(run, locals)?);
        self.bring_about.get_or_insert(BringAbout::Look { step, sought, among });
        Err(Stop::Open)
    }

    fn turns(&mut self, each: &'e Loop, at: &str, locals: &mut Locals) -> Result<Flow, Stop> {
        let (elements, at_once) =
            if let Some(Decision::Turns { elements, at_once }) = self.facts.decided.get(at) {
                (elements.clone(), *at_once)
            } else {
                let elements = self.elements(&each.over, locals)?;
                let at_once = match &each.max {
                    None => 1,
                    Some(max) => match self.value(max, locals)? {
                        Value::Int(max) if max > 0 => max.unsigned_abs(),
                        _ => return Err(Stop::Failed(Failure::permanent("`max` is 1 or more"))),
                    },
                };
                self.decide(at, Decision::Turns { elements: elements.clone(), at_once });
                (elements, at_once)
            };
        let mut all = Gathered::default();
        for (number, (key, element)) in elements.into_iter().enumerate() {
            let turn = path::turn(at, number);
            if let Some(flow) = self.over.get(&turn) {
                all.add(flow.clone());
                continue;
            }
            if !self.facts.is_begun(&turn) {
                if self.is_cancelling() {
                    all.add(Flow::Cancelled);
                    break;
                }
                // After a failure what is under way ends, and nothing more is begun.
                if all.trouble.is_some() || all.open >= at_once {
                    break;
                }
            }
            let outside = locals.len();
            match each.names.as_slice() {
                [first, second] => {
                    locals.push((first.clone(), Expr::Value(key)));
                    locals.push((second.clone(), element));
                }
                names => locals.extend(names.first().map(|name| (name.clone(), element))),
            }
            let flow = self.block(&each.body, &turn, locals, false);
            locals.truncate(outside);
            if let Flow::Returned(_) = flow {
                return Ok(flow);
            }
            if !matches!(flow, Flow::Open | Flow::Cancelled) {
                self.over.insert(turn, flow.clone());
            }
            all.add(flow);
        }
        Ok(all.flow("turns").unwrap_or(Flow::Done(Locals::new())))
    }

    fn arm(
        &mut self,
        arms: &'e [Arm],
        otherwise: Option<&'e Block>,
        at: &str,
        locals: &mut Locals,
    ) -> Result<Flow, Stop> {
        let chosen = if let Some(Decision::Chosen(arm)) = self.facts.decided.get(at) {
            *arm
        } else {
            let mut chosen = arms.len();
            for (number, arm) in arms.iter().enumerate() {
                if self.truth(&arm.condition, locals)? {
                    chosen = number;
                    break;
                }
            }
            self.decide(at, Decision::Chosen(chosen));
            chosen
        };
        let block = arms.get(chosen).map(|arm| &arm.body).or(otherwise);
        Ok(match block {
            Some(block) => self.block(block, &path::child(at, chosen), locals, false),
            None => Flow::Done(Locals::new()),
        })
    }

    fn decide(&mut self, at: &str, decision: Decision) {
        self.note(Event::StepDecided { step: at.to_owned(), decision });
    }

    fn end(&mut self, at: &str, failure: Option<Failure>) {
        self.note(Event::StepEnded { step: at.to_owned(), failure });
    }

    fn note(&mut self, event: Event) {
        self.facts.fold(&event);
        self.events.push(event);
    }

    fn arguments(
        &self,
        given: &BTreeMap<String, Property>,
        locals: &Locals,
    ) -> Result<Arguments, Failure> {
        let value = |(name, given): (&String, &Property)| {
            let value = self.kept(&given.value, locals).map_err(|failure| Failure {
                message: format!("`{name}`: {}", failure.message),
                ..failure
            })?;
            Ok((name.clone(), value))
        };
        given.iter().map(value).collect()
    }

    fn truth(&self, condition: &Expr, locals: &Locals) -> Result<bool, Failure> {
        match self.value(condition, locals)? {
            Value::Bool(held) => Ok(held),
            _ => Err(Failure::permanent("the condition is neither true nor false")),
        }
    }

    /// What decides how the workflow goes on: it is written down, so it holds no secret.
    fn value(&self, expr: &Expr, locals: &Locals) -> Result<Value, Failure> {
        let (outcome, reads) = self.topology.evaluate_with(expr, locals);
        match outcome {
            Ok(Evaluated::Value(value)) => Ok(value),
            Ok(Evaluated::Unknown) => Err(unknown(&reads)),
            Ok(Evaluated::Secret(names)) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                let message = format!(
                    "it holds the secret {}, and how a workflow goes on is written down",
                    names.join(", ")
                );
                let help = "let no step depend on a secret: give it to an operation".to_owned();
                Err(Failure { help: Some(help), ..Failure::permanent(message) })
            }
            Err(error) => Err(Failure::permanent(error.message)),
        }
    }

    /// What is given on: its value; where it has a secret part, the expression that makes it.
    fn kept(&self, expr: &Expr, locals: &Locals) -> Result<Expr, Failure> {
        let (kept, reads) = self.topology.kept(expr, locals);
        let kept = kept.map_err(|error| Failure::permanent(error.message))?;
        kept.ok_or_else(|| unknown(&reads))
    }

    /// What a loop goes through.
    fn elements(&self, over: &Expr, locals: &Locals) -> Result<Vec<(Value, Expr)>, Failure> {
        let over = self.kept(over, locals)?;
        let elements = self.topology.kept_elements(&over);
        let elements = elements.map_err(|error| Failure::permanent(error.message))?;
        elements.ok_or_else(|| {
            Failure::permanent(
                "which elements there are depends on a secret that has no value here",
            )
        })
    }
}

/// What goes on beside each other, gathered.
#[derive(Default)]
struct Gathered {
    open: u64,
    trouble: Option<Trouble>,
    more: usize,
    is_cancelled: bool,
    returned: Option<Expr>,
}

impl Gathered {
    fn add(&mut self, flow: Flow) {
        match flow {
            Flow::Open => self.open += 1,
            Flow::Done(_) => {}
            Flow::Returned(value) => self.returned = Some(value),
            Flow::Failed(_) if self.trouble.is_some() => self.more += 1,
            Flow::Failed(trouble) => self.trouble = Some(trouble),
            Flow::Cancelled => self.is_cancelled = true,
        }
    }

    /// None where all is done. `what` says what there were several of.
    fn flow(self, what: &str) -> Option<Flow> {
        let Self { open, trouble, more, is_cancelled, returned } = self;
        if open > 0 {
            return Some(Flow::Open);
        }
        if let Some(value) = returned {
            return Some(Flow::Returned(value));
        }
        if let Some(mut trouble) = trouble {
            if more > 0 {
                let failure = &mut trouble.failure;
                failure.message =
                    format!("{} (and {more} more of the {what} failed)", failure.message);
            }
            return Some(Flow::Failed(trouble));
        }
        is_cancelled.then_some(Flow::Cancelled)
    }
}

/// The results of several calls as one.
fn listed(results: Vec<Expr>) -> Expr {
    let open: Option<Vec<Value>> = results.iter().map(|one| one.as_value().cloned()).collect();
    match open {
        Some(open) => Expr::Value(Value::List(open)),
        None => Expr::List(results.into_iter().map(Item::One).collect()),
    }
}

fn elements(target: Value) -> Result<Vec<Value>, Failure> {
    let elements = bp_eval::elements(target).map_err(|error| Failure::permanent(error.message))?;
    Ok(elements.into_iter().map(|(_, element)| element).collect())
}

/// The names of the nodes and instances in a value.
fn names(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Reference(of) => found.push(bp_eval::reference_text(of)),
        Value::List(items) => items.iter().for_each(|item| names(item, found)),
        Value::Map(items) => items.values().for_each(|item| names(item, found)),
        _ => {}
    }
}

fn bound(name: Option<&String>, value: &Expr) -> Flow {
    Flow::Done(name.iter().map(|name| ((*name).clone(), value.clone())).collect())
}

/// It needs what nobody has reported.
fn unknown(reads: &Reads) -> Failure {
    let needs: Vec<String> = reads.missing.iter().map(|id| format!("`{id}`")).collect();
    Failure::permanent(match needs.join(", ").as_str() {
        "" => "it needs what is not known".to_owned(),
        needs => format!("it needs what {needs} reports, which is not deployed"),
    })
}

/// `error`, as a handler reads it.
fn told(failure: &Failure) -> Value {
    let class = serde_json::to_value(failure.class).ok();
    let class = class.as_ref().and_then(|class| class.as_str()).unwrap_or_default();
    let text = |text: &str| Value::String(text.to_owned());
    Value::Map(BTreeMap::from([
        ("class".to_owned(), text(&class.replace('-', "_"))),
        ("message".to_owned(), text(&failure.message)),
    ]))
}
