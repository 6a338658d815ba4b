//! Values that are read and are not there: never written, not written on some way, or lost on the way.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Diagnostic,
    analysis::{
        counterexample::Counterexample,
        flow::StateKind,
        state::{
            Check,
            memory::{self, Memory},
            place::{Named, named},
            start,
            sweep::{Reached, Row, sweep},
            touch::{KeyNo, Read, Source},
            trace::Goal,
            wired::{PRESENCE, WIDTH, Wired},
        },
    },
    codes,
    model::{journey::JourneyId, signature::Scope},
};

/// What is wrong with a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unwritten,
    Maybe,
    Lost,
}

/// A read at a state.
#[derive(Debug, Clone)]
struct Reader {
    journey: JourneyId,
    state: u32,
    read: Read,
}

/// Checks every read that a node cannot work without.
pub(super) fn check(check: &mut Check<'_>) {
    let readers = readers(check);
    let keys: BTreeSet<KeyNo> = readers.iter().map(|reader| reader.read.key).collect();
    let keys: Vec<KeyNo> = keys.into_iter().collect();
    let mut by_key: BTreeMap<KeyNo, Vec<Reader>> = BTreeMap::new();
    for reader in readers {
        by_key.entry(reader.read.key).or_default().push(reader);
    }
    for keys in keys.chunks(WIDTH) {
        let (program, flows) = (check.program, check.flows);
        let wired = Wired::new(program, flows, &check.touches, keys, &PRESENCE);
        let reached = sweep(flows, &wired, &check.roots);
        for key in keys {
            for reader in by_key.get(key).into_iter().flatten() {
                judge(check, &wired, &reached, reader);
            }
        }
    }
}

/// What nodes cannot work without, and what guards ask of transient state.
fn readers(check: &Check<'_>) -> Vec<Reader> {
    let mut readers = Vec::new();
    for flow in check
        .flows
        .order
        .iter()
        .filter_map(|id| check.flows.get(*id))
    {
        for (at, state) in (0..).zip(&flow.states) {
            if state.kind != StateKind::Step {
                continue;
            }
            let mut seen = BTreeSet::new();
            for read in &check.touches.of(flow.journey, at).reads {
                let name = check.touches.names.name(read.key);
                let member = check.touches.names.is_member(read.key);
                if !member && start::is_written_by_engine(name) {
                    continue;
                }
                let guard = read.source == Source::Expr && read.scope == Scope::Transient;
                if (read.needed || guard) && seen.insert((read.key, read.scope, read.needed)) {
                    readers.push(Reader {
                        journey: flow.journey,
                        state: at,
                        read: read.clone(),
                    });
                }
            }
        }
    }
    readers
}

fn verdict(row: &Row, bit: u64, read: &Read) -> Option<Kind> {
    let (mut there, mut lost, mut missing) = (false, false, false);
    for (memory, _) in (0..).zip(row).filter(|(_, keys)| **keys & bit != 0) {
        let memory: Memory = memory;
        if memory::has(memory, read.scope) {
            there = true;
        } else if memory::lost(memory, read.scope) {
            lost = true;
        } else {
            missing = true;
        }
    }
    if !read.needed {
        // A guard may ask; one that is never answered was not meant.
        return (lost && !there && !missing).then_some(Kind::Lost);
    }
    match (lost, missing, there) {
        (true, ..) => Some(Kind::Lost),
        (false, true, false) => Some(Kind::Unwritten),
        (false, true, true) => Some(Kind::Maybe),
        (false, false, _) => None,
    }
}

