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
}
