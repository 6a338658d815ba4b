//! Another name behind a proof, at run time: the flawed journeys of `tests/flawed/g3` with the finding
//! allowed, and their clean twins.
//!
//! Two people are there. Whoever is asked first says `demo` and proves it; whatever asks for a name later
//! is told `eve`. A flawed journey must end in a plain refusal, and its twin with `demo` logged in.

use std::{collections::BTreeSet, path::Path};

use wayfare::{
    Answer, AuthLevel, Callback, Compiler, End, Engine, FailureReason, LinkError, LinkErrors,
    Registry, Request, Secret, Source, Start, Value, analysis, codes,
};
use wayfare_sim::{Play, SimHost, Stop, User, World};

const WHY: &str = "allow identity_swapped because \"held to be refused when it runs\"";

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn texts() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/flawed/g3");
    let mut texts: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    texts.sort();
    // The folder also has journeys in which somebody's account is changed.
    let first = |name: &str| format!("{}.journey", name.split('.').next().unwrap_or_default());
    let flawed: BTreeSet<String> = texts
        .iter()
        .filter(|(_, text)| text.starts_with("//! flawed: identity_swapped"))
        .map(|(name, _)| name.clone())
        .collect();
    texts.retain(|(name, _)| flawed.contains(&first(name)));
    texts
}

/// Links a journey; its swaps are allowed at the nodes that the findings name. None where a node type has
/// no behaviour of its own.
fn link(name: &str, text: &str) -> Option<Engine> {
    let registry = Registry::standard();
    let compile = |text: &str| {
        Compiler::new(Registry::standard().catalog()).compile([Source::new(name, text)])
    };
    let mut text = text.to_owned();
    let found = compile(&text).diagnostics;
    let swaps = found.iter().filter(|f| f.code == codes::IDENTITY_SWAPPED);
    let nodes: BTreeSet<usize> = swaps.map(|f| f.span.start as usize).collect();
    for start in nodes.into_iter().rev() {
        let (before, after) = text.split_at(start);
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(text.len(), |at| start + at);
        let own = text.get(line..end).unwrap().to_owned();
        let allowed = if own.trim_end().ends_with('{') {
            format!("{own}\n    {WHY}")
        } else {
            let (head, tail) = own.split_once(" ->").unwrap_or((&own, ""));
            let arrow = if tail.is_empty() {
                String::new()
            } else {
                format!("\n    ->{tail}")
            };
            format!("{head} {{\n    {WHY}{arrow}\n  }}")
        };
        text.replace_range(line..end, &allowed);
    }
    let compiled = compile(&text);
    let shown = format!("{name}: {:#?}\n{text}", compiled.diagnostics);
    // Beside the swap, such a journey may be left unproved where a mail cannot be sent.
    let program = match (compiled.program, compiled.refused) {
        (Some(program), _) => program,
        (None, Some(refused)) if !name.ends_with(".mended.journey") => {
            analysis::overlook(refused).unwrap()
        }
        (None, _) => panic!("{shown}"),
    };
    let built: BTreeSet<String> = registry.built().map(str::to_owned).collect();
    let all = program.journeys.iter().flat_map(|j| j.graph.node_weights());
    for node in all {
        let tasks = match &node.kind {
            wayfare::model::journey::NodeKind::Task(task) => vec![task.ty],
            wayfare::model::journey::NodeKind::Page(page) => {
                page.children.iter().map(|child| child.task.ty).collect()
            }
            _ => Vec::new(),
        };
        let own = |ty| built.contains(&*program.catalog.get(ty).unwrap().name);
        if !tasks.into_iter().all(own) {
            return None;
        }
    }
    let scripted = |error: &LinkError| matches!(error, LinkError::NoScript { .. });
    match Engine::link(program, registry) {
        Ok(engine) => Some(engine),
        // What a script does is nobody's here.
        Err(LinkErrors(errors)) if errors.iter().all(scripted) => None,
        Err(errors) => panic!("{name}: {errors}"),
    }
}

fn list<const N: usize>(items: [&str; N]) -> Value {
    Value::List(items.map(Value::from).into())
}

fn world() -> World {
    let user = |name: &str| {
        User::new(name)
            .password("Ch4ng31t")
            .attribute("mail", format!("{name}@example.com").as_str())
            .attribute("aliasList", list([format!("example-{name}").as_str()]))
    };
    World::new().user(user("demo")).user(user("eve"))
}

