//! A run as a test of the language.
//!
//! The test says what happens, not what should: it passes for as long as the fault is there, and its last
//! line is what to change. Somebody who does not fit a test is in a comment.

use std::fmt::Write as _;

use wayfare::{
    Ask, Callback, EffectReply, End, Value, engine::effect::ExternalReply, model::journey::NodeKind,
};
use wayfare_sim::Stop;

use crate::{
    moves::{Move, Word},
    run::{Run, Seen},
};

/// The text of a test that repeats a run.
pub(crate) fn test(run: &Run, message: &str) -> String {
    let mut text = String::new();
    let reason = message.lines().next().unwrap_or_default();
    // Writing to a text cannot fail.
    let _ = writeln!(text, "test {} for {} {{", quoted(reason), run.setup.name);
    given(&mut text, run);
    let mut done = 0;
    replies(&mut text, run, &mut done, run.stops().first());
    for (at, (seen, made)) in run.steps().enumerate() {
        let next = run.made_at.get(at + 1).copied();
        let next = next.unwrap_or(run.stops.len().saturating_sub(1));
        replies(&mut text, run, &mut done, run.stops.get(next));
        step(&mut text, seen, made);
    }
    expect(&mut text, run);
    text.push_str("}\n");
    text
}

fn given(text: &mut String, run: &Run) {
    for user in run.setup.world.users.values() {
        let mut fields = Vec::new();
        if let Some(password) = &user.password {
            fields.push(format!("password = {}", quoted(password.reveal())));
        }
        if !user.active {
            fields.push("active = false".to_owned());
        }
        for (name, value) in &user.attributes {
            let own = matches!(&**name, "uid" | "username");
            if let Some(value) = literal(value).filter(|_| !own) {
                fields.push(format!("{} = {value}", key(name)));
            }
        }
        let name = word(&user.username);
        let _ = writeln!(text, "  given user {name} {{ {} }}", fields.join(", "));
    }
    if let Some((name, level)) = run.began_with() {
        let _ = writeln!(text, "  given session {} {{ level = {level} }}", word(name));
    }
    let request = run.request();
    let mut fields = Vec::new();
    if let Some(address) = request.client {
        fields.push(format!("address = {}", quoted(&address.to_string())));
    }
    if let Some(host) = &request.host {
        fields.push(format!("host = {}", quoted(host)));
    }
    if let Some(locale) = request.locales.first() {
        fields.push(format!("locale = {}", quoted(locale)));
    }
    for (name, pairs) in [
        ("headers", &request.headers),
        ("cookies", &request.cookies),
        ("parameters", &request.parameters),
    ] {
        if !pairs.is_empty() {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), quoted(value)))
                .collect();
            fields.push(format!("{name} = {{ {} }}", pairs.join(", ")));
        }
    }
    if !fields.is_empty() {
        let _ = writeln!(text, "  given request {{ {} }}", fields.join(", "));
    }
}

/// What the outside says in the step that leads to this stop, where it says what no world says by itself.
fn replies(text: &mut String, run: &Run, done: &mut usize, next: Option<&Seen>) {
    let until = next.map_or(*done, |next| next.effects);
    let effects = run.effects().get(*done..until).unwrap_or_default();
    *done = until.max(*done);
    for (at, effect) in effects.iter().enumerate() {
        // What a node is told, it is told in order: up to the last that must be said, all of it.
        let said = effects.iter().skip(at);
        let mut said = said.filter(|later| later.node == effect.node);
        if said.any(|later| must_be_said(&later.reply)) {
            if !is_task(run, &effect.node) {
                let _ = writeln!(text, "  // {UNSAID} at {}.", path_of(run, &effect.node));
                continue;
            }
            let node = path_of(run, &effect.node);
            let reply = reply(&effect.reply);
            let _ = writeln!(text, "  reply {node} {{ {reply} }}");
        }
    }
}

/// What stands in a test where something outside fails on behalf of the engine itself, which no line says.
const UNSAID: &str = "Here a look-up of the engine fails";

/// Whether the outside can be told what to say to this node: it has a type, or is a child of a page.
fn is_task(run: &Run, name: &str) -> bool {
    let (journey, path) = name.split_once('/').unwrap_or(("", name));
    let found = run.engine().program().journey_named(journey);
    let Some(found) = found else {
        return false;
    };
    found.graph.node_weights().any(|node| match &node.kind {
        NodeKind::Task(_) => *node.path == *path,
        NodeKind::Page(page) => page.children.iter().any(|child| {
            let rest = path.strip_prefix(&*node.path);
            rest.and_then(|rest| rest.strip_prefix('.')) == Some(&*child.name)
        }),
        _ => false,
    })
}

fn must_be_said(reply: &EffectReply) -> bool {
    matches!(
        reply,
        EffectReply::Failed(_) | EffectReply::Custom(_) | EffectReply::External(_)
    )
}

fn reply(reply: &EffectReply) -> String {
    match reply {
        EffectReply::Match(_) => "matches = true".to_owned(),
        EffectReply::Miss => "matches = false".to_owned(),
        EffectReply::Identity(found) => format!("found = {}", found.is_some()),
        EffectReply::Session(found) => format!("found = {}", found.is_some()),
        EffectReply::StatusSet(set) => format!("accepted = {set}"),
        EffectReply::Sent => "accepted = true".to_owned(),
        EffectReply::Custom(value) => {
            format!(
                "value = {}",
                literal(value).unwrap_or_else(|| "\"\"".to_owned())
            )
        }
        EffectReply::External(said) => match &**said {
            ExternalReply::Went(went) => match &went.user {
                Some(user) => format!(
                    "outcome = {}, user = {}",
                    quoted(&went.outcome),
                    quoted(user)
                ),
                None => format!("outcome = {}", quoted(&went.outcome)),
            },
            // A test says outcomes only.
            _ => "fails = \"\"".to_owned(),
        },
        EffectReply::Failed(message) => format!("fails = {}", quoted(message)),
        _ => "fails = \"\"".to_owned(),
    }
}

