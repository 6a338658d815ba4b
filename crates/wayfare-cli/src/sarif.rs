//! Findings as SARIF 2.1.0, which code hosts and editors read.
//!
//! Each code is a rule with its page as help; the run of a finding is a code flow, its fix a fix, and the
//! reason of an `allow` line a suppression.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map, Value, json};
use wayfare::{
    Code, Diagnostic, Program, Route, RouteOn, RouteStep, Severity, SourceMap, Span, codes,
    compile::Compiled,
};

use crate::page;

/// All findings of a run.
pub(crate) fn log(all: &[Compiled]) -> Value {
    let mut rules: Vec<Code> = Vec::new();
    for finding in all.iter().flat_map(|one| &one.diagnostics) {
        if !rules.contains(&finding.code) {
            rules.push(finding.code);
        }
    }
    // In the order of the table, so that the same findings make the same log.
    let order = |code: &Code| codes::ALL.iter().position(|known| known.word == code.word);
    rules.sort_by_key(order);
    let mut artifacts: BTreeMap<String, usize> = BTreeMap::new();
    for one in all {
        for (_, source) in one.sources.iter() {
            let next = artifacts.len();
            artifacts.entry(uri(source.name())).or_insert(next);
        }
    }
    let mut by_number: Vec<(&String, &usize)> = artifacts.iter().collect();
    by_number.sort_by_key(|(_, number)| **number);
    let results = all.iter().flat_map(|one| {
        let writer = Writer {
            sources: &one.sources,
            program: one.program.as_deref().or(one.refused.as_ref()),
            artifacts: &artifacts,
            rules: &rules,
        };
        let findings = one.diagnostics.iter();
        findings
            .map(|finding| writer.result(finding))
            .collect::<Vec<_>>()
    });
    let results: Vec<Value> = results.collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "wayfare",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "artifacts": by_number.iter().map(|(uri, _)| json!({ "location": { "uri": uri } })).collect::<Vec<_>>(),
            "results": results,
        }],
    })
}

fn rule(code: &Code) -> Value {
    let page = page::markdown(*code);
    json!({
        "id": code.word,
        "shortDescription": { "text": code.summary },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": code.severity.to_string() },
        "properties": { "allowable": code.allowable },
    })
}

struct Writer<'a> {
    sources: &'a SourceMap,
    program: Option<&'a Program>,
    artifacts: &'a BTreeMap<String, usize>,
    rules: &'a [Code],
}

impl Writer<'_> {
    fn result(&self, finding: &Diagnostic) -> Value {
        let mut text = finding.message.to_string();
        for note in &finding.notes {
            text.push('\n');
            text.push_str(note);
        }
        if let Some(help) = &finding.help {
            text.push('\n');
            text.push_str(help);
        }
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut result = Map::new();
        let mut put = |key: &str, value: Value| {
            result.insert(key.to_owned(), value);
        };
        put("ruleId", json!(finding.code.word));
        if let Some(at) = self.rules.iter().position(|code| *code == finding.code) {
            put("ruleIndex", json!(at));
        }
        put("level", json!(level));
        put("message", json!({ "text": text }));
        put(
            "locations",
            json!([{ "physicalLocation": self.place(finding.span) }]),
        );
        if !finding.labels.is_empty() {
            let labels = (1..).zip(&finding.labels).map(|(id, label): (u32, _)| {
                json!({
                    "id": id,
                    "message": { "text": label.text },
                    "physicalLocation": self.place(label.span),
                })
            });
            put("relatedLocations", labels.collect());
        }
        if let Some(route) = &finding.route {
            put("codeFlows", json!([self.flow(route)]));
        }
        if let Some(fix) = &finding.fix {
            let change = json!({
                "artifactLocation": self.artifact(fix.span),
                "replacements": [{
                    "deletedRegion": self.region(fix.span),
                    "insertedContent": { "text": fix.replacement },
                }],
            });
            let title = json!({ "text": fix.title });
            put(
                "fixes",
                json!([{ "description": title, "artifactChanges": [change] }]),
            );
        }
        if let Some(reason) = &finding.allowed {
            put(
                "suppressions",
                json!([{ "kind": "inSource", "justification": reason }]),
            );
        }
        Value::Object(result)
    }

    fn flow(&self, route: &Route) -> Value {
        let step = |step: &RouteStep| {
            let how = match &step.on {
                // The only one that there is.
                RouteOn::Outcome(outcome) if **outcome == *"outcome" => step.node.to_string(),
                RouteOn::Outcome(outcome) => format!("{}.{outcome}", step.node),
                RouteOn::Error => format!("{} on error", step.node),
            };
            let asks = if step.asks.is_empty() {
                String::new()
            } else {
                format!(" [{}]", step.asks.join(", "))
            };
            self.stop(&step.journey, &step.node, &format!("{how}{asks}"))
        };
        let mut locations: Vec<Value> = route.steps.iter().map(step).collect();
        locations.push(self.stop(&route.journey, &route.end, &route.end));
        json!({ "threadFlows": [{ "locations": locations }] })
    }

    /// One stop of a run, at the node where it is declared.
    fn stop(&self, journey: &str, node: &str, text: &str) -> Value {
        let found = self.program.and_then(|program| {
            let journey = program.journey_named(journey)?;
            let mut nodes = journey.graph.node_weights();
            let node = nodes
                .find(|known| *known.path == *node)
                .map(|node| node.span);
            Some(node.unwrap_or(journey.span))
        });
        let mut location = json!({
            "message": { "text": text },
            "logicalLocations": [{
                "fullyQualifiedName": format!("{journey}/{node}"),
                "kind": "member",
            }],
        });
        if let (Some(span), Some(location)) = (found, location.as_object_mut()) {
            location.insert("physicalLocation".to_owned(), self.place(span));
        }
        json!({ "location": location })
    }

    fn place(&self, span: Span) -> Value {
        json!({
            "artifactLocation": self.artifact(span),
            "region": self.region(span),
        })
    }

    fn artifact(&self, span: Span) -> Value {
        let name = self
            .sources
            .get(span.source)
            .map_or("", |source| source.name());
        let uri = uri(name);
        match self.artifacts.get(&uri) {
            Some(index) => json!({ "uri": uri, "index": index }),
            None => json!({ "uri": uri }),
        }
    }

    fn region(&self, span: Span) -> Value {
        let start = self.sources.locate(span);
        let end = self.sources.locate(span.after());
        json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        })
    }
}

/// The name of a source as a reference: relative as it was given, with what does not fit written in hex.
fn uri(name: &str) -> String {
    let mut uri = String::new();
    if name.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
