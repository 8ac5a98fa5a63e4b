//! Operations, by executors: a call made and brought to its end.

use bp_engine::Report;
use bp_engine::engine::{self, CallStep, Step, TargetRef};
use bp_engine::event;
use bp_provider::{Class, Executor, Failure, Intent, Job, Listener};
use serde_json::Value as Json;

use crate::perform::{Hands, late, subject, told};
use crate::secrets::Unsealed;

/// Makes the call that a step is, or goes on with it.
pub(crate) async fn perform(
    hands: &mut Hands,
    executor: &dyn Executor,
    target: &TargetRef,
    step: Step,
    call: CallStep,
) -> Report {
    let instance = step.instance.clone();
    let (outcome, output) = match job(hands, step, &call).await {
        Err(failure) => (Err(failure), Vec::new()),
        Ok(job) => {
            let listener = Lines { hands, target: &target.id, instance: &instance, call: &call };
            let most = hands.deadlines.of_call(job.deadline);
            match tokio::time::timeout(most, executor.run(job, &listener)).await {
                Ok(ran) => (ran.outcome, ran.output),
                Err(_) => (Err(late(most)), Vec::new()),
            }
        }
    };
    let outcome = outcome.and_then(|result| {
        if call.limits.gives_secret { hands.opened(result) } else { unseen(hands, result) }
    });
    Report::Called {
        target: target.id.clone(),
        instance,
        outcome: outcome.map_err(|failure| told(hands, failure)),
        output: kept(hands, &output),
    }
}

/// No executor carries this kind of implementation out.
pub(crate) fn unknown(target: String, step: Step) -> Report {
    let message = format!("this runtime has nothing that carries out a `{}`", step.provider);
    let outcome = Err(event::Failure::permanent(message));
    Report::Called { target, instance: step.instance, outcome, output: None }
}

async fn job(hands: &mut Hands, step: Step, call: &CallStep) -> Result<Job, Failure> {
    let key = step.key.clone();
    let subject = subject(hands, step).await?;
    let recipient = call.limits.gives_secret.then(|| hands.source.recipient()).transpose();
    let seal_for = recipient.map_err(|Unsealed { why, help }| {
        let message = format!("what it gives is secret, and can't be sealed: {why}");
        Failure::new(Class::Permanent, message).help(help)
    })?;
    let timeout = call.limits.timeout_ms.and_then(|ms| u64::try_from(ms).ok());
    Ok(Job {
        subject,
        operation: call.act.operation.clone(),
        key,
        turn: call.turn,
        intent: match call.intent {
            engine::Intent::CarryOut => Intent::CarryOut,
            engine::Intent::WaitFor => Intent::WaitFor,
            engine::Intent::Stop => Intent::Stop,
            engine::Intent::Look => Intent::Look,
        },
        deadline: timeout.map_or(hands.deadlines.wait, std::time::Duration::from_millis),
        wants_result: call.limits.wants_result,
        seal_for,
        hidden: hands.veil.hidden(),
    })
}

/// A result is journaled, and must show no secret.
fn unseen(hands: &Hands, result: Json) -> Result<Json, Failure> {
    match hands.veil.seen(&result) {
        None => Ok(result),
        Some(secret) => {
            let message = format!(
                "it was carried out, but its result shows the secret `{secret}`, and would be written down"
            );
            Err(Failure::new(Class::Permanent, message)
                .help("let it give something that is no secret"))
        }
    }
}

/// What a call wrote, as it may be kept; none where that is nothing.
fn kept(hands: &Hands, output: &[u8]) -> Option<Vec<u8>> {
    if output.is_empty() {
        return None;
    }
    Some(hands.veil.over(String::from_utf8_lossy(output).into_owned()).into_bytes())
}

/// Hands lines on to whoever watches.
struct Lines<'l> {
    hands: &'l Hands,
    target: &'l str,
    instance: &'l str,
    call: &'l CallStep,
}

impl Listener for Lines<'_> {
    fn line(&self, line: &str) {
        let line = self.hands.veil.over(line.to_owned());
        let what = self.call.act.to_string();
        self.hands.watcher.wrote(self.target, self.instance, &what, &line);
    }
}
