//! Scripts of the first generation of bindings.

mod attacks;
mod classes;
mod corpus;
mod rules;
mod stage;
