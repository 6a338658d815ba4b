//! Limits, each at its bound and one past it, and sizes that must not hurt.

use std::fmt::Write as _;

use wayfare::{CompileLimits, Compiled, Compiler, MemoryImporter, Source};

fn compiler<'i>() -> Compiler<'i> {
    Compiler::new(wayfare::catalogue::standard())
}

fn codes(compiled: &Compiled) -> Vec<&'static str> {
    compiled.diagnostics.iter().map(|d| d.code.word).collect()
}

/// A journey of `nodes` nodes in a row, sound in every way.
fn chain(name: &str, nodes: usize) -> String {
    let mut text = format!("journey {name} {{\n  start n0\n");
    for at in 0..nodes.saturating_sub(1) {
        let ty = if at == 1 {
            "PasswordCollector"
        } else {
            "UsernameCollector"
        };
        let _ = writeln!(text, "  node n{at}: {ty} -> n{}", at + 1);
    }
    let last = nodes - 1;
    let _ = writeln!(
        text,
        "  node n{last}: DataStoreDecision {{\n    true -> success\n    false -> failure\n  }}\n}}"
    );
    text
}

#[test]
fn ten_thousand_nodes_compile_and_one_more_is_refused() {
    let compiled = compiler().compile([Source::new("a.journey", chain("login", 10_000))]);
    assert_eq!(codes(&compiled), Vec::<&str>::new());
    let program = compiled.program.unwrap();
    // Success, failure and the loose end are nodes too.
    assert_eq!(program.journeys[0].graph.node_count(), 10_003);

    let compiled = compiler().compile([Source::new("a.journey", chain("login", 10_001))]);
    assert_eq!(codes(&compiled), ["too_many_nodes"]);
    assert!(compiled.program.is_none());
}

#[test]
fn a_thousand_journeys_that_call_each_other_compile() {
    let mut sources = Vec::new();
    for at in 0..1_000 {
        let text = if at % 20 == 19 {
            chain(&format!("j{at}"), 3)
        } else {
            let next = at + 1;
            format!(
                "journey j{at} {{\n  start a\n  node a: journey j{next} {{\n    true -> success\n    \
                 false -> failure\n  }}\n}}\n"
            )
        };
        sources.push(Source::new(format!("{at:04}.journey"), text));
    }
    let compiled = compiler().compile(sources);
    assert_eq!(codes(&compiled), Vec::<&str>::new());
    assert_eq!(compiled.program.unwrap().journeys.len(), 1_000);
}

#[test]
fn circles_of_one_two_and_a_thousand_journeys_are_one_finding_each() {
    for length in [1, 2, 1_000] {
        let mut text = String::new();
        for at in 0..length {
            let next = (at + 1) % length;
            let _ = writeln!(
                text,
                "journey j{at} {{\n  start a\n  node a: journey j{next} {{\n    true -> success\n    \
                 false -> failure\n  }}\n}}"
            );
        }
        let compiled = compiler().compile([Source::new("a.journey", text)]);
        assert_eq!(codes(&compiled), ["recursive_journey"], "{length}");
    }
}

fn doubling(times: usize) -> String {
    let mut text = String::from(
        "journey login {\n  start a\n  node a: f0 {\n    done -> check\n  }\n\n  node check: \
         DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n",
    );
    for at in 0..times {
        let next = at + 1;
        let _ = writeln!(
            text,
            "fragment f{at}() -> done {{\n  start a\n  node a: f{next} {{\n    done -> b\n  }}\n  node \
             b: f{next} {{\n    done -> done\n  }}\n}}"
        );
    }
    let _ = writeln!(
        text,
        "fragment f{times}() -> done {{\n  start a\n  node a: Page {{\n    node name: UsernameCollector\n    node password: \
         PasswordCollector\n    -> done\n  }}\n}}"
    );
    text
}

#[test]
fn fragments_that_double_are_counted_not_expanded() {
    let compiled = compiler().compile([Source::new("a.journey", doubling(8))]);
    assert_eq!(codes(&compiled), Vec::<&str>::new());
    assert_eq!(
        compiled.program.unwrap().journeys[0].graph.node_count(),
        256 + 1 + 3
    );
    for times in [20, 62, 64] {
        let compiled = compiler().compile([Source::new("a.journey", doubling(times))]);
        assert!(compiled.program.is_none());
        assert!(!codes(&compiled).is_empty());
    }
}

