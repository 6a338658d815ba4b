//! Breaks a picture that is much taller than wide into columns.
//!
//! In: a draft and its plan in one column. Out: a plan of columns side by side, each to be read from top to
//! bottom, the next one to its right. A column ends between two rows where few arrows pass, and never
//! within a group. An arrow from one column to another becomes a stub that names where it goes on. A
//! picture that a person sees whole stays as it is.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{Area, Draft, Link, Piece, Plan, Route, Shape, Stub, Way, int};

/// Up to this many boxes a picture is one column.
const BOXES_MAX: usize = 60;
/// How many times taller than wide a picture is before it is broken.
const TALL: i64 = 3;
/// The room between two columns.
const GAP: i64 = 60;
/// The most columns.
const COLUMNS_MAX: i64 = 100;

/// Lays out a draft in columns, each by itself; none where one column is as good.
pub(super) fn wrap(draft: &Draft, whole: &Plan, one: impl Fn(&Draft) -> Plan) -> Option<Plan> {
    if draft.boxes.len() <= BOXES_MAX || whole.height <= TALL * whole.width.max(1) {
        return None;
    }
    let columns = columns(draft, whole)?;
    let parts: Vec<Part> = split(draft, whole, &columns);
    let mut all = Plan {
        boxes: vec![Area::default(); draft.boxes.len()],
        routes: vec![Route::default(); draft.links.len()],
        rows: vec![0; draft.boxes.len()],
        ..Plan::default()
    };
    let mut rows = 0;
    for part in parts {
        let plan = one(&part.draft);
        let x = if all.width == 0 { 0 } else { all.width + GAP };
        rows = part.put(&mut all, plan, x, rows);
    }
    Some(all)
}

/// By box, the column that it stands in; none where there would be one only.
fn columns(draft: &Draft, whole: &Plan) -> Option<Vec<usize>> {
    let rows = whole.rows.iter().max().map_or(0, |last| last + 1);
    let wanted = wanted(whole).min(int(rows));
    let cuts = cuts(draft, whole, rows, wanted);
    if cuts.is_empty() {
        return None;
    }
    let row = |at: usize| whole.rows.get(at).copied().unwrap_or(0);
    let column = |at: usize| cuts.partition_point(|cut| *cut <= row(at));
    let sources = sources(draft);
    let own = |at: usize| sources.get(&at).copied().flatten().unwrap_or(at);
    Some((0..draft.boxes.len()).map(|at| column(own(at))).collect())
}

/// How many columns make the picture a little wider than tall.
fn wanted(whole: &Plan) -> i64 {
    let (width, height) = (whole.width + GAP, whole.height);
    let fits = |count: &i64| (width * count).saturating_mul(3 * count) >= height.saturating_mul(4);
    (2..COLUMNS_MAX).find(fits).unwrap_or(COLUMNS_MAX)
}

/// By end, the only box that leads to it: an end stands beside it, whatever row it is in.
fn sources(draft: &Draft) -> BTreeMap<usize, Option<usize>> {
    let mut into: BTreeMap<usize, Option<usize>> = BTreeMap::new();
    for link in &draft.links {
        let source = into.entry(link.to).or_insert(Some(link.from));
        if *source != Some(link.from) {
            *source = None;
        }
    }
    for link in &draft.links {
        into.remove(&link.from);
    }
    into
}

/// The rows before which a column ends.
fn cuts(draft: &Draft, whole: &Plan, rows: usize, columns: i64) -> Vec<usize> {
    let row = |at: usize| whole.rows.get(at).copied().unwrap_or(0);
    let sources = sources(draft);
    // By row, what begins and what ends to lead over the line above it.
    let mut steps = vec![(0_i64, 0_i64); rows + 2];
    let mut add = |from: usize, to: usize, arrows: i64, groups: i64| {
        for (at, sign) in [(from + 1, 1), (to + 1, -1)] {
            if let Some(step) = steps.get_mut(at) {
                *step = (step.0 + sign * arrows, step.1 + sign * groups);
            }
        }
    };
    for link in &draft.links {
        if link.from < whole.rows.len() && link.to < whole.rows.len() {
            let ends = sources.get(&link.to).copied().flatten().is_some();
            let (a, b) = (row(link.from), row(link.to));
            add(a.min(b), a.max(b), i64::from(!ends), 0);
        }
    }
    let mut groups: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for (at, shape) in draft.boxes.iter().enumerate().filter(|(_, s)| s.group != 0) {
        let span = groups.entry(shape.group).or_insert((row(at), row(at)));
        *span = (span.0.min(row(at)), span.1.max(row(at)));
    }
    for (from, to) in groups.into_values() {
        add(from, to, 0, 1);
    }
    let mut tops = vec![i64::MAX; rows + 1];
    for (at, area) in whole.boxes.iter().enumerate() {
        if let Some(top) = tops.get_mut(row(at)) {
            *top = (*top).min(area.y);
        }
    }
    let (mut arrows, mut torn) = (0, 0);
    let mut lines: Vec<(usize, i64, i64)> = Vec::new();
    for (at, (step, top)) in steps.iter().zip(&tops).enumerate() {
        (arrows, torn) = (arrows + step.0, torn + step.1);
        if at > 0 && at < rows && torn == 0 && *top != i64::MAX {
            lines.push((at, *top, arrows));
        }
    }
    best(&lines, whole.height, columns)
}

