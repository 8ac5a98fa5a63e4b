//! Why a node, a step or a target is as it is: the chain of what led to it, the effect first.
//!
//! All of it is read: from the journal what happened, from the plans of its revisions what was wanted and on which line. No
//! secret is told: their values are in neither, and what stands in their places shows no more than that it changed.

mod change;
mod facts;
mod node;
mod step;

use std::collections::BTreeSet;

use bp_engine::outlook::Field;
use bp_engine::state::Compacted;
use bp_plan::{Plan, Span};
use serde::{Serialize, Serializer};

use crate::deployments::Deployments;
use crate::error::DriverError;
use crate::timeline::Told;
use facts::Facts;

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The deployment's name.
    pub deployment: String,
    /// Its newest revision.
    pub revision: u64,
    /// What was asked about.
    pub about: Vec<About>,
    /// What can't be told any more, for its events were dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compacted: Option<Compacted>,
}

/// Something that was asked about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct About {
    /// What it is.
    pub kind: Kind,
    /// Which: an instance, the path of a step, a target, a workflow.
    pub id: String,
    /// The name of its target, where it is on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How it stands.
    pub state: String,
    /// What led to it, the effect first: each is because of what follows.
    pub causes: Vec<Cause>,
}

/// What can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An instance of a node.
    Node,
    /// A step of the workflow that was run last.
    Step,
    /// That workflow.
    Workflow,
    /// A target.
    Target,
}

/// What something is because of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It failed, in the words of whoever was to do it.
    Failure,
    /// How often it is tried, and what needs an approval.
    Policy,
    /// It was done.
    Done,
    /// It is under way.
    UnderWay,
    /// It waits for something else, or something else failed.
    Dependency,
    /// Its target does not answer.
    Target,
    /// Something else is wanted of it than before.
    Change,
    /// Nothing else is wanted of it than before.
    Unchanged,
    /// An input of the blueprint.
    Input,
    /// What the blueprint says.
    Plan,
    /// What another node reports.
    Attribute,
    /// A secret.
    Secret,
    /// What there is to be placed on.
    Inventory,
    /// What a workflow decided on its way.
    Decision,
    /// The run that it belongs to.
    Run,
    /// What a person asked for.
    Request,
}

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// What it is.
    pub reason: Reason,
    /// The instance or the step that it is about, where that is another than was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// In one sentence, without a capital and a full stop.
    pub text: String,
    /// What differs, from what it was to what is wanted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<At>,
    /// The line of the blueprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// An event of the journal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct At {
    /// Its place among all events of the deployment.
    pub number: u64,
    /// Its stream.
    pub stream: String,
    /// Its place there.
    pub sequence: u64,
    /// What kind it is.
    pub kind: String,
    /// When, in milliseconds since 1970.
    #[serde(rename = "time", serialize_with = "time")]
    pub time_ms: i64,
    /// Who caused it.
    pub actor: String,
    /// In which run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Which try of it in that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// A stretch of a line of a blueprint, in characters from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file, as the plan names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Its text.
    pub text: String,
    /// Where the stretch begins.
    pub column: u32,
    /// The first character behind it.
    pub end_column: u32,
}

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// Nothing of the deployment is called that.
    #[error("it has nothing of that name")]
    Unknown {
        /// What there is.
        names: BTreeSet<String>,
    },
    /// The journal can't be read.
    #[error(transparent)]
    Driver(#[from] DriverError),
}

impl Deployments {
    /// Why a node with all of its instances, an instance, a step (or all) of the workflow that was run last, or a target is
    /// as it is.
    pub async fn why(&self, id: &str, asked: &str) -> Result<Why, WhyError> {
        let mut facts = Facts::of(self, id).await?;
        let mut about = Vec::new();
        for (target, instance) in facts.instances_of(asked) {
            about.push(node::about(&mut facts, &target, &instance).await?);
        }
        if about.is_empty() {
            about.extend(node::absent(&mut facts, asked).await?);
        }
        if about.is_empty() {
            about.extend(step::about(&mut facts, asked).await?);
        }
        if about.is_empty() {
            about.extend(node::of_target(&facts, asked));
        }
        if about.is_empty() {
            return Err(WhyError::Unknown { names: facts.names() });
        }
        let revision = facts.state.revision().map_or(0, |(number, _)| number);
        let compacted = facts.state.compacted;
        Ok(Why { deployment: facts.state.name, revision, about, compacted })
    }
}

impl Cause {
    fn new(reason: Reason, text: impl Into<String>) -> Self {
        let (fields, text) = (Vec::new(), text.into());
        Self { reason, of: None, text, fields, event: None, source: None, help: None }
    }

    /// When it happened.
    fn by(mut self, told: &Told) -> Self {
        let envelope = &told.envelope;
        self.event = Some(At {
            number: told.number,
            stream: envelope.stream.clone(),
            sequence: envelope.sequence,
            kind: envelope.event.kind.clone(),
            time_ms: envelope.time_ms,
            actor: envelope.event.actor.clone(),
            run: envelope.event.run.clone(),
            attempt: None,
        });
        self
    }

    fn attempt(mut self, attempt: u32) -> Self {
        if let Some(event) = &mut self.event {
            event.attempt = Some(attempt);
        }
        self
    }

    fn at(mut self, plan: &Plan, span: Option<Span>) -> Self {
        self.source = span.and_then(|span| Source::of(plan, span));
        self
    }
}

impl Source {
    fn of(plan: &Plan, span: Span) -> Option<Self> {
        let file = plan.sources.get(usize::try_from(span.file).ok()?)?;
        let text = file.lines.get(&span.line)?.clone();
        let behind = u32::try_from(text.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        let end = if span.end_line == span.line { span.end_column } else { behind };
        let column = span.column.min(behind);
        let end_column = end.clamp(column, behind);
        Some(Self { file: file.path.clone(), line: span.line, text, column, end_column })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references on")]
fn time<S: Serializer>(ms: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    match jiff::Timestamp::from_millisecond(*ms) {
        Ok(time) => serializer.serialize_str(&format!("{time:.3}")),
        Err(_) => serializer.serialize_i64(*ms),
    }
}
