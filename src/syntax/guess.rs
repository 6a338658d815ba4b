//! The slips that people make, each with the edit that would mend it.
//!
//! In: a stray line. Out: guesses, the likeliest first. Nothing here decides: `recover` tries each edit.

use std::ops::Range;

use crate::{
    codes,
    diagnostic::Code,
    spelling,
    syntax::{
        item::RESERVED,
        literal::clip,
        piece::{Piece, PieceKind, pieces},
        recover::{Guess, Line, Place},
    },
};

/// The words that begin a line, by the kind of block.
fn openers(place: Place) -> &'static [&'static str] {
    match place {
        Place::Top => &[
            "journey", "fragment", "import", "let", "param", "extern", "policy", "test", "guard",
            "allow",
        ],
        Place::Body => &["node", "start", "ensure", "on", "allow"],
        Place::Node => &["when", "else", "node", "on", "allow"],
        Place::Extern => &[
            "asks", "reads", "writes", "proves", "suspends", "calls", "runs",
        ],
        Place::Policy => &["actions", "subjects", "ttl", "when", "require", "allow"],
        Place::Test => &[
            "given", "answer", "reply", "expect", "advance", "resume", "repeat",
        ],
        Place::Guard => &["ensure"],
        Place::Any => &["when", "else", "node", "start", "ensure", "on", "allow"],
    }
}

/// What other languages call the words that begin a line.
const SYNONYMS: [(&str, &str); 45] = [
    ("tree", "journey"),
    ("flow", "journey"),
    ("workflow", "journey"),
    ("process", "journey"),
    ("subflow", "fragment"),
    ("macro", "fragment"),
    ("function", "fragment"),
    ("fn", "fragment"),
    ("def", "fragment"),
    ("include", "import"),
    ("use", "import"),
    ("require", "import"),
    ("const", "let"),
    ("var", "let"),
    ("val", "let"),
    ("parameter", "param"),
    ("input", "param"),
    ("external", "extern"),
    ("declare", "extern"),
    ("state", "node"),
    ("step", "node"),
    ("stage", "node"),
    ("task", "node"),
    ("begin", "start"),
    ("entry", "start"),
    ("initial", "start"),
    ("assert", "ensure"),
    ("require", "ensure"),
    ("guarantee", "ensure"),
    ("if", "when"),
    ("case", "when"),
    ("elif", "when"),
    ("elsif", "when"),
    ("elseif", "when"),
    ("otherwise", "else"),
    ("default", "else"),
    ("ignore", "allow"),
    ("suppress", "allow"),
    ("import_from", "import"),
    ("assert", "expect"),
    ("then", "expect"),
    ("wait", "advance"),
    ("sleep", "advance"),
    ("enter", "answer"),
    ("scenario", "test"),
];

/// The words that stand within a line.
const INNER: [&str; 27] = [
    "because", "every", "path", "to", "passes", "or", "never", "after", "at", "most", "visits",
    "of", "proof", "any", "as", "has", "in", "error", "nothing", "out", "on", "success", "failure",
    "true", "false", "journey", "null",
];

/// What other languages write within a line, and what is meant.
const SIGNS: [(&str, &str); 24] = [
    ("pass", "passes"),
    ("via", "passes"),
    ("through", "passes"),
    ("visit", "visits"),
    ("=>", "->"),
    ("-->", "->"),
    ("~>", "->"),
    ("->>", "->"),
    (">>", "->"),
    ("|>", "->"),
    ("then", "->"),
    ("goto", "->"),
    ("===", "=="),
    ("!==", "!="),
    ("<>", "!="),
    ("=<", "<="),
    ("=>", ">="),
    ("and", "&&"),
    ("or", "||"),
    ("AND", "&&"),
    ("OR", "||"),
    ("&", "&&"),
    (":=", "="),
    ("is", "=="),
];

