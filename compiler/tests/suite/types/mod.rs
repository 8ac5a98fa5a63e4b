//! Types of expressions: what is right, what is wrong and where, and what holds of all.

mod accepted;
mod mistakes;
mod properties;
mod world;
