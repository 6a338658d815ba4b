//! What node types say of settings that the catalogue alone cannot judge.
//!
//! In comes a checked program and the behaviours it would be linked with; out come findings at the nodes
//! whose behaviour refuses them, the same that linking refuses. Types without a behaviour, scripts that
//! nobody registered and parameters without a value are not looked at: who links brings them.

use std::sync::Arc;

use crate::{
    analysis::levels::Levels,
    codes,
    diagnostic::{Diagnostic, Diagnostics, Severity},
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
    ///
    /// Where scripts that cannot be run fail their nodes ([`Registry::fail_late`]), those are warnings.
    pub fn refusals(program: &Valid<Program>, registry: &Registry) -> Diagnostics {
        let mut found = Diagnostics::default();
        let refused = refused(program, registry);
        let all = if registry.fails_late() {
            self::refused(program, &registry.strict())
        } else {
            refused.clone()
        };
        for (journey, node, message) in all {
            let Some(span) = place(program, &journey, &node) else {
                continue;
            };
            let is_refused = refused.contains(&(journey, Arc::clone(&node), message.clone()));
            let told = if is_refused {
                format!("`{node}` cannot be set so: {message}")
            } else {
                format!("`{node}` fails whoever comes to it: {message}")
            };
            let mut finding = Diagnostic::new(codes::OUT_OF_RANGE, span, told);
            if !is_refused {
                finding.severity = Severity::Warning;
            }
            found.push(finding);
        }
        found.sort();
        found
    }
}

/// The nodes whose settings linking refuses: journey, path and why.
fn refused(program: &Valid<Program>, registry: &Registry) -> Vec<(Arc<str>, Arc<str>, String)> {
    let levels = Levels::new(program);
    let Err(errors) = link::link(program, registry, &Secrets::new(), levels) else {
        return Vec::new();
    };
    let refused = errors.into_iter().filter_map(|error| match error {
        LinkError::Refused {
            journey,
            node,
            message,
        } => Some((journey, node, message)),
        _ => None,
    });
    refused.collect()
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