/// All guesses about a line, the likeliest first.
pub(super) fn all(line: Line<'_>) -> Vec<Guess> {
    let pieces = pieces(line.text);
    let mut found = Vec::new();
    comment(line, &pieces, &mut found);
    open_text(&pieces, &mut found);
    first_word(line, &pieces, &mut found);
    signs(&pieces, &mut found);
    missing_target(line, &pieces, &mut found);
    heads(&pieces, &mut found);
    settings(&pieces, &mut found);
    brackets(line, &pieces, &mut found);
    quotes(line, &pieces, &mut found);
    inner_words(&pieces, &mut found);
    missing_signs(&pieces, &mut found);
    surplus(&pieces, &mut found);
    found
}

/// What is missing where no edit can supply it: the place, what is wrong, and what was expected.
pub(super) fn hopeless(line: Line<'_>) -> Option<(Range<usize>, String, &'static str)> {
    let pieces = pieces(line.text);
    let first = pieces.first()?;
    let last = pieces.last()?;
    let at = last.range();
    let (message, expected) = match (first.text, pieces.len()) {
        ("node", 1) => (
            "this node has no name and no type".to_owned(),
            "`node name: Type`",
        ),
        ("node", _) if last.is(":") || pieces.len() == 2 => {
            ("this node has no type".to_owned(), "`node name: Type`")
        }
        ("node", _) if last.is("journey") => {
            ("the inner journey has no name".to_owned(), "`journey name`")
        }
        ("start", 1) => ("`start` names no node".to_owned(), "`start name`"),
        ("journey", 1) => ("this journey has no name".to_owned(), "`journey name {`"),
        ("fragment", _) if !pieces.iter().any(|p| p.is("->")) => (
            "this fragment has no exits".to_owned(),
            "`-> exit | exit` before the block",
        ),
        ("extern", _) if !pieces.iter().any(|p| p.is("->")) => (
            "this type has no outcomes".to_owned(),
            "`extern Name \"WireName\" -> outcome | outcome`",
        ),
        ("allow", _) if !pieces.iter().any(|p| p.is("because")) => (
            "this exception has no reason".to_owned(),
            "`because \"…\"` after the codes",
        ),
        ("import", _) => (
            "this import names no file".to_owned(),
            "`import \"file.journey\"`",
        ),
        ("when", _) if pieces.get(1).is_some_and(|p| p.is("->")) => (
            "this guard has no condition".to_owned(),
            "`when expression -> target`",
        ),
        ("when", _) if !pieces.iter().any(|p| p.is("->")) => (
            "this guard leads nowhere".to_owned(),
            "`-> target` after the condition",
        ),
        ("ensure", _) => (
            "this property is not one of the known forms".to_owned(),
            "`every path to … passes …`, `never … after …`, `at most N visits of …` or `… at …`",
        ),
        _ if last.is("=") => ("this setting has no value".to_owned(), "a value after `=`"),
        _ => return None,
    };
    let at = if first.text == "ensure" {
        first.start..last.end()
    } else {
        at
    };
    Some((at, message, expected))
}

// ---- the guesses ---------------------------------------------------------------------------------------

fn guess(
    code: Code,
    at: Range<usize>,
    message: String,
    expected: &str,
    edit: Range<usize>,
    replacement: &str,
) -> Guess {
    let title = if replacement.is_empty() {
        "remove it".to_owned()
    } else if replacement.trim().is_empty() {
        "put a blank".to_owned()
    } else if edit.is_empty() {
        format!("add `{}`", clip(replacement.trim()))
    } else {
        format!("write `{}`", clip(replacement.trim()))
    };
    Guess {
        code,
        at,
        message,
        expected: expected.to_owned(),
        title,
        edit,
        replacement: replacement.to_owned(),
    }
}

fn instead(piece: Range<usize>, written: &str, meant: &str) -> Guess {
    guess(
        codes::SYNTAX,
        piece.clone(),
        format!("`{}` has no meaning here", clip(written)),
        &format!("`{meant}`"),
        piece,
        meant,
    )
}

