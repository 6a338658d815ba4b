//! Where boxes and arrows stand: a layered layout from top to bottom.
//!
//! In: sizes of boxes and labels, and which box leads to which. Out: a place for each box, a curve for each
//! arrow and a place for each label, in whole pixels. The passes are those of Sugiyama: arrows that lead
//! back are found (`cycle`), each box gets a row (`rank`), arrows over several rows get bends and labels get
//! room as boxes do (`grid`), rows are ordered for few crossings (`order`), arrows that lead back get lanes
//! beside their boxes (`lane`), and everything gets a place (`align`, after Brandes and Köpf, and `settle`)
//! and a curve (`route`).
//!
//! Every pass is iterative and near-linear, none tries for ever, and the same input gives the same numbers:
//! there is no randomness and no floating point. What would take too long a way in a large picture is not
//! drawn through it: it becomes a stub that names where it leads ([`Plan::stubs`]). A large picture that is
//! much taller than wide is broken into columns (`wrap`). Deliberately not here: what boxes mean, text,
//! colours.

mod align;
mod cycle;
mod grid;
mod lane;
mod order;
mod port;
mod rank;
mod route;
mod row;
mod settle;
mod wrap;

use self::{grid::Grid, row::int};

/// What is to be laid out.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The boxes.
    pub boxes: Vec<Shape>,
    /// The arrows.
    pub links: Vec<Link>,
    /// The box at the top.
    pub start: usize,
}

/// A box before it has a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// Its width.
    pub width: i64,
    /// Its height.
    pub height: i64,
    /// How far from its corners arrows keep off above and below.
    pub inset: i64,
    /// The number of the group that it belongs to; boxes of a group stand side by side. None is 0.
    pub group: u32,
    /// The size of a stub that names it.
    pub stub: (i64, i64),
}

/// An arrow before it has a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    /// The box it leaves.
    pub from: usize,
    /// The box it leads to.
    pub to: usize,
    /// The size of its label.
    pub label: Option<(i64, i64)>,
}

/// Everything with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The width of the whole.
    pub width: i64,
    /// The height of the whole.
    pub height: i64,
    /// The boxes, as in the draft.
    pub boxes: Vec<Area>,
    /// The arrows, as in the draft.
    pub routes: Vec<Route>,
    /// What stands in for the ends of arrows that would be too long.
    pub stubs: Vec<Stub>,
    /// By box, its row from the top; those of a column follow upon those of the one before.
    pub rows: Vec<usize>,
    /// How many pairs of arrows cross between two rows.
    pub crossings: u64,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// The left edge.
    pub x: i64,
    /// The upper edge.
    pub y: i64,
    /// The width.
    pub width: i64,
    /// The height.
    pub height: i64,
}

impl Area {
    /// The right edge.
    pub fn right(self) -> i64 {
        self.x + self.width
    }

    /// The lower edge.
    pub fn bottom(self) -> i64 {
        self.y + self.height
    }

    /// The middle from left to right.
    pub fn middle(self) -> i64 {
        self.x + self.width / 2
    }

    /// Whether the two share more than an edge.
    pub fn overlaps(self, other: Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// A stub: it stands where an arrow ends that is not drawn further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stub {
    /// Where it stands.
    pub area: Area,
    /// The arrow that ends at it.
    pub link: usize,
    /// The box that it names.
    pub target: usize,
    /// Whether that box stands above, or in a column before.
    pub up: bool,
    /// Whether that box stands in another column.
    pub beside: bool,
}

/// The way of an arrow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// Where it leaves its box.
    pub start: (i64, i64),
    /// What it does then.
    pub pieces: Vec<Piece>,
    /// Where its label stands.
    pub label: Option<Area>,
    /// Which way it goes.
    pub way: Way,
}

impl Route {
    /// Where it ends.
    pub fn end(&self) -> (i64, i64) {
        self.pieces.last().map_or(self.start, |piece| piece.end())
    }
}

/// A part of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A straight line to a point.
    Line((i64, i64)),
    /// A curve past two points that pull it, to a third.
    Curve((i64, i64), (i64, i64), (i64, i64)),
}

impl Piece {
    /// Where it ends.
    pub fn end(self) -> (i64, i64) {
        match self {
            Self::Line(end) | Self::Curve(_, _, end) => end,
        }
    }
}

/// Which way an arrow goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// Down.
    #[default]
    Down,
    /// Back up, beside the boxes.
    Back,
    /// From a box to itself.
    Around,
    /// Down to a stub.
    Stub,
}

/// Lays out a draft. Links of boxes that do not exist get no way.
///
/// ```
/// use wayfare_draw::layout::{Draft, Link, Shape, layout};
/// let shape = Shape { width: 80, height: 30, ..Shape::default() };
/// let draft = Draft {
///     boxes: vec![shape; 2],
///     links: vec![Link { from: 0, to: 1, label: Some((30, 12)) }],
///     start: 0,
/// };
/// let plan = layout(&draft);
/// assert_eq!(plan.rows, [0, 1]);
/// assert!(plan.boxes[0].bottom() < plan.routes[0].label.unwrap().y);
/// ```
pub fn layout(draft: &Draft) -> Plan {
    let whole = column(draft);
    wrap::wrap(draft, &whole, column).unwrap_or(whole)
}

/// All of a draft in one column.
fn column(draft: &Draft) -> Plan {
    let mut grid = Grid::new(draft);
    order::order(&mut grid, draft.start);
    lane::insert(&mut grid, draft);
    let xs = settle::settle(&grid, align::align(&grid));
    route::route(draft, &grid, &xs)
}
