//! A picture of the budgets: how far each is on this side of its goal or beyond it.
//!
//! In: the lines that the benches of ratios print, kept in a file, and the figures of `benches/peers`. Out: a
//! bar for each budget on a logarithmic scale, whose 1 is the goal; to the right of it the goal is met.

use std::{fs, path::Path};

use plotters::prelude::{
    ChartBuilder, IntoDrawingArea as _, IntoLogRange as _, IntoSegmentedCoord as _, RGBColor,
    Rectangle, SVGBackend, SegmentValue, WHITE,
};
use serde_json::Value as Json;

/// The lines of the benches of ratios, below docs/performance.
const LINES: &str = "ratios.txt";
/// The figures of `benches/peers`.
const PEERS: [&str; 2] = ["engines.json", "servers.json"];

const MET: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const SHORT: RGBColor = RGBColor(0xc0, 0x6a, 0x1f);

/// How many times a goal is kept: 1 is the goal itself, below it is short.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    name: String,
    times: f64,
}

/// Draws all budgets of a folder of figures and of the folder of those of peers.
pub(crate) fn plot(figures: &Path, peers: &Path) {
    let lines = figures.join(LINES);
    match fs::read_to_string(&lines) {
        Ok(text) => drawn(&figures.join("budgets.svg"), "budgets", &own(&text)),
        Err(_) => println!(
            "not drawn: {} is missing; it holds what the benches of ratios print",
            lines.display()
        ),
    }
    let mut all = Vec::new();
    for file in PEERS {
        let text = fs::read_to_string(peers.join(file)).expect("figures of peers");
        all.extend(beside(
            &serde_json::from_str(&text).expect("figures that were written"),
        ));
    }
    drawn(&figures.join("peers.svg"), "budgets that name a peer", &all);
}

/// `ratio NAME value V goal G ok|short`: a value is to be its goal at most.
fn own(text: &str) -> Vec<Kept> {
    let read = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["ratio", name, "value", value, "goal", goal, _] = words.as_slice() else {
            return None;
        };
        let (value, goal): (f64, f64) = (value.parse().ok()?, goal.parse().ok()?);
        // What rounds to nothing is kept as well as can be told by two digits.
        let times = goal / value.max(0.005);
        Some(Kept {
            name: (*name).to_owned(),
            times,
        })
    };
    text.lines().filter_map(read).collect()
}

/// What peers take, divided by what is taken here: to be its goal at least, where it has one.
fn beside(figures: &Json) -> Vec<Kept> {
    let ratios = figures["ratios"].as_array().expect("ratios");
    let read = |ratio: &Json| {
        Some(Kept {
            name: ratio["name"].as_str()?.to_owned(),
            times: ratio["value"].as_f64()? / ratio["goal"].as_f64()?,
        })
    };
    ratios.iter().filter_map(read).collect()
}

fn drawn(path: &Path, caption: &str, kept: &[Kept]) {
    draw(path, caption, kept).unwrap_or_else(|error| panic!("{error}"));
    println!("{}", path.display());
}

fn draw(path: &Path, caption: &str, kept: &[Kept]) -> Result<(), Box<dyn std::error::Error>> {
    let height = u32::try_from(kept.len())? * 20 + 100;
    let area = SVGBackend::new(path, (820, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let most = kept.iter().map(|one| one.times).fold(10.0, f64::max) * 1.5;
    let least = kept.iter().map(|one| one.times).fold(0.1, f64::min) / 1.5;
    let mut chart = ChartBuilder::on(&area)
        .caption(caption, ("sans-serif", 18))
        .margin(12)
        .margin_right(40)
        .x_label_area_size(44)
        .y_label_area_size(310)
        .build_cartesian_2d((least..most).log_scale(), (0..kept.len()).into_segmented())?;
    let name = |at: &SegmentValue<usize>| match at {
        // The first stands on top.
        SegmentValue::CenterOf(at) => kept
            .iter()
            .rev()
            .nth(*at)
            .map_or(String::new(), |one| one.name.clone()),
        SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(kept.len())
        .y_label_formatter(&name)
        .x_desc("how many times the goal is kept")
        .draw()?;
    let bars = kept.iter().rev().enumerate().map(|(at, one)| {
        let color = if one.times >= 1.0 { MET } else { SHORT };
        let (top, foot) = (SegmentValue::Exact(at), SegmentValue::Exact(at + 1));
        let mut bar = Rectangle::new(
            [(1.0, top), (one.times, foot)],
            plotters::style::Color::filled(&color),
        );
        bar.set_margin(4, 4, 0, 0);
        bar
    });
    chart.draw_series(bars)?;
    area.present()?;
    Ok(())
}