fn comment(line: Line<'_>, pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    for piece in pieces {
        let is_mark = piece.is("#")
            || piece.start == 0 && (piece.is("--") || piece.is("/*") || piece.is("*"));
        if is_mark {
            found.push(guess(
                codes::SYNTAX,
                piece.range(),
                format!("`{}` does not begin a comment", piece.text),
                "`//`",
                piece.range(),
                "//",
            ));
        }
    }
    if let Some(start) = line.text.find("/*") {
        let at = start..start + 2;
        found.push(guess(
            codes::SYNTAX,
            at.clone(),
            "`/*` does not begin a comment".to_owned(),
            "`//`",
            at,
            "//",
        ));
    }
}

/// A string that its line does not close.
fn open_text(pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    let Some(open) = pieces.iter().find(|p| p.kind == PieceKind::OpenText) else {
        return;
    };
    let text = open.text;
    let mut ends: Vec<usize> = Vec::new();
    let whole = text.trim_end().len();
    let without = text.trim_end_matches([' ', ')', ']', '}', ',', '{']).len();
    if without < whole {
        // From the inside out, since how many brackets belong to the text is not known.
        let tail = text.get(without..whole).unwrap_or_default();
        ends.push(without);
        for (at, c) in tail.char_indices() {
            if c != ' ' {
                ends.push(without + at + 1);
            }
        }
    }
    for sign in [" ->", ") ->", " = ", ", "] {
        ends.extend(text.rfind(sign));
    }
    ends.push(whole);
    for end in ends {
        if end == 0 {
            continue;
        }
        let at = open.start + end;
        let mut found_here = guess(
            codes::UNCLOSED,
            open.start..open.start + whole,
            "this string is not closed".to_owned(),
            "`\"` at its end",
            at..at,
            "\"",
        );
        "close the string".clone_into(&mut found_here.title);
        found.push(found_here);
    }
}

fn first_word(line: Line<'_>, pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    let Some(first) = pieces.first().filter(|p| p.kind == PieceKind::Word) else {
        return;
    };
    let word = |range: Range<usize>, written: &str, meant: &str| {
        guess(
            codes::SYNTAX,
            range.clone(),
            format!("`{}` does not begin an item", clip(written)),
            &format!("`{meant}`"),
            range,
            meant,
        )
    };
    if let Some(second) = pieces.get(1) {
        if first.is("else") && second.is("if") {
            found.push(word(first.start..second.end(), "else if", "when"));
        }
        if first.is("on") && second.kind == PieceKind::Word && !second.is("error") {
            found.push(word(
                first.start..second.end(),
                &format!("on {}", second.text),
                "on error",
            ));
        }
    }
    if ["onerror", "on_error", "onError"].contains(&first.text) {
        found.push(word(first.range(), first.text, "on error"));
    }
    let openers = openers(line.place);
    for (written, meant) in SYNONYMS {
        if first.is(written) && openers.contains(&meant) {
            found.push(word(first.range(), written, meant));
        }
    }
    if !openers.contains(&first.text) {
        let mut near: Vec<&str> = openers.to_vec();
        while let Some(meant) = spelling::nearest(first.text, near.iter().copied()) {
            found.push(word(first.range(), first.text, meant));
            near.retain(|word| *word != meant);
        }
    }
    // `nodecheck: Type`, `startcredentials`
    for opener in openers {
        if let Some(rest) = first.text.strip_prefix(opener)
            && !rest.is_empty()
        {
            let at = first.start + opener.len();
            found.push(guess(
                codes::SYNTAX,
                first.range(),
                format!("`{}` does not begin an item", clip(first.text)),
                "a blank after the first word",
                at..at,
                " ",
            ));
        }
    }
}