fn judge(check: &mut Check<'_>, wired: &Wired, reached: &Reached, reader: &Reader) {
    let bit = wired.bit(reader.read.key);
    let row = reached.at(reader.journey, reader.state);
    let Some(kind) = verdict(&row, bit, &reader.read) else {
        return;
    };
    let Some(at) = named(check.program, check.flows, reader.journey, reader.state) else {
        return;
    };
    let code = match kind {
        Kind::Unwritten => codes::UNWRITTEN_KEY,
        Kind::Maybe => codes::MAYBE_UNWRITTEN_KEY,
        Kind::Lost => codes::LOST_VALUE,
    };
    if kind == Kind::Lost {
        check.lost.insert(reader.read.key);
    }
    if !check.told.insert((code.word, at.span, reader.read.key)) || check.is_beyond(code, &at) {
        return;
    }
    let scope = reader.read.scope;
    let bad = |memory: Memory| match kind {
        Kind::Lost => memory::lost(memory, scope),
        Kind::Unwritten | Kind::Maybe => !memory::has(memory, scope),
    };
    let goal = Goal {
        journey: reader.journey,
        state: reader.state,
        bit,
        is: &bad,
    };
    let run = check.run(wired, &goal);
    let lost_as = (0..)
        .zip(&row)
        .filter(|(_, keys)| **keys & bit != 0)
        .map(|(memory, _)| memory)
        .find(|memory: &Memory| memory::lost(*memory, scope));
    let secure = lost_as.is_some_and(memory::is_secure);
    let finding = match kind {
        Kind::Unwritten => unwritten(check, &at, reader),
        Kind::Maybe => maybe(check, &at, reader),
        Kind::Lost => lost(check, &at, reader, secure, run.as_ref()),
    };
    let lead = match kind {
        Kind::Unwritten | Kind::Maybe => format!("`{}` is reached without it by", at.text),
        Kind::Lost => format!("`{}` is reached when it is gone by", at.text),
    };
    check.report(finding, &lead, run.as_ref());
}

const ONLY_INNER: &str =
    "say `innerTreeOnly = true` where only other journeys start it, or write the value first";

fn unwritten(check: &Check<'_>, at: &Named, reader: &Reader) -> Diagnostic {
    let key = check.touches.names.text(reader.read.key, reader.read.scope);
    let message = format!(
        "`{}` needs `{key}`, and nothing before it writes that",
        at.text
    );
    let mut finding = Diagnostic::new(codes::UNWRITTEN_KEY, at.span, message);
    if let Some(near) = check.near(reader.read.key) {
        let near_name = check.touches.names.name(near);
        finding = finding.help(format!(
            "did you mean `{near_name}`, which is written before? Both must name the same key"
        ));
        if let Some(writer) = check.writer(near, Scope::Any) {
            let text = format!("`{}` writes `{near_name}`", writer.text);
            finding = finding.label(writer.span, text);
        }
        return finding;
    }
    if check.is_called_and_root(reader.journey) {
        return finding.help(ONLY_INNER);
    }
    finding.help("let a node before it write the value; where the start brings it, allow this here")
}

fn maybe(check: &Check<'_>, at: &Named, reader: &Reader) -> Diagnostic {
    let key = check.touches.names.text(reader.read.key, reader.read.scope);
    let message = format!(
        "`{}` needs `{key}`, which some way to it does not write",
        at.text
    );
    let mut finding = Diagnostic::new(codes::MAYBE_UNWRITTEN_KEY, at.span, message);
    if let Some(writer) = check.writer(reader.read.key, reader.read.scope) {
        finding = finding.label(writer.span, format!("`{}` writes it", writer.text));
    }
    if check.is_called_and_root(reader.journey) {
        return finding.help(ONLY_INNER);
    }
    let help = if reader.read.source == Source::Expr {
        format!("ask `has {key}` first, or write it on every way")
    } else {
        "let every way to it write the value".to_owned()
    };
    finding.help(help)
}

fn lost(
    check: &Check<'_>,
    at: &Named,
    reader: &Reader,
    secure: bool,
    run: Option<&Counterexample>,
) -> Diagnostic {
    let scope = reader.read.scope;
    let key = check.touches.names.text(reader.read.key, scope);
    let message = if reader.read.needed {
        format!(
            "`{}` needs `{key}`, which is lost on the way to it",
            at.text
        )
    } else {
        format!(
            "`{}` asks for `{key}`, which is always lost before",
            at.text
        )
    };
    let mut finding = Diagnostic::new(codes::LOST_VALUE, at.span, message);
    let last = run.and_then(|run| check.last_writer(run, reader.read.key));
    let (writer, inner) = match last {
        Some((writer, inner)) => (Some(writer), inner),
        None => (check.writer(reader.read.key, Scope::Transient), None),
    };
    if let Some(writer) = writer {
        finding = finding.label(
            writer.span,
            format!("`{}` writes it into transient state", writer.text),
        );
    }
    if let Some(inner) = inner {
        return finding
            .label(
                inner.span,
                format!("what `{}` makes transient stays in it", inner.text),
            )
            .help("read it within the inner journey, or write it in this one");
    }
    if secure {
        finding = finding.note("a stop lies between: what was transient is secure behind it");
        return finding.help(format!(
            "read `{}`, or read it before the run stops",
            check.touches.names.text(reader.read.key, Scope::Secure)
        ));
    }
    finding.help("read it before the run stops or leaves the journey that wrote it")
}
