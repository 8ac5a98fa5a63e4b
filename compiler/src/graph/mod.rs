//! A plan to look at: what there is, where it stands, and what needs what.
//!
//! [`Diagram`] is what is drawn; `read` makes it of a plan, `svg`, `dot` and `mermaid` write it. It knows
//! plans only, so that one that was compiled last year can be drawn, too.

mod dot;
mod layers;
mod leads;
mod legend;
mod mermaid;
mod place;
mod read;
mod svg;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

use bp_plan::Plan;

/// How many items, and how many edges, a picture can have that somebody is to look at.
pub const MOST_IN_PICTURE: (usize, usize) = (5_000, 20_000);

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
    /// Groups, policies and workflows.
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

/// A group, a policy or a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `group`, `policy` or `workflow`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Its type, short; of a workflow what it takes and gives.
    pub kind: String,
    /// What it is over, by name; of a workflow the nodes that it calls.
    pub over: Vec<String>,
    /// Waves that follow each other.
    pub waves: Vec<String>,
    /// What else it says, `name = value`.
    pub settings: Vec<String>,
}

impl Note {
    /// What it is over, and what it says.
    fn said(&self) -> Vec<String> {
        let over = (!self.over.is_empty()).then(|| format!("over {}", self.over.join(", ")));
        over.into_iter().chain(self.settings.iter().cloned()).collect()
    }
}

impl Diagram {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        read::read(plan)
    }

    /// By note, the items that it is about.
    fn about(&self) -> Vec<Vec<usize>> {
        let mut about = vec![Vec::new(); self.notes.len()];
        for (on, item) in self.items.iter().enumerate() {
            for note in &item.notes {
                about.get_mut(*note).into_iter().for_each(|about: &mut Vec<usize>| about.push(on));
            }
        }
        about
    }

    /// Whether an SVG of it would be more than anybody can look at; other tools have ways to look at parts.
    pub fn is_too_large(&self) -> bool {
        let (items, edges) = MOST_IN_PICTURE;
        self.items.len() > items || self.edges.len() > edges
    }
}

/// What stands in what, to be asked often.
struct Nesting {
    /// By item, and last those that stand in nothing.
    inner: Vec<Vec<usize>>,
    /// By item: when it is come to and when it is left, on a walk through all of them; a box is left after
    /// what stands in it.
    walk: Vec<(usize, usize)>,
    /// By item: how many boxes are around it.
    depth: Vec<usize>,
}

impl Nesting {
    fn of(diagram: &Diagram) -> Self {
        let count = diagram.items.len();
        let mut inner = vec![Vec::new(); count + 1];
        for (at, item) in diagram.items.iter().enumerate() {
            if let Some(around) = inner.get_mut(item.inside.unwrap_or(count)) {
                around.push(at);
            }
        }
        let mut nesting = Self { inner, walk: vec![(0, 0); count], depth: vec![0; count] };
        let mut open: Vec<(usize, bool)> = Vec::new();
        let into = |open: &mut Vec<(usize, bool)>, items: &[usize]| {
            open.extend(items.iter().rev().map(|at| (*at, false)));
        };
        into(&mut open, nesting.inside(None));
        let (mut steps, mut depth) = (0, 0);
        while let Some((at, is_left)) = open.pop() {
            steps += 1;
            let Some((walk, own)) = nesting.walk.get_mut(at).zip(nesting.depth.get_mut(at)) else {
                continue;
            };
            if is_left {
                walk.1 = steps;
                depth -= 1;
                continue;
            }
            walk.0 = steps;
            *own = depth;
            depth += 1;
            open.push((at, true));
            into(&mut open, nesting.inside(Some(at)));
        }
        nesting
    }

    /// The items directly inside of one; of none, those that stand in nothing.
    fn inside(&self, of: Option<usize>) -> &[usize] {
        let at = of.unwrap_or(self.inner.len().saturating_sub(1));
        self.inner.get(at).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether something stands in an item.
    fn is_box(&self, at: usize) -> bool {
        !self.inside(Some(at)).is_empty()
    }

    /// How many boxes are around an item.
    fn depth(&self, at: usize) -> usize {
        self.depth.get(at).copied().unwrap_or_default()
    }

    /// Whether an item stands in another, however far around that is.
    fn holds(&self, around: usize, at: usize) -> bool {
        let of = |at: usize| self.walk.get(at).copied().unwrap_or_default();
        let (around, at) = (of(around), of(at));
        around.0 < at.0 && at.1 < around.1
    }

    /// Whether one of the two stands in the other, or both are one: no line is drawn between them.
    fn are_nested(&self, one: usize, other: usize) -> bool {
        one == other || self.holds(one, other) || self.holds(other, one)
    }
}
