//! How stacks come, change and go: one step at a time, each from what is really there.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::Stack;
use bp_provider::{Adopted, Class, Done, Failure, Handle, Progress, Record, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::account::Session;
use super::events::Operation;
use super::failure::Attempt;
use super::wanted::{self, Wanted};
use super::{change_set, owner};

/// The version of records and handles.
const VERSION: u32 = 1;

/// What a status means for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It is there, and can be changed.
    Settled,
    /// Something is being done to it.
    Busy,
    /// It has a change set and was never made.
    Review,
    /// It must be deleted before it can be made again.
    Stuck,
    /// It is gone.
    Gone,
}

/// What this status means; those that are not known are waited for.
pub(crate) fn condition(status: &str) -> Condition {
    match status {
        "DELETE_COMPLETE" => Condition::Gone,
        "REVIEW_IN_PROGRESS" => Condition::Review,
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED" => {
            Condition::Stuck
        }
        _ if status.ends_with("_IN_PROGRESS") => Condition::Busy,
        _ => Condition::Settled,
    }
}

/// What is remembered of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) stack_id: String,
    name: String,
    /// The digest of what was applied; empty while it is being made.
    pub(crate) applied: String,
}

/// What is waited for, and with which key it was begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) key: String,
    pub(crate) removal: bool,
}

fn unreadable(what: &str) -> Failure {
    let message = format!(
        "the provider `cloudformation` can't read its own {what}: it is of another version"
    );
    Failure::new(Class::Permanent, message).help("use the release of bpr that wrote it")
}

impl Waiting {
    pub(crate) fn of(handle: &Handle) -> Result<Self, Failure> {
        let body = (handle.version == VERSION).then(|| handle.body.clone());
        let read = body.and_then(|body| serde_json::from_value(body).ok());
        read.ok_or_else(|| unreadable("handle"))
    }
}

impl Memory {
    pub(crate) fn of(subject: &Subject) -> Result<Option<Self>, Failure> {
        let Some(record) = &subject.record else { return Ok(None) };
        let body = (record.version == VERSION).then(|| record.body.clone());
        let read = body.and_then(|body| serde_json::from_value(body).ok());
        read.map(Some).ok_or_else(|| unreadable("record"))
    }

    fn record(&self) -> Record {
        Record { version: VERSION, body: serde_json::to_value(self).unwrap_or_default() }
    }

    /// `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID`.
    fn part(&self, at: usize) -> &str {
        self.stack_id.split(':').nth(at).unwrap_or_default()
    }

    /// Whether the session leads to where the stack is: elsewhere it would seem to be gone.
    pub(crate) async fn check_home(&self, session: &Session) -> Result<(), Failure> {
        let (region, account) = (self.part(3), self.part(4));
        let elsewhere = |what: &str, was: &str, is: &str| {
            let message = format!(
                "the stack `{}` lives in the {what} {was}, and the node's account leads to {is}",
                self.name
            );
            Err(Failure::new(Class::Permanent, message)
                .help("go back to where it lives; to move it, uninstall it there first"))
        };
        if !region.is_empty() && region != session.region {
            return elsewhere("region", region, &session.region);
        }
        let number = session.number().await?;
        if !account.is_empty() && account != number {
            return elsewhere("account", account, number);
        }
        Ok(())
    }
}

/// A stack's status.
pub(crate) fn status(stack: &Stack) -> String {
    stack.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default()
}

/// The stack of this name or id, which is there and is to be the subject's.
pub(crate) async fn adopt(
    session: &Session,
    subject: &Subject,
    name: &str,
) -> Result<Adopted, Failure> {
    let refuse = |message: String, help: &str| {
        Err(Failure::new(Class::Permanent, message).help(help.to_owned()))
    };
    let Some(stack) = describe(session, name).await? else {
        let message = format!("there is no stack `{name}` in {}", session.region);
        return refuse(message, "say which stack it is: `NODE=STACK`");
    };
    if owner::owner(&stack, subject) != owner::Owner::Nobody {
        owner::refuse_foreign(&stack, subject)?;
    }
    let status = status(&stack);
    if condition(&status) != Condition::Settled {
        let message = format!("the stack `{name}` is {status}, and can't be changed");
        return refuse(message, "bring it to an end first");
    }
    let memory = Memory {
        stack_id: stack_id(&stack).to_owned(),
        name: stack.stack_name().unwrap_or_default().to_owned(),
        applied: String::new(),
    };
    Ok(Adopted { id: memory.name.clone(), record: memory.record() })
}