/// The path to a node from the journey of the run, through one of the ways by which its journey is called.
fn path_of(run: &Run, node: &str) -> String {
    let (journey, own) = node.split_once('/').unwrap_or(("", node));
    let program = run.engine().program();
    let Some(outer) = run.journey() else {
        return own.to_owned();
    };
    let mut known = vec![(outer.id, String::new())];
    let mut at = 0;
    // BOUND: a journey is put in the list once.
    while let Some((id, before)) = known.get(at).cloned() {
        at += 1;
        let Some(found) = program.journey(id) else {
            continue;
        };
        if *found.name == *journey {
            return format!("{before}{own}");
        }
        for node in found.graph.node_weights() {
            if let NodeKind::Inner(inner) = &node.kind
                && !known.iter().any(|(id, _)| id == inner)
            {
                known.push((*inner, format!("{before}{}.", node.path)));
            }
        }
    }
    own.to_owned()
}

fn step(text: &mut String, seen: &Seen, made: &Move) {
    match made {
        Move::Resume => text.push_str("  resume\n"),
        Move::Advance(by) => {
            let _ = writeln!(text, "  advance {}", span(*by));
        }
        // What they come to is said where it happens.
        Move::Fail | Move::Outside { .. } => {}
        Move::Answer(words) => {
            if let Stop::Ask(ask) = &seen.stop {
                answer(text, seen, ask, words);
            }
        }
    }
}

fn answer(text: &mut String, seen: &Seen, ask: &Ask, words: &[Word]) {
    let on_page = ask.ids.is_some();
    let mut fields = Vec::new();
    for (name, range) in &seen.askers {
        let asked = ask.callbacks.get(range.clone()).unwrap_or_default();
        let said = words.get(range.clone()).unwrap_or_default();
        let values: Vec<String> = asked
            .iter()
            .zip(said)
            .filter_map(|(callback, word)| value(callback, word, seen.sent > 0))
            .collect();
        let child = name.rsplit('.').next().unwrap_or_default();
        let given = match values.as_slice() {
            [] => continue,
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        fields.push((child.to_owned(), given));
    }
    let path = &seen.path;
    let _ = match fields.as_slice() {
        [] => writeln!(text, "  answer {path}"),
        [(_, given)] if !on_page => writeln!(text, "  answer {path} = {given}"),
        fields => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(child, given)| format!("{child} = {given}"))
                .collect();
            writeln!(text, "  answer {path} {{ {} }}", fields.join(", "))
        }
    };
}

/// What a word is written as; nothing where there is nothing to answer.
fn value(callback: &Callback, word: &Word, sent: bool) -> Option<String> {
    match word {
        Word::Typed(text) => Some(quoted(text)),
        Word::Code if sent => Some("sent.code".to_owned()),
        Word::Code => Some("\"\"".to_owned()),
        Word::Pick(at) => {
            let of = match callback {
                Callback::Choice { choices, .. } => choices,
                Callback::Confirmation { options, .. } => options,
                _ => return Some(at.to_string()),
            };
            let text = of.get(usize::try_from(*at).ok()?)?;
            let alone = of.iter().filter(|other| *other == text).count() == 1;
            Some(if alone { quoted(text) } else { at.to_string() })
        }
        Word::Untouched | Word::Nothing => None,
    }
}

fn expect(text: &mut String, run: &Run) {
    let Some(seen) = run.last() else {
        return;
    };
    if let Some(refused) = run.refused() {
        let _ = writeln!(text, "  // The next step is refused: {refused}.");
    }
    let _ = match &seen.stop {
        Stop::Ask(ask) => {
            let kinds: Vec<&str> = ask.callbacks.iter().map(Callback::kind).collect();
            writeln!(
                text,
                "  expect ask {} {{ {} }}",
                seen.path,
                kinds.join(", ")
            )
        }
        Stop::Suspended(_) => writeln!(text, "  expect suspended"),
        Stop::Done(End::Success(success)) => writeln!(
            text,
            "  expect success {{ user = {}, level = {} }}",
            quoted(&success.subject.username),
            success.level
        ),
        Stop::Done(End::Failure(failure)) => match &failure.message {
            Some(message) => {
                writeln!(text, "  expect failure {{ message = {} }}", quoted(message))
            }
            None => writeln!(text, "  expect failure"),
        },
    };
}

/// A text as the language writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '$' => quoted.push_str("\\u{24}"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{{{:x}}}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn word(text: &str) -> String {
    if is_word(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn key(text: &str) -> String {
    word(text)
}

fn span(by: std::time::Duration) -> String {
    let seconds = by.as_secs();
    if seconds >= 60 && seconds.is_multiple_of(60) {
        format!("{}m", seconds / 60)
    } else {
        format!("{seconds}s")
    }
}

fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(quoted(text)),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Decimal(number) => Some(number.to_string()),
        Value::List(list) => {
            let items: Option<Vec<String>> = list.iter().map(literal).collect();
            items.map(|items| format!("[{}]", items.join(", ")))
        }
        Value::Map(map) => {
            let items: Option<Vec<String>> = map
                .iter()
                .map(|(name, item)| literal(item).map(|item| format!("{} = {item}", key(name))))
                .collect();
            items.map(|items| format!("{{ {} }}", items.join(", ")))
        }
        _ => None,
    }
}
