//! How members of exports are spelled, in both directions.
//!
//! In: JSON as it stood, or the fields of a [`crate::Bundle`]. Out: the other. Readers check with the way back
//! whether what they understood says the same as what stood there; what does not is kept as it stood, and the
//! packers write that for as long as the fields still agree with it. Where which member stands in a packaging
//! is not here.

pub(crate) mod entry;
pub(crate) mod kind;
pub(crate) mod page;
pub(crate) mod script;
