//! Whose a stack is: written in its tags, and read from them.

use aws_sdk_cloudformation::types::{Stack, Tag};
use bp_provider::{Class, Failure, Subject};

const DEPLOYMENT: &str = "blueprint:deployment";
const DEPLOYMENT_NAME: &str = "blueprint:deployment-name";
const INSTANCE: &str = "blueprint:instance";
/// The longest value that AWS takes.
const LONGEST: usize = 256;

/// Whose a stack is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This very instance.
    Ours,
    /// Another instance of the same deployment.
    Instance(String),
    /// Another deployment, by what people call it.
    Deployment(String),
    /// No deployment.
    Nobody,
}

/// The tags that say whose a stack is, and the subject's labels.
pub(crate) fn tags(subject: &Subject) -> Vec<(String, String)> {
    let mut tags = vec![
        (DEPLOYMENT.to_owned(), spelt(&subject.deployment)),
        (DEPLOYMENT_NAME.to_owned(), spelt(&subject.deployment_name)),
        (INSTANCE.to_owned(), spelt(&subject.instance)),
    ];
    tags.extend(subject.labels.iter().map(|(key, value)| (spelt(key), spelt(value))));
    tags
}

/// In the letters that AWS takes: `db["eu"]` as `db/eu`.
fn spelt(text: &str) -> String {
    let plain = text.replace("[\"", "/").replace("\"]", "");
    let letter = |c: char| if c.is_alphanumeric() || " _.:/=+-@".contains(c) { c } else { '_' };
    plain.chars().map(letter).take(LONGEST).collect()
}

/// Whose a stack is.
pub(crate) fn owner(stack: &Stack, subject: &Subject) -> Owner {
    owner_by(stack.tags(), subject)
}

/// Whose a stack, or a change set, with these tags is.
pub(crate) fn owner_by(tags: &[Tag], subject: &Subject) -> Owner {
    let tag =
        |key: &str| tags.iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value());
    match (tag(DEPLOYMENT), tag(INSTANCE)) {
        (None, _) => Owner::Nobody,
        (Some(id), _) if id != spelt(&subject.deployment) => {
            Owner::Deployment(tag(DEPLOYMENT_NAME).unwrap_or(id).to_owned())
        }
        (Some(_), Some(instance))
            if instance == spelt(&subject.instance)
                || subject.was.iter().any(|was| instance == spelt(was)) =>
        {
            Owner::Ours
        }
        (Some(_), instance) => Owner::Instance(instance.unwrap_or_default().to_owned()),
    }
}

/// Refuses a stack that is not this instance's.
pub(crate) fn refuse_foreign(stack: &Stack, subject: &Subject) -> Result<(), Failure> {
    let (whose, help) = match owner(stack, subject) {
        Owner::Ours => return Ok(()),
        Owner::Instance(instance) => (
            format!("belongs to `{instance}` of this deployment"),
            format!(
                "`{instance}` and `{}` cannot keep one stack: give one of them another `stack_name`",
                subject.instance
            ),
        ),
        Owner::Deployment(name) => (
            format!("belongs to the deployment `{name}`"),
            "choose another `stack_name`, or uninstall that deployment first".to_owned(),
        ),
        Owner::Nobody => (
            "was made by somebody else".to_owned(),
            "choose another `stack_name`, or remove that stack first".to_owned(),
        ),
    };
    let name = stack.stack_name().unwrap_or_default();
    let mut failure =
        Failure::new(Class::Conflict, format!("the stack name `{name}` is taken: it {whose}"))
            .help(help);
    failure.property = Some("stack_name".to_owned());
    Err(failure)
}
