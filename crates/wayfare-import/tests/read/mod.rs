//! Reading exports.

mod forms;
mod hostile;
mod mutated;
mod real;
