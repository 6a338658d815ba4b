//! The behaviours of the node types that need nothing from outside the language.
//!
//! Each is a [`NodeType`] like those of an embedder; its signature stands in the catalogue. Pages,
//! decisions and inner journeys are not here: they are parts of the walk.

use std::sync::Arc;

use crate::engine::node_type::NodeType;

/// Every built-in behaviour.
pub(crate) fn standard() -> Vec<Arc<dyn NodeType>> {
    Vec::new()
}
