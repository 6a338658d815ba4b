//! What exploration refutes, the checks refute; on random journeys without limits and guards also the
//! other way round.

use std::fmt::Write as _;

use wayfare::{
    Compiler, Program, Source,
    analysis::{Verdict, findings, prove},
};
use wayfare_sim::explore::{Options, Violation};

use super::{examples, names, run};

/// A small generator; what it draws is told by the seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const EXTERNS: &str = "
extern Calls \"CallsNode\" -> a | b {
  asks TextOutputCallback
  writes shared.note: Text
  proves nothing
}

extern Key \"KeyNode\" -> yes | no {
  asks HiddenValueCallback
  proves device on yes
}
";

/// The nodes that a journey is drawn from; the last ones count or decide.
const NODES: [(&str, &[&str]); 13] = [
    ("UsernameCollector", &["outcome"]),
    ("PasswordCollector", &["outcome"]),
    ("DataStoreDecision", &["true", "false"]),
    ("Message(message = \"?\")", &["true", "false"]),
    ("ModifyAuthLevel(authLevelIncrement = 2)", &["outcome"]),
    ("Calls", &["a", "b"]),
    ("Key", &["yes", "no"]),
    ("FlowControl", &["A", "B"]),
    ("SetState(attributes = { note = \"x\" })", &["outcome"]),
    (
        "AuthLevelDecision(authLevelRequirement = 3)",
        &["true", "false"],
    ),
    ("RetryLimitDecision(retryLimit = 2)", &["Retry", "Reject"]),
    ("Decision", &["a1", "else"]),
    ("AccountActiveDecision", &["true", "false"]),
];
/// How many of them neither count nor decide.
const PLAIN: usize = 9;

const ALLOWED: &str = "allow no_success, unreachable, loose_end, spinning_loop, unbounded_password_loop, \
    level_without_proof, ensure_failed, level_not_reached because \"a test\"";

fn journey(draw: &mut Draw, name: &str, kinds: usize, inner: Option<&str>) -> String {
    let count = 2 + draw.below(6);
    let mut text = format!("journey {name} {{\n  {ALLOWED}\n");
    if inner.is_none() {
        text.push_str("  innerTreeOnly = true\n");
    } else if draw.below(2) == 0 {
        text.push_str("  level = 2\n");
    }
    text.push_str("  start n0\n");
    for at in 0..count {
        let mut target = |draw: &mut Draw| match draw.below(7) {
            0..3 if at + 1 < count => format!("n{}", at + 1),
            3 | 4 => format!("n{}", draw.below(count)),
            5 => "failure".to_owned(),
            _ => "success".to_owned(),
        };
        let _ = writeln!(
            text,
            "  node n{at}: {}",
            node(draw, kinds, inner, &mut target)
        );
    }
    if inner.is_some() {
        for at in 0..3 {
            let _ = writeln!(text, "  ensure \"e{at}\" {}", property(draw, count));
        }
    }
    text + "}\n"
}

fn node(
    draw: &mut Draw,
    kinds: usize,
    inner: Option<&str>,
    target: &mut impl FnMut(&mut Draw) -> String,
) -> String {
    let mut arrows = |draw: &mut Draw, outcomes: &[&str]| {
        let mut text = String::new();
        for outcome in outcomes {
            let _ = writeln!(text, "    {outcome} -> {}", target(draw));
        }
        if draw.below(4) == 0 {
            let _ = writeln!(text, "    on error -> {}", target(draw));
        }
        text
    };
    if let Some(inner) = inner
        && draw.below(6) == 0
    {
        let outcomes = if draw.below(2) == 0 {
            &["true", "false", "error"][..]
        } else {
            &["true", "false"]
        };
        return format!("journey {inner} {{\n{}  }}", arrows(draw, outcomes));
    }
    if draw.below(6) == 0 {
        let children = "    node name: UsernameCollector\n    node word: PasswordCollector\n    node last: DataStoreDecision\n";
        return format!(
            "Page {{\n{children}{}  }}",
            arrows(draw, &["true", "false"])
        );
    }
    let (name, outcomes) = NODES[draw.below(kinds)];
    if name == "Decision" {
        let condition = draw.pick(&[
            "auth_level >= 2",
            "has shared.note",
            "has user.mail",
            "auth_level < 4 && has shared.note",
            "!(has shared.note)",
        ]);
        let (one, other) = (target(draw), target(draw));
        return format!(
            "Decision {{\n    when {condition} as a1 -> {one}\n    else -> {other}\n  }}"
        );
    }
    format!("{name} {{\n{}  }}", arrows(draw, outcomes))
}

