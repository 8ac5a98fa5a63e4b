//! A plan to look at: what there is, where it stands, and what needs what.
//!
//! [`Diagram`] is what is drawn; `read` makes it of a plan, `svg`, `dot` and `mermaid` write it. It knows
//! plans only, so that one that was compiled last year can be drawn, too.

mod dot;
mod layers;
mod mermaid;
mod place;
mod read;
mod svg;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

use bp_plan::Plan;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagram {
    /// The blueprint and its version.
    pub title: String,
    /// What there is, in numbers.
    pub subtitle: String,
    /// Nodes and selections; those inside of others come in any order.
    pub items: Vec<Item>,
    /// What needs what.
    pub edges: Vec<Edge>,
    /// Groups and policies.
    pub notes: Vec<Note>,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A node of the blueprint.
    Node,
    /// A choice of the inventory.
    Selection,
    /// What whoever uses the blueprint gives it.
    Required,
}

/// A node or a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// Its type, short.
    pub kind: String,
    /// Who keeps it: colours go by that.
    pub family: String,
    /// There may be several of it, or none.
    pub is_many: bool,
    /// What more is to be known of it, a line each.
    pub details: Vec<String>,
    /// The item that it stands in.
    pub inside: Option<usize>,
    /// The notes that are about it.
    pub notes: Vec<usize>,
}

/// How one item needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It requires it.
    Requirement,
    /// It requires it or another: the runtime chooses.
    Choice,
    /// It reads what it reports.
    Reference,
}

/// From what needs to what is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who needs.
    pub from: usize,
    /// What is needed.
    pub to: usize,
    /// How.
    pub need: Need,
    /// The requirement, and the relationship where that says more.
    pub label: String,
}

/// A group or a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `group` or `policy`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Its type, short.
    pub kind: String,
    /// What it is over, by name.
    pub over: Vec<String>,
    /// Waves that follow each other.
    pub waves: Vec<String>,
    /// What else it says, `name = value`.
    pub settings: Vec<String>,
}

impl Diagram {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        read::read(plan)
    }

    /// The items directly inside of one; of none, those that stand in nothing.
    fn inside(&self, of: Option<usize>) -> impl Iterator<Item = usize> {
        let items = self.items.iter().enumerate();
        items.filter(move |(_, item)| item.inside == of).map(|(at, _)| at)
    }

    /// Whether something stands in an item.
    fn is_box(&self, at: usize) -> bool {
        self.inside(Some(at)).next().is_some()
    }

    /// The items around one, from the nearest outwards.
    fn around(&self, item: usize) -> Vec<usize> {
        let next = |at: &usize| self.items.get(*at).and_then(|item| item.inside);
        std::iter::successors(next(&item), next).take(self.items.len()).collect()
    }
}
