//! What node types say of settings that the catalogue alone cannot judge.
//!
//! In comes a checked program and the behaviours it would be linked with; out come findings at the nodes
//! whose behaviour refuses them, the same that linking refuses. Types without a behaviour, scripts that
//! nobody registered and parameters without a value are not looked at: who links brings them.

use crate::{
    analysis::levels::Levels,
    codes,
    diagnostic::{Diagnostic, Diagnostics},
    engine::{
        error::LinkError,
        link::{self, Secrets},
        registry::Registry,
        session::Engine,
    },
    model::{
        journey::NodeKind,
        program::{Program, Valid},
    },
    source::Span,
};

impl Engine {
    /// What linking would refuse for the settings of nodes, as findings for the author.
    pub fn refusals(program: &Valid<Program>, registry: &Registry) -> Diagnostics {
        let levels = Levels::new(program);
        let mut found = Diagnostics::default();
        let Err(errors) = link::link(program, registry, &Secrets::new(), levels) else {
            return found;
        };
        for error in errors {
            if let LinkError::Refused {
                journey,
                node,
                message,
            } = error
                && let Some(span) = place(program, &journey, &node)
            {
                found.push(Diagnostic::new(
                    codes::OUT_OF_RANGE,
                    span,
                    format!("`{node}` cannot be set so: {message}"),
                ));
            }
        }
        found.sort();
        found
    }
}

/// Where the node or the child of a page with this path is declared.
fn place(program: &Program, journey: &str, path: &str) -> Option<Span> {
    let mut journeys = program.journeys.iter();
    let graph = &journeys.find(|one| &*one.name == journey)?.graph;
    graph.node_weights().find_map(|node| {
        if *node.path == *path {
            return Some(node.span);
        }
        let NodeKind::Page(page) = &node.kind else {
            return None;
        };
        let name = path.strip_prefix(&*node.path)?.strip_prefix('.')?;
        let child = page.children.iter().find(|child| *child.name == *name)?;
        Some(child.span)
    })
}
