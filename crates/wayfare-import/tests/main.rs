//! Exports of the product, read, written as text and packed again.

// `cfg(test)` holds anyway; written out, it lets the helpers of the tests fail as the tests do.
#[cfg(test)]
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod derive;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod pack;
#[cfg(test)]
mod read;
#[cfg(test)]
mod side;
#[cfg(test)]
mod write;
