//! Failures on demand.

use serde::{Deserialize, Serialize};

/// What is to go wrong on a cluster. As JSON it is what the control endpoint takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Every reply comes this much later, in milliseconds.
    pub latency_ms: u64,
    /// Nothing listens: connections are refused, and those that are there are cut.
    pub unreachable: bool,
    /// Names of Deployments that never become available; past their progress deadline they fail.
    pub never_ready: Vec<String>,
    /// Single requests that go wrong. The first rule that fits a request is taken.
    pub rules: Vec<Rule>,
}

/// Requests that go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How.
    pub fault: Fault,
    /// Requests of this HTTP method alone: `PATCH`.
    #[serde(default)]
    pub method: Option<String>,
    /// Requests whose path holds this text alone: `/configmaps/`.
    #[serde(default)]
    pub path: Option<String>,
    /// For how many requests; for all where nothing is said.
    #[serde(default)]
    pub times: Option<u32>,
}

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Refused with 429 and `Retry-After`, without effect.
    TooManyRequests {
        /// In seconds.
        retry_after: u32,
    },
    /// Refused with 500, without effect.
    InternalError,
    /// Refused with 401, as if the token had expired.
    Unauthorized,
    /// Done, but the connection is cut before the reply.
    DropReply,
}

impl Rule {
    /// Every request goes wrong like this.
    pub fn new(fault: Fault) -> Self {
        Self { fault, method: None, path: None, times: None }
    }

    /// Requests of this HTTP method alone.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Requests whose path holds this text alone.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// For so many requests alone.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        self.times != Some(0)
            && self.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|p| path.contains(p))
    }
}

impl Faults {
    /// The fault that this request meets; it counts.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| rule.fits(method, path))?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some(rule.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_spent_after_its_times() {
        let rule = Rule::new(Fault::InternalError).method("PATCH").path("/configmaps/").times(1);
        let mut faults = Faults { rules: vec![rule], ..Faults::default() };
        assert_eq!(faults.take("GET", "/api/v1/namespaces/a/configmaps/b"), None);
        assert_eq!(faults.take("PATCH", "/api/v1/namespaces/a/services/b"), None);
        let hit = faults.take("PATCH", "/api/v1/namespaces/a/configmaps/b");
        assert_eq!(hit, Some(Fault::InternalError));
        assert_eq!(faults.take("PATCH", "/api/v1/namespaces/a/configmaps/b"), None);
    }
}
