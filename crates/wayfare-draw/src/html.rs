//! What tests cover, as one page to look at.

use std::fmt::Write as _;

use wayfare::{Program, model::journey::Journey};

use crate::{
    coverage::{Coverage, Figures},
    style,
    svg::{Sheet, picture},
    text::escape,
};

const PAGE: &str = "\
:root{color-scheme:light dark}
body{font:15px/1.5 ui-sans-serif,system-ui,'Segoe UI','DejaVu Sans',Arial,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.25rem .9rem;text-align:right;border-bottom:1px solid #d5dae0}
th:first-child,td:first-child{text-align:left}
tfoot td{font-weight:700}
.picture{overflow-x:auto;border:1px solid #d5dae0;border-radius:8px;margin:1rem 0}
.picture svg{display:block;max-width:none}
a{color:#2463b0}
code{font:.9em ui-monospace,'DejaVu Sans Mono',monospace}
.open{font-weight:700}
@media screen and (prefers-color-scheme:dark){
body{color:#eef2f5;background:#14181d}
th,td,.picture{border-color:#3a434d}
a{color:#6aa9f0}
}
@media print{.picture{overflow:visible;border:0;break-inside:avoid}.picture svg{max-width:100%;height:auto}}
";

/// A page that holds everything itself: a table of what is covered, and the picture of each journey with
/// how often each way was taken.
///
/// It has no script, and tells browsers to load nothing.
pub fn html(program: &Program, coverage: &Coverage) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Coverage of journeys</title>\n\
         <style>\n{PAGE}{}</style>\n</head>\n<body>\n<h1>Coverage of journeys</h1>\n",
        style::sheet()
    );
    table(&mut out, program, coverage);
    for (at, journey) in program.journeys.iter().enumerate() {
        section(&mut out, program, journey, at, coverage);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn table(out: &mut String, program: &Program, coverage: &Coverage) {
    out.push_str(
        "<table>\n<thead><tr><th scope=\"col\">journey</th><th scope=\"col\">nodes</th>\
         <th scope=\"col\">arrows</th><th scope=\"col\">with a reason</th>\
         <th scope=\"col\">never taken</th></tr></thead>\n<tbody>\n",
    );
    let mut sum = Figures::default();
    for (at, journey) in program.journeys.iter().enumerate() {
        let figures = coverage.figures(journey);
        sum = sum.and(figures);
        let name = format!(
            "<a href=\"#journey-{at}\">{}</a>",
            escape(&journey.wire_name)
        );
        row(out, &name, figures);
    }
    out.push_str("</tbody>\n<tfoot>\n");
    row(out, "all", sum);
    out.push_str("</tfoot>\n</table>\n");
}

fn row(out: &mut String, name: &str, figures: Figures) {
    let missed = figures.missed();
    let class = if missed > 0 { " class=\"open\"" } else { "" };
    let _ = writeln!(
        out,
        "<tr><td>{name}</td><td>{}</td><td>{}</td><td>{}</td><td{class}>{missed}</td></tr>",
        share(figures.visited, figures.nodes),
        share(figures.taken, figures.edges),
        figures.excused
    );
}

/// A part of a whole, with the percentage rounded down: only everything is 100 %.
fn share(part: u64, whole: u64) -> String {
    match (part * 100).checked_div(whole) {
        Some(percent) => format!("{part} of {whole} ({percent} %)"),
        None => "none".to_owned(),
    }
}

fn section(out: &mut String, program: &Program, journey: &Journey, at: usize, coverage: &Coverage) {
    let _ = writeln!(
        out,
        "<h2 id=\"journey-{at}\">{}</h2>\n<div class=\"picture\">\n{}</div>",
        escape(&journey.wire_name),
        picture(
            program,
            journey,
            &coverage.overlay(journey),
            Sheet::Page(at)
        )
    );
    let untaken = coverage.untaken(journey);
    if untaken.is_empty() {
        return;
    }
    out.push_str("<p>Never taken:</p>\n<ul>\n");
    for (node, name, reason) in untaken {
        let reason = reason.map_or_else(String::new, |reason| {
            format!(", because {}", escape(&reason))
        });
        let _ = writeln!(
            out,
            "<li><code>{}</code> {}{reason}</li>",
            escape(&node),
            escape(&name)
        );
    }
    out.push_str("</ul>\n");
}
