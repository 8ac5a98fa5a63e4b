//! Workflows: their parameters, and what they do, as a tree of steps.
//!
//! It must never know how a step is performed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{Constraint, Property};
use crate::expr::Expr;
use crate::span::Span;
use crate::types::Type;

/// The workflows that every deployment has, beside those of its plan.
pub const BUILT_IN: [&str; 8] =
    ["install", "update", "heal", "scale", "check_drift", "check_health", "uninstall", "rollback"];

/// What `error.class` can be where a failure is handled.
pub const FAILURE_CLASSES: [&str; 4] = ["transient", "permanent", "conflict", "unknown_outcome"];

/// A workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// What it takes, in the order in which it is declared; each is a local of the steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// What it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Type>,
    /// What it does.
    pub body: Block,
    /// Its `///` comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub documentation: String,
    /// Where its name stands.
    pub span: Span,
}

/// A parameter of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type; a node type where a node is taken.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What it is when it is left out; `None` where it must be given, or is optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expr>,
    /// What must hold of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// Where its name stands.
    pub span: Span,
}

/// Steps, one after another (in a `parallel`, all at once), and what is done when they do not end well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The steps.
    pub steps: Vec<Step>,
    /// When one of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<Handler>,
    /// When the workflow is cancelled while they run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_cancel: Option<Box<Block>>,
}

/// `on failure { … }`: in it, the local `error` is the record `class message`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// What is done.
    pub body: Box<Block>,
    /// It ends with `recover`: the block around it counts as done. Else the failure goes on up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovers: bool,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it does.
    pub action: Action,
    /// Where its first words stand.
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `call node.interface.operation { … }`.
    Call(Call),
    /// `run workflow { … }`.
    Run(Run),
    /// `let name = e`: evaluated here, once.
    Let {
        /// The local.
        name: String,
        /// What it is.
        value: Expr,
    },
    /// `parallel { … }`: done when all its steps are. The locals that its steps make are known after it.
    Parallel(Block),
    /// `for x in xs max n { … }`.
    For(Box<Loop>),
    /// `if c { … } else if d { … } else { … }`.
    If {
        /// The conditions in their order, each with what is done where it is the first that holds.
        arms: Vec<Arm>,
        /// What is done where none holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<Block>,
    },
    /// `wait 30s`.
    Wait(Expr),
    /// `wait until c timeout 5m`: it fails where the condition does not hold in time.
    WaitUntil {
        /// What is waited for.
        condition: Expr,
        /// For how long at most.
        timeout: Expr,
    },
    /// `fail "…"`: a failure of the class `permanent`, with this message.
    Fail(Expr),
    /// `return { … }`, or without a value: the workflow is done.
    Return(Option<Expr>),
}

/// See [`Action::Call`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Gives the node; with `each`, a list of nodes.
    pub target: Expr,
    /// One call for each element of the target, in its order; their results are a list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub each: bool,
    /// The interface, by the name that the node's type gives it.
    pub interface: String,
    /// The operation.
    pub operation: String,
    /// What it is given; the defaults of what is left out are those of the node's own type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, Property>,
    /// The local that its result becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// See [`Action::Run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// One of the plan's workflows, or of [`BUILT_IN`]. What `scale` is given are inputs.
    pub workflow: String,
    /// What it is given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, Property>,
    /// The local that its result becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// See [`Action::For`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Loop {
    /// One name (the element), or two (key and element).
    pub names: Vec<String>,
    /// What is gone through.
    pub over: Expr,
    /// How many at once; one where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Expr>,
    /// What is done for each element.
    pub body: Block,
}

/// See [`Action::If`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// What decides.
    pub condition: Expr,
    /// What is done when it holds.
    pub body: Block,
}

impl Block {
    /// Hands each step to `visit`, those inside of others after them.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Step)) {
        for step in &self.steps {
            visit(step);
            step.action.blocks().into_iter().for_each(|block| block.walk(visit));
        }
        self.on_failure.iter().for_each(|handler| handler.body.walk(visit));
        self.on_cancel.iter().for_each(|block| block.walk(visit));
    }
}

impl Action {
    /// The blocks directly inside.
    pub fn blocks(&self) -> Vec<&Block> {
        match self {
            Self::Parallel(block) => vec![block],
            Self::For(each) => vec![&each.body],
            Self::If { arms, otherwise } => {
                arms.iter().map(|arm| &arm.body).chain(otherwise).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What is called or run is given this.
    pub fn arguments(&self) -> Option<&BTreeMap<String, Property>> {
        match self {
            Self::Call(call) => Some(&call.arguments),
            Self::Run(run) => Some(&run.arguments),
            _ => None,
        }
    }

    /// The local that the step makes.
    pub fn local(&self) -> Option<&str> {
        match self {
            Self::Call(call) => call.result.as_deref(),
            Self::Run(run) => run.result.as_deref(),
            Self::Let { name, .. } => Some(name),
            _ => None,
        }
    }
}
