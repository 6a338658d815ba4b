//! Heights of rows, and the ways of arrows.
//!
//! Within a row an arrow goes straight up or down, in the room that it was given there; it bends only
//! between rows, where nothing stands. So no arrow runs through a box or a label.

use std::collections::BTreeMap;

use super::{
    Area, Draft, Piece, Plan, Route, Stub, Way,
    grid::{Fate, Grid, Kind},
    int, port,
};

/// The least room between two rows.
const GAP: i64 = 18;
/// How far apart arrows meet the edge of a box.
const PORTS: i64 = 16;
/// How far they keep off its corners.
const CORNER: i64 = 12;
/// How round the corners of lanes are.
const ROUND: i64 = 8;

/// A row from its upper to its lower edge.
#[derive(Debug, Clone, Copy, Default)]
struct Band {
    top: i64,
    bottom: i64,
}

/// A lane beside a box: whether it enters, its order from above, its item.
type Hook = (bool, i64, usize);

struct Router<'d> {
    draft: &'d Draft,
    grid: &'d Grid,
    xs: &'d [i64],
    bands: Vec<Band>,
    boxes: Vec<Area>,
    /// By link and whether it is the upper end, where it meets the edge of its box.
    ports: BTreeMap<(usize, bool), i64>,
    /// By lane, how far down it meets the side of its box.
    hooks: BTreeMap<usize, i64>,
    /// By the item of the loops of a box, the links.
    loops: BTreeMap<usize, Vec<usize>>,
}

pub(super) fn route(draft: &Draft, grid: &Grid, xs: &[i64]) -> Plan {
    let bands = bands(grid, xs);
    let mut finder = Router {
        draft,
        grid,
        xs,
        boxes: Vec::new(),
        bands,
        ports: BTreeMap::new(),
        hooks: BTreeMap::new(),
        loops: BTreeMap::new(),
    };
    for (link, chain) in grid.chains.iter().enumerate() {
        if let (Some(Fate::Around), Some(item)) = (grid.fates.get(link), chain.first()) {
            finder.loops.entry(*item).or_default().push(link);
        }
    }
    finder.boxes = (0..draft.boxes.len()).map(|at| finder.area(at)).collect();
    finder.find_ports();
    finder.find_hooks();
    let routes: Vec<Route> = (0..draft.links.len()).map(|at| finder.link(at)).collect();
    let stubs = finder.stubs();
    let right = (0..grid.items.len()).map(|item| finder.x(item) + grid.item(item).half);
    Plan {
        width: right.max().unwrap_or(0),
        height: finder.bands.last().map_or(0, |band| band.bottom),
        rows: (0..draft.boxes.len()).map(|at| grid.ranks.at(at)).collect(),
        crossings: grid.crossings(),
        boxes: finder.boxes,
        routes,
        stubs,
    }
}

/// The rows from top to bottom; the wider arrows swing between two, the further apart they are.
fn bands(grid: &Grid, xs: &[i64]) -> Vec<Band> {
    let x = |item: usize| xs.get(item).copied().unwrap_or(0);
    let mut bands: Vec<Band> = Vec::with_capacity(grid.rows.len());
    let mut top = 0;
    for (at, row) in grid.rows.iter().enumerate() {
        let height = row
            .iter()
            .map(|item| grid.item(*item).height)
            .max()
            .unwrap_or(0);
        bands.push(Band {
            top,
            bottom: top + height,
        });
        let swings = row.iter().flat_map(|item| {
            let below = grid.down.of(*item).iter();
            below.map(move |to| (x(*item) - x(*to)).abs())
        });
        let swing = swings.max().unwrap_or(0);
        // Rows without a label have no height; above a box there is room for the head of an arrow.
        let extra = (swing / 7).min(36);
        top += height + GAP + extra - if at % 2 == 0 { 4 } else { 0 };
    }
    bands
}

