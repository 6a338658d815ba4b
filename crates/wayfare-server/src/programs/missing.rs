//! What stands in for the parts of a program that are missing, where a realm serves it all the same.
//!
//! In: a program, and what there is for it. Out: the same, with a node that nobody answers for asked of a
//! handler that is not there, which fails it, and with a secret that nobody knows for each that is not bound;
//! and a line for each. A script that cannot be run fails its node, too. Nothing here lets anybody in: a node fails or takes its error arrow, and what a random
//! secret signs or opens is of no use to anybody. Mistakes in journeys are not here; they refuse a program.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use wayfare::{Engine, LinkError, Program, Registry, Secret, Secrets, Valid};

use super::JourneyError;
use crate::{audit, clock::drawn};

/// How many nodes are named in a line.
const NAMED_MAX: usize = 3;

/// Fills in what is missing, and says what.
pub(super) fn filled(
    program: &Valid<Program>,
    registry: &mut Registry,
    secrets: &mut Secrets,
) -> Result<Vec<String>, JourneyError> {
    let Err(errors) = Engine::link_with(program.clone(), registry.clone(), secrets.clone()) else {
        return Ok(Vec::new());
    };
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for error in &errors.0 {
        match error {
            LinkError::NoBehaviour { journey, node, ty } => {
                let part = format!("nobody answers for nodes of type `{ty}`");
                parts
                    .entry(part)
                    .or_default()
                    .push(format!("`{node}` of `{journey}`"));
            }
            LinkError::NoScript {
                journey,
                node,
                script,
            } => {
                let part = format!("script `{script}` is not there");
                parts
                    .entry(part)
                    .or_default()
                    .push(format!("`{node}` of `{journey}`"));
            }
            LinkError::Unbound(name) => {
                parts
                    .entry(format!("secret parameter `{name}` has no value"))
                    .or_default();
                secrets.insert(Arc::clone(name), nobodys()?);
            }
            // These refuse the program when it is linked, or are scripts that are looked at below.
            _ => {}
        }
    }
    registry.external(program, |_| true).fail_late();
    // What is refused no more with scripts that fail late is such a script.
    let rest = Engine::link_with(program.clone(), registry.clone(), secrets.clone());
    let rest = rest.err().map_or_else(Vec::new, |errors| errors.0);
    for error in errors.0.iter().filter(|error| !rest.contains(error)) {
        if let LinkError::Refused {
            journey,
            node,
            message,
        } = error
        {
            parts
                .entry(message.clone())
                .or_default()
                .push(format!("`{node}` of `{journey}`"));
        }
    }
    Ok(parts
        .iter()
        .map(|(part, nodes)| line(part, nodes))
        .collect())
}

/// A secret that nobody knows.
fn nobodys() -> Result<Secret<String>, JourneyError> {
    let drawn: [u8; 32] = drawn()
        .map_err(|_| JourneyError::Link(vec!["the source of randomness failed".to_owned()]))?;
    Ok(Secret::new(audit::hex(drawn.iter())))
}

fn line(part: &str, nodes: &[String]) -> String {
    let mut line = format!("missing: {part}");
    if let [first, rest @ ..] = nodes {
        line.push_str(": ");
        line.push_str(first);
        for node in rest.iter().take(NAMED_MAX - 1) {
            line.push_str(", ");
            line.push_str(node);
        }
        if nodes.len() > NAMED_MAX {
            // Writing into a string cannot fail.
            let _ = write!(line, " and {} more", nodes.len() - NAMED_MAX);
        }
    }
    line
}
