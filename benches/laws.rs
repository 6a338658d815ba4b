//! How cost grows with size: each law from small to very large, the exponent fitted, and plots of them.
//!
//! `cargo bench --bench laws` measures those of the library, and that of the same name of the server and of the
//! command theirs; `-- write DAY` writes the points to a file in docs/performance besides. With `-p wayfare`,
//! `-- plot` draws a picture of every law from those files, and of the budgets, and measures nothing. Where cost
//! is not to grow at all the bound is that of the last point to the first, spread over the range.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a bench that cannot go on has nothing better to do, and its figures are its output"
)]

#[path = "support/budget.rs"]
mod budget;
#[path = "support/built.rs"]
#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod built;
#[path = "support/law.rs"]
#[expect(dead_code, reason = "this one draws, too")]
mod law;
#[path = "support/open.rs"]
mod open;
#[path = "support/ratio.rs"]
#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod ratio;
#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::{fmt::Write as _, fs, hint::black_box};

use law::{Law, arguments, folder};
use open::Open;
use plotters::prelude::{
    ChartBuilder, Circle, IntoDrawingArea as _, IntoLogRange as _, LineSeries, RGBColor,
    SVGBackend, WHITE,
};
use ratio::alone;
use serde_json::Value as Json;
use support::{LOGIN, Still, Store, Walk, chain, engine, logins, name, step};
use wayfare::{
    CompileLimits, Compiler, Input, Registry, Request, Source, Start, Step, analysis::findings,
};

const LAWS: &[Law] = &[
    Law {
        name: "compile_nodes",
        what: "text to checked program, one journey",
        of: "nodes",
        bound: 1.1,
        sizes: &[10, 100, 1_000, 10_000, 100_000, 1_000_000],
        measure: |size| compiled(&chain(size)),
    },
    Law {
        name: "compile_journeys",
        what: "text to checked program, logins of five nodes",
        of: "journeys",
        bound: 1.1,
        sizes: &[1, 10, 100, 1_000, 10_000, 100_000],
        measure: |size| compiled(&logins(size)),
    },
    Law {
        name: "analysis",
        what: "all proofs of a chain",
        of: "nodes",
        bound: 1.1,
        sizes: &[10, 100, 1_000, 10_000, 100_000, 1_000_000],
        measure: |size| {
            let program = built::chain(size);
            least(&mut || {
                let found = findings(black_box(&program));
                assert!(found.is_empty(), "a chain is sound");
                drop(found);
            })
        },
    },
    Law {
        name: "step",
        what: "one step of a chain",
        of: "nodes in the journey",
        bound: 0.03,
        sizes: &[10, 100, 1_000, 10_000, 100_000, 1_000_000],
        measure: |size| {
            let walk = Walk::chain(size);
            least(&mut || drop(walk.run())) / size as f64
        },
    },
    Law {
        name: "begin",
        what: "a run begun and ended",
        of: "journeys loaded",
        bound: 0.03,
        sizes: &[1, 10, 100, 1_000, 10_000, 100_000],
        measure: |size| {
            let engine = engine(&format!("{}{}", logins(size - 1), chain(1)));
            let walk = Walk::new(engine, "Chain", 1);
            least(&mut || drop(walk.run()))
        },
    },
    Law {
        name: "nested",
        what: "a run through inner journeys",
        of: "journeys within each other",
        bound: 1.1,
        sizes: &[1, 10, 100, 1_000],
        measure: |size| {
            let engine = engine(&nested(size));
            let mut limits = engine.limits().clone();
            limits.inner_depth = u32::MAX;
            // Each journey is one node, which stands for the next.
            let walk = Walk::new(engine.with_limits(limits), "J0", size);
            least(&mut || drop(walk.run()))
        },
    },
    Law {
        name: "retries",
        what: "a run whose answers are wrong",
        of: "tries",
        bound: 1.1,
        sizes: &[1, 10, 100, 1_000],
        measure: retried,
    },
    Law {
        name: "state",
        what: "a waiting run to bytes and back",
        of: "keys in shared state",
        bound: 1.1,
        sizes: &[1, 10, 100, 1_000],
        measure: sealed,
    },
];

/// The nanoseconds of one operation.
fn least(operation: &mut dyn FnMut()) -> f64 {
    alone(operation).least
}

fn compiled(text: &str) -> f64 {
    let limits = CompileLimits::default()
        .file_bytes(256 * 1_024 * 1_024)
        .nodes(1_000_000);
    let registry = Registry::standard();
    let compiler = Compiler::new(registry.catalog()).limits(limits);
    let source = Source::new("b.journey", text);
    least(&mut || {
        let made = compiler.compile([source.clone()]);
        let first = made.diagnostics.iter().next().map(|said| &said.message);
        assert!(
            made.program.is_some(),
            "a text without a mistake: {first:?}"
        );
        drop(black_box(made));
    })
}

/// Journeys that lead each into the next, and at the end into failure.
fn nested(count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        let _ = write!(
            text,
            "journey j{at} \"J{at}\" {{\n  allow no_success because \"it is only walked\"\n  start n\n\n"
        );
        let _ = if at + 1 < count {
            write!(
                text,
                "  node n: journey j{} {{\n    true -> failure\n    false -> failure\n  }}\n}}\n\n",
                at + 1
            )
        } else {
            write!(
                text,
                "  node n: AuthLevelDecision {{\n    authLevelRequirement = 0\n    true -> failure\n    \
                 false -> failure\n  }}\n}}\n\n"
            )
        };
    }
    text
}