fn stack_id(stack: &Stack) -> &str {
    stack.stack_id().unwrap_or_default()
}

/// The stack of this name or id; none where there is none.
pub(crate) async fn describe(session: &Session, name: &str) -> Result<Option<Stack>, Failure> {
    let found = session.client.describe_stacks().stack_name(name).send().await;
    match found {
        Ok(found) => Ok(found.stacks().first().cloned()),
        Err(error) => {
            let is_absent = error.as_service_error().is_some_and(|error| {
                error.meta().code() == Some("ValidationError")
                    && error.meta().message().is_some_and(|m| m.contains("does not exist"))
            });
            if is_absent {
                return Ok(None);
            }
            let what = format!("look at the stack `{name}`");
            Err(Attempt::to_read(&what, &session.region).failed(&error))
        }
    }
}

/// What others may ask of a stack.
pub(crate) fn attributes(session: &Session, stack: &Stack) -> BTreeMap<String, Json> {
    let outputs: BTreeMap<&str, &str> = stack
        .outputs()
        .iter()
        .filter_map(|output| Some((output.output_key()?, output.output_value()?)))
        .collect();
    BTreeMap::from([
        ("stack_id".to_owned(), json!(stack_id(stack))),
        ("region".to_owned(), json!(session.region)),
        ("outputs".to_owned(), json!(outputs)),
    ])
}

/// Taken on, and to be asked after.
pub(crate) fn accepted(
    subject: &Subject,
    stack: Option<(&str, &str)>,
    key: &str,
    removal: bool,
    waiting_for: String,
) -> Progress {
    let known = stack.filter(|(id, _)| id.starts_with("arn:")).map(|(id, name)| {
        Memory { stack_id: id.to_owned(), name: name.to_owned(), applied: String::new() }.record()
    });
    let waiting = Waiting { key: key.to_owned(), removal };
    let body = serde_json::to_value(waiting).unwrap_or_default();
    let record = known.or_else(|| subject.record.clone());
    Progress::Accepted { handle: Handle { version: VERSION, body, record }, waiting_for }
}

/// The stack is as wanted.
pub(crate) fn done(session: &Session, subject: &Subject, stack: &Stack) -> Progress {
    let memory = Memory {
        stack_id: stack_id(stack).to_owned(),
        name: stack.stack_name().unwrap_or_default().to_owned(),
        applied: subject.digest.clone(),
    };
    let record = Some(memory.record());
    Progress::Done(Done { record, attributes: attributes(session, stack) })
}

/// Brings the stack on by one step towards what is wanted.
pub(crate) async fn converge(
    session: &Session,
    subject: &Subject,
    key: &str,
) -> Result<Progress, Failure> {
    let wanted = Wanted::of(subject)?;
    let memory = Memory::of(subject)?;
    let found = describe(session, &wanted.name).await?;
    // The new name is looked at first: one that is taken must not cost the old stack.
    if let Some(found) = &found {
        refuse_foreign(session, subject, memory.as_ref(), found).await?;
    }
    let others = others(session, subject, memory.as_ref(), &wanted.name).await?;
    if let Some(old) = others.first() {
        return clear(session, subject, old, key).await;
    }
    let Some(stack) = found else {
        return change_set::advance(session, subject, &wanted, None, key).await;
    };
    let status = status(&stack);
    let condition = condition(&status);
    if condition == Condition::Review {
        return change_set::advance(session, subject, &wanted, Some(&stack), key).await;
    }
    let operation = Operation::last(session, stack_id(&stack)).await?;
    match condition {
        Condition::Busy => {
            let why = operation.progress(&status);
            let known = (stack_id(&stack), wanted.name.as_str());
            Ok(accepted(subject, Some(known), key, false, why))
        }
        Condition::Stuck if operation.is_of(key) || operation.is_of(&clearing(key)) => {
            Err(not_made(subject, &stack, &status, &operation))
        }
        Condition::Stuck => clear(session, subject, &stack, key).await,
        Condition::Settled if operation.is_of(key) && is_failure(&status) => {
            Err(not_made(subject, &stack, &status, &operation))
        }
        Condition::Settled if operation.is_of(key) => Ok(done(session, subject, &stack)),
        Condition::Settled if status == "UPDATE_ROLLBACK_FAILED" => {
            let message = format!(
                "the stack `{}` is in {status}: it takes no change until its rollback is finished",
                wanted.name
            );
            Err(Failure::new(Class::Permanent, message).help(
                "mend what stopped the rollback, `aws cloudformation continue-update-rollback`, \
                 then `bpr resume`",
            ))
        }
        Condition::Settled | Condition::Review | Condition::Gone => {
            change_set::advance(session, subject, &wanted, Some(&stack), key).await
        }
    }
}