/// Answers whatever is asked: the first name is `demo`, each later one `eve`.
fn play(engine: &Engine, text: &str) -> End {
    let outermost = text.rsplit("\njourney ").next().unwrap();
    let wire = outermost.split('"').nth(1).unwrap();
    let mut world = world();
    // The store does not answer where only that leads to the swap.
    if text.contains("node sorry: UsernameCollector") {
        world.script(
            "kind/active",
            wayfare_sim::Scripted::Fail("down".to_owned()),
        );
    }
    let mut start = Start::journey(wire);
    if text.contains("SessionData(") {
        let level = AuthLevel::saturating(0);
        let session = world.open_session("demo", level, SimHost::EPOCH).unwrap();
        start = start.session(world.start_session(&session).unwrap());
    }
    let play = Play::begin(engine, start, world, SimHost::new(7)).unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut request = Request::default();
    request.headers = vec![
        header("X-OpenAM-Username", "eve"),
        header("X-OpenAM-Password", "Ch4ng31t"),
    ];
    let mut play = play.request(request.clone());
    let mut stop = play.first().unwrap();
    let mut named = text.contains("SessionData(");
    let mut mistypes = text.contains("\njourney two_steps ");
    for _ in 0..20 {
        let ask = match stop {
            Stop::Done(end) => return end,
            Stop::Ask(ask) => ask,
            Stop::Suspended(_) => panic!("nothing is suspended here"),
        };
        let code = play.world().outbox.last().and_then(wayfare_sim::Sent::code);
        let asker = play.asker();
        let answers = ask
            .callbacks
            .iter()
            .enumerate()
            .map(|(at, callback)| match callback {
                Callback::Name { .. } => {
                    let name = if named { "eve" } else { "demo" };
                    named = true;
                    Answer::Text(name.to_owned())
                }
                Callback::Password { .. } => {
                    let of_code = asker.iter().any(|(node, range)| {
                        let node = node.rsplit(['/', '.']).next().unwrap();
                        range.contains(&at) && matches!(node, "code" | "enter")
                    });
                    // One mistake is where the way to the other name begins.
                    let is_wrong = of_code && std::mem::take(&mut mistypes);
                    let code = code.as_ref().filter(|_| of_code && !is_wrong);
                    let secret = code.map_or("Ch4ng31t", |code| code.reveal().as_str());
                    Answer::Secret(Secret::from(secret))
                }
                Callback::Confirmation { .. } | Callback::Choice { .. } => Answer::Index(0),
                _ => Answer::None,
            });
        let answers: Vec<Answer> = answers.collect();
        // Whoever is sent to a provider comes back as who they are there.
        for callback in &ask.callbacks {
            if let Callback::Redirect { url, .. } = callback {
                let state = url.split("state=").nth(1).unwrap().to_owned();
                let mut back = request.clone();
                back.parameters = vec![
                    ("code".to_owned(), "signed in as demo".to_owned()),
                    ("state".to_owned(), state),
                ];
                play = play.request(back);
                named |= !text.contains("node credentials");
            }
        }
        stop = play.answer(answers).unwrap();
    }
    panic!("no end of {wire}")
}

#[test]
fn a_swap_that_is_allowed_is_refused_when_it_runs() {
    let (mut refused, mut clean, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for (name, text) in texts() {
        let Some(engine) = link(&name, &text) else {
            without.push(name);
            continue;
        };
        // Whoever brings a cookie becomes its owner, and nothing is left of who was proved before: the
        // finding is about the author's mistake, and the run is nobody's but the owner's.
        if text.contains("PersistentCookie") {
            without.push(name);
            continue;
        }
        let end = play(&engine, &text);
        if name.ends_with(".mended.journey") {
            let End::Success(success) = end else {
                panic!("{name}: {end:?}");
            };
            assert_eq!(&*success.subject.username, "demo", "{name}");
            clean.push(name);
        } else {
            let End::Failure(failure) = end else {
                panic!("{name}: {end:?}");
            };
            assert_eq!(failure.reason, FailureReason::UnprovedSuccess, "{name}");
            refused.push(name);
        }
    }
    println!("refused {refused:#?}\nclean {clean:#?}\nwithout behaviour {without:#?}");
    assert_eq!((refused.len(), clean.len()), (9, 9), "{without:?}");
}
