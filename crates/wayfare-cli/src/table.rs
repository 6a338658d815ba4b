//! Columns of text under each other.
//!
//! In: a head and rows of cells. Out: lines in which each column is as wide as its widest cell, texts to the
//! left and numbers to the right. What would move the cursor of a terminal is escaped, and a long cell is cut:
//! cells may come from files of others.

use std::fmt::Write as _;

/// The most characters of a cell.
const CELL_MAX: usize = 48;

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows under a head.
#[derive(Debug)]
pub(crate) struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(head: &[(&str, Side)]) -> Self {
        Self {
            sides: head.iter().map(|(_, side)| *side).collect(),
            rows: vec![head.iter().map(|(name, _)| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row; cells without a column are left out.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().take(self.sides.len());
        self.rows
            .push(cells.map(|cell| cut(&shown(&cell), CELL_MAX)).collect());
    }

    /// The lines.
    pub(crate) fn text(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.sides.len()).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, width), side) in row.iter().zip(&widths).zip(&self.sides) {
                // Writing into a string cannot fail.
                let _ = match side {
                    Side::Left => write!(line, "{cell:<width$}  "),
                    Side::Right => write!(line, "{cell:>width$}  "),
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A text of others as a terminal may show it: control characters, and those that turn the direction of what
/// stands around them, are escaped.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The first characters of a text.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&[("journey", Side::Left), ("nodes", Side::Right)]);
        table.row(["a".to_owned(), "12345678".to_owned()]);
        table.row([
            "überlang\u{1b}[2J".to_owned(),
            "1".to_owned(),
            "left out".to_owned(),
        ]);
        assert_eq!(
            table.text(),
            "journey               nodes\n\
             a                  12345678\n\
             überlang\\u{1b}[2J         1\n"
        );
    }

    #[test]
    fn a_long_cell_is_cut() {
        let mut table = Table::new(&[("journey", Side::Left)]);
        table.row(["é".repeat(400)]);
        let text = table.text();
        let line = text.lines().nth(1).unwrap();
        assert_eq!(line.chars().count(), CELL_MAX);
        assert!(line.ends_with('…'));
    }
}