/// Refuses a stack that is not this instance's. One that was never made has no tags on some servers:
/// its change sets say whose it is. One that we made stays ours when its tags are taken off.
async fn refuse_foreign(
    session: &Session,
    subject: &Subject,
    memory: Option<&Memory>,
    stack: &Stack,
) -> Result<(), Failure> {
    if owner::owner(stack, subject) == owner::Owner::Nobody {
        let is_known = memory.is_some_and(|memory| memory.stack_id == stack_id(stack));
        let is_under_review = condition(&status(stack)) == Condition::Review;
        let name = stack.stack_name().unwrap_or_default();
        if is_known || is_under_review && change_set::is_ours(session, name, subject).await? {
            return Ok(());
        }
    }
    owner::refuse_foreign(stack, subject)
}

/// Stacks of this instance under other names than this: the one that is remembered, and those that
/// were begun and of which no record tells.
async fn others(
    session: &Session,
    subject: &Subject,
    memory: Option<&Memory>,
    name: &str,
) -> Result<Vec<Stack>, Failure> {
    let remembered = memory.filter(|memory| memory.name != name).map(|m| m.stack_id.as_str());
    let begun = subject.earlier.iter().filter_map(|properties| {
        properties.get("stack_name").and_then(Json::as_str).filter(|begun| *begun != name)
    });
    let mut found: Vec<Stack> = Vec::new();
    for at in remembered.into_iter().chain(begun) {
        let Some(stack) = describe(session, at).await? else { continue };
        let is_ours = match owner::owner(&stack, subject) {
            owner::Owner::Ours => true,
            owner::Owner::Nobody => Some(at) == remembered,
            owner::Owner::Instance(_) | owner::Owner::Deployment(_) => false,
        };
        let is_new = found.iter().all(|known| known.stack_id() != stack.stack_id());
        if is_ours && is_new && condition(&status(&stack)) != Condition::Gone {
            found.push(stack);
        }
    }
    Ok(found)
}

fn is_failure(status: &str) -> bool {
    status.contains("ROLLBACK") || status.ends_with("_FAILED")
}

/// The token of the deletion that makes room.
pub(crate) fn clearing(key: &str) -> String {
    format!("{key}-clear")
}

/// Deletes a stack that is in the way of what is wanted.
async fn clear(
    session: &Session,
    subject: &Subject,
    stack: &Stack,
    key: &str,
) -> Result<Progress, Failure> {
    let name = stack.stack_name().unwrap_or_default();
    let status = status(stack);
    if status == "DELETE_FAILED" {
        let operation = Operation::last(session, stack_id(stack)).await?;
        if operation.is_of(&clearing(key)) {
            return Err(not_made(subject, stack, &status, &operation));
        }
    }
    let why = if condition(&status) == Condition::Busy {
        format!("the old stack `{name}`: {status}")
    } else {
        let role = wanted::Wanted::of(subject)?.role();
        delete(session, stack_id(stack), &clearing(key), role).await?;
        format!("the old stack `{name}` ({status}) to be deleted")
    };
    Ok(accepted(subject, None, key, false, why))
}

