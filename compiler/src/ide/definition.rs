//! Where is this declared?

use super::declared::{Meaning, meaning};
use super::find::find;
use crate::analysis::Analysis;
use crate::source::{Place, Span};

/// Where what stands at an offset of the root is declared.
pub fn definition(analysis: &Analysis, offset: u32) -> Option<Place> {
    let program = analysis.program();
    let items = &program.sources.modules.first()?.tree.items;
    let spot = find(&program, items, offset)?;
    match meaning(&program, &spot)? {
        Meaning::Declared(place) => Some(place),
        Meaning::Signature { place, .. } => place,
        Meaning::Local { at, .. } => at,
        Meaning::Module(file, _) => Some(Place { file, span: Span::default() }),
        Meaning::Function(_) | Meaning::Given(..) | Meaning::Word { .. } => None,
    }
}
