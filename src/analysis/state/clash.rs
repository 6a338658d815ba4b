//! Values that are written with one type and read with another.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    Diagnostic,
    analysis::{
        counterexample::Counterexample,
        flow::StateKind,
        state::{
            Check,
            memory::{self, Memory},
            place::named,
            sweep::sweep,
            touch::{KeyNo, Write},
            trace::Goal,
            wired::{Means, Question, Wired},
        },
    },
    codes,
    model::{journey::JourneyId, signature::Scope, value::Type},
};

/// How many pairs of types are followed; more have never been seen.
const PAIRS_MAX: usize = 64;

/// Whether a value of a type can be read as another.
pub(super) fn accepts(read: &Type, written: &Type) -> bool {
    match (read, written) {
        (Type::Any, _)
        | (_, Type::Any)
        | (Type::Decimal, Type::Int)
        | (
            Type::Text | Type::LocalizedText | Type::Secret,
            Type::Text | Type::LocalizedText | Type::Secret,
        ) => true,
        (Type::List(read), Type::List(written)) | (Type::Map(read), Type::Map(written)) => {
            accepts(read, written)
        }
        _ => read == written,
    }
}

/// A read, and where.
type Reads = BTreeMap<(KeyNo, Scope, String), (Arc<Type>, Vec<(JourneyId, u32)>)>;

/// Checks every read whose type is known against every write of which the same is true.
pub(super) fn check(check: &mut Check<'_>) {
    let mut writes: BTreeMap<KeyNo, Vec<Write>> = BTreeMap::new();
    let mut reads: Reads = BTreeMap::new();
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
            let touch = check.touches.of(flow.journey, at);
            for write in &touch.writes {
                let known = writes.entry(write.key).or_default();
                let same = |one: &Write| {
                    (one.sensitive, &one.ty) == (write.sensitive, &write.ty) && one.always
                };
                if !known.iter().any(same) {
                    known.push(write.clone());
                }
            }
            for read in touch.reads.iter().filter(|read| read.ty != Type::Any) {
                let key = (read.key, read.scope, read.ty.to_string());
                let (_, places) = reads
                    .entry(key)
                    .or_insert_with(|| (Arc::new(read.ty.clone()), Vec::new()));
                places.push((flow.journey, at));
            }
        }
    }
    let mut pairs = 0;
    for ((key, scope, _), (ty, places)) in reads {
        let Some(writes) = writes.get(&key) else {
            continue;
        };
        let hidden = scope == Scope::Any && writes.iter().any(|write| write.sensitive);
        let clashes = |write: &Write| {
            let shadowed = hidden && !write.sensitive;
            write.always && !shadowed && !accepts(&ty, &write.ty)
        };
        if pairs < PAIRS_MAX && writes.iter().any(clashes) {
            pairs += 1;
            pair(check, key, scope, &ty, &clashes, &places);
        }
    }
}

fn pair(
    check: &mut Check<'_>,
    key: KeyNo,
    scope: Scope,
    ty: &Type,
    clashes: &dyn Fn(&Write) -> bool,
    places: &[(JourneyId, u32)],
) {
    let means = |write: &Write| {
        if clashes(write) {
            Means::Put
        } else if write.always {
            Means::Drop
        } else {
            Means::Nothing
        }
    };
    let question = Question {
        means: &means,
        any: Means::Nothing,
        filters: false,
    };
    let (program, flows) = (check.program, check.flows);
    let wired = Wired::new(program, flows, &check.touches, &[key], &question);
    let roots = check
        .roots
        .keys()
        .map(|id| (*id, memory::NOTHING))
        .collect();
    let reached = sweep(flows, &wired, &roots);
    let bit = wired.bit(key);
    let is = |memory: Memory| memory::has(memory, scope);
    for (journey, state) in places {
        let row = reached.at(*journey, *state);
        let mut there = (0..).zip(&row).filter(|(_, keys)| **keys & bit != 0);
        if !there.any(|(memory, _)| is(memory)) {
            continue;
        }
        let Some(at) = named(program, flows, *journey, *state) else {
            continue;
        };
        if !check.told.insert((codes::TYPE_CLASH.word, at.span, key))
            || check.is_beyond(codes::TYPE_CLASH, &at)
        {
            continue;
        }
        let goal = Goal {
            journey: *journey,
            state: *state,
            bit,
            is: &is,
        };
        let run = check.run_from(&wired, &goal, &roots);
        let text = check.touches.names.text(key, scope);
        let found = run
            .as_ref()
            .and_then(|run| writer(check, run, key, clashes));
        let written = found
            .as_ref()
            .map_or_else(|| "something else".to_owned(), |(_, ty)| format!("`{ty}`"));
        let mut finding = Diagnostic::new(
            codes::TYPE_CLASH,
            at.span,
            format!(
                "`{}` reads `{text}` as `{ty}`, and it is {written}",
                at.text
            ),
        )
        .help("write it with the type it is read with, or under another key");
        if let Some((writer, written)) = found {
            finding = finding.label(
                writer.span,
                format!("`{}` writes it as `{written}`", writer.text),
            );
        }
        let lead = format!("`{}` finds it so by", at.text);
        check.report(finding, &lead, run.as_ref());
    }
}

/// The last node of a run that has written the clashing value.
fn writer(
    check: &Check<'_>,
    run: &Counterexample,
    key: KeyNo,
    clashes: &dyn Fn(&Write) -> bool,
) -> Option<(super::place::Named, Type)> {
    let mut seen = BTreeSet::new();
    for step in run.steps.iter().rev() {
        if !seen.insert((step.journey, step.node)) {
            continue;
        }
        let Some(flow) = check.flows.get(step.journey) else {
            continue;
        };
        for state in super::later_first(flow, step.node) {
            let writes = &check.touches.of(step.journey, state).writes;
            let found = writes
                .iter()
                .find(|write| write.key == key && clashes(write));
            if let Some(write) = found {
                let at = named(check.program, check.flows, step.journey, state)?;
                return Some((at, write.ty.clone()));
            }
        }
    }
    None
}