/// A run that is answered wrongly so often.
fn retried(count: usize) -> f64 {
    let text = LOGIN
        .replace("retryLimit = 3", "retryLimit = 100000")
        .replace(
            "  start username\n",
            "  allow unbounded_password_loop because \"it is measured\"\n  start username\n",
        );
    let (engine, store, request) = (engine(&text), Store::new(), Request::default());
    least(&mut || {
        let start = Start::journey("Login");
        let mut run = engine.begin(start, &Still).expect("the journey is there");
        let mut at = step(&mut run, &store, &request, Input::Begin);
        for _ in 0..count {
            assert!(matches!(at, Step::Ask(_)), "{at:?}");
            step(&mut run, &store, &request, name());
            let wrong = wayfare::Secret::new("wrong".to_owned());
            let wrong = Input::Answers(vec![wayfare::Answer::Secret(wrong)]);
            at = step(&mut run, &store, &request, wrong);
        }
        assert!(matches!(at, Step::Ask(_)), "{at:?}");
        black_box(&at);
    })
}

/// A run with so many keys, which waits for a name.
fn sealed(count: usize) -> f64 {
    let mut attributes = String::new();
    for at in 0..count {
        let _ = writeln!(attributes, "      color{at} = \"red\"");
    }
    let text = LOGIN.replace("start username\n", "start state\n").replace(
        "  node username:",
        &format!(
            "  node state: SetState {{\n    attributes = {{\n{attributes}    }}\n    -> username\n  }}\n\n  \
             node username:"
        ),
    );
    let (engine, store, request) = (engine(&text), Store::new(), Request::default());
    let start = Start::journey("Login");
    let mut run = engine.begin(start, &Still).expect("the journey is there");
    let asked = step(&mut run, &store, &request, Input::Begin);
    assert!(matches!(asked, Step::Ask(_)), "{asked:?}");
    least(&mut || {
        let bytes = run.seal(&Open, b"").expect("a run that waits");
        let run = engine.open(&Open, b"", &bytes).expect("its own bytes");
        drop(black_box(run));
    })
}

/// What was measured last of the library.
const FILE: &str = "laws.json";

/// The files of what was measured last, and the package whose bench writes each.
const FILES: [(&str, &str); 3] = [
    (FILE, "wayfare"),
    ("laws_server.json", "wayfare-server"),
    ("laws_command.json", "wayfare-cli"),
];

/// Draws what was measured last.
fn plot() {
    let folder = folder();
    let mut laws = Vec::new();
    for (file, package) in FILES {
        let path = folder.join(file);
        if !path.exists() {
            println!(
                "not drawn: {} is missing; made by `cargo bench -p {package} --bench laws -- write DAY`",
                path.display()
            );
            continue;
        }
        let text = fs::read_to_string(path).expect("figures that can be read");
        let all: Json = serde_json::from_str(&text).expect("figures that were written");
        laws.extend(all["laws"].as_array().expect("laws").iter().cloned());
    }
    for law in laws {
        let text = |key: &str| law[key].as_str().expect("a text").to_owned();
        let number = |value: &Json| value.as_f64().expect("a number");
        let points: Vec<(f64, f64)> = law["points"]
            .as_array()
            .expect("points")
            .iter()
            .map(|point| (number(&point[0]), number(&point[1])))
            .collect();
        let caption = format!("{}: exponent {:.2}", text("what"), number(&law["exponent"]));
        let path = folder.join(format!("{}.svg", text("name")));
        draw(&path, &caption, &text("of"), &points).unwrap_or_else(|error| panic!("{error}"));
        println!("{}", path.display());
    }
    budget::plot(&folder, &folder.join("../../benches/peers/results"));
}

/// A time in the unit that reads best.
fn time(nanoseconds: f64) -> String {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let unit = units.iter().find(|(size, _)| nanoseconds >= *size);
    let (size, name) = unit.unwrap_or(&(1.0, "ns"));
    format!("{:.0} {name}", nanoseconds / size)
}

fn draw(
    path: &std::path::Path,
    caption: &str,
    of: &str,
    points: &[(f64, f64)],
) -> Result<(), Box<dyn std::error::Error>> {
    const BLUE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
    let least = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).fold(f64::MAX, f64::min);
    let most = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let area = SVGBackend::new(path, (720, 360)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(caption, ("sans-serif", 18))
        .margin(12)
        .margin_right(40)
        .x_label_area_size(44)
        .y_label_area_size(76)
        .build_cartesian_2d(
            (least(|point| point.0)..most(|point| point.0)).log_scale(),
            (least(|point| point.1) * 0.5..most(|point| point.1) * 2.0).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc(of)
        .x_label_formatter(&|size| format!("{size:.0}"))
        .y_label_formatter(&|cost| time(*cost))
        .draw()?;
    chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
    let filled = plotters::style::Color::filled(&BLUE);
    chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, filled)))?;
    area.present()?;
    Ok(())
}

fn main() {
    let arguments = arguments();
    if law::main(LAWS, FILE, &arguments) {
        return;
    }
    assert_eq!(arguments, ["plot"], "neither `write DAY` nor `plot`");
    plot();
}
