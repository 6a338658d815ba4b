//! What an export becomes as text.

mod golden;
mod random;
mod real;
