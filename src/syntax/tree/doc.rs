//! Doc comments, found from the items they document.

use crate::{
    source::{SourceId, Span},
    syntax::{
        ast::Doc,
        scan::{Comment, CommentKind},
        tree::Tree,
    },
};

impl Tree<'_> {
    /// The doc comment that stands before an item.
    pub(super) fn doc(&self, item: Span) -> Option<Doc> {
        let comments = &self.scan.comments;
        let mut until = item.start as usize;
        let mut at = comments.partition_point(|c| c.start < until);
        let mut lines: Vec<&Comment> = Vec::new();
        while let Some(comment) = at.checked_sub(1).and_then(|n| comments.get(n)) {
            let between = self.text.get(comment.end..until).unwrap_or("x");
            if !comment.own_line || !between.trim().is_empty() {
                break;
            }
            if comment.kind == CommentKind::Doc {
                lines.push(comment);
            }
            until = comment.start;
            at -= 1;
        }
        lines.reverse();
        joined(self.text, self.id, &lines)
    }
}

/// The `//!` lines before the first item.
pub(super) fn file_doc(text: &str, id: SourceId, comments: &[Comment]) -> Option<Doc> {
    let mut from = 0;
    let mut lines = Vec::new();
    for comment in comments {
        let between = text.get(from..comment.start).unwrap_or("x");
        if !between
            .trim_matches(['\u{FEFF}', ' ', '\t', '\r', '\n'])
            .is_empty()
        {
            break;
        }
        if comment.kind == CommentKind::FileDoc {
            lines.push(comment);
        }
        from = comment.end;
    }
    joined(text, id, &lines)
}

fn joined(text: &str, id: SourceId, lines: &[&Comment]) -> Option<Doc> {
    let (first, last) = (lines.first()?, lines.last()?);
    let body: Vec<&str> = lines
        .iter()
        .map(|c| {
            let line = text.get(c.start + 3..c.end).unwrap_or_default();
            line.strip_prefix(' ').unwrap_or(line)
        })
        .collect();
    Some(Doc {
        text: body.join("\n"),
        span: Span::new(id, first.start, last.end),
    })
}