impl Router<'_> {
    fn x(&self, item: usize) -> i64 {
        self.xs.get(item).copied().unwrap_or(0)
    }

    fn band(&self, row: usize) -> Band {
        self.bands.get(row).copied().unwrap_or_default()
    }

    /// Where an item stands, in the middle of its row.
    fn area_of(&self, item: usize, width: i64, height: i64) -> Area {
        let band = self.band(self.grid.item(item).row);
        Area {
            x: self.x(item) - width / 2,
            y: band.top + (band.bottom - band.top - height) / 2,
            width,
            height,
        }
    }

    /// The area of a box; items of boxes have their numbers.
    fn area(&self, at: usize) -> Area {
        let shape = self.draft.boxes.get(at).copied().unwrap_or_default();
        self.area_of(at, shape.width, shape.height)
    }

    fn stubs(&self) -> Vec<Stub> {
        let items = self.grid.items.iter().enumerate();
        items
            .filter_map(|(item, own)| {
                let Kind::Stub(link) = own.kind else {
                    return None;
                };
                let target = self.draft.links.get(link)?.to;
                let (width, height) = self.draft.boxes.get(target)?.stub;
                Some(Stub {
                    area: self.area_of(item, width, height),
                    link,
                    target,
                    up: self.grid.fates.get(link) == Some(&Fate::Stub { up: true }),
                    beside: false,
                })
            })
            .collect()
    }

    /// Spreads arrows over the lower and upper edges of their boxes.
    fn find_ports(&mut self) {
        let mut edges: BTreeMap<(usize, bool), Vec<(i64, usize)>> = BTreeMap::new();
        for (link, chain) in self.grid.chains.iter().enumerate() {
            if !matches!(
                self.grid.fates.get(link),
                Some(Fate::Down | Fate::Stub { .. })
            ) {
                continue;
            }
            let mut from_top = chain.iter();
            if let (Some(end), Some(next)) = (from_top.next(), from_top.next()) {
                let ends = edges.entry((*end, true)).or_default();
                ends.push((self.x(*next), link));
            }
            let mut from_bottom = chain.iter().rev();
            if let (Some(end), Some(next)) = (from_bottom.next(), from_bottom.next()) {
                let ends = edges.entry((*end, false)).or_default();
                ends.push((self.x(*next), link));
            }
        }
        for ((item, leaves), mut ends) in edges {
            ends.sort_unstable();
            let (half, inset) = match self.grid.item(item).kind {
                Kind::Shape(at) => {
                    let shape = self.draft.boxes.get(at).copied().unwrap_or_default();
                    (shape.width / 2, shape.inset)
                }
                _ => (self.grid.item(item).half, 0),
            };
            let reach = (half - inset - CORNER).max(0);
            let wanted: Vec<i64> = ends.iter().map(|(x, _)| *x).collect();
            let middle = self.x(item);
            let places = port::spread(&wanted, PORTS, middle - reach, middle + reach);
            for ((_, link), place) in ends.into_iter().zip(places) {
                self.ports.insert((link, leaves), place);
            }
        }
    }

    /// Spreads lanes over the sides of their boxes, so that none crosses another.
    fn find_hooks(&mut self) {
        let mut sides: BTreeMap<(usize, bool), Vec<Hook>> = BTreeMap::new();
        for (item, own) in self.grid.items.iter().enumerate() {
            let Kind::Lane(link) = own.kind else { continue };
            let Some((owner, leaves)) = self.owner(item, link) else {
                continue;
            };
            let right = self.x(item) > self.x(owner);
            let far = (self.x(item) - self.x(owner)).abs();
            // From above: those that leave, the nearest first; then those that enter, the furthest first.
            let order = if leaves { far } else { -far };
            let side = sides.entry((owner, right)).or_default();
            side.push((!leaves, order, item));
        }
        for ((owner, _), mut lanes) in sides {
            lanes.sort_unstable();
            let Some(area) = self.boxes.get(owner).copied() else {
                continue;
            };
            let count = int(lanes.len()) + 1;
            for (at, (_, _, item)) in lanes.into_iter().enumerate() {
                let down = area.height * (int(at) + 1) / count;
                self.hooks.insert(item, area.y + down);
            }
        }
    }

    /// The box beside a lane, and whether the link leaves it.
    fn owner(&self, lane: usize, link: usize) -> Option<(usize, bool)> {
        let chain = self.grid.chains.get(link)?;
        let leaves = chain.last() == Some(&lane);
        let ends = self.draft.links.get(link)?;
        Some((if leaves { ends.from } else { ends.to }, leaves))
    }

    fn link(&self, at: usize) -> Route {
        match self.grid.fates.get(at) {
            Some(Fate::Down) => self.down(at, Way::Down),
            Some(Fate::Stub { .. }) => self.down(at, Way::Stub),
            Some(Fate::Back) => self.back(at),
            Some(Fate::Around) => self.around(at),
            Some(Fate::Nothing) | None => Route::default(),
        }
    }

    fn label(&self, at: usize, item: Option<&usize>) -> Option<Area> {
        let (width, height) = self.draft.links.get(at)?.label?;
        Some(self.area_of(*item?, width, height))
    }

    fn down(&self, at: usize, way: Way) -> Route {
        let chain = self.grid.chains.get(at).map_or(&[][..], Vec::as_slice);
        let (Some(&first), Some(&last)) = (chain.first(), chain.last()) else {
            return Route::default();
        };
        let edge = |item: usize| {
            let own = self.grid.item(item);
            let area = self.area_of(item, own.half * 2, own.height);
            self.boxes.get(item).copied().unwrap_or(area)
        };
        let port = |leaves: bool| self.ports.get(&(at, leaves)).copied().unwrap_or(0);
        let start = (port(true), edge(first).bottom());
        let mut pen = Pen::new(start);
        pen.line((start.0, self.band(self.grid.item(first).row).bottom));
        let bends = chain.get(1..chain.len() - 1).unwrap_or_default();
        for bend in bends {
            let band = self.band(self.grid.item(*bend).row);
            pen.swing((self.x(*bend), band.top));
            pen.line((self.x(*bend), band.bottom));
        }
        let x = port(false);
        pen.swing((x, self.band(self.grid.item(last).row).top));
        pen.line((x, edge(last).y));
        Route {
            start,
            pieces: pen.pieces,
            label: self.label(at, bends.first()),
            way,
        }
    }

    fn back(&self, at: usize) -> Route {
        let chain = self.grid.chains.get(at).map_or(&[][..], Vec::as_slice);
        let (Some(&top), Some(&bottom)) = (chain.first(), chain.last()) else {
            return Route::default();
        };
        let Some(link) = self.draft.links.get(at) else {
            return Route::default();
        };
        let side = |owner: usize, x: i64| {
            let area = self.boxes.get(owner).copied().unwrap_or_default();
            if x > area.middle() {
                (area.right(), 1)
            } else {
                (area.x, -1)
            }
        };
        let hook = |lane: usize| self.hooks.get(&lane).copied().unwrap_or(0);
        let x = self.x(bottom);
        let (edge, sign) = side(link.from, x);
        let start = (edge, hook(bottom));
        let mut pen = Pen::new(start);
        pen.line((x - sign * ROUND, start.1));
        pen.corner((x, start.1), (x, start.1 - ROUND));
        pen.line((
            x,
            self.band(self.grid.item(bottom).row)
                .top
                .min(start.1 - ROUND),
        ));
        let bends = chain.get(1..chain.len() - 1).unwrap_or_default();
        for bend in bends.iter().rev() {
            let band = self.band(self.grid.item(*bend).row);
            pen.swing((self.x(*bend), band.bottom));
            pen.line((self.x(*bend), band.top));
        }
        let x = self.x(top);
        let (edge, sign) = side(link.to, x);
        let end = (edge, hook(top));
        let below = self.band(self.grid.item(top).row).bottom.max(end.1 + ROUND);
        pen.swing((x, below));
        pen.line((x, end.1 + ROUND));
        pen.corner((x, end.1), (x - sign * ROUND, end.1));
        pen.line(end);
        Route {
            start,
            pieces: pen.pieces,
            label: self.label(at, bends.last()),
            way: Way::Back,
        }
    }

    fn around(&self, at: usize) -> Route {
        let Some(link) = self.draft.links.get(at) else {
            return Route::default();
        };
        let item = self.grid.chains.get(at).and_then(|chain| chain.first());
        let (Some(&item), Some(&own)) = (item, self.boxes.get(link.from)) else {
            return Route::default();
        };
        let left = self.x(item) - self.grid.item(item).half;
        // All loops of a box stand above each other, and so do their labels.
        let all = self.loops.get(&item).map_or(&[][..], Vec::as_slice);
        let slot = all.iter().position(|link| *link == at).unwrap_or(0);
        let hook = |number: usize| {
            let down = own.height * (int(number) + 1) / (2 * int(all.len()) + 1);
            own.y + down
        };
        let (above, below) = if all.len() > 1 {
            (hook(2 * slot), hook(2 * slot + 1))
        } else {
            let middle = own.y + own.height / 2;
            (middle - 7, middle + 7)
        };
        let turn = left + 4;
        let start = (own.right(), above);
        let mut pen = Pen::new(start);
        pen.line((turn, above));
        pen.curve((turn + 10, above), (turn + 10, below), (turn, below));
        pen.line((own.right(), below));
        let height = |link: &usize| {
            let link = self.draft.links.get(*link);
            link.and_then(|link| link.label).map_or(0, |label| label.1)
        };
        let room: i64 = all.iter().map(height).sum();
        let before: i64 = all.iter().take(slot).map(height).sum();
        let label = link.label.map(|(width, height)| Area {
            x: left + 18,
            y: own.y + (own.height - room) / 2 + before,
            width,
            height,
        });
        Route {
            start,
            pieces: pen.pieces,
            label,
            way: Way::Around,
        }
    }
}

