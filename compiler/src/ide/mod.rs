//! What an editor asks of a program: what can stand here, what this is, where it comes from, and
//! what the file is made of. One file a question; answers are values, places are bytes.
//!
//! The questions are about the root of an [`Analysis`]. What is completed may be newer text than
//! the analysis has, in the midst of being typed: the item around the cursor is parsed by itself,
//! and the analysis is asked for what is around it. The other questions go by the analysis' own text.
//!
//! It must not know any editor or protocol.
//!
//! [`Analysis`]: crate::analysis::Analysis

mod complete;
mod declared;
mod definition;
mod draft;
mod extract;
mod family;
mod find;
mod hover;
mod references;
mod rename;
mod spot;
mod steps;
mod symbols;
mod words;

pub use complete::{Completion, CompletionKind, Completions, complete};
pub use definition::definition;
pub use extract::{Extraction, extractions};
pub use hover::{Hover, hover};
pub use references::{Places, highlights, references};
pub use rename::{Changes, RenameError, nameable, rename};
pub use symbols::{Symbol, SymbolKind, symbols};
