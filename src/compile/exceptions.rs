//! `allow` lines: findings become recorded exceptions, and lines that silence nothing are said.
//!
//! This runs after every other pass. An `allow` reaches the findings whose primary place lies in the item
//! it stands in: the file, the journey or fragment, or the node. An allowed error weighs as a warning and
//! carries the reason.

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    codes,
    compile::{
        context::Cx,
        unit::{Unit, UnitId},
    },
    diagnostic::{Diagnostic, Severity},
    source::{SourceId, Span},
    syntax::ast,
};

/// An `allow` line with the item it stands in.
struct Scope<'a> {
    allow: &'a ast::Allow,
    item: Span,
    is_node: bool,
    /// Whether every finding that could lie in the item had its chance.
    decided: bool,
    /// For each code, whether it silenced something.
    used: Vec<bool>,
}

/// Applies the `allow` lines of the program to everything found so far.
pub(super) fn apply(cx: &mut Cx<'_>, units: &[Unit<'_>], analysed: &BTreeSet<UnitId>) {
    let mut scopes = scopes(cx, units, analysed);
    for finding in cx.diagnostics.kept_mut() {
        if !finding.code.allowable {
            continue;
        }
        // The innermost line comes last; it is the one that speaks.
        let inside = scopes.iter_mut().filter(|scope| holds(scope, finding));
        let Some(scope) = inside.last() else {
            continue;
        };
        for (code, used) in scope.allow.codes.iter().zip(scope.used.iter_mut()) {
            *used |= code.text == finding.code.word;
        }
        finding.severity = Severity::Warning;
        finding.allowed = Some(scope.allow.reason.text.clone());
    }
    for scope in &scopes {
        check_reason(cx, scope.allow);
        check_codes(cx, scope);
    }
    cx.diagnostics.sort();
}

fn holds(scope: &Scope<'_>, finding: &Diagnostic) -> bool {
    let item = scope.item;
    item.source == finding.span.source
        && item.start <= finding.span.start
        && finding.span.end <= item.end
        && (scope.is_node || finding.code != codes::UNPROVED_SUCCESS)
        && scope
            .allow
            .codes
            .iter()
            .any(|code| code.text == finding.code.word)
}

/// Every `allow` line, outer items before those in them.
fn scopes<'a>(cx: &Cx<'a>, units: &[Unit<'a>], analysed: &BTreeSet<UnitId>) -> Vec<Scope<'a>> {
    let mut made = Vec::new();
    let open = units.iter().enumerate();
    let open = open.filter(|(at, _)| !analysed.contains(&UnitId(*at)));
    let undecided: BTreeSet<SourceId> = open.map(|(_, unit)| unit.file).collect();
    for file in cx.files {
        let whole = cx.sources.get(file.id).map_or(0, |s| s.text().len());
        let decided = !undecided.contains(&file.id);
        for item in &file.file.items {
            match item {
                ast::Item::Allow(allow) => {
                    made.push(scope(allow, Span::new(file.id, 0, whole), false, decided));
                }
                ast::Item::Policy(policy) => {
                    let allows = policy.allows.iter();
                    made.extend(allows.map(|allow| scope(allow, policy.span, false, true)));
                }
                ast::Item::Import(_)
                | ast::Item::Constant(_)
                | ast::Item::Parameter(_)
                | ast::Item::Journey(_)
                | ast::Item::Fragment(_)
                | ast::Item::Extern(_)
                | ast::Item::Test(_)
                | ast::Item::Guard(_)
                | ast::Item::Uncovered(_) => {}
            }
        }
    }
    for (at, unit) in units.iter().enumerate() {
        let decided = analysed.contains(&UnitId(at));
        let body = unit.written.body();
        for allow in &body.allows {
            made.push(scope(allow, unit.written.span(), false, decided));
        }
        let mut open: Vec<&'a ast::Node> = body.nodes.iter().rev().collect();
        while let Some(node) = open.pop() {
            for allow in &node.allows {
                made.push(scope(allow, node.span, true, decided));
            }
            open.extend(node.children.iter().rev());
        }
    }
    made
}

fn scope(allow: &ast::Allow, item: Span, is_node: bool, decided: bool) -> Scope<'_> {
    Scope {
        allow,
        item,
        is_node,
        decided,
        used: vec![false; allow.codes.len()],
    }
}

fn check_reason(cx: &mut Cx<'_>, allow: &ast::Allow) {
    if allow.reason.text.trim().is_empty() {
        let message = "this exception has no reason".to_owned();
        cx.report(
            Diagnostic::new(codes::SYNTAX, allow.reason.span, message)
                .expected("why the finding is accepted"),
        );
    }
}

fn check_codes(cx: &mut Cx<'_>, scope: &Scope<'_>) {
    let decided = scope.decided && cx.diagnostics.dropped() == 0;
    for (code, used) in scope.allow.codes.iter().zip(&scope.used) {
        let found = codes::find(&code.text);
        if found.is_none_or(|found| !found.allowable) {
            unknown(cx, code, found.is_some());
        } else if !scope.is_node && code.text == codes::UNPROVED_SUCCESS.word {
            let message = format!("`{}` can be allowed at a node only", code.text);
            cx.report(
                Diagnostic::new(codes::MISPLACED, code.span, message)
                    .expected("this line in the node whose arrow enters success"),
            );
        } else if !used && decided {
            unused(cx, scope.allow, code);
        }
    }
}

fn unknown(cx: &mut Cx<'_>, code: &ast::Name, is_code: bool) {
    let message = if is_code {
        format!("`{}` cannot be allowed", code.text)
    } else {
        format!("there is no finding `{}`", super::clip(&code.text))
    };
    let words = codes::ALL.iter().filter(|c| c.allowable).map(|c| c.word);
    let mut finding = Diagnostic::new(codes::UNKNOWN_CODE, code.span, message)
        .expected(crate::compile::outcome::list(words.clone()));
    if !is_code && let Some(meant) = cx.nearest(&code.text, words) {
        finding = finding.fix(format!("did you mean `{meant}`?"), code.span, meant);
    }
    cx.report(finding);
}

fn unused(cx: &mut Cx<'_>, allow: &ast::Allow, code: &ast::Name) {
    let message = format!(
        "nothing here is found that `allow {}` would silence",
        code.text
    );
    let mut finding = Diagnostic::new(codes::UNUSED_ALLOW, code.span, message)
        .expected("a code of a finding in this item");
    if let [_] = allow.codes.as_slice() {
        let title: Cow<'static, str> = Cow::Borrowed("take the line out");
        finding = finding.fix(title, line_of(cx, allow.span), "");
    }
    cx.report(finding);
}

/// The whole lines of an item, the newline included.
fn line_of(cx: &Cx<'_>, span: Span) -> Span {
    let text = cx.sources.get(span.source).map_or("", |s| s.text());
    let indent = cx.indent(span).map_or(0, str::len);
    let end = text
        .get(span.end as usize..)
        .and_then(|rest| rest.find('\n'))
        .map_or(span.end as usize, |at| span.end as usize + at + 1);
    let rest = text.get(span.end as usize..end).unwrap_or("");
    let end = if rest.trim().is_empty() {
        end
    } else {
        span.end as usize
    };
    Span::new(
        span.source,
        (span.start as usize).saturating_sub(indent),
        end,
    )
}
