//! `wayfare nodes`: every node type that is known, and who does its work.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::json;
use wayfare::{
    Registry, catalogue,
    model::signature::{Outcomes, Signature},
};

use crate::{
    Outcome, Trouble,
    args::{Format, NodesArgs},
    terminal,
};

/// The types of the language's own.
const OURS: &[&str] = &["Decision", "Unavailable"];
/// Types whose behaviour is a part of the walk, so that no registry has it.
const WALKED: &[&str] = &["Page", "InnerTreeEvaluator"];

/// A type.
struct Row {
    /// As the product spells it.
    wire: String,
    /// As the language calls it.
    name: String,
    built: bool,
    /// Whether the catalogue has its signature.
    catalogued: bool,
    /// `None` where the author's arms define them, or nobody knows.
    outcomes: Option<Vec<String>>,
    summary: String,
}

impl Row {
    fn status(&self) -> &'static str {
        if self.built { "built-in" } else { "external" }
    }
}

pub(crate) fn run(args: &NodesArgs) -> Result<Outcome, Trouble> {
    let rows = rows();
    let text = match args.format {
        Format::Human => table(&rows),
        Format::Json => {
            let nodes = rows.iter().map(|row| {
                json!({
                    "type": row.wire,
                    "name": row.name,
                    "status": row.status(),
                    "catalogued": row.catalogued,
                    "outcomes": row.outcomes,
                    "summary": row.summary,
                })
            });
            format!(
                "{:#}\n",
                json!({ "schema": 1, "nodes": nodes.collect::<Vec<_>>() })
            )
        }
    };
    terminal::put(&text)?;
    Ok(Outcome::Clean)
}

/// The types of the product and those of partners, by the names on the wire.
fn rows() -> Vec<Row> {
    let registry = Registry::standard();
    let built: BTreeSet<&str> = registry.built().chain(WALKED.iter().copied()).collect();
    let catalog = catalogue::standard();
    // The language's own have no id on the wire that a journey of the product could have.
    let product = catalog.iter().map(|(_, signature)| signature);
    let product = product.filter(|signature| !OURS.contains(&&*signature.name));
    let mut rows: Vec<Row> = product
        .map(|signature| Row {
            wire: signature.wire.to_string(),
            name: signature.name.to_string(),
            built: built.contains(&*signature.name),
            catalogued: true,
            outcomes: outcomes(signature),
            summary: signature.summary.to_string(),
        })
        .collect();
    rows.extend(catalogue::partners().map(|partner| Row {
        wire: partner.wire.to_owned(),
        name: partner.name().to_owned(),
        built: false,
        catalogued: false,
        outcomes: (!partner.outcomes.is_empty()).then(|| {
            partner
                .outcomes
                .iter()
                .map(|&name| name.to_owned())
                .collect()
        }),
        summary: String::new(),
    }));
    rows.sort_by(|a, b| a.wire.cmp(&b.wire));
    rows
}

fn outcomes(signature: &Signature) -> Option<Vec<String>> {
    match &signature.outcomes {
        Outcomes::Fixed(names) => Some(names.iter().map(ToString::to_string).collect()),
        Outcomes::Bounded(all) => Some(all.iter().map(|one| one.name.to_string()).collect()),
        Outcomes::LastChild | Outcomes::Authored { .. } => None,
    }
}

fn table(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.wire.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = format!("{:width$}  {:8}  outcomes\n", "type", "status");
    for row in rows {
        let outcomes = match (&row.outcomes, row.catalogued) {
            (Some(names), _) => names.join(", "),
            (None, true) => "those of its arms".to_owned(),
            (None, false) => "those of its `extern`".to_owned(),
        };
        let _ = writeln!(text, "{:width$}  {:8}  {outcomes}", row.wire, row.status());
    }
    let built = rows.iter().filter(|row| row.built).count();
    let partners = rows.iter().filter(|row| !row.catalogued).count();
    let _ = write!(
        text,
        "\n{} types: {built} built in, {} served by a handler outside; {partners} of these are of partners \
         and are declared by `extern`.\nSee docs/external-nodes.md.\n",
        rows.len(),
        rows.len() - built,
    );
    text
}
