//! What the SDK's errors mean, in one sentence each, with what to do.

use std::error::Error;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use bp_provider::{Class, Failure};

/// A call, for the sentence about its failure.
pub(crate) struct Attempt<'a> {
    what: &'a str,
    region: &'a str,
    /// Without an answer nobody knows whether it happened.
    mutating: bool,
}

impl<'a> Attempt<'a> {
    pub(crate) fn to_read(what: &'a str, region: &'a str) -> Self {
        Self { what, region, mutating: false }
    }

    pub(crate) fn to_change(what: &'a str, region: &'a str) -> Self {
        Self { what, region, mutating: true }
    }

    /// What the error means.
    pub(crate) fn failed<E>(&self, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let SdkError::ServiceError(service) = error {
            let status = service.raw().status().as_u16();
            let (code, message) = (service.err().code(), service.err().message());
            return self.answered(status, code.unwrap_or_default(), message.unwrap_or_default());
        }
        if let Some(why) = credentials(error) {
            return self.say(Class::Permanent, &format!("there are no AWS credentials: {why}")).help(
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `profile` in the node's account",
            );
        }
        let is_unsent = match error {
            SdkError::ConstructionFailure(_) => true,
            SdkError::DispatchFailure(failure) => failure.is_user(),
            _ => false,
        };
        if is_unsent {
            return self
                .say(Class::Permanent, &format!("nothing could be sent: {}", innermost(error)))
                .help("correct `endpoint` in the node's account, or AWS_ENDPOINT_URL");
        }
        let class = if self.mutating { Class::UnknownOutcome } else { Class::Transient };
        self.say(class, &format!("no answer came: {}", innermost(error)))
            .help("check the endpoint, the region and the network; `bpr resume` goes on")
    }

    fn say(&self, class: Class, why: &str) -> Failure {
        let message = format!("could not {} in {}: {why}", self.what, self.region);
        Failure::new(class, message)
    }

    fn answered(&self, status: u16, code: &str, message: &str) -> Failure {
        let why = match (code, message) {
            ("", _) => format!("what answered is no AWS API (HTTP {status})"),
            (code, "") => format!("AWS answered {code} ({status})"),
            (code, message) => format!("{code}: {message}"),
        };
        match code {
            "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "OperationInProgressException"
            | "InvalidChangeSetStatus"
            | "ChangeSetNotFound"
            | "TokenAlreadyExistsException" => self.say(Class::Transient, &why),
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => self
                .say(Class::Permanent, &why)
                .help("the credentials have expired: renew them, then `bpr resume`"),
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "InvalidAccessKeyId"
            | "AuthFailure" => self
                .say(Class::Permanent, &why)
                .help("AWS does not take the credentials: check the key, the secret and the clock"),
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => self
                .say(Class::Permanent, &why)
                .help("give the credentials' role the right that is named, then `bpr resume`"),
            "InsufficientCapabilitiesException" | "InsufficientCapabilities" => {
                let failure = self.say(Class::Permanent, &why);
                on("capabilities", failure)
                    .help("acknowledge it, if it is meant: `capabilities = [\"…\"]`")
            }
            "ValidationError" | "ValidationException" => {
                let failure = self.say(Class::Permanent, &why);
                match property(message) {
                    Some("parameters") => on("parameters", failure)
                        .help("give each of the template's parameters without a default a value"),
                    Some(property) => on(property, failure),
                    None => failure,
                }
            }
            _ if status >= 500 && self.mutating => self.say(Class::UnknownOutcome, &why),
            _ if status >= 500 || status == 429 => self.say(Class::Transient, &why),
            "" => self
                .say(Class::Permanent, &why)
                .help("check the endpoint: it may be a proxy's, or another service's"),
            _ => self.say(Class::Permanent, &why),
        }
    }
}

fn on(property: &str, mut failure: Failure) -> Failure {
    failure.property = Some(property.to_owned());
    failure
}

/// The property that a refusal is about, by its words.
pub(crate) fn property(message: &str) -> Option<&'static str> {
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["template format", "template error", "template validation", "templatebody"])
        || says(&["unresolved resource dependenc", "unrecognized resource type"])
    {
        return Some("template");
    }
    if says(&["parameters: [", "parameter '", "parameter ", "parameters "]) {
        return Some("parameters");
    }
    says(&["stackname", "stack name"]).then_some("stack_name")
}

/// Why there are no credentials, where that is why nothing was sent.
fn credentials(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<aws_credential_types::provider::error::CredentialsError>() {
            return Some(innermost(error));
        }
        next = error.source();
    }
    None
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