/// Signs of other languages, and an arrow that is written apart.
fn signs(pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    for (at, piece) in pieces.iter().enumerate() {
        if let Some(next) = pieces.get(at + 1)
            && piece.is("-")
            && next.text.starts_with('>')
        {
            let range = piece.start..next.start + 1;
            found.push(guess(
                codes::SYNTAX,
                range.clone(),
                "the arrow is written apart".to_owned(),
                "`->`",
                range,
                "->",
            ));
        }
        for (written, meant) in SIGNS {
            if piece.is(written) {
                found.push(instead(piece.range(), written, meant));
            }
        }
        if piece.is("not") {
            let end = pieces.get(at + 1).map_or(piece.end(), |next| next.start);
            found.push(instead(piece.start..end, "not", "!"));
        }
        if piece.is("||") || piece.is(",") || piece.is("or") || piece.is("/") {
            found.push(guess(
                codes::SYNTAX,
                piece.range(),
                format!("outcomes are not separated by `{}`", piece.text),
                "`|`",
                piece.range(),
                "|",
            ));
        }
        if piece.is("=") {
            found.push(guess(
                codes::SYNTAX,
                piece.range(),
                "`=` does not compare".to_owned(),
                "`==`",
                piece.range(),
                "==",
            ));
        }
        if piece.is("|") {
            found.push(instead(piece.range(), "|", "||"));
        }
    }
}

fn missing_target(line: Line<'_>, pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    let semicolon = pieces.last().filter(|p| p.is(";"));
    let before = pieces.iter().rev().nth(usize::from(semicolon.is_some()));
    let Some(last) = before.filter(|p| p.is("->")) else {
        return;
    };
    let message = "this arrow has no target".to_owned();
    if let Some((gap, word)) = line.next {
        let end = last.end();
        let mut joined = guess(
            codes::SYNTAX,
            last.range(),
            message,
            "the target on the line of the arrow",
            end..end + gap + word.len(),
            &format!(" {word}"),
        );
        "bring the target up".clone_into(&mut joined.title);
        found.push(joined);
        return;
    }
    let end = last.end();
    found.push(guess(
        codes::SYNTAX,
        last.range(),
        message,
        "the name of a node, `success` or `failure`",
        end..semicolon.map_or(end, Piece::end),
        " failure",
    ));
}

/// `node`, `on error`, `else` and `start` with a sign left out or another in its place.
fn heads(pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    let at = |n: usize| pieces.get(n).copied();
    let put = |edit: Range<usize>, sign: &str, what: &str| {
        guess(
            codes::SYNTAX,
            edit.clone(),
            format!("{what} is missing"),
            &format!("`{}`", sign.trim()),
            edit,
            sign,
        )
    };
    match at(0).map(|p| p.text) {
        Some("node" | "param") => {
            if let (Some(name), Some(next)) = (at(1), at(2)) {
                if next.kind == PieceKind::Sign {
                    found.push(instead(next.range(), next.text, ":"));
                }
                found.push(put(name.end()..name.end(), ":", "the `:` before the type"));
            }
        }
        Some("start") => {
            if let Some(sign) = at(1).filter(|p| p.kind == PieceKind::Sign) {
                let end = at(2).map_or(sign.end(), |p| p.start);
                let start = at(0).map_or(0, |p| p.end());
                found.push(guess(
                    codes::SYNTAX,
                    sign.range(),
                    format!("`start` takes no `{}`", sign.text),
                    "the name of the first node",
                    start..end,
                    " ",
                ));
            }
        }
        Some("else") => {
            if let Some(next) = at(1) {
                found.push(put(next.start..next.start, "-> ", "the arrow"));
                if next.kind == PieceKind::Sign {
                    found.push(instead(next.range(), next.text, "->"));
                }
            }
        }
        Some("on") => {
            if let Some(next) = at(2) {
                found.push(put(next.start..next.start, "-> ", "the arrow"));
                if next.kind == PieceKind::Sign {
                    found.push(instead(next.range(), next.text, "->"));
                }
            }
        }
        Some("when") => {
            for piece in pieces.iter().filter(|p| p.is(":") || p.is("?")) {
                found.push(instead(piece.range(), piece.text, "->"));
            }
            if let Some(last) = pieces.last().filter(|_| pieces.len() > 2) {
                found.push(put(last.start..last.start, "-> ", "the arrow"));
            }
        }
        Some("allow") => {
            if let Some(text) = pieces.iter().find(|p| p.kind == PieceKind::Text) {
                found.push(put(text.start..text.start, "because ", "`because`"));
            }
        }
        Some(_) | None => {}
    }
}