/// Of the lines, each a row, its height and the arrows over it, those that part the whole well.
fn best(lines: &[(usize, i64, i64)], height: i64, columns: i64) -> Vec<usize> {
    let each = height / columns.max(1);
    let mut cuts = Vec::new();
    let mut last = 0;
    while height - last > each + each / 2 {
        let wanted = last + each;
        let from = lines.partition_point(|(_, y, _)| *y <= last + each / 2);
        let rest = lines.get(from..).unwrap_or_default();
        let near = rest.partition_point(|(_, y, _)| *y <= wanted + each / 4);
        // Where a group leaves no line near, the next one is as good as it gets.
        let near = rest.get(..near.max(1)).unwrap_or(rest);
        let cost = |line: &&(usize, i64, i64)| (line.2, (line.1 - wanted).abs(), Reverse(line.0));
        let Some((row, y, _)) = near.iter().min_by_key(cost) else {
            break;
        };
        cuts.push(*row);
        last = *y;
    }
    cuts
}

/// A column by itself.
struct Part {
    draft: Draft,
    /// By box of the column, that of the whole; none for a stub.
    boxes: Vec<Option<usize>>,
    /// By link of the column, that of the whole.
    links: Vec<usize>,
    /// Links to other columns: the box that stands in for the target, and whether that is further to the
    /// left.
    out: BTreeMap<usize, (usize, bool)>,
    /// The links of the whole, by where they lead.
    targets: Vec<usize>,
}

fn split(draft: &Draft, whole: &Plan, columns: &[usize]) -> Vec<Part> {
    let count = columns.iter().max().map_or(0, |last| last + 1);
    let mut parts: Vec<Part> = Vec::new();
    parts.resize_with(count, || Part {
        draft: Draft::default(),
        boxes: Vec::new(),
        links: Vec::new(),
        out: BTreeMap::new(),
        targets: draft.links.iter().map(|link| link.to).collect(),
    });
    let mut number = vec![0; draft.boxes.len()];
    for ((at, shape), column) in draft.boxes.iter().enumerate().zip(columns) {
        if let (Some(part), Some(number)) = (parts.get_mut(*column), number.get_mut(at)) {
            *number = part.draft.boxes.len();
            part.draft.boxes.push(*shape);
            part.boxes.push(Some(at));
        }
    }
    let column = |at: usize| columns.get(at).copied();
    let of = |at: usize| number.get(at).copied().unwrap_or(0);
    for (at, link) in draft.links.iter().enumerate() {
        let (Some(from), Some(to)) = (column(link.from), column(link.to)) else {
            continue;
        };
        let Some(part) = parts.get_mut(from) else {
            continue;
        };
        let target = if from == to {
            of(link.to)
        } else {
            let (width, height) = draft.boxes.get(link.to).map_or((0, 0), |shape| shape.stub);
            part.draft.boxes.push(Shape {
                width,
                height,
                ..Shape::default()
            });
            part.boxes.push(None);
            let stub = part.draft.boxes.len() - 1;
            part.out.insert(at, (stub, to < from));
            stub
        };
        part.links.push(at);
        part.draft.links.push(Link {
            from: of(link.from),
            to: target,
            label: link.label,
        });
    }
    // A column begins where the arrows of the others come in.
    let entered = draft
        .links
        .iter()
        .filter(|link| column(link.from) != column(link.to));
    let mut first: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for link in entered {
        if let (Some(column), Some(row)) = (column(link.to), whole.rows.get(link.to)) {
            let known = first.entry(column).or_insert((*row, link.to));
            *known = (*known).min((*row, link.to));
        }
    }
    for (at, part) in parts.iter_mut().enumerate() {
        let start = first.get(&at).map_or(draft.start, |(_, start)| *start);
        let start = if column(draft.start) == Some(at) {
            draft.start
        } else {
            start
        };
        part.draft.start = of(start);
    }
    parts
}

impl Part {
    /// Puts the plan of the column into that of the whole, `x` to the right and its rows behind those before;
    /// gives back how many rows there are then.
    fn put(&self, all: &mut Plan, plan: Plan, x: i64, rows: usize) -> usize {
        let aside = |area: Area| Area {
            x: area.x + x,
            ..area
        };
        let mut last = rows;
        let places = plan.boxes.iter().zip(&plan.rows);
        for (at, (area, row)) in self.boxes.iter().zip(places) {
            let Some(at) = *at else { continue };
            if let (Some(place), Some(known)) = (all.boxes.get_mut(at), all.rows.get_mut(at)) {
                (*place, *known) = (aside(*area), rows + row);
                last = last.max(*known + 1);
            }
        }
        for (at, mut route) in self.links.iter().zip(plan.routes) {
            move_aside(&mut route, x);
            if let Some((stub, up)) = self.out.get(at) {
                route.way = Way::Stub;
                all.stubs.extend(plan.boxes.get(*stub).map(|area| Stub {
                    area: aside(*area),
                    link: *at,
                    target: self.targets.get(*at).copied().unwrap_or(0),
                    up: *up,
                    beside: true,
                }));
            }
            if let Some(place) = all.routes.get_mut(*at) {
                *place = route;
            }
        }
        for stub in plan.stubs {
            let (link, target) = (self.links.get(stub.link), self.boxes.get(stub.target));
            if let (Some(link), Some(Some(target))) = (link, target) {
                all.stubs.push(Stub {
                    area: aside(stub.area),
                    link: *link,
                    target: *target,
                    up: stub.up,
                    beside: false,
                });
            }
        }
        all.width = x + plan.width;
        all.height = all.height.max(plan.height);
        all.crossings += plan.crossings;
        last
    }
}

fn move_aside(route: &mut Route, x: i64) {
    let aside = |point: &mut (i64, i64)| point.0 += x;
    aside(&mut route.start);
    for piece in &mut route.pieces {
        match piece {
            Piece::Line(end) => aside(end),
            Piece::Curve(one, two, end) => [one, two, end].into_iter().for_each(aside),
        }
    }
    if let Some(label) = &mut route.label {
        label.x += x;
    }
}