/// Draws a way piece by piece.
struct Pen {
    at: (i64, i64),
    /// Where the last straight line begins.
    line_from: Option<(i64, i64)>,
    pieces: Vec<Piece>,
}

impl Pen {
    fn new(start: (i64, i64)) -> Self {
        Self {
            at: start,
            line_from: None,
            pieces: Vec::new(),
        }
    }

    /// A straight line; one that goes on upright from another makes that longer.
    fn line(&mut self, to: (i64, i64)) {
        if to == self.at {
            return;
        }
        let from = self.at;
        self.at = to;
        if let (Some(Piece::Line(end)), Some(begin)) = (self.pieces.last_mut(), self.line_from) {
            let down = (from.1 - begin.1).signum() == (to.1 - from.1).signum();
            if begin.0 == from.0 && from.0 == to.0 && down {
                *end = to;
                return;
            }
        }
        self.line_from = Some(from);
        self.pieces.push(Piece::Line(to));
    }

    fn curve(&mut self, one: (i64, i64), two: (i64, i64), to: (i64, i64)) {
        self.at = to;
        self.pieces.push(Piece::Curve(one, two, to));
    }

    /// From upright to upright.
    fn swing(&mut self, to: (i64, i64)) {
        if to.0 == self.at.0 {
            self.line(to);
            return;
        }
        let half = i64::midpoint(self.at.1, to.1);
        self.curve((self.at.0, half), (to.0, half), to);
    }

    /// Around a corner.
    fn corner(&mut self, corner: (i64, i64), to: (i64, i64)) {
        self.curve(corner, corner, to);
    }
}
