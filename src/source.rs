//! Texts and places in them.
//!
//! In: the text of a file and the name its author knows it by. Out: byte spans that every later pass
//! carries, and lines and columns for whoever draws a message. Nothing here reads a file: the embedder
//! brings the text.

use std::sync::Arc;

/// The number of a source within one compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(pub(crate) u32);

impl SourceId {
    /// The position of the source in its [`SourceMap`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A named text.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
}

impl Source {
    /// A text with the name that messages and imports call it by.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// The name, usually a path relative to the folder of the realm, with `/` between its parts.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A range of bytes in one source: `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The source the range lies in.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A range in `source`.
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        let cap = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            source,
            start: cap(start),
            end: cap(end.max(start)),
        }
    }

    /// The empty range at the end of this one, where a missing thing would be written.
    pub fn after(self) -> Self {
        Self {
            start: self.end,
            ..self
        }
    }

    /// The empty range at the start of this one.
    pub fn before(self) -> Self {
        Self {
            end: self.start,
            ..self
        }
    }

    /// The range from the start of this one to the end of `other`; both lie in the same source.
    pub fn to(self, other: Self) -> Self {
        Self {
            end: other.end.max(self.start),
            ..self
        }
    }

    /// The bytes of the range.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// All sources of one compilation, with a line table each.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    source: Source,
    /// The byte offset at which each line starts. Built once, so that no lookup is linear in the text.
    line_starts: Arc<[u32]>,
}

impl SourceMap {
    /// Adds a source and returns its id.
    pub fn add(&mut self, source: Source) -> SourceId {
        let id = SourceId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        let line_starts = std::iter::once(0)
            .chain(
                source
                    .text
                    .bytes()
                    .enumerate()
                    .filter(|(_, b)| *b == b'\n')
                    .map(|(i, _)| i + 1),
            )
            .map(|i| u32::try_from(i).unwrap_or(u32::MAX))
            .collect();
        self.entries.push(Entry {
            source,
            line_starts,
        });
        id
    }

    /// The source with this id.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.entries.get(id.index()).map(|e| &e.source)
    }

    /// The id of the source with this name.
    pub fn find(&self, name: &str) -> Option<SourceId> {
        let at = self.entries.iter().position(|e| e.source.name() == name)?;
        Some(SourceId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    /// All sources in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.entries
            .iter()
            .enumerate()
            .map(|(i, e)| (SourceId(u32::try_from(i).unwrap_or(u32::MAX)), &e.source))
    }

    /// The text a span covers; empty where the span does not lie in its source.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source)
            .and_then(|s| s.text().get(span.range()))
            .unwrap_or_default()
    }

    /// The line and column at which a span starts.
    pub fn locate(&self, span: Span) -> LineColumn {
        let Some(entry) = self.entries.get(span.source.index()) else {
            return LineColumn { line: 1, column: 1 };
        };
        let line = entry
            .line_starts
            .partition_point(|start| *start <= span.start)
            .max(1);
        let line_start = entry.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = entry
            .source
            .text
            .get(line_start as usize..span.start as usize)
            .map_or(0, |text| text.chars().count());
        let cap = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        LineColumn {
            line: cap(line),
            column: cap(before + 1),
        }
    }
}
