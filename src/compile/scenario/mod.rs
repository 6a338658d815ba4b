//! Tests: which journey each is about, and what each of its lines means.
//!
//! In: the tests of the files that are served, and the program as it was lowered. Out: one [`Scenario`] for
//! each that leaves nothing to say, and the arrows that no test need take. A test about a journey that is
//! itself broken is passed over, since its findings would only follow from those. Nothing is played here.

mod device;
mod expect;
mod given;
mod node;
mod record;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use crate::{
    codes,
    compile::{clip, context::Cx, resolve::Units},
    diagnostic::Diagnostic,
    model::{
        journey::Journey,
        program::Program,
        scenario::{EffectField, EffectKind, Expectation, Scenario, Step, StepKind, Uncovered},
        value::{Type, Value},
    },
    source::{SourceId, Span},
    syntax::ast,
};

/// The user that a line says was made: whoever is expected to be made is as good as given from there on.
fn made_user(expectation: &Expectation) -> Option<Arc<str>> {
    let Expectation::Effect(effect) = expectation else {
        return None;
    };
    if effect.no || effect.kind != EffectKind::CreateIdentity {
        return None;
    }
    effect.fields.iter().find_map(|field| match field {
        (EffectField::User, Value::Text(name)) => Some(Arc::clone(name)),
        _ => None,
    })
}

/// BOUND: how many lines a test may come to when every `repeat` is written out.
const LINES_MAX: u64 = 10_000;

/// What tests are resolved against.
struct Site<'p> {
    program: &'p Program,
    /// The nodes of each journey by their paths.
    nodes: node::Nodes<'p>,
    /// The keys of the state that anything may read or write.
    keys: BTreeSet<&'p str>,
}

/// The test at hand.
struct Bench<'p> {
    site: &'p Site<'p>,
    journey: &'p Journey,
    file: SourceId,
    users: BTreeSet<Arc<str>>,
    parameters: BTreeMap<Arc<str>, Value>,
    /// The line that starts the run, once there was one.
    began: Option<Span>,
    expects: bool,
    /// How often the line at hand is played.
    times: u64,
    lines: u64,
}