fn not_made(subject: &Subject, stack: &Stack, status: &str, operation: &Operation) -> Failure {
    let name = stack.stack_name().unwrap_or_default();
    let (place, reason) = match operation.reason() {
        Some((id, reason)) => (wanted::place_of(subject, id), reason),
        None => (None, stack.stack_status_reason().unwrap_or("AWS gave no reason").to_owned()),
    };
    let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
    let message = format!("the stack `{name}` ended in {status}: {reason}{place}");
    let mut failure = Failure::new(Class::Permanent, message);
    failure.property = Some("template".to_owned());
    failure.help(match condition(status) {
        Condition::Stuck => {
            "mend the cause, and deploy or resume: what is left of the stack is cleared first"
        }
        _ => "the stack is as it was before; mend the cause, and deploy or resume",
    })
}

/// Asks for a stack's deletion.
pub(crate) async fn delete(
    session: &Session,
    id: &str,
    token: &str,
    role: Option<String>,
) -> Result<(), Failure> {
    let what = format!("delete the stack `{id}`");
    let sent = session
        .client
        .delete_stack()
        .stack_name(id)
        .client_request_token(token)
        .set_role_arn(role)
        .send()
        .await;
    sent.map(|_| ()).map_err(|error| Attempt::to_change(&what, &session.region).failed(&error))
}

/// Brings the stack on by one step towards being gone.
pub(crate) async fn remove(
    session: &Session,
    subject: &Subject,
    key: &str,
) -> Result<Progress, Failure> {
    let gone = || Ok(Progress::Done(Done::default()));
    let memory = Memory::of(subject)?;
    if let Some(memory) = &memory {
        memory.check_home(session).await?;
    }
    let name = wanted::stack_name(subject)?;
    let mut all = others(session, subject, memory.as_ref(), &name).await?;
    if let Some(stack) = describe(session, &name).await?
        && refuse_foreign(session, subject, memory.as_ref(), &stack).await.is_ok()
    {
        all.push(stack);
    }
    all.retain(|stack| condition(&status(stack)) != Condition::Gone);
    let Some(stack) = all.first() else { return gone() };
    let status = status(stack);
    let known = (stack_id(stack), stack.stack_name().unwrap_or_default());
    let waiting = |why| Ok(accepted(subject, Some(known), key, true, why));
    let operation = Operation::last(session, known.0).await?;
    // A token is one effect's on one stack.
    let token = if known.1 == name { key.to_owned() } else { clearing(key) };
    match status.as_str() {
        "DELETE_FAILED" if operation.is_of(&token) => {
            return Err(not_made(subject, stack, &status, &operation));
        }
        "CREATE_IN_PROGRESS" | "REVIEW_IN_PROGRESS" => {}
        busy if condition(busy) == Condition::Busy => return waiting(operation.progress(busy)),
        _ => {}
    }
    let role = subject.properties.get("role_arn").and_then(Json::as_str).map(str::to_owned);
    delete(session, known.0, &token, role).await?;
    match describe(session, known.0).await? {
        None if all.len() == 1 => gone(),
        Some(stack) if all.len() == 1 && condition(&self::status(&stack)) == Condition::Gone => {
            gone()
        }
        _ => waiting(format!("the stack `{}` to be deleted", known.1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_says_what_comes_next() {
        for (status, expected) in [
            ("CREATE_COMPLETE", Condition::Settled),
            ("UPDATE_COMPLETE", Condition::Settled),
            ("UPDATE_ROLLBACK_COMPLETE", Condition::Settled),
            ("IMPORT_COMPLETE", Condition::Settled),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Condition::Busy),
            ("DELETE_IN_PROGRESS", Condition::Busy),
            ("REVIEW_IN_PROGRESS", Condition::Review),
            ("ROLLBACK_COMPLETE", Condition::Stuck),
            ("CREATE_FAILED", Condition::Stuck),
            ("DELETE_FAILED", Condition::Stuck),
            ("DELETE_COMPLETE", Condition::Gone),
        ] {
            assert_eq!(condition(status), expected, "{status}");
        }
    }

    #[test]
    fn a_stacks_home_is_in_its_id() {
        let memory = Memory {
            stack_id: "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/1".to_owned(),
            name: "shop".to_owned(),
            applied: String::new(),
        };
        assert_eq!((memory.part(3), memory.part(4)), ("eu-west-1", "123456789012"));
    }
}
