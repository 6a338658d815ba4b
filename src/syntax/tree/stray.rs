//! Lines that fit nothing, and what stands at the ends of lines that fit.

use crate::{
    codes,
    diagnostic::{Diagnostic, Diagnostics},
    source::Span,
    syntax::{
        item::{Inner as _, Pair},
        literal::clip,
        recover::{self, Budget, Line},
        tree::{Beside, Owner, Place, Tree, first_word},
    },
};

impl<'a> Tree<'a> {
    /// A line that fits nothing.
    pub(super) fn stray(&mut self, pair: Pair<'_>, span: Span) {
        let end = pair.as_span().end();
        let mut inner = pair.inner();
        let Some(text) = inner.next() else {
            return;
        };
        let has_block = inner.next().is_some();
        let text_span = self.reader.span(&text);
        let text = self.reader.text_of(text_span);
        let start = text_span.start as usize;
        if self.dangling == Some(self.line_start(start)) && is_word(text) {
            self.dangling = None;
            return;
        }
        self.dangling = text.ends_with("->").then(|| self.line_below(end));
        let is_first = first_word(text);
        let closes = self.starts_line(start)
            && TOP_WORDS.contains(&is_first)
            && self
                .open
                .first()
                .is_some_and(|frame| self.indent(start) <= frame.indent);
        if closes {
            let at = self.line_below(self.last_end);
            self.close_all(at);
        }
        let reach = start..=end;
        let is_blamed = self
            .scan
            .diagnostics
            .iter()
            .any(|d| reach.contains(&(d.span.start as usize)));
        if self.reader.findings.len() >= Diagnostics::KEPT_MAX {
            self.budget = Budget::NONE;
        }
        let mut deferred = None;
        if !is_blamed {
            let line = Line {
                text,
                has_block,
                place: self.place(),
                next: self.next_word(end),
            };
            let finding = recover::explain(line, text_span, &mut self.budget);
            // Of a record that did not read, the line in it that is wrong says more.
            if has_block && text.ends_with('=') {
                deferred = Some((self.reader.findings.len(), finding));
            } else {
                self.reader.report(finding);
            }
        }
        if has_block {
            self.await_block(Owner::Stray, text_span);
            if let Some(frame) = &mut self.pending {
                frame.deferred = deferred;
            }
            self.open_block(span.after(), false);
        }
    }

    /// The word that stands alone on the line below, and the bytes before it.
    fn next_word(&self, at: usize) -> Option<(usize, &'a str)> {
        let rest = self.text.get(at..self.line_below(self.line_below(at)))?;
        let word = rest.trim();
        let gap = rest.len() - rest.trim_start().len();
        (is_word(word) && rest.get(..gap)?.contains('\n')).then_some((gap, word))
    }

    // ---- ends of lines -------------------------------------------------------------------------------

    /// What stands behind an item and ends it: a comma between two settings or two arms of a node that share
    /// a line, else something that has no place there.
    pub(super) fn terminator(&mut self, span: Span) {
        let is_comma = self.reader.text_of(span) == "," && !self.is_last(span.end as usize);
        match self.last_item {
            Some(kind)
                if is_comma
                    && (self.place() == Place::Node
                        || self.place() == Place::Body && kind == Beside::Setting) =>
            {
                self.comma = Some((span, kind));
            }
            _ => self.terminated(span),
        }
    }

    /// Whether no further item stands on the line.
    fn is_last(&self, at: usize) -> bool {
        let rest = self.text.get(at..self.line_below(at)).unwrap_or_default();
        let after = rest.trim_start_matches([' ', '\t']);
        after.trim_end().is_empty() || after.starts_with("//") || after.starts_with('}')
    }

    /// Says that an item needs nothing at its end.
    pub(super) fn terminated(&mut self, span: Span) {
        let at = span.end as usize;
        let rest = self.text.get(at..self.line_below(at)).unwrap_or_default();
        let after = rest.trim_start_matches([' ', '\t']);
        let is_last = self.is_last(at);
        let finding = Diagnostic::new(
            codes::SYNTAX,
            span,
            format!(
                "an item ends with its line, without `{}`",
                clip(self.reader.text_of(span))
            ),
        );
        self.reader.report(if is_last {
            finding.fix("remove it", span, "")
        } else {
            let blanks = rest.len() - after.len();
            let edit = Span::new(self.id, span.start as usize, at + blanks);
            let indent = " ".repeat(self.indent(at));
            finding.fix("begin a new line", edit, format!("\n{indent}"))
        });
    }

    pub(super) fn crowded(&mut self, at: usize) {
        if self
            .crowded
            .first()
            .is_some_and(|first| self.line_start(*first) != self.line_start(at))
        {
            self.report_crowded();
        }
        self.crowded.push(at);
    }

    /// One finding for all items that share a line, and one edit that gives each its own.
    pub(super) fn report_crowded(&mut self) {
        /// The most items of a line that an edit takes apart.
        const MOST: usize = 32;
        let crowded = std::mem::take(&mut self.crowded);
        let (Some(first), Some(last)) = (crowded.first(), crowded.last()) else {
            return;
        };
        let here = Span::new(self.id, *first, *first);
        let finding = Diagnostic::new(codes::SYNTAX, here, "a second item stands on this line")
            .expected("one item a line");
        if crowded.len() > MOST {
            self.reader.report(finding);
            return;
        }
        let indent = format!("\n{}", " ".repeat(self.indent(*first).min(80) + 2));
        let mut apart = String::new();
        for (n, at) in crowded.iter().enumerate() {
            apart.push_str(&indent);
            let until = crowded.get(n + 1).unwrap_or(at);
            apart.push_str(self.text.get(*at..*until).unwrap_or_default().trim_end());
        }
        let edit = Span::new(self.id, *first, *last);
        self.reader
            .report(finding.fix("begin a new line", edit, apart));
    }
}

/// The words that begin an item of the top, and so end what was left open above.
const TOP_WORDS: [&str; 9] = [
    "import", "let", "param", "journey", "fragment", "extern", "policy", "test", "guard",
];

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
