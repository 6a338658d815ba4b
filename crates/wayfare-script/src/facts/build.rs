//! Facts from what was seen of a script.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use wayfare::{
    Generation, ScriptFacts,
    model::{
        script::{Leak, Lines},
        signature::{Known, Scope},
    },
};

use super::{
    run::{self, Note, Notes},
    state::States,
    tree::Script,
    value::{Part, Value},
};

/// The facts of a script that was run to its ends.
pub(super) fn build(
    script: &Script,
    generation: Generation,
    ends: &States,
    notes: &Notes,
) -> ScriptFacts {
    let mut facts = ScriptFacts::default();
    outcomes(&mut facts, ends, notes);
    let parts = [
        (
            &notes.reads,
            notes.reads_any,
            &notes.reads_members,
            notes.reads_any_member,
        ),
        (
            &notes.writes,
            notes.writes_any,
            &notes.writes_members,
            notes.writes_any_member,
        ),
    ];
    let [reads, writes] = parts.map(|(keys, any, members, any_member)| {
        let keys = keys
            .iter()
            .map(|((part, key), line)| ((scope(*part), arc(key)), *line));
        let members = members.iter().flat_map(|((part, key), line)| {
            let scopes = members_of(*part).iter();
            scopes.map(move |scope| ((*scope, arc(key)), *line))
        });
        Lines {
            lines: keys.chain(members).collect(),
            all: any.is_none() && any_member.is_none(),
        }
    });
    (facts.reads, facts.writes) = (reads, writes);
    if let Some(line) = notes.identifies {
        facts
            .writes
            .lines
            .entry((Scope::Shared, Arc::from("username")))
            .or_insert(line);
    }
    facts.removes = lines(&notes.removes, notes.removes_any.is_none());
    facts.properties = lines(&notes.properties, notes.properties_any.is_none());
    facts.callbacks = lines(&notes.callbacks, true);
    facts.asks = asks(script, generation, ends);
    facts.suspends = Known::Is(ends.iter().any(|(said, _)| said.suspends));
    // Whoever is named is looked up.
    facts.calls_out = Known::Is(!notes.calls.is_empty() || notes.identifies.is_some());
    facts.identifies = Known::Is(notes.identifies.is_some());
    let leaks = notes.leaks.iter().map(|((key, what), line)| Leak {
        key: key.as_ref().map(arc),
        what: Arc::from(*what),
        line: *line,
    });
    facts.leaks = leaks.collect();
    facts
}

/// The outcomes by which it ends.
fn outcomes(facts: &mut ScriptFacts, ends: &States, notes: &Notes) {
    facts.outcomes.all = true;
    for (said, state) in ends.iter() {
        if said.asks || said.suspends {
            continue;
        }
        let by_variable = state.get(&(0, Rc::from("outcome")));
        let by: Value = if said.leaves {
            state.outcome.clone()
        } else {
            by_variable.cloned().unwrap_or_else(Value::nothing)
        };
        for text in &by.texts {
            let line = notes.outcomes.get(text).copied().unwrap_or(1);
            facts.outcomes.lines.insert(arc(text), line);
        }
        // What is no text at all is an error of the script and no outcome.
        facts.outcomes.all &= !by.data && by.hosts.is_empty();
    }
}

/// Whether it asks on every visit, or on none.
fn asks(script: &Script, generation: Generation, ends: &States) -> Known<bool> {
    if ends.is_dead() {
        return Known::Unknown;
    }
    if ends.iter().all(|(said, _)| !said.asks) {
        return Known::Is(false);
    }
    // On the first pass of a visit nothing was answered; what is asked there is asked on every visit.
    match run::run(script, generation, true) {
        Ok((first, _)) if !first.is_dead() => {
            let stops = first.iter().all(|(said, _)| said.asks || said.suspends);
            if stops {
                Known::Is(true)
            } else {
                Known::Unknown
            }
        }
        _ => Known::Unknown,
    }
}

fn scope(part: Part) -> Scope {
    match part {
        Part::Shared => Scope::Shared,
        Part::Transient => Scope::Transient,
        Part::Any => Scope::Any,
    }
}

/// Where the attributes of the profile under construction may be.
fn members_of(part: Part) -> &'static [Scope] {
    match part {
        Part::Shared => &[Scope::ObjectShared],
        Part::Transient => &[Scope::ObjectTransient],
        Part::Any => &[Scope::ObjectShared, Scope::ObjectTransient],
    }
}

fn arc(text: &Rc<str>) -> Arc<str> {
    Arc::from(&**text)
}

fn lines(notes: &Note<Rc<str>>, all: bool) -> Lines<Arc<str>> {
    let lines: BTreeMap<Arc<str>, u32> = notes
        .iter()
        .map(|(name, line)| (arc(name), *line))
        .collect();
    Lines { lines, all }
}
