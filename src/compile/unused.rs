//! What is declared and never used.
//!
//! Files without journeys and policies are libraries: what nobody uses of them today may be used tomorrow. A name that
//! some misspelt one was taken for is not called unused besides.

use std::collections::BTreeSet;

use crate::{
    codes,
    compile::{
        context::Cx,
        resolve::Units,
        scope::Named,
        unit::{UnitId, Written},
    },
    diagnostic::Diagnostic,
    source::{SourceId, Span},
    syntax::ast,
};

/// Whether a file has journeys or policies. One that is only imported may hold none, which is said at its import.
fn begins(file: &ast::File) -> bool {
    let mut items = file.items.iter();
    items.any(|item| matches!(item, ast::Item::Journey(_) | ast::Item::Policy(_)))
}

impl Cx<'_> {
    pub(super) fn unused(&mut self, units: &Units<'_>) {
        let mut found: Vec<(Span, String, &'static str)> = Vec::new();
        let begun: BTreeSet<SourceId> = self
            .files
            .iter()
            .filter(|file| file.root && begins(&file.file))
            .map(|file| file.id)
            .collect();
        let constants = self.constants.iter().enumerate().map(|(at, c)| {
            let means = Named::Constant(at);
            (means, &c.ast.name, c.file, c.used, "constant")
        });
        let parameters = self.parameters.iter().enumerate().map(|(at, p)| {
            let means = Named::Parameter(at);
            (means, &p.ast.name, p.file, p.used, "parameter")
        });
        for (means, name, file, used, what) in constants.chain(parameters) {
            let is_first = self.named(file, &name.text) == Some(means);
            let is_excused = self.is_excused(&name.text) || self.vague.contains(&file);
            if !used && is_first && begun.contains(&file) && !is_excused {
                found.push((name.span, name.text.clone(), what));
            }
        }
        for (at, head) in units.heads.iter().enumerate() {
            let Written::Fragment(fragment) = head.written else {
                continue;
            };
            let name = &fragment.name;
            let scope = self.scopes.get(head.file.index());
            let first = scope.and_then(|scope| scope.fragments.get(name.text.as_str()));
            let is_first = first.is_some_and(|found| found.means == UnitId(at));
            let is_excused = self.is_excused(&name.text) || self.vague.contains(&head.file);
            if !head.used && is_first && begun.contains(&head.file) && !is_excused {
                found.push((name.span, name.text.clone(), "fragment"));
            }
        }
        for (span, name, what) in found {
            self.report(
                Diagnostic::new(
                    codes::UNUSED,
                    span,
                    format!("{what} `{name}` is never used"),
                )
                .expected(format!("a {what} that something uses")),
            );
        }
        self.unused_imports();
    }

    fn is_excused(&self, name: &str) -> bool {
        self.meant.contains(name) || self.in_broken_line(name)
    }

    fn unused_imports(&mut self) {
        let bad = [codes::IMPORT_CYCLE, codes::IMPORTED_JOURNEY];
        if self.diagnostics.iter().any(|d| bad.contains(&d.code)) {
            return;
        }
        let mut found = Vec::new();
        for file in self.files {
            let Some(scope) = self.scopes.get(file.id.index()) else {
                continue;
            };
            for (at, (span, target)) in file.imports.iter().enumerate() {
                let is_used = scope.imports_used.get(at).copied().unwrap_or(true);
                let is_whole = target
                    .and_then(|t| self.file(t))
                    .is_some_and(|t| t.broken.is_empty());
                let brings = |import: Option<usize>| import == Some(at);
                let is_excused = scope
                    .values
                    .iter()
                    .map(|(name, found)| (name, found.import))
                    .chain(
                        scope
                            .fragments
                            .iter()
                            .map(|(name, found)| (name, found.import)),
                    )
                    .any(|(name, import)| brings(import) && self.is_excused(name));
                if !is_used && is_whole && !is_excused {
                    found.push(*span);
                }
            }
        }
        for span in found {
            let written = self.text(span);
            self.report(
                Diagnostic::new(
                    codes::UNUSED,
                    span,
                    format!("nothing of {} is used", super::clip(written)),
                )
                .expected("an import that something uses"),
            );
        }
    }
}
