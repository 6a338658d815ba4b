//! How long it takes to draw a journey of 10, 100, 1,000 and 8,000 nodes, from the graph to the text.

#![expect(clippy::expect_used, reason = "a bench fails as a test does")]

use std::{fmt::Write as _, hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wayfare::{Program, Registry, Source, compile::Compiler};
use wayfare_draw::{Overlay, svg};

/// A journey as real ones are: mostly a chain, with ways around, ways back, and ways to an end.
fn program(nodes: usize) -> Program {
    let mut text = String::from("journey large {\n  start n0\n");
    for at in 0..nodes {
        let next = if at + 1 < nodes {
            format!("n{}", at + 1)
        } else {
            "success".to_owned()
        };
        let on = at + 2 + at * 7 % 5;
        let on = if on < nodes {
            format!("n{on}")
        } else {
            "failure".to_owned()
        };
        // Writing into a string cannot fail.
        let _ = match at % 5 {
            0 => writeln!(
                text,
                "  node n{at}: Page {{\n    node username: UsernameCollector\n    -> {next}\n  }}"
            ),
            1 => writeln!(
                text,
                "  node n{at}: DataStoreDecision {{\n    true -> {next}\n    false -> {on}\n  }}"
            ),
            2 => writeln!(
                text,
                "  node n{at}: RetryLimitDecision {{\n    Retry -> n{}\n    Reject -> {next}\n  }}",
                at - at % 5
            ),
            3 => writeln!(
                text,
                "  node n{at}: Message {{\n    true -> {next}\n    false -> failure\n  }}"
            ),
            _ => writeln!(
                text,
                "  node n{at}: ModifyAuthLevel(authLevelIncrement = 1) -> {next}"
            ),
        };
    }
    text.push_str("}\n");
    let compiled =
        Compiler::new(Registry::standard().catalog()).compile([Source::new("large.journey", text)]);
    let proved = compiled.program.map(wayfare::Valid::into_inner);
    proved.or(compiled.refused).expect("it is a program")
}

fn draw(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("draw");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    for nodes in [10, 100, 1_000, 8_000] {
        let program = program(nodes);
        let journey = program.journeys.first().expect("there is one");
        let overlay = Overlay::default();
        let boxes = svg(&program, journey, &overlay)
            .matches("<g class=\"node ")
            .count();
        assert!(boxes >= nodes, "{boxes} of {nodes} nodes");
        group.bench_function(BenchmarkId::from_parameter(nodes), |bench| {
            bench.iter(|| {
                let drawn = svg(black_box(&program), journey, &overlay);
                assert!(drawn.ends_with("</svg>\n"), "a whole picture");
                drawn
            });
        });
    }
    group.finish();
}

criterion_group!(benches, draw);
criterion_main!(benches);
