//! From what a client or an API server says to what the runtime does about it.
//!
//! No text of a kubeconfig, of an exec plugin or of a request goes into a failure: they may hold a
//! credential.

use std::error::Error as _;
use std::time::Duration;

use bp_provider::{Class, Failure};
use kube::core::Status;
use serde_json::Value as Json;

use super::fields::property;
use super::kinds::{Kind, Place};

/// What was attempted, for the words and the class of its failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// As a verb: `apply`, `read`, `delete`.
    pub(crate) verb: &'a str,
    /// On what, by kind and name.
    pub(crate) on: &'a str,
    /// The target, as people call it.
    pub(crate) target: &'a str,
    /// Whether it has an effect, so that a lost reply leaves the outcome unknown.
    pub(crate) mutating: bool,
    /// The object as it was sent, to find the property by the field.
    pub(crate) sent: Option<(&'a Place, &'a Json)>,
}

impl Attempt<'_> {
    fn cannot(&self, why: &str) -> String {
        format!("cannot {} {} on `{}`: {why}", self.verb, self.on, self.target)
    }

    fn property(&self, field: &str) -> Option<String> {
        let (place, object) = self.sent?;
        property(place.kind, object, field)
    }

    /// The failure of a call that did not end in time.
    pub(crate) fn late(&self, deadline: Duration) -> Failure {
        let why = format!("no reply within {} s", deadline.as_secs_f64());
        self.no_reply(&why, true)
    }

    fn no_reply(&self, why: &str, silent: bool) -> Failure {
        if self.mutating {
            return Failure::new(Class::UnknownOutcome, self.cannot(why));
        }
        let mut failure = Failure::new(Class::Transient, self.cannot(why));
        failure.unreachable = silent;
        failure
    }

    /// The failure of a call that the client gave up.
    pub(crate) fn failed(&self, error: &kube::Error) -> Failure {
        match error {
            kube::Error::Api(status) => self.refused(status),
            kube::Error::Auth(_) => Failure::new(
                Class::Permanent,
                self.cannot("the kubeconfig's credential could not be had"),
            )
            .help("run the credential's plugin or read its token file by hand to see why"),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
                self.no_reply("the reply is not what an API server sends", false)
            }
            _ => self.not_carried(error),
        }
    }

    /// The call did not get through, or its reply did not.
    fn not_carried(&self, error: &kube::Error) -> Failure {
        let mut connecting = false;
        let mut untrusted = false;
        let mut words = String::new();
        let mut at: Option<&(dyn std::error::Error + 'static)> = error.source();
        while let Some(cause) = at {
            if let Some(client) = cause.downcast_ref::<hyper_util::client::legacy::Error>() {
                connecting |= client.is_connect();
            }
            untrusted |= is_untrusted(cause);
            // The innermost cause says what happened.
            words = cause.to_string();
            at = cause.source();
        }
        if untrusted {
            return Failure::new(Class::Permanent, self.cannot(&words)).help(
                "the API server's certificate is not trusted: check certificate-authority-data \
                 and the server's address in the kubeconfig",
            );
        }
        if connecting {
            // What was attempted does not matter: nothing gets through.
            let why = match words.as_str() {
                "deadline has elapsed" => "no connection in time",
                other => other,
            };
            let message = format!("`{}` does not answer: {why}", self.target);
            let mut failure = Failure::new(Class::Transient, message).help(
                "check that the cluster runs and that its address in the kubeconfig is right",
            );
            failure.unreachable = true;
            return failure;
        }
        let why = if words.is_empty() { error.to_string() } else { words };
        self.no_reply(&format!("the connection ended before the reply ({why})"), false)
    }

    /// The API server said no.
    fn refused(&self, status: &Status) -> Failure {
        let words = status.message.trim();
        let mut failure = Failure::new(Class::Permanent, self.cannot(words));
        let details = status.details.as_ref();
        let causes = details.map(|d| d.causes.as_slice()).unwrap_or_default();
        failure.property = causes.iter().find_map(|cause| self.property(&cause.field));
        let has = |reason: &str| causes.iter().any(|cause| cause.reason == reason);
        match status.code {
            401 => {
                failure.message = self.cannot("the credential is refused");
                failure.help = Some(
                    "the kubeconfig's token or certificate is wrong or has expired: renew it, and \
                     run the command again"
                        .to_owned(),
                );
            }
            403 if has("NamespaceTerminating") => failure.class = Class::Transient,
            403 => {
                failure.help = Some(format!(
                    "the kubeconfig's user may not {} this: give it a role that allows it",
                    self.verb
                ));
            }
            404 if details.is_some_and(|d| d.kind == "namespaces") && self.mutating => {
                failure.property = self.sent.map(|(place, _)| match place.kind {
                    Kind::Namespace => "name".to_owned(),
                    _ => "namespace".to_owned(),
                });
                failure.help = Some(
                    "make the namespace first: let `namespace` refer to a Namespace node, so that \
                     the order follows"
                        .to_owned(),
                );
            }
            409 if has("FieldManagerConflict") => {
                failure.class = Class::Conflict;
                failure.help = Some(
                    "leave these fields to whoever owns them, or have that owner give them up"
                        .to_owned(),
                );
            }
            409 => failure.class = Class::Transient,
            408 | 504 if self.mutating => failure.class = Class::UnknownOutcome,
            408 | 429 | 500 | 502 | 503 | 504 if !is_schema_error(words) => {
                failure.class = Class::Transient;
                failure.retry_after = details
                    .map(|d| d.retry_after_seconds)
                    .filter(|seconds| *seconds > 0)
                    .map(|seconds| Duration::from_secs(seconds.into()));
            }
            500 => {
                // Kubernetes 1.20 names the field in the message alone.
                let field = words.split(": ").nth(1).unwrap_or_default();
                failure.property = self.property(field);
            }
            _ => {}
        }
        failure
    }
}

