//! Text as the product's model: `derive`.

mod around;
mod exact;
mod folder;
mod guards;
mod words;
