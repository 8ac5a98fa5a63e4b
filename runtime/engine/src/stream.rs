//! The kinds of streams that a deployment's journal has, and their names.

use std::fmt;

/// A stream of events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// `deployment/ID`: ownership, targets, revisions.
    Deployment(String),
    /// `deployment/ID/target/TARGET`: what is deployed there, and its steps; outlives runs.
    Target(String, String),
    /// `run/RUN`: what a run granted, and what came of it.
    Run(String),
    /// `requests/ID`: what operators ask for. The owner consumes them.
    Requests(String),
}

impl Stream {
    /// The stream that has this name.
    pub fn parse(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('/').collect();
        Some(match parts.as_slice() {
            ["deployment", id] => Self::Deployment((*id).to_owned()),
            ["deployment", id, "target", target] => {
                Self::Target((*id).to_owned(), (*target).to_owned())
            }
            ["run", run] => Self::Run((*run).to_owned()),
            ["requests", id] => Self::Requests((*id).to_owned()),
            _ => return None,
        })
    }

    /// How the names of a deployment's streams begin; others may begin so, too.
    pub fn prefixes(id: &str) -> [String; 3] {
        // A run's id begins with its deployment's.
        let run = Self::Run(format!("{id}."));
        [Self::Deployment(id.to_owned()), run, Self::Requests(id.to_owned())]
            .map(|it| it.to_string())
    }

    /// Whether it is a deployment's.
    pub fn is_of(&self, id: &str) -> bool {
        match self {
            Self::Deployment(own) | Self::Target(own, _) | Self::Requests(own) => own == id,
            Self::Run(run) => run.strip_prefix(id).is_some_and(|rest| rest.starts_with('.')),
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployment(id) => write!(f, "deployment/{id}"),
            Self::Target(id, target) => write!(f, "deployment/{id}/target/{target}"),
            Self::Run(run) => write!(f, "run/{run}"),
            Self::Requests(id) => write!(f, "requests/{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn names_are_read_back() {
        for stream in [
            Stream::Deployment("a-1".into()),
            Stream::Target("a-1".into(), "t1".into()),
            Stream::Run("a-1.2".into()),
            Stream::Requests("a-1".into()),
        ] {
            assert_eq!(Stream::parse(&stream.to_string()), Some(stream));
        }
        assert_eq!(Stream::parse("deployment/a/b"), None);
    }

    #[test]
    fn a_deployment_has_its_own_streams_and_no_others() {
        for (name, is_own) in [
            ("deployment/a", true),
            ("deployment/a/target/t1", true),
            ("run/a.1", true),
            ("requests/a", true),
            ("deployment/ab", false),
            ("run/ab.1", false),
            ("requests/ab", false),
        ] {
            assert_eq!(Stream::parse(name).unwrap().is_of("a"), is_own, "{name}");
            let is_found = Stream::prefixes("a").iter().any(|prefix| name.starts_with(prefix));
            assert!(is_found || !is_own, "{name}");
        }
    }
}
