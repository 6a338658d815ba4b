//! Laws of growth: what an operation costs at each of several sizes, and the exponent that fits.
//!
//! In: laws, and the words of the command line. Out: `law NAME exponent E bound B ok|short`, a line a law with its
//! points behind it, and with `write DAY` a file of them in docs/performance. `--test` measures small sizes only,
//! to show that each law still runs. Pictures are made from the files by the bench `laws` of the library.
//!
//! The exponent is that of a straight line through the logarithms of the last three points, as what every
//! operation pays besides hides the law at small sizes.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on has nothing better to do, and its figures are its output"
)]

use std::{fs, path::PathBuf};

use serde_json::{Value as Json, json};

/// One law.
pub(crate) struct Law {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// What stands on the axis of sizes.
    pub(crate) of: &'static str,
    /// The greatest exponent.
    pub(crate) bound: f64,
    pub(crate) sizes: &'static [usize],
    /// The nanoseconds of one operation of this size.
    pub(crate) measure: fn(usize) -> f64,
}

/// The slope of a straight line through the logarithms of these points.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let over: f64 = logs.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let under: f64 = logs.iter().map(|point| (point.0 - x).powi(2)).sum();
    over / under
}

/// Measures all laws up to a size; what was measured.
fn measured(laws: &[Law], most: usize) -> Vec<Json> {
    let mut all = Vec::new();
    for law in laws {
        let sizes = law.sizes.iter().filter(|size| **size <= most);
        let points: Vec<(f64, f64)> = sizes
            .map(|size| (*size as f64, (law.measure)(*size)))
            .collect();
        let grown = points.get(points.len().saturating_sub(3)..);
        let exponent = exponent(grown.unwrap_or(&points));
        let word = if exponent <= law.bound { "ok" } else { "short" };
        let (name, bound) = (law.name, law.bound);
        println!("law {name} exponent {exponent:.2} bound {bound:.2} {word}");
        for (size, cost) in &points {
            println!("  {size} {}: {cost:.0} ns", law.of);
        }
        all.push(json!({
            "name": name, "what": law.what, "of": law.of, "bound": bound, "exponent": exponent,
            "points": points,
        }));
    }
    all
}

/// The folder of what was measured last.
pub(crate) fn folder() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let within = package
        .ancestors()
        .map(|root| root.join("docs/performance"));
    let mut found = within.filter(|folder| folder.is_dir());
    found.next().expect("a folder of figures")
}

/// Does what the command line says with these laws, whose points are kept in a file of this name; whether it
/// was that.
pub(crate) fn main(laws: &[Law], file: &str, arguments: &[String]) -> bool {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => drop(measured(laws, usize::MAX)),
        ["--test"] => drop(measured(laws, 100)),
        ["write", day] => {
            let laws = measured(laws, usize::MAX);
            let text = format!("{:#}\n", json!({ "day": day, "laws": laws }));
            fs::write(folder().join(file), text).expect("a file");
        }
        _ => return false,
    }
    true
}

/// The words of the command line, without what cargo adds.
pub(crate) fn arguments() -> Vec<String> {
    let words = std::env::args().skip(1);
    words.filter(|word| word != "--bench").collect()
}

/// Does what the command line says, but for pictures: those are drawn elsewhere, as a line says.
pub(crate) fn only(laws: &[Law], file: &str) {
    let arguments = arguments();
    if arguments == ["plot"] {
        println!("not drawn here: `cargo bench -p wayfare --bench laws -- plot` draws {file}");
        return;
    }
    assert!(
        main(laws, file, &arguments),
        "`{arguments:?}` is not `write DAY`"
    );
}
