//! Blocks while they are read: which brace opens what, which is missing, and what is said of it when all is
//! known.

use crate::{
    codes,
    diagnostic::Diagnostic,
    source::Span,
    syntax::{
        ast::Arm,
        tree::{
            Frame, Mark, MarkKind, Tree,
            owner::{Owner, note_end, note_open},
        },
    },
};

impl Tree<'_> {
    pub(super) fn mark(&mut self, kind: MarkKind, start: usize) {
        // What shares its line with another item says nothing about indentation.
        let indent = if self.starts_line(start) {
            self.indent(start)
        } else if kind == MarkKind::Close {
            usize::MAX
        } else {
            return;
        };
        self.marks.push(Mark {
            kind,
            start,
            indent,
        });
    }

    pub(super) fn await_block(&mut self, owner: Owner, head: Span) {
        self.pending = Some(Frame {
            owner,
            head,
            indent: self.indent(head.start as usize),
            blamed: false,
            early: None,
            deferred: None,
        });
    }

    pub(super) fn open_block(&mut self, span: Span, is_late: bool) {
        let Some(mut frame) = self.pending.take() else {
            self.reader.report(
                Diagnostic::new(codes::SYNTAX, span, "this `{` has no head")
                    .expected("`node name: Type {` or another head before it"),
            );
            self.open.push(Frame {
                owner: Owner::Stray,
                head: span,
                indent: self.indent(span.start as usize),
                blamed: true,
                early: None,
                deferred: None,
            });
            return;
        };
        if is_late {
            self.late_brace(&frame, span);
        }
        note_open(&mut frame.owner, span);
        if let Owner::Node(node) = &mut frame.owner {
            node.open = Some(span);
            if let Some(Arm::Only(arrow)) = node.arms.first() {
                let finding = Diagnostic::new(
                    codes::SYNTAX,
                    span,
                    format!("`{}` has an arrow and a block", node.name.text),
                )
                .expected("either `-> target` on the line of the node, or arrows in the block")
                .label(arrow.span, "the arrow");
                self.reader.report(finding);
            }
        }
        self.marks.push(Mark {
            kind: MarkKind::Head(frame.head),
            start: frame.head.start as usize,
            indent: frame.indent,
        });
        self.open.push(frame);
    }

    /// The brace of a head stands on a line of its own.
    fn late_brace(&mut self, frame: &Frame, span: Span) {
        let finding = Diagnostic::new(codes::SYNTAX, span, "`{` stands on a line of its own")
            .expected("`{` at the end of the line it belongs to")
            .label(frame.head, "this line");
        let end = self.last_end;
        let gap = Span::new(self.id, end, span.start as usize);
        let is_blank = self.reader.text_of(gap).trim().is_empty();
        self.reader.report(if is_blank {
            finding.fix(
                "move it up",
                Span::new(self.id, end, span.end as usize),
                " {",
            )
        } else {
            finding
        });
    }

    /// Decides about a head that no brace has followed.
    pub(super) fn settle(&mut self) {
        let Some(mut frame) = self.pending.take() else {
            return;
        };
        match &frame.owner {
            Owner::Node(_) | Owner::Extern(_) => self.attach(frame.owner),
            Owner::Stray => {}
            Owner::Journey(_)
            | Owner::Fragment(_)
            | Owner::Policy(_)
            | Owner::Test(_)
            | Owner::Guard(_)
            | Owner::Repeat(_) => {
                let end = Span::new(self.id, self.last_end, self.last_end);
                self.reader.report(
                    Diagnostic::new(codes::SYNTAX, frame.head, "this line opens no block")
                        .expected("`{` at its end")
                        .fix("add `{`", end, " {"),
                );
                frame.blamed = true;
                self.open.push(frame);
            }
        }
    }

    pub(super) fn close_block(&mut self, span: Span) {
        self.mark(MarkKind::Close, span.start as usize);
        let place = self.place();
        let Some(mut frame) = self.open.pop() else {
            self.reader.report(
                Diagnostic::new(codes::SYNTAX, span, "this `}` closes nothing").fix(
                    "remove it",
                    span,
                    "",
                ),
            );
            return;
        };
        self.say_deferred(&mut frame);
        if let Some((brace, _)) = frame.early {
            self.reader.report(
                Diagnostic::new(codes::SYNTAX, brace, "this `}` closes the block too early")
                    .label(span, "here is the end")
                    .fix("remove it", brace, ""),
            );
            return;
        }
        note_end(&mut frame.owner, span);
        self.attach(frame.owner);
        self.closed = Some((span, place));
    }

    fn say_deferred(&mut self, frame: &mut Frame) {
        if let Some((before, finding)) = frame.deferred.take()
            && before == self.reader.findings.len()
        {
            self.reader.report(finding);
        }
    }

    /// Closes whatever is open, before an item of the top or at the end of the file.
    pub(super) fn close_all(&mut self, at: usize) {
        let missing: Vec<Span> = self
            .open
            .iter()
            .filter(|frame| !frame.blamed && frame.early.is_none())
            .map(|frame| frame.head)
            .collect();
        for (_, first) in self.open.iter().filter_map(|frame| frame.early) {
            self.reader.report(
                Diagnostic::new(
                    codes::MISPLACED,
                    first,
                    "this line stands outside its block",
                )
                .expected("an item of the top: `journey`, `fragment`, `let`, …"),
            );
        }
        let is_plain = missing.len() == self.open.len();
        self.report_unclosed(&missing, is_plain, at);
        while let Some(mut frame) = self.open.pop() {
            self.say_deferred(&mut frame);
            let end = Span::new(self.id, self.last_end, self.last_end);
            note_end(&mut frame.owner, end);
            self.attach(frame.owner);
        }
        self.marks.clear();
    }

    fn report_unclosed(&mut self, missing: &[Span], is_plain: bool, at: usize) {
        let Some(first) = missing.first() else {
            return;
        };
        let guessed = if is_plain { self.guess() } else { Vec::new() };
        if guessed.len() == missing.len() {
            for (head, indent, before) in guessed {
                let line = Span::new(self.id, before, before);
                let brace = format!("{}}}\n", " ".repeat(indent));
                self.reader.report(
                    Diagnostic::new(codes::UNCLOSED, head, "this block is not closed")
                        .expected("`}` at its end")
                        .label(line, "before this line, by its indentation")
                        .fix("add `}`", line, brace),
                );
            }
            return;
        }
        let end = Span::new(self.id, at, at);
        let starts_line = self.text.get(..at).is_none_or(|t| t.ends_with('\n'));
        let lead = if starts_line { "" } else { "\n" };
        let braces = format!("{lead}{}", "}\n".repeat(missing.len()));
        self.reader.report(
            Diagnostic::new(codes::UNCLOSED, *first, "this block is not closed")
                .expected("`}` at its end")
                .fix("add `}`", end, braces),
        );
    }

    /// The heads whose brace is missing, by indentation: each with its indent and the start of the line
    /// before which the brace belongs.
    fn guess(&self) -> Vec<(Span, usize, usize)> {
        let mut open: Vec<(Span, usize)> = Vec::new();
        let mut found = Vec::new();
        for mark in &self.marks {
            let is_close = mark.kind == MarkKind::Close;
            while let Some((head, indent)) = open.last().copied() {
                let is_over = if is_close {
                    mark.indent < indent
                } else {
                    mark.indent <= indent
                };
                if !is_over || mark.indent == usize::MAX {
                    break;
                }
                found.push((head, indent, self.line_start(mark.start)));
                open.pop();
            }
            match mark.kind {
                MarkKind::Head(head) => open.push((head, mark.indent)),
                MarkKind::Close => {
                    open.pop();
                }
                MarkKind::Line => {}
            }
        }
        // What is still open ends below its last line.
        let end = self.line_below(self.last_end);
        for (head, indent) in open.into_iter().rev() {
            found.push((head, indent, end));
        }
        found
    }
}