/// `key: value`, `key == value`, `key value`.
fn settings(pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    for (n, piece) in pieces.iter().enumerate() {
        let is_answer = pieces.first().is_some_and(|first| first.is("answer"));
        if piece.is(":") || piece.is("==") || piece.is(":=") || is_answer && piece.is("->") {
            found.push(guess(
                codes::SYNTAX,
                piece.range(),
                format!("`{}` does not set a value", piece.text),
                "`=`",
                piece.range(),
                "=",
            ));
        }
        if n == 0
            && piece.kind == PieceKind::Word
            && !RESERVED.contains(&piece.text)
            && !["allow", "on", "extern"].contains(&piece.text)
            && pieces.len() >= 2
        {
            let end = piece.end();
            found.push(guess(
                codes::SYNTAX,
                piece.range(),
                format!("`{}` stands without `=` or `->`", clip(piece.text)),
                "`key = value` or `outcome -> target`",
                end..end,
                " =",
            ));
        }
    }
    if let [first, second] = pieces
        && first.kind != PieceKind::Sign
        && !first.is("allow")
        && second.kind == PieceKind::Word
    {
        found.push(guess(
            codes::SYNTAX,
            first.range(),
            "the arrow is missing".to_owned(),
            "`->`",
            second.start..second.start,
            "-> ",
        ));
    }
}

/// Brackets that are not closed, or not opened.
fn brackets(line: Line<'_>, pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    let mut open: Vec<Piece<'_>> = Vec::new();
    for piece in pieces {
        match piece.text {
            "(" | "[" | "{" => open.push(*piece),
            ")" | "]" | "}" => {
                let partner = match piece.text {
                    ")" => "(",
                    "]" => "[",
                    _ => "{",
                };
                if open.last().is_some_and(|p| p.text == partner) {
                    open.pop();
                    continue;
                }
                if let Some(last) = open.last() {
                    let meant = closer(last.text);
                    found.push(guess(
                        codes::UNCLOSED,
                        last.range(),
                        format!("this `{}` is not closed", last.text),
                        &format!("`{meant}`"),
                        piece.range(),
                        meant,
                    ));
                    found.push(guess(
                        codes::UNCLOSED,
                        last.range(),
                        format!("this `{}` is not closed", last.text),
                        &format!("`{meant}`"),
                        piece.start..piece.start,
                        meant,
                    ));
                }
                found.push(guess(
                    codes::SYNTAX,
                    piece.range(),
                    format!("this `{}` closes nothing", piece.text),
                    "",
                    piece.range(),
                    "",
                ));
            }
            _ => {}
        }
    }
    // Of one bracket, the edit is one; of several it would be a rewrite.
    let Some(last) = open.last() else {
        return;
    };
    let close: String = open.iter().rev().map(|p| closer(p.text)).collect();
    let mut ends = Vec::new();
    let first_end = line.text.find('\n').unwrap_or(line.text.len());
    let trimmed = |end: usize| {
        line.text.get(..end).map_or(end, |t| {
            t.trim_end_matches([' ', '\t', '\r', '{', ';', ',']).len()
        })
    };
    for piece in pieces.iter().filter(|p| p.start > last.start) {
        if piece.is("->") {
            ends.push(trimmed(piece.start));
        }
    }
    ends.push(trimmed(first_end));
    let mut at = first_end;
    for _ in 0..8 {
        let Some(next) = line.text.get(at + 1..).and_then(|rest| rest.find('\n')) else {
            break;
        };
        at += next + 1;
        ends.push(trimmed(at));
    }
    ends.push(line.text.trim_end().len());
    for end in ends {
        found.push(guess(
            codes::UNCLOSED,
            last.range(),
            format!("this `{}` is not closed", last.text),
            &format!("`{}`", closer(last.text)),
            end..end,
            &close,
        ));
    }
}

