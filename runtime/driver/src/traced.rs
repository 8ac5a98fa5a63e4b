//! What a run does, for operators' logs: a span for each run, each node and each step in them, and what was journaled.
//!
//! Nobody listens by itself. Names, words that were looked through for secrets, and times are told; no value is.

use bp_engine::engine::{Step, TargetRef};
use bp_engine::event::{Failure, Outcome};
use bp_engine::status::shown;
use bp_engine::{Event, Report, Stream};
use bp_journal::Envelope;
use tokio::time::Instant;
use tracing::{Span, debug, info, info_span, warn};

/// The span of a run.
pub(crate) fn run(deployment: &str, run: &str, what: &str) -> Span {
    info_span!("run", deployment, run, what)
}

/// Something that is under way within the span of a run.
pub(crate) struct Traced {
    span: Span,
    begin: Instant,
}

impl Traced {
    /// A target is called.
    pub(crate) fn contact(target: &TargetRef) -> Self {
        Self::of(info_span!("target", target = shown(&target.name)))
    }

    /// A step is performed: a span within that of its node.
    pub(crate) fn step(target: &TargetRef, step: &Step) -> Self {
        let node = info_span!("node", target = shown(&target.name), node = step.instance);
        let act = step.call.as_ref().map(|call| call.act.to_string());
        let operation = act.unwrap_or_else(|| format!("{:?}", step.operation).to_lowercase());
        let (attempt, is_wait) = (step.attempt, step.handle.is_some());
        Self::of(info_span!(parent: &node, "step", operation, attempt, is_wait))
    }

    fn of(span: Span) -> Self {
        span.in_scope(|| debug!("begins"));
        Self { span, begin: Instant::now() }
    }

    /// Its span.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// It is over.
    pub(crate) fn over(&self, report: &Report) {
        let elapsed_ms = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome(report) {
            Ok(outcome) => debug!(outcome, elapsed_ms, "ended"),
            Err(Failure { class, message, .. }) => {
                let class = format!("{class:?}");
                debug!(outcome = "failed", class, reason = message, elapsed_ms, "ended");
            }
        }
    }
}

fn outcome(report: &Report) -> Result<&'static str, &Failure> {
    match report {
        Report::Contacted { result: Err(failure), .. }
        | Report::Called { outcome: Err(failure), .. }
        | Report::Failed { failure, .. } => Err(failure),
        Report::Accepted { .. } => Ok("accepted"),
        Report::Abandoned { .. } => Ok("abandoned"),
        _ => Ok("done"),
    }
}

/// An event is durable.
pub(crate) fn appended(stream: &Stream, envelope: &Envelope, event: &Event) {
    let (kind, sequence) = (envelope.event.kind.as_str(), envelope.sequence);
    let target = match stream {
        Stream::Target(_, target) => target.as_str(),
        _ => "",
    };
    match event {
        Event::TargetUnreached { attempt, failure, .. } => {
            warn!(sequence, target, attempt, reason = failure.message, "{kind}");
        }
        Event::StepFailed { instance, failure, retry_at_ms, .. }
        | Event::CallFailed { instance, failure, retry_at_ms, .. } => {
            let (class, is_retried) = (format!("{:?}", failure.class), retry_at_ms.is_some());
            let reason = &failure.message;
            warn!(sequence, target, node = instance, class, is_retried, reason, "{kind}");
        }
        Event::StepStarted { instance, attempt, .. }
        | Event::CallStarted { instance, attempt, .. } => {
            info!(sequence, target, node = instance, attempt, "{kind}");
        }
        Event::StepSucceeded { instance, .. }
        | Event::CallSucceeded { instance, .. }
        | Event::InstanceSettled { instance, .. } => {
            info!(sequence, target, node = instance, "{kind}");
        }
        Event::RunEnded { outcome }
        | Event::RunClosed { outcome, .. }
        | Event::WorkflowEnded { outcome, .. } => {
            let outcome = word(*outcome);
            info!(sequence, outcome, "{kind}");
        }
        _ => debug!(sequence, target, "{kind}"),
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Partial => "partial",
        Outcome::Failed => "failed",
        Outcome::Stopped => "stopped",
        Outcome::Superseded => "superseded",
    }
}
