//! The tests of the library, one binary.

// `cfg(test)` holds anyway; written out, it lets the helpers of the tests fail as the tests do.
#[cfg(test)]
mod analysis;
#[cfg(test)]
mod api;
#[cfg(test)]
mod attacks_compiler;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod compile;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod external;
#[cfg(test)]
mod flawed;
#[cfg(test)]
mod format;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod syntax;
#[cfg(test)]
mod told;