fn closer(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// Other quotes, and none.
fn quotes(line: Line<'_>, pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    for quote in ['\'', '`'] {
        let mut marks = line.text.match_indices(quote).map(|(at, _)| at);
        if let (Some(start), Some(end)) = (marks.next(), marks.next()) {
            let inside = line.text.get(start + 1..end).unwrap_or_default();
            if !inside.contains(['"', '\n']) {
                found.push(guess(
                    codes::SYNTAX,
                    start..end + 1,
                    format!("`{quote}` does not quote"),
                    "`\"`",
                    start..end + 1,
                    &format!("\"{inside}\""),
                ));
            }
        }
    }
    if let [first, rest @ ..] = pieces
        && let (Some(second), Some(last)) = (rest.first(), rest.last())
        && ["import", "allow", "journey", "ensure"].contains(&first.text)
    {
        let from = match pieces.iter().find(|p| p.is("because")) {
            Some(because) => pieces
                .iter()
                .find(|p| p.start >= because.end())
                .map_or(last.start, |p| p.start),
            None if first.is("journey") => pieces.get(2).map_or(last.start, |p| p.start),
            None => second.start,
        };
        let inside = line.text.get(from..last.end()).unwrap_or_default();
        if !inside.is_empty() && !inside.contains(['"', '\n']) {
            found.push(guess(
                codes::SYNTAX,
                from..last.end(),
                "this text has no quotes".to_owned(),
                "a text in quotes",
                from..last.end(),
                &format!("\"{inside}\""),
            ));
        }
    }
}

/// Words within a line that are spelled almost right, and brackets around a path.
fn inner_words(pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    for (n, piece) in pieces.iter().enumerate().skip(1) {
        if piece.kind != PieceKind::Word {
            continue;
        }
        if piece.is("has")
            && pieces.get(n + 1).is_some_and(|p| p.is("("))
            && let Some(close) = pieces.iter().skip(n).find(|p| p.is(")"))
            && let (Some(first), Some(last)) = (
                pieces.get(n + 2),
                pieces.iter().rfind(|p| p.start < close.start),
            )
        {
            let inside: String = pieces
                .iter()
                .filter(|p| p.start >= first.start && p.start <= last.start)
                .map(|p| p.text)
                .collect();
            found.push(guess(
                codes::SYNTAX,
                piece.start..close.end(),
                "`has` takes no brackets".to_owned(),
                "`has path`",
                piece.start..close.end(),
                &format!("has {inside}"),
            ));
        }
        if !INNER.contains(&piece.text)
            && let Some(meant) = spelling::nearest(piece.text, INNER)
        {
            found.push(guess(
                codes::SYNTAX,
                piece.range(),
                format!("`{}` has no meaning here", clip(piece.text)),
                &format!("`{meant}`"),
                piece.range(),
                meant,
            ));
        }
    }
}

/// A sign left out between two pieces.
fn missing_signs(pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    const MOST: usize = 40;
    for pair in pieces.windows(2).take(MOST) {
        let [left, right] = pair else {
            continue;
        };
        let is_value = |p: &Piece<'_>| p.kind != PieceKind::Sign || "()[]{}".contains(p.text);
        // `allow = …` would be a setting, which nobody means.
        if !is_value(left) || !is_value(right) || left.is("allow") {
            continue;
        }
        for sign in [",", " ->", " =", ":", " |", " &&"] {
            let end = left.end();
            found.push(guess(
                codes::SYNTAX,
                left.range(),
                format!("`{}` is missing after `{}`", sign.trim(), clip(left.text)),
                &format!("`{}`", sign.trim()),
                end..end,
                sign,
            ));
        }
    }
}

/// A piece too many.
fn surplus(pieces: &[Piece<'_>], found: &mut Vec<Guess>) {
    const MOST: usize = 40;
    let mut before = 0;
    for piece in pieces.iter().take(MOST) {
        let is_removable = match piece.kind {
            PieceKind::Sign => true,
            PieceKind::Word | PieceKind::Text => piece.start > 0,
            PieceKind::OpenText => false,
        };
        if is_removable {
            found.push(guess(
                codes::SYNTAX,
                piece.range(),
                format!("`{}` has no meaning here", clip(piece.text)),
                "",
                before..piece.end(),
                "",
            ));
        }
        before = piece.end();
    }
}
