//! Rows of items: boxes, bends of arrows that pass a row, and labels.
//!
//! Boxes stand in even rows and labels in odd ones, so that no label meets a box.

use super::{
    Draft, Link, cycle, int, rank,
    row::{Fan, Row},
};

/// Above this many boxes a picture is large: long arrows become stubs.
const LARGE: usize = 60;
/// How many rows of boxes an arrow may lead over in a large picture.
const ROWS_MAX: usize = 12;

/// What stands in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A box of the draft.
    Shape(usize),
    /// The stub at the end of a link.
    Stub(usize),
    /// A bend, or a label, of a link.
    Bend(usize),
    /// Where a link that leads back turns beside a box.
    Lane(usize),
    /// The loop of a link from a box to itself.
    Loop(usize),
}

/// Something in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) row: usize,
    /// Half of its width.
    pub(super) half: i64,
    pub(super) height: i64,
    pub(super) group: u32,
}

impl Item {
    /// Whether it is a part of an arrow and nothing else.
    pub(super) fn is_bend(&self) -> bool {
        matches!(self.kind, Kind::Bend(_) | Kind::Lane(_))
    }
}

/// What a link became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fate {
    #[default]
    Nothing,
    Down,
    Back,
    Around,
    /// To a stub, which names a box further up or down.
    Stub {
        up: bool,
    },
}

#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) items: Vec<Item>,
    /// From left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// By link, its items from top to bottom.
    pub(super) chains: Vec<Vec<usize>>,
    pub(super) fates: Vec<Fate>,
    /// By item, what it is joined to in the row above and in the row below.
    pub(super) up: Fan,
    pub(super) down: Fan,
    pub(super) ranks: Row<usize>,
}

impl Grid {
    pub(super) fn new(draft: &Draft) -> Self {
        let nodes = draft.boxes.len();
        let is_link = |link: &Link| link.from < nodes && link.to < nodes;
        let back = cycle::back_links(nodes, &draft.links, draft.start);
        let downwards: Vec<(usize, usize)> = draft
            .links
            .iter()
            .zip(&back)
            .filter(|(link, _)| is_link(link) && link.from != link.to)
            .map(|(link, back)| {
                if *back {
                    (link.to, link.from)
                } else {
                    (link.from, link.to)
                }
            })
            .collect();
        let groups: Vec<u32> = draft.boxes.iter().map(|shape| shape.group).collect();
        let ranks = rank::ranks(nodes, &downwards, &groups, draft.start);
        let mut grid = Self {
            fates: vec![Fate::Nothing; draft.links.len()],
            chains: vec![Vec::new(); draft.links.len()],
            ..Self::default()
        };
        for (at, shape) in draft.boxes.iter().enumerate() {
            grid.push(Item {
                kind: Kind::Shape(at),
                row: ranks.at(at) * 2,
                half: (shape.width + 1) / 2,
                height: shape.height,
                group: shape.group,
            });
        }
        for (at, (link, back)) in draft.links.iter().zip(&back).enumerate() {
            if is_link(link) {
                grid.thread(draft, &ranks, at, *back);
            }
        }
        grid.ranks = ranks;
        let last = grid.items.iter().map(|item| item.row).max();
        grid.rows = vec![Vec::new(); last.map_or(0, |row| row + 1)];
        grid.join();
        grid
    }

    pub(super) fn push(&mut self, item: Item) -> usize {
        self.items.push(item);
        self.items.len() - 1
    }

    pub(super) fn item(&self, at: usize) -> Item {
        self.items.get(at).copied().unwrap_or(Item {
            kind: Kind::Shape(usize::MAX),
            row: 0,
            half: 0,
            height: 0,
            group: 0,
        })
    }

    /// Works out what is joined to what, from the chains.
    pub(super) fn join(&mut self) {
        let pairs = |chains: &[Vec<usize>]| -> Vec<(usize, usize)> {
            chains
                .iter()
                .flat_map(|chain| chain.iter().copied().zip(chain.iter().copied().skip(1)))
                .collect()
        };
        let pairs = pairs(&self.chains);
        let len = self.items.len();
        self.down = Fan::new(len, pairs.iter().copied());
        self.up = Fan::new(len, pairs.iter().map(|(above, below)| (*below, *above)));
    }

