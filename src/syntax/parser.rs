//! The grammar, compiled.

// The derive names its enum `Rule` and gives the rules no docs; they stand in the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "grammar/journey.pest"]
pub(super) struct JourneyParser;
