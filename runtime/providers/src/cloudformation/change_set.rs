//! One change set for one intended effect: made, looked at, executed.

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{ChangeSetStatus, ChangeSetType, ExecutionStatus, Stack};
use bp_provider::{Class, Failure, Progress, Subject};

use super::account::Session;
use super::failure::{Attempt, property};
use super::owner::{Owner, owner_by};
use super::stack::{self, accepted, clearing};
use super::wanted::Wanted;

/// What the names of our change sets begin with.
const PREFIX: &str = "blueprint-";

/// The name of the change set for this effect.
fn name(key: &str) -> String {
    format!("{PREFIX}{key}")
}

/// Whether a stack that was never made is to be this instance's: where such a stack has no tags, its
/// change sets have.
pub(crate) async fn is_ours(
    session: &Session,
    stack: &str,
    subject: &Subject,
) -> Result<bool, Failure> {
    let what = format!("list the change sets of the stack `{stack}`");
    let attempt = Attempt::to_read(&what, &session.region);
    let listed = session.client.list_change_sets().stack_name(stack).send().await;
    let listed = listed.map_err(|error| attempt.failed(&error))?;
    for change_set in listed.summaries().iter().filter_map(|summary| summary.change_set_name()) {
        let Some(key) = change_set.strip_prefix(PREFIX) else { continue };
        if let Some(found) = describe(session, stack, key).await?
            && owner_by(found.tags(), subject) == Owner::Ours
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings the stack on by one step: its change set made, worked out, executed.
pub(crate) async fn advance(
    session: &Session,
    subject: &Subject,
    wanted: &Wanted,
    stack: Option<&Stack>,
    key: &str,
) -> Result<Progress, Failure> {
    let is_new = stack.is_none_or(|stack| stack::status(stack) == "REVIEW_IN_PROGRESS");
    let at = stack.and_then(Stack::stack_name).unwrap_or(&wanted.name);
    let mut found = if stack.is_some() { describe(session, at, key).await? } else { None };
    if found.is_none() {
        wanted.check(session).await?;
        create(session, wanted, is_new, key).await?;
        found = describe(session, &wanted.name, key).await?;
    }
    let Some(change_set) = found else {
        return Err(Failure::new(
            Class::Transient,
            format!("the change set of the stack `{}` was deleted by somebody", wanted.name),
        ));
    };
    let waiting = |why: &str| {
        let stack_id = change_set.stack_id().unwrap_or(&wanted.name);
        Ok(accepted(subject, Some((stack_id, &wanted.name)), key, false, why.to_owned()))
    };
    match (change_set.status(), change_set.execution_status()) {
        (Some(ChangeSetStatus::Failed), _) => {
            failed(session, subject, wanted, &change_set, stack, is_new, key).await
        }
        (Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress), _) => {
            waiting("its change set to be worked out")
        }
        (_, Some(ExecutionStatus::Available)) => {
            execute(session, wanted, key).await?;
            waiting("its change set to be executed")
        }
        (_, Some(ExecutionStatus::ExecuteInProgress)) => waiting("its change set to be executed"),
        (_, Some(ExecutionStatus::ExecuteComplete)) => match stack {
            Some(stack) if !is_new => Ok(stack::done(session, subject, stack)),
            _ => waiting("the stack to show what was executed"),
        },
        _ => {
            delete(session, wanted, key).await?;
            let message = format!("the change set of the stack `{}` is outdated", wanted.name);
            Err(Failure::new(Class::Transient, message))
        }
    }
}

/// A change set without a change is no failure; of any other nothing may be left.
async fn failed(
    session: &Session,
    subject: &Subject,
    wanted: &Wanted,
    change_set: &DescribeChangeSetOutput,
    stack: Option<&Stack>,
    is_new: bool,
    key: &str,
) -> Result<Progress, Failure> {
    let reason = change_set.status_reason().unwrap_or_default();
    delete(session, wanted, key).await?;
    let is_empty = reason.contains("didn't contain changes") || reason.contains("No updates are");
    if let Some(stack) = stack.filter(|_| is_empty && !is_new) {
        return Ok(stack::done(session, subject, stack));
    }
    if is_new && let Some(id) = change_set.stack_id() {
        stack::delete(session, id, &clearing(key), None).await?;
    }
    let message = format!("the stack `{}` can't be changed so: {reason}", wanted.name);
    let mut failure = Failure::new(Class::Permanent, message);
    failure.property = Some(property(reason).unwrap_or("template").to_owned());
    Err(failure)
}

async fn create(
    session: &Session,
    wanted: &Wanted,
    is_new: bool,
    key: &str,
) -> Result<(), Failure> {
    let what = format!("make a change set of the stack `{}`", wanted.name);
    let kind = if is_new { ChangeSetType::Create } else { ChangeSetType::Update };
    let made = session
        .client
        .create_change_set()
        .stack_name(&wanted.name)
        .change_set_name(name(key))
        .client_token(key)
        .change_set_type(kind)
        .template_body(&wanted.template)
        .set_parameters(Some(wanted.parameters()))
        .set_tags(Some(wanted.tags()))
        .set_capabilities(Some(wanted.capabilities()))
        .set_role_arn(wanted.role())
        .send()
        .await;
    match made {
        Ok(_) => Ok(()),
        // The call before this one was heard, and its answer lost.
        Err(error) if is_known(&error) => Ok(()),
        Err(error) => Err(Attempt::to_change(&what, &session.region).failed(&error)),
    }
}

fn is_known(
    error: &aws_sdk_cloudformation::error::SdkError<
        aws_sdk_cloudformation::operation::create_change_set::CreateChangeSetError,
        aws_sdk_cloudformation::config::http::HttpResponse,
    >,
) -> bool {
    error.as_service_error().is_some_and(|error| {
        error.is_already_exists_exception()
            && error.meta().message().is_some_and(|message| message.contains("ChangeSet"))
    })
}

async fn describe(
    session: &Session,
    stack: &str,
    key: &str,
) -> Result<Option<DescribeChangeSetOutput>, Failure> {
    let found = session
        .client
        .describe_change_set()
        .stack_name(stack)
        .change_set_name(name(key))
        .send()
        .await;
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) => {
            let is_absent = error.as_service_error().is_some_and(|error| {
                let message = error.meta().message().unwrap_or_default();
                error.is_change_set_not_found_exception() || message.contains("does not exist")
            });
            if is_absent {
                return Ok(None);
            }
            let what = format!("look at the change set of the stack `{stack}`");
            Err(Attempt::to_read(&what, &session.region).failed(&error))
        }
    }
}

async fn execute(session: &Session, wanted: &Wanted, key: &str) -> Result<(), Failure> {
    let what = format!("execute the change set of the stack `{}`", wanted.name);
    let sent = session
        .client
        .execute_change_set()
        .stack_name(&wanted.name)
        .change_set_name(name(key))
        .client_request_token(key)
        .send()
        .await;
    sent.map(|_| ()).map_err(|error| Attempt::to_change(&what, &session.region).failed(&error))
}

async fn delete(session: &Session, wanted: &Wanted, key: &str) -> Result<(), Failure> {
    let what = format!("delete the change set of the stack `{}`", wanted.name);
    let sent = session
        .client
        .delete_change_set()
        .stack_name(&wanted.name)
        .change_set_name(name(key))
        .send()
        .await;
    sent.map(|_| ()).map_err(|error| Attempt::to_change(&what, &session.region).failed(&error))
}
