//! Pieces of one item, and how they are laid out on lines.
//!
//! In: texts and brackets with the comments between their elements. Out: lines of at most
//! [`WIDTH`] columns where brackets can be broken, with every comment where it was.

/// The most columns of a line that can be broken.
pub(super) const WIDTH: usize = 100;

/// A part of an item.
#[derive(Debug, Clone)]
pub(super) enum Doc {
    Text(String),
    /// The lines of a text block, without their indent.
    Block(Vec<String>),
    Bracket(Bracket),
    Row(Vec<Doc>),
}

/// What stands between an opening and a closing bracket.
#[derive(Debug, Clone, Default)]
pub(super) struct Bracket {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// Whether a blank stands inside the brackets of a line.
    pub(super) is_padded: bool,
    /// Whether the brackets may be broken to fit; an expression is broken by its comments only.
    pub(super) is_breakable: bool,
    pub(super) elements: Vec<Element>,
    /// Comments after the last element.
    pub(super) dangling: Vec<String>,
}

/// One element, with the comments that stand with it.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) lead: Vec<String>,
    pub(super) doc: Doc,
    pub(super) has_comma: bool,
    pub(super) trail: Option<String>,
}

impl Doc {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The part on one line; nothing where a comment or a text block forbids that.
    pub(super) fn flat(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Block(_) => None,
            Self::Row(parts) => parts.iter().map(Self::flat).collect(),
            Self::Bracket(bracket) => bracket.flat(),
        }
    }

    /// Whether the part has a comment in it.
    pub(super) fn has_comments(&self) -> bool {
        match self {
            Self::Text(_) | Self::Block(_) => false,
            Self::Row(parts) => parts.iter().any(Self::has_comments),
            Self::Bracket(bracket) => {
                !bracket.dangling.is_empty()
                    || bracket
                        .elements
                        .iter()
                        .any(|e| !e.lead.is_empty() || e.trail.is_some() || e.doc.has_comments())
            }
        }
    }

    /// Whether breaking can make a line shorter.
    fn is_breakable(&self) -> bool {
        match self {
            Self::Text(_) | Self::Block(_) => false,
            Self::Row(parts) => parts.iter().any(Self::is_breakable),
            // A single text is not made shorter by a line of its own.
            Self::Bracket(bracket) => {
                bracket.is_breakable
                    && (bracket.elements.len() > 1
                        || bracket.elements.iter().any(|e| e.doc.is_breakable()))
            }
        }
    }

    /// The part after `out`, which stands at `indent`; `tail` columns follow it on its last line.
    pub(super) fn render(&self, indent: usize, tail: usize, out: &mut String) {
        if let Some(flat) = self.flat() {
            let fits = column(out) + flat.chars().count() + tail <= WIDTH;
            if fits || !self.is_breakable() || flat.contains('\n') {
                out.push_str(&flat);
                return;
            }
        }
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Block(lines) => {
                out.push_str("\"\"\"");
                for line in lines {
                    new_line(indent + 2, out);
                    if line.is_empty() {
                        out.truncate(out.trim_end_matches(' ').len());
                    }
                    out.push_str(line);
                }
                new_line(indent, out);
                out.push_str("\"\"\"");
            }
            Self::Row(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    let rest: usize = parts
                        .iter()
                        .skip(at + 1)
                        .map(|part| part.flat().map_or(0, |flat| flat.chars().count()))
                        .sum();
                    part.render(indent, rest + tail, out);
                }
            }
            Self::Bracket(bracket) => bracket.broken(indent, out),
        }
    }
}

impl Bracket {
    fn flat(&self) -> Option<String> {
        if !self.dangling.is_empty() {
            return None;
        }
        let mut inside = String::new();
        for (at, element) in self.elements.iter().enumerate() {
            if !element.lead.is_empty() || element.trail.is_some() {
                return None;
            }
            inside.push_str(&element.doc.flat()?);
            if at + 1 < self.elements.len() {
                inside.push_str(if element.has_comma { ", " } else { " " });
            }
        }
        let pad = if self.is_padded && !inside.is_empty() {
            " "
        } else {
            ""
        };
        Some(format!("{}{pad}{inside}{pad}{}", self.open, self.close))
    }

    /// One element a line, a comma after each.
    fn broken(&self, indent: usize, out: &mut String) {
        out.push_str(self.open);
        for element in &self.elements {
            for comment in &element.lead {
                new_line(indent + 2, out);
                out.push_str(comment);
            }
            new_line(indent + 2, out);
            element
                .doc
                .render(indent + 2, usize::from(element.has_comma), out);
            if element.has_comma {
                out.push(',');
            }
            if let Some(comment) = &element.trail {
                out.push(' ');
                out.push_str(comment);
            }
        }
        for comment in &self.dangling {
            new_line(indent + 2, out);
            out.push_str(comment);
        }
        new_line(indent, out);
        out.push_str(self.close);
    }
}

fn new_line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// How many columns the last line has.
pub(super) fn column(text: &str) -> usize {
    text.rsplit('\n').next().unwrap_or_default().chars().count()
}