/// A 500 that says that the object is not as its schema has it: it will not pass.
fn is_schema_error(words: &str) -> bool {
    words.contains("failed to create typed patch object")
        || words.contains("field not declared in schema")
}

/// Whether it is about the server's certificate. An `io::Error` hides what it holds from `source`.
fn is_untrusted(cause: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    let held = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    held.is_some_and(|inner| is_untrusted(inner))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;
    use serde_json::json;

    fn refused(status: Json, mutating: bool) -> Failure {
        let place =
            Place { kind: Kind::Deployment, namespace: "a".to_owned(), name: "web".to_owned() };
        let object = json!({ "spec": { "template": { "spec": { "containers": [{}] } } } });
        let attempt = Attempt {
            verb: "apply",
            on: "Deployment `a/web`",
            target: "east",
            mutating,
            sent: Some((&place, &object)),
        };
        let status: Status = serde_json::from_value(status).unwrap();
        attempt.failed(&kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn a_refused_field_leads_to_its_property() {
        let failure = refused(
            json!({ "code": 422, "reason": "Invalid", "message": "no", "details": { "causes": [
                { "reason": "FieldValueInvalid", "field": "spec.replicas", "message": "Invalid value: -1" },
            ] } }),
            true,
        );
        assert_eq!(failure.class, Class::Permanent);
        assert_eq!(failure.property.as_deref(), Some("replicas"));
        let old = "failed to create typed patch object: .spec.replicas: expected numeric";
        let failure = refused(json!({ "code": 500, "message": old }), true);
        assert_eq!(failure.class, Class::Permanent);
        assert_eq!(failure.property.as_deref(), Some("replicas"));
    }

    #[test]
    fn what_may_pass_is_tried_again_and_when() {
        let busy = json!({ "code": 429, "message": "busy", "details": { "retryAfterSeconds": 7 } });
        let failure = refused(busy, true);
        assert_eq!(failure.class, Class::Transient);
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
        let class =
            |code: u16, mutating| refused(json!({ "code": code, "message": "x" }), mutating).class;
        assert_eq!(class(500, true), Class::Transient);
        assert_eq!(class(503, true), Class::Transient);
        assert_eq!(class(504, true), Class::UnknownOutcome);
        assert_eq!(class(504, false), Class::Transient);
        assert_eq!(class(409, true), Class::Transient);
        assert_eq!(class(400, true), Class::Permanent);
    }

    #[test]
    fn credentials_and_rights_come_with_advice() {
        let failure = refused(json!({ "code": 401, "message": "Unauthorized" }), false);
        assert_eq!(failure.class, Class::Permanent);
        assert!(failure.help.unwrap().contains("expired"));
        let failure = refused(json!({ "code": 403, "message": "forbidden" }), true);
        assert!(failure.help.unwrap().contains("role"));
    }
}
