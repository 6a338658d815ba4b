//! Nodes in pages whose outcome decides nothing.
//!
//! A page goes on behind a node that is not its last, whichever outcome it takes. Where there is one that is
//! as it should be; where there are several, an author may believe that a wrong answer is turned away.

use crate::{
    Diagnostic, Diagnostics, codes,
    model::{
        journey::{Child, Node, NodeKind},
        program::Program,
    },
};

/// How many outcomes a message names.
const SHOWN_MAX: usize = 6;

/// Finds them in every journey.
pub(super) fn check(program: &Program, diagnostics: &mut Diagnostics) {
    for journey in &program.journeys {
        for node in journey.graph.node_weights() {
            let NodeKind::Page(page) = &node.kind else {
                continue;
            };
            let (Some(last), before) = (page.children.last(), page.children.iter().rev().skip(1))
            else {
                continue;
            };
            for child in before.rev().filter(|child| child.outcomes.len() > 1) {
                diagnostics.push(finding(node, child, last));
            }
        }
    }
}

fn finding(page: &Node, child: &Child, last: &Child) -> Diagnostic {
    let shown = child.outcomes.iter().take(SHOWN_MAX);
    let mut shown: Vec<String> = shown.map(|name| format!("`{name}`")).collect();
    if child.outcomes.len() > SHOWN_MAX {
        shown.push("\u{2026}".to_owned());
    }
    Diagnostic::new(
        codes::IGNORED_OUTCOME,
        child.span,
        format!(
            "`{}` ends in one of {}, and the page goes on behind each of them",
            child.name,
            shown.join(", ")
        ),
    )
    .expected("one outcome for every node but the last")
    .label(
        page.span,
        format!(
            "only how `{}` ends decides where this page leads",
            last.name
        ),
    )
    .help(format!("put `{}` last, or behind the page", child.name))
}
