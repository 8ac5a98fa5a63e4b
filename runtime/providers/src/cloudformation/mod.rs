//! CloudFormation: stacks that are kept by change sets.
//!
//! Every call begins by looking: what is to be done next follows from the stack's status and its
//! events, never from what a process remembers. So a change that was begun, and whose process died,
//! is gone on with by the same code that began it.
//!
//! - One change set and one client request token for each intended effect, both derived from its key.
//! - A stack's tags say whose it is; a stack of somebody else is never touched.
//! - A stack that must be deleted before it can be created again (`ROLLBACK_COMPLETE` and its like) is.
//!
//! It must never know the engine, the plan or another provider.

mod account;
mod change_set;
mod events;
mod failure;
mod owner;
mod stack;
mod wanted;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bp_provider::{
    Adopted, Call, Change, Class, Discovery, Failure, FieldChange, Handle, Health, Observation,
    Present, Progress, Provider, Subject,
};
use serde_json::json;

use self::account::Accounts;
use self::stack::{Condition, Memory, condition};

/// The provider, with credentials, region and endpoint where the SDK's users expect them.
pub fn provider() -> Arc<dyn Provider> {
    Arc::new(CloudFormation { accounts: Accounts::default() })
}

/// The provider with these credentials and no others: a test must not use those of its machine.
#[cfg(feature = "conformance")]
pub fn provider_with(access_key_id: &str, secret_access_key: &str) -> Arc<dyn Provider> {
    Arc::new(CloudFormation { accounts: Accounts::with(access_key_id, secret_access_key) })
}

struct CloudFormation {
    accounts: Accounts,
}

#[async_trait]
impl Provider for CloudFormation {
    fn name(&self) -> &'static str {
        "cloudformation"
    }

    async fn observe(&self, call: &Call, subject: &Subject) -> Result<Observation, Failure> {
        let session = self.accounts.session(call, subject).await?;
        let memory = Memory::of(subject)?;
        if let Some(memory) = &memory {
            memory.check_home(&session).await?;
        }
        let name = match &memory {
            Some(memory) => memory.stack_id.clone(),
            None => wanted::stack_name(subject)?,
        };
        let Some(stack) = stack::describe(&session, &name).await? else {
            return Ok(Observation::Absent);
        };
        let is_ours = owner::owner(&stack, subject) == owner::Owner::Ours;
        let status = stack::status(&stack);
        if condition(&status) == Condition::Gone {
            return Ok(Observation::Absent);
        }
        Ok(Observation::Present(Present {
            live: json!({ "status": status, "name": stack.stack_name() }),
            attributes: stack::attributes(&session, &stack),
            owned: is_ours,
        }))
    }

    fn diff(&self, subject: &Subject, observed: &Observation) -> Result<Change, Failure> {
        let field = |path: &str, live: Option<serde_json::Value>| FieldChange {
            path: path.to_owned(),
            desired: subject.properties.get(path).cloned(),
            applied: None,
            live,
        };
        let present = match observed {
            Observation::Absent => return Ok(Change::Create),
            Observation::CannotTell(why) => {
                return Err(Failure::new(Class::Transient, why.clone()));
            }
            Observation::Present(present) => present,
        };
        let status = present.live.get("status").and_then(|s| s.as_str()).unwrap_or_default();
        let name = present.live.get("name").cloned();
        let is_renamed = name.as_ref() != subject.properties.get("stack_name");
        if is_renamed {
            return Ok(Change::Replace { because: vec![field("stack_name", name)] });
        }
        if condition(status) == Condition::Stuck {
            return Ok(Change::Replace { because: vec![field("status", Some(json!(status)))] });
        }
        let is_as_applied = Memory::of(subject)?.is_some_and(|m| m.applied == subject.digest);
        if is_as_applied && condition(status) == Condition::Settled {
            return Ok(Change::None);
        }
        // What differs the change set tells.
        Ok(Change::Update(Vec::new()))
    }

    async fn begin(
        &self,
        call: &Call,
        subject: &Subject,
        change: &Change,
        key: &str,
    ) -> Result<Progress, Failure> {
        let session = self.accounts.session(call, subject).await?;
        match change {
            Change::Delete => stack::remove(&session, subject, key).await,
            _ => stack::converge(&session, subject, key).await,
        }
    }

    async fn poll(
        &self,
        call: &Call,
        subject: &Subject,
        handle: &Handle,
    ) -> Result<Progress, Failure> {
        let waiting = stack::Waiting::of(handle)?;
        let session = self.accounts.session(call, subject).await?;
        let known = Subject {
            record: handle.record.clone().or_else(|| subject.record.clone()),
            ..subject.clone()
        };
        if waiting.removal {
            return stack::remove(&session, &known, &waiting.key).await;
        }
        stack::converge(&session, &known, &waiting.key).await
    }

    /// A stack's change is left to end by itself: what it did so far could not be told otherwise.
    async fn cancel(&self, _: &Call, _: &Subject, _: &Handle) -> Result<(), Failure> {
        Ok(())
    }

    async fn health(&self, call: &Call, subject: &Subject) -> Result<Health, Failure> {
        let session = self.accounts.session(call, subject).await?;
        let name = match Memory::of(subject)? {
            Some(memory) => memory.stack_id,
            None => wanted::stack_name(subject)?,
        };
        let Some(stack) = stack::describe(&session, &name).await? else {
            return Ok(Health::Failed(format!("there is no stack `{name}`")));
        };
        let status = stack::status(&stack);
        Ok(match condition(&status) {
            Condition::Settled => Health::Healthy,
            Condition::Busy | Condition::Review => Health::Progressing(status),
            Condition::Stuck | Condition::Gone => {
                let why = stack.stack_status_reason().unwrap_or_default();
                Health::Failed(format!("{status} {why}").trim().to_owned())
            }
        })
    }

    async fn adopt(
        &self,
        call: &Call,
        subject: &Subject,
        id: Option<&str>,
    ) -> Result<Adopted, Failure> {
        let session = self.accounts.session(call, subject).await?;
        let name = match id {
            Some(id) => id.to_owned(),
            None => wanted::stack_name(subject)?,
        };
        stack::adopt(&session, subject, &name).await
    }

    /// Stacks stand on no target of the inventory; each has its account.
    async fn discover(&self, _: &Call) -> Result<Discovery, Failure> {
        Ok(Discovery { identity: "local".to_owned(), facts: std::collections::BTreeMap::new() })
    }

    fn poll_every(&self) -> Duration {
        Duration::from_secs(1)
    }
}