fn property(draw: &mut Draw, count: usize) -> String {
    let (one, other) = (
        format!("n{}", draw.below(count)),
        format!("n{}", draw.below(count)),
    );
    match draw.below(9) {
        0 => format!("every path to success passes {one}"),
        1 => format!("every path to {one} passes {other} or proof of device"),
        2 => "every path to success passes proof of password".to_owned(),
        3 => format!("never {one} after {other}"),
        4 => format!("at most {} visits of {one}", 1 + draw.below(4)),
        5 => format!("auth_level >= 2 at {one}"),
        6 => format!("has shared.note at {one}"),
        7 => "never failure after any DataStoreDecision.true".to_owned(),
        _ => format!("has shared.note && auth_level >= 2 at {one}"),
    }
}

/// Whether the checks refute what a violation speaks of.
fn refuted(program: &Program, journey: &str, what: &Violation) -> bool {
    let journey = program.journey_named(journey).unwrap();
    let coded = |codes: &[&str]| {
        findings(program)
            .iter()
            .any(|found| codes.contains(&found.code.word))
    };
    match what {
        Violation::Ensure(label) => {
            let ensure = journey
                .ensures
                .iter()
                .find(|ensure| ensure.label == *label)
                .unwrap();
            prove(program, journey.id, ensure) != Verdict::Holds
        }
        Violation::Unproved => coded(&["unproved_success", "identity_swapped"]),
        Violation::LevelNotReached => coded(&["level_not_reached"]),
        Violation::Spinning => coded(&["spinning_loop"]),
        Violation::Stuck => coded(&["dead_end", "no_way_out"]),
        other => panic!("{other} is of several runs"),
    }
}

#[test]
fn what_is_proved_of_the_examples_is_not_refuted() {
    let program = examples();
    for name in names(&program) {
        for found in run(&program, &name, Options::default()).found {
            assert!(
                refuted(&program, &name, &found.what),
                "{name}: {}",
                found.text()
            );
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "long runs are asked for by the environment"
)]
#[test]
fn what_exploration_refutes_the_checks_refute() {
    let number = |name: &str, default| {
        std::env::var(name)
            .ok()
            .map_or(default, |text| text.parse().unwrap())
    };
    let (cases, seed) = (
        number("WAYFARE_CASES", 300),
        number("WAYFARE_SEED", 20_261_122),
    );
    let mut draw = Draw(seed);
    let (mut compiled, mut both, mut refused, mut plain) = (0_u64, 0_u64, 0_u64, 0_u64);
    for case in 0..cases {
        let kinds = if case % 2 == 0 { PLAIN } else { NODES.len() };
        let inner = journey(&mut draw, "within", kinds, None);
        let outer = journey(&mut draw, "main", kinds, Some("within"));
        let text = format!("{EXTERNS}\n{outer}\n{inner}");
        let Some(program) = try_program(&text) else {
            continue;
        };
        compiled += 1;
        let explored = run(&program, "main", Options::default());
        assert_eq!(explored.unfinished, None);
        for found in &explored.found {
            assert!(
                refuted(&program, "main", &found.what),
                "seed {seed}, case {case}: {} by {}, and the checks do not\n{text}",
                found.what,
                found.text()
            );
            refused += 1;
        }
        let journey = program.journey_named("main").unwrap();
        for ensure in &journey.ensures {
            let holds = prove(&program, journey.id, ensure) == Verdict::Holds;
            let here = explored
                .found
                .iter()
                .any(|found| found.what == Violation::Ensure(ensure.label.clone()));
            both += u64::from(holds && !here);
            let left = explored
                .left_out
                .iter()
                .any(|(label, _)| *label == ensure.label);
            if case % 2 == 0 && !left {
                plain += 1;
                assert!(
                    holds || here,
                    "seed {seed}, case {case}: `{}` is refuted, and no state shows it\n{text}",
                    ensure.label
                );
            }
        }
    }
    println!(
        "seed {seed}: {compiled} journeys; {both} properties hold for both, {refused} findings of both; {plain} both ways"
    );
    assert!(compiled * 3 > cases && both * 4 > cases && refused * 4 > cases && plain * 4 > cases);
}

/// The program, where nothing but the proofs refuses it.
fn try_program(text: &str) -> Option<Program> {
    let compiled =
        Compiler::new(wayfare::catalogue::standard()).compile([Source::new("a.journey", text)]);
    let refused = compiled.refused;
    compiled.program.map(wayfare::Valid::into_inner).or(refused)
}