/// Fragments that use each other, `depth` deep.
fn nested(depth: usize) -> String {
    let mut text = String::from(
        "journey login {\n  start a\n  node a: f1 {\n    done -> check\n  }\n\n  node check: \
         DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n",
    );
    for at in 1..depth {
        let next = at + 1;
        let _ = writeln!(
            text,
            "fragment f{at}() -> done {{\n  start a\n  node a: f{next} {{\n    done -> done\n  }}\n}}"
        );
    }
    let _ = writeln!(
        text,
        "fragment f{depth}() -> done {{\n  start a\n  node a: Page {{\n    node name: UsernameCollector\n    node password: \
         PasswordCollector\n    -> done\n  }}\n}}"
    );
    text
}

#[test]
fn fragments_nest_sixty_four_deep_and_no_deeper() {
    let compiled = compiler().compile([Source::new("a.journey", nested(64))]);
    assert_eq!(codes(&compiled), Vec::<&str>::new());
    let compiled = compiler().compile([Source::new("a.journey", nested(65))]);
    assert_eq!(codes(&compiled), ["too_deep"]);
    let compiled = compiler().compile([Source::new("a.journey", nested(2_000))]);
    assert_eq!(codes(&compiled), ["too_deep"]);
}

#[test]
fn brackets_nest_as_deep_as_the_limit_says() {
    let text = |depth: usize| {
        format!(
            "journey login {{\n  start a\n  node a: SetState {{\n    x = {}{}\n    -> failure\n  }}\n}}\n",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    // Two levels are the blocks around it.
    let limits = CompileLimits::default().nesting(10);
    let at = compiler()
        .limits(limits)
        .compile([Source::new("a.journey", text(8))]);
    assert!(!codes(&at).contains(&"too_deep"), "{:?}", codes(&at));
    let past = compiler()
        .limits(limits)
        .compile([Source::new("a.journey", text(9))]);
    assert!(codes(&past).contains(&"too_deep"), "{:?}", codes(&past));
}

#[test]
fn a_file_may_have_as_many_bytes_as_the_limit_and_no_more() {
    let text = chain("login", 3);
    let limits = CompileLimits::default();
    let at = compiler()
        .limits(limits.file_bytes(text.len()))
        .compile([Source::new("a.journey", text.clone())]);
    assert_eq!(codes(&at), Vec::<&str>::new());
    let past = compiler()
        .limits(limits.file_bytes(text.len() - 1))
        .compile([Source::new("a.journey", text)]);
    assert_eq!(codes(&past), ["file_too_large"]);
    assert!(past.program.is_none());
}

#[test]
fn a_program_may_have_as_many_files_as_the_limit_and_no_more() {
    let lib = |name: &str| Source::new(name, "let unused_here = 3\n");
    let main = format!(
        "import \"lib/a.journey\"\nimport \"lib/b.journey\"\n\n{}",
        chain("login", 3)
    );
    let importer = MemoryImporter::new([lib("lib/a.journey"), lib("lib/b.journey")]);
    let compile = |files: usize| {
        compiler()
            .importer(&importer)
            .limits(CompileLimits::default().files(files))
            .compile([Source::new("main.journey", main.clone())])
    };
    assert!(!codes(&compile(3)).contains(&"too_many_files"));
    assert!(codes(&compile(2)).contains(&"too_many_files"));
}

#[test]
fn constants_that_double_are_refused_before_they_fill_the_memory() {
    let mut text = String::from("let a0 = \"0123456789\"\n");
    let mut lists = String::from("let l0 = [1, 2]\n");
    for at in 1..60 {
        let before = at - 1;
        let _ = writeln!(text, "let a{at} = \"${{a{before}}}${{a{before}}}\"");
        let _ = writeln!(lists, "let l{at} = [l{before}, l{before}]");
    }
    let compiled = compiler().compile([
        Source::new("a.journey", text),
        Source::new("b.journey", lists),
    ]);
    assert!(
        codes(&compiled).contains(&"out_of_range"),
        "{:?}",
        codes(&compiled)
    );
    assert!(compiled.program.is_none());
}

#[test]
fn wide_and_wrong_files_end_in_findings() {
    let mut nodes = String::from("journey login {\n  start n0\n");
    for at in 0..10_000 {
        let _ = writeln!(nodes, "  node n{at}: UsernameColector -> m{at}");
    }
    nodes.push_str("}\n");
    let compiled = compiler().compile([Source::new("a.journey", nodes)]);
    assert!(compiled.program.is_none());
    assert_eq!(compiled.diagnostics.len(), 1_000);
    assert!(compiled.diagnostics.dropped() > 10_000);

    let mut settings = String::from("journey login {\n  start a\n  node a: Message {\n");
    for at in 0..10_000 {
        let _ = writeln!(settings, "    messag{at} = \"x\"");
    }
    settings.push_str("    true | false -> failure\n  }\n}\n");
    let compiled = compiler().compile([Source::new("a.journey", settings)]);
    assert!(compiled.program.is_none());

    let mut arms = String::from("journey login {\n  start a\n  node a: ChoiceCollector {\n");
    arms.push_str("    prompt = \"x\"\n");
    for at in 0..1_025 {
        let _ = writeln!(arms, "    c{at} -> failure");
    }
    arms.push_str("  }\n}\n");
    let compiled = compiler().compile([Source::new("a.journey", arms)]);
    assert_eq!(codes(&compiled), ["out_of_range"]);
}

#[test]
fn long_chains_of_operators_are_no_danger() {
    for (operator, count) in [(" && ", 20_000), (" || ", 20_000), (" + ", 5_000)] {
        let condition = vec!["auth_level"; count].join(operator);
        let text = format!(
            "journey login {{\n  start a\n  node a: Decision {{\n    when {condition} -> failure\n    else \
             -> failure\n  }}\n}}\n"
        );
        let compiled = compiler().compile([Source::new("a.journey", text)]);
        assert!(compiled.program.is_none());
    }
}

#[test]
fn an_error_past_the_findings_that_are_kept_refuses_the_program_all_the_same() {
    let mut text = String::from(
        "journey login {\n  allow unreachable, unwritten_key because \"all of these\"\n  start n0\n",
    );
    let _ = writeln!(
        text,
        "  node n0: DataStoreDecision {{\n    true -> success\n    false -> failure\n  }}"
    );
    for at in 0..6_100 {
        let _ = writeln!(text, "  node lost{at}: UsernameCollector -> failure");
    }
    text.push_str("}\n");
    let allowed = compiler().compile([Source::new("a.journey", text.clone())]);
    assert!(allowed.diagnostics.dropped() > 0);
    assert!(
        allowed.program.is_none(),
        "nobody allowed what was not kept"
    );
    let few = text.split("  node lost5900").next().unwrap().to_owned() + "}\n";
    let allowed = compiler().compile([Source::new("a.journey", few)]);
    assert_eq!(allowed.diagnostics.dropped(), 0);
    assert!(allowed.program.is_some());
}

#[test]
fn findings_stay_short_whatever_the_names_are() {
    let name = "n".repeat(100_000);
    let text = format!(
        "journey login {{\n  start {name}\n  node {name}: {name} {{\n    {name} = \"{name}\"\n    \"{name}\\n\" \
         -> {name}x\n  }}\n  node b: Decision {{\n    when user.{name} == 5 -> success\n  }}\n  ensure every path to \
         {name}y passes b\n}}\n"
    );
    let compiled = compiler().compile([Source::new("a.journey", text)]);
    assert!(compiled.diagnostics.len() >= 4, "{:?}", codes(&compiled));
    for finding in &compiled.diagnostics {
        let labels: usize = finding.labels.iter().map(|l| l.text.len()).sum();
        let notes: usize = finding.notes.iter().map(|n| n.len()).sum();
        let all = finding.message.len() + finding.expected.len() + labels + notes;
        assert!(all < 4_096, "{} has {all} bytes", finding.code);
        assert!(!finding.message.contains('\n'));
    }
}