    /// Leads a link through the rows.
    fn thread(&mut self, draft: &Draft, ranks: &Row<usize>, at: usize, back: bool) {
        let Some(link) = draft.links.get(at) else {
            return;
        };
        let (from, to) = (ranks.at(link.from), ranks.at(link.to));
        let large = draft.boxes.len() > LARGE;
        let fate = if link.from == link.to {
            Fate::Around
        } else if large && from.abs_diff(to) > ROWS_MAX {
            Fate::Stub { up: back }
        } else if back {
            Fate::Back
        } else {
            Fate::Down
        };
        if let Some(slot) = self.fates.get_mut(at) {
            *slot = fate;
        }
        let chain = match fate {
            Fate::Nothing | Fate::Around => Vec::new(),
            Fate::Down => self.bends(draft, at, link.from, from * 2, link.to, to * 2),
            Fate::Back => self.bends(draft, at, link.to, to * 2, link.from, from * 2),
            Fate::Stub { .. } => {
                let (width, height) = draft.boxes.get(link.to).map_or((0, 0), |b| b.stub);
                let group = self.item(link.from).group;
                let stub = self.push(Item {
                    kind: Kind::Stub(at),
                    row: from * 2 + 2,
                    half: (width + 1) / 2,
                    height,
                    group,
                });
                self.bends(draft, at, link.from, from * 2, stub, from * 2 + 2)
            }
        };
        if let Some(slot) = self.chains.get_mut(at) {
            *slot = chain;
        }
    }

    /// The items of a link from one item down to another: a bend in each row between, the label in the
    /// row next to the box that the arrow leaves.
    fn bends(
        &mut self,
        draft: &Draft,
        at: usize,
        top: usize,
        top_row: usize,
        bottom: usize,
        bottom_row: usize,
    ) -> Vec<usize> {
        let back = self.fates.get(at) == Some(&Fate::Back);
        let label_row = if back { bottom_row - 1 } else { top_row + 1 };
        let label = draft.links.get(at).and_then(|link| link.label);
        let (above, below) = (self.item(top).group, self.item(bottom).group);
        let group = if above == below { above } else { 0 };
        let mut chain = vec![top];
        for row in top_row + 1..bottom_row {
            let (width, height) = if row == label_row { label } else { None }.unwrap_or((0, 0));
            chain.push(self.push(Item {
                kind: Kind::Bend(at),
                row,
                half: (width + 1) / 2,
                height,
                group,
            }));
        }
        chain.push(bottom);
        chain
    }

    /// Pairs of arrows that cross between rows.
    pub(super) fn crossings(&self) -> u64 {
        let place = self.places();
        let mut total = 0_u64;
        let mut tree: Vec<u64> = Vec::new();
        for row in &self.rows {
            let ends = row.iter().flat_map(|item| {
                let mut below: Vec<usize> =
                    self.down.of(*item).iter().map(|b| place.at(*b)).collect();
                below.sort_unstable();
                below
            });
            let ends: Vec<usize> = ends.collect();
            total += inversions(&ends, &mut tree);
        }
        total
    }

    /// By item, its place in its row.
    pub(super) fn places(&self) -> Row<usize> {
        let mut place = Row::new(self.items.len(), 0);
        for row in &self.rows {
            for (at, item) in row.iter().enumerate() {
                place.put(*item, at);
            }
        }
        place
    }

    /// The width between the middles of two neighbours.
    pub(super) fn apart(&self, left: usize, right: usize) -> i64 {
        let (left, right) = (self.item(left), self.item(right));
        let gap = match (left.is_bend(), right.is_bend()) {
            (true, true) if left.half + right.half == 0 => 16,
            (true, true) => 12,
            (false, false) => 28,
            _ => 18,
        };
        // A group's box takes room at its edge.
        let edge = if left.group == right.group { 0 } else { 14 };
        left.half + right.half + gap + edge
    }
}

/// How many pairs stand in the wrong order.
fn inversions(ends: &[usize], tree: &mut Vec<u64>) -> u64 {
    let size = ends.iter().max().map_or(0, |most| most + 2);
    tree.clear();
    tree.resize(size + 1, 0);
    let mut total = 0;
    for (seen, end) in ends.iter().enumerate() {
        let mut at = end + 1;
        let mut not_after = 0;
        while at > 0 {
            not_after += tree.get(at).copied().unwrap_or(0);
            at &= at - 1;
        }
        total += u64::try_from(int(seen)).unwrap_or(0) - not_after;
        let mut at = end + 1;
        while at <= size {
            if let Some(slot) = tree.get_mut(at) {
                *slot += 1;
            }
            at += at & at.wrapping_neg();
        }
    }
    total
}
