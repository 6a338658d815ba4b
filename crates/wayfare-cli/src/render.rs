//! Findings as pictures of the text around them.
//!
//! Only the lines that a finding speaks of are handed to the drawing library, each cut to a width, so that
//! neither a long file nor a long line makes a long message. The library counts columns in what it is shown,
//! so that those of its headers are put right afterwards.

use annotate_snippets::{
    AnnotationKind, Group, Level, Patch, Renderer, Snippet, renderer::DecorStyle,
};
use wayfare::{Diagnostic, LineColumn, Severity, SourceMap, Span};

/// The most bytes one drawn finding may have.
const BYTES_MAX: usize = 4 * 1_024;
/// The most characters of a source line that are shown.
const COLUMNS_MAX: usize = 120;
/// The most lines between two labels that are shown in one picture.
const LINES_MAX: usize = 200;

/// Draws one finding.
pub(crate) fn draw(diagnostic: &Diagnostic, sources: &SourceMap, colors: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let windows = windows(diagnostic, sources);
    let mut main = level
        .primary_title(diagnostic.message.as_ref())
        .id(diagnostic.code.word)
        .elements(windows.iter().map(Window::snippet));
    if let Some(reason) = &diagnostic.allowed {
        main = main.element(Level::NOTE.message(format!("allowed because {reason}")));
    }
    for note in &diagnostic.notes {
        main = main.element(Level::NOTE.message(note.as_ref()));
    }
    if let (Some(help), None) = (&diagnostic.help, &diagnostic.fix) {
        main = main.element(Level::HELP.message(help.as_ref()));
    }
    let patched = diagnostic.fix.as_ref().map(|fix| {
        (
            fix,
            Window::around(sources, &[(fix.span, String::new(), false)]),
        )
    });
    let mut groups: Vec<Group<'_>> = vec![main];
    if let Some((fix, window)) = &patched {
        let title = Level::HELP.secondary_title(fix.title.as_ref());
        groups.push(
            match window.as_ref().and_then(|w| w.patch(&fix.replacement)) {
                Some(snippet) => title.element(snippet),
                None => Group::with_title(title),
            },
        );
    }
    let renderer = if colors {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let text = renderer.decor_style(DecorStyle::Ascii).render(&groups);
    let patched = patched.and_then(|(_, window)| window);
    let places: Vec<LineColumn> = windows
        .iter()
        .chain(&patched)
        .map(|window| window.place)
        .collect();
    cut(with_columns(&text, &places))
}

/// The text with the columns of the source in its headers, which stand in the order of the places.
fn with_columns(text: &str, places: &[LineColumn]) -> String {
    let mut places = places.iter();
    let lines = text.split('\n').map(|line| {
        let numbers = header(line)?;
        let (line_number, _) = numbers.split_once(':')?;
        let place = places.next()?;
        let is_there = line_number == place.line.to_string();
        let before = line.strip_suffix(numbers).filter(|_| is_there)?;
        Some(format!("{before}{}:{}", place.line, place.column))
    });
    let lines: Vec<String> = lines
        .zip(text.split('\n'))
        .map(|(put_right, line)| put_right.unwrap_or_else(|| line.to_owned()))
        .collect();
    lines.join("\n")
}

/// Line and column at the end of a line that names a file.
fn header(line: &str) -> Option<&str> {
    let arrow = line.find("--> ").or_else(|| line.find("::: "))?;
    let (before, after) = line.split_at_checked(arrow)?;
    // Colors are all that may stand in front of the arrow.
    let is_blank = before.split('\u{1b}').enumerate().all(|(at, part)| {
        let shown = part.split_once('m').filter(|_| at > 0);
        shown.map_or(part, |(_, shown)| shown).trim().is_empty()
    });
    if !is_blank {
        return None;
    }
    let column = after.rfind(':')?;
    let start = after.get(..column)?.rfind(':')? + 1;
    let numbers = after.get(start..)?;
    let is_numbers = numbers.chars().all(|c| c == ':' || c.is_ascii_digit());
    is_numbers.then_some(numbers)
}

fn cut(mut text: String) -> String {
    if text.len() > BYTES_MAX {
        let mut end = BYTES_MAX - '…'.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The labels of a finding, put together where they are near each other.
fn windows(diagnostic: &Diagnostic, sources: &SourceMap) -> Vec<Window> {
    let mut marks = vec![(diagnostic.span, diagnostic.expected.to_string(), true)];
    marks.extend(
        diagnostic
            .labels
            .iter()
            .map(|l| (l.span, l.text.to_string(), false)),
    );
    let near = |a: Span, b: Span| {
        a.source == b.source
            && sources.locate(a).line.abs_diff(sources.locate(b).line) as usize <= LINES_MAX
    };
    let (here, elsewhere): (Vec<_>, Vec<_>) = marks
        .into_iter()
        .partition(|(span, ..)| near(*span, diagnostic.span));
    let mut windows: Vec<Window> = Window::around(sources, &here).into_iter().collect();
    windows.extend(
        elsewhere
            .into_iter()
            .filter_map(|mark| Window::around(sources, &[mark])),
    );
    windows
}

/// Some lines of a source, each cut to a width, with the places to mark in them.
struct Window {
    path: String,
    text: String,
    first_line: usize,
    /// Where the mark that the header speaks of begins.
    place: LineColumn,
    marks: Vec<(std::ops::Range<usize>, String, bool)>,
}

impl Window {
    fn around(sources: &SourceMap, marks: &[(Span, String, bool)]) -> Option<Self> {
        let (first, ..) = marks.first()?;
        let source = sources.get(first.source)?;
        let text = source.text();
        let start = marks
            .iter()
            .map(|(s, ..)| s.start as usize)
            .min()?
            .min(text.len());
        let end = marks
            .iter()
            .map(|(s, ..)| s.end as usize)
            .max()?
            .min(text.len());
        let from = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        let to = text
            .get(end..)?
            .find('\n')
            .map_or(text.len(), |at| end + at);
        let spoken_of = marks.iter().find(|(.., primary)| *primary);
        let mut window = Self {
            path: source.name().to_owned(),
            text: String::new(),
            first_line: sources
                .locate(Span {
                    start: u32::try_from(from).ok()?,
                    ..*first
                })
                .line as usize,
            place: sources.locate(spoken_of.map_or(*first, |(span, ..)| *span)),
            marks: Vec::new(),
        };
        let mut shift = Shift::default();
        for line in text.get(from..to)?.split('\n') {
            let line_start = from + shift.read;
            let kept = cut_line(line, line_start, marks);
            shift
                .lines
                .push((line_start, window.text.len(), kept.skipped, kept.end));
            window.text.push_str(&kept.text);
            window.text.push('\n');
            shift.read += line.len() + 1;
        }
        for (span, label, primary) in marks {
            let range = shift.map(span.start as usize)..shift.map(span.end as usize);
            window.marks.push((
                range.start..range.end.max(range.start),
                label.clone(),
                *primary,
            ));
        }
        Some(window)
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        Snippet::source(&self.text)
            .path(&self.path)
            .line_start(self.first_line)
            .fold(true)
            .annotations(self.marks.iter().map(|(range, label, primary)| {
                let kind = if *primary {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                let annotation = kind.span(range.clone());
                if label.is_empty() {
                    annotation
                } else {
                    annotation.label(label)
                }
            }))
    }

    fn patch<'a>(&'a self, replacement: &'a str) -> Option<Snippet<'a, Patch<'a>>> {
        let (range, ..) = self.marks.first()?;
        Some(
            Snippet::source(&self.text)
                .path(&self.path)
                .line_start(self.first_line)
                .fold(true)
                .patch(Patch::new(range.clone(), replacement)),
        )
    }
}

/// Where each byte of the shown lines stands in the window.
#[derive(Default)]
struct Shift {
    read: usize,
    /// Start in the source, start in the window, bytes left out at the front, where what is kept ends.
    lines: Vec<(usize, usize, usize, usize)>,
}

impl Shift {
    fn map(&self, offset: usize) -> usize {
        let at = self
            .lines
            .partition_point(|(start, ..)| *start <= offset)
            .saturating_sub(1);
        let Some((start, window, skipped, end)) = self.lines.get(at).copied() else {
            return 0;
        };
        let within = offset.saturating_sub(start);
        // What lies in the part that is left out at the end is shown where that part begins: a mark must
        // not end within the sign for it.
        if skipped == 0 {
            return window + within.min(end);
        }
        window + (within.saturating_sub(skipped) + '…'.len_utf8()).min(end)
    }
}

/// A line as it is shown.
struct Kept {
    text: String,
    /// How many bytes of the source were left out at the front.
    skipped: usize,
    /// Where in the text that of the source ends.
    end: usize,
}

/// Cuts a long line around the first place marked in it.
fn cut_line(line: &str, start: usize, marks: &[(Span, String, bool)]) -> Kept {
    if line.len() <= COLUMNS_MAX {
        let text = line.trim_end_matches('\r').to_owned();
        return Kept {
            end: text.len(),
            text,
            skipped: 0,
        };
    }
    let first = marks
        .iter()
        .map(|(span, ..)| span.start as usize)
        .filter(|at| (start..=start + line.len()).contains(at))
        .min()
        .map_or(0, |at| at - start);
    let mut front = first.saturating_sub(COLUMNS_MAX / 3);
    while !line.is_char_boundary(front) {
        front -= 1;
    }
    let mut text = String::from(if front == 0 { "" } else { "…" });
    text.extend(
        line.get(front..)
            .unwrap_or_default()
            .chars()
            .take(COLUMNS_MAX),
    );
    let end = text.len();
    text.push('…');
    Kept {
        text,
        skipped: front,
        end,
    }
}

#[cfg(test)]
mod tests {
    use wayfare::{Source, codes};

    use super::*;

    /// Every mark in lines that are just cut, just not cut, and cut at both ends, is drawn.
    #[test]
    fn a_mark_may_begin_and_end_anywhere_in_a_long_line() {
        for (letter, length) in [
            ("y", 119),
            ("y", 120),
            ("y", 121),
            ("y", 124),
            ("é", 126),
            ("𝄞", 130),
            ("y", 400),
        ] {
            let line = letter.repeat(length);
            for text in [line.clone(), format!("{line}\r\nx\n"), format!("a\n{line}")] {
                every_mark(&text);
            }
        }
    }

    fn every_mark(text: &str) {
        let mut sources = SourceMap::default();
        let file = sources.add(Source::new("a.journey", text));
        let near =
            |at: usize| at.is_multiple_of(7) || (110..=130).contains(&at) || text.len() - at < 6;
        let places: Vec<usize> = (0..=text.len())
            .filter(|at| text.is_char_boundary(*at) && near(*at))
            .collect();
        for (at, start) in places.iter().enumerate() {
            for end in places.iter().skip(at) {
                let span = Span::new(file, *start, *end);
                let finding = Diagnostic::new(codes::SYNTAX, span, "a mistake");
                let drawn = draw(&finding, &sources, false);
                assert!(drawn.contains("a mistake"), "{drawn}");
            }
        }
    }
}
