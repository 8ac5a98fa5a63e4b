//! Which node type is which kind of object.

use bp_provider::{Class, Failure};
use kube::core::{ApiResource, GroupVersionKind};

/// A kind of object that the provider keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Namespace,
    ConfigMap,
    Deployment,
    Service,
}

const ALL: [Kind; 4] = [Kind::Namespace, Kind::ConfigMap, Kind::Deployment, Kind::Service];

impl Kind {
    /// The kind of a node type, which is given by its full name (`std.kubernetes.ConfigMap`) with those that it extends.
    pub(crate) fn of_node_type(line: &[&str]) -> Result<Self, Failure> {
        let mut names = line.iter().filter_map(|of| of.strip_prefix("std.kubernetes."));
        names.find_map(Self::named).ok_or_else(|| {
            let known: Vec<String> = ALL.iter().map(|kind| format!("`{}`", kind.name())).collect();
            let node_type = line.first().copied().unwrap_or_default();
            Failure::new(
                Class::Permanent,
                format!("the provider `kubernetes` keeps no objects of node type `{node_type}`"),
            )
            .help(format!("let it extend one of `std.kubernetes`: {}", known.join(", ")))
        })
    }

    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// As Kubernetes calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::ConfigMap => "ConfigMap",
            Self::Deployment => "Deployment",
            Self::Service => "Service",
        }
    }

    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Self::Deployment => "apps/v1",
            _ => "v1",
        }
    }

    pub(crate) fn is_namespaced(self) -> bool {
        self != Self::Namespace
    }

    /// Where it is served.
    pub(crate) fn resource(self) -> ApiResource {
        let (group, plural) = match self {
            Self::Namespace => ("", "namespaces"),
            Self::ConfigMap => ("", "configmaps"),
            Self::Deployment => ("apps", "deployments"),
            Self::Service => ("", "services"),
        };
        let kind = GroupVersionKind::gvk(group, "v1", self.name());
        ApiResource::from_gvk_with_plural(&kind, plural)
    }
}

/// Where an object is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    /// Empty where there is none.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} `{}`", self.kind.name(), self.name)
        } else {
            write!(f, "{} `{}/{}`", self.kind.name(), self.namespace, self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_extends_a_kind_is_of_it_and_a_name_alone_says_nothing() {
        let of = |line: &[&str]| Kind::of_node_type(line).ok();
        let settings = ["shop.Settings", "std.kubernetes.ConfigMap", "std.kubernetes.Object"];
        assert_eq!(of(&settings), Some(Kind::ConfigMap));
        assert_eq!(of(&["std.kubernetes.Service"]), Some(Kind::Service));
        assert_eq!(of(&["shop.Deployment", "std.Root"]), None);
    }
}