impl<'a> Cx<'a> {
    /// The tests of the program in declaration order, and the arrows that none need take.
    pub(super) fn scenarios(
        &mut self,
        program: &Program,
        units: &Units<'a>,
    ) -> (Vec<Scenario>, Vec<Uncovered>) {
        let files = self.files;
        let items = || {
            let roots = files.iter().filter(|file| file.root);
            roots.flat_map(|file| file.file.items.iter().map(|item| (file.id, item)))
        };
        let is_ours =
            |item: &ast::Item| matches!(item, ast::Item::Test(_) | ast::Item::Uncovered(_));
        if !items().any(|(_, item)| is_ours(item)) {
            return (Vec::new(), Vec::new());
        }
        let site = Site::new(program);
        let mut names: BTreeMap<(Arc<str>, &'a str), Span> = BTreeMap::new();
        let mut scenarios = Vec::new();
        let mut uncovered = Vec::new();
        for (file, item) in items() {
            match item {
                ast::Item::Test(test) => {
                    let subject = (test.journey.as_ref(), test.head);
                    let Some(journey) = self.journey_of(&site, units, file, subject) else {
                        continue;
                    };
                    let key = (Arc::clone(&journey.name), test.name.text.as_str());
                    if let Some(first) = names.insert(key, test.name.span) {
                        self.same_test(&test.name, journey, first);
                        continue;
                    }
                    scenarios.extend(self.scenario(&site, journey, file, test));
                }
                ast::Item::Uncovered(item) => {
                    let subject = (item.journey.as_ref(), item.span);
                    if let Some(journey) = self.journey_of(&site, units, file, subject) {
                        uncovered.extend(self.uncovered(&site, journey, item));
                    }
                }
                _ => {}
            }
        }
        (scenarios, uncovered)
    }

    fn same_test(&mut self, name: &ast::Name, journey: &Journey, first: Span) {
        let message = format!("a test of `{}` is called so already", journey.name);
        self.report(
            Diagnostic::new(codes::DUPLICATE_NAME, name.span, message)
                .expected("a name that no other test of the journey has")
                .label(first, "the first one"),
        );
    }

    /// The journey that a test is about; nothing where it is broken itself.
    fn journey_of<'p>(
        &mut self,
        site: &Site<'p>,
        units: &Units<'a>,
        file: SourceId,
        (named, head): (Option<&ast::Name>, Span),
    ) -> Option<&'p Journey> {
        let program = site.program;
        if let Some(name) = named {
            if let Some(found) = program.journey_named(&name.text) {
                return Some(found);
            }
            if units.journeys.contains_key(name.text.as_str()) || self.in_broken_line(&name.text) {
                return None;
            }
            let message = format!("there is no journey `{}`", clip(&name.text));
            let mut finding = Diagnostic::new(codes::UNKNOWN_JOURNEY, name.span, message)
                .expected("the identifier of a journey of the program");
            let known: Vec<&'a str> = units.journeys.keys().copied().collect();
            if let Some(meant) = self.nearest(&name.text, known) {
                finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
            }
            self.report(finding);
            return None;
        }
        let mine = |journey: &&Journey| journey.span.source == file;
        let mut own = program.journeys.iter().filter(mine);
        let only = match (own.next(), own.next()) {
            (Some(journey), None) => Some(journey),
            (None, _) if program.journeys.len() == 1 => program.journeys.first(),
            _ => None,
        };
        if only.is_none() && !program.journeys.is_empty() {
            self.report(
                Diagnostic::new(
                    codes::BAD_TEST,
                    head,
                    "this does not say which journey it is about",
                )
                .expected("`for` and the identifier of a journey")
                .note("only where a file has one journey may it be left out"),
            );
        }
        only
    }

    fn scenario<'p>(
        &mut self,
        site: &'p Site<'p>,
        journey: &'p Journey,
        file: SourceId,
        test: &'a ast::Test,
    ) -> Option<Scenario> {
        let before = self.errors();
        let mut bench = Bench {
            site,
            journey,
            file,
            users: BTreeSet::new(),
            parameters: BTreeMap::new(),
            began: None,
            expects: false,
            times: 1,
            lines: 0,
        };
        let steps = self.steps(&mut bench, &test.steps);
        if bench.lines > LINES_MAX {
            self.report(
                Diagnostic::new(codes::OUT_OF_RANGE, test.head, "this test is too long")
                    .expected(format!("at most {LINES_MAX} lines, repeated ones counted")),
            );
        }
        if !bench.expects && !self.is_broken(test.span) && self.errors() == before {
            self.report(
                Diagnostic::new(
                    codes::NO_EXPECTATION,
                    test.head,
                    "this test expects nothing",
                )
                .expected("at least one `expect`, such as `expect success`"),
            );
        }
        (self.errors() == before && !self.is_broken(test.span)).then(|| Scenario {
            name: Arc::from(test.name.text.as_str()),
            journey: Arc::clone(&journey.name),
            parameters: bench.parameters,
            steps,
            span: test.head,
        })
    }

    /// Calls itself for `repeat`, to the depth that the scan allows.
    fn steps(&mut self, bench: &mut Bench<'_>, steps: &'a [ast::TestStep]) -> Vec<Step> {
        let mut made = Vec::with_capacity(steps.len());
        for step in steps {
            bench.lines = bench.lines.saturating_add(bench.times);
            let kind = match step {
                ast::TestStep::Given(given) => self.given(bench, given),
                ast::TestStep::Answer(answer) => {
                    bench.begin(answer.span);
                    self.answer(bench, answer)
                }
                ast::TestStep::Reply(reply) => self.outside(bench, reply),
                ast::TestStep::Advance { time, .. } => self.advance(bench, time),
                ast::TestStep::Resume(span) => {
                    bench.begin(*span);
                    Some(StepKind::Resume)
                }
                ast::TestStep::Repeat(repeat) => self.repeat(bench, repeat),
                ast::TestStep::Expect(expect) => {
                    bench.expects = true;
                    if expect.what.text != "access" {
                        bench.begin(expect.span);
                    }
                    let expectation = self.expect(bench, expect);
                    bench.users.extend(expectation.as_ref().and_then(made_user));
                    expectation.map(StepKind::Expect)
                }
            };
            let span = step.span();
            made.extend(kind.map(|kind| Step { kind, span }));
        }
        made
    }

    fn advance(&mut self, bench: &Bench<'_>, time: &'a ast::Value) -> Option<StepKind> {
        match self.fixed(bench.file, time, &Type::Duration, "the time that goes by")? {
            Value::Duration(time) if time <= Duration::from_secs(10 * 365 * 86_400) => {
                Some(StepKind::Advance(time))
            }
            _ => {
                self.report(
                    Diagnostic::new(codes::OUT_OF_RANGE, time.span, "this is too long a time")
                        .expected("at most ten years"),
                );
                None
            }
        }
    }

    fn repeat(&mut self, bench: &mut Bench<'_>, repeat: &'a ast::Repeat) -> Option<StepKind> {
        let times = match &repeat.times.kind {
            ast::ValueKind::Int(times) => u32::try_from(*times).ok().filter(|n| *n > 0),
            ast::ValueKind::Broken => Some(1),
            _ => None,
        };
        if times.is_none() {
            let message = "this is not how often something is repeated";
            self.report(
                Diagnostic::new(codes::BAD_LITERAL, repeat.times.span, message)
                    .expected("a whole number from 1"),
            );
        }
        let outer = bench.times;
        bench.times = outer.saturating_mul(u64::from(times.unwrap_or(1)));
        if !repeat.steps.is_empty() {
            // Whatever a repeated line says of the start would be said twice.
            bench.begin(repeat.span);
        }
        let steps = self.steps(bench, &repeat.steps);
        bench.times = outer;
        times.map(|times| StepKind::Repeat { times, steps })
    }
}

impl Bench<'_> {
    /// Notes that the run has begun.
    fn begin(&mut self, span: Span) {
        self.began.get_or_insert(span);
    }
}
