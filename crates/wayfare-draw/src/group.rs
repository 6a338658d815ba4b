//! The light boxes behind the nodes of a fragment.

use std::collections::BTreeMap;

use crate::{
    layout::{Area, Plan},
    scene::{SMALL, Scene},
    text,
};

/// The room around the nodes of a group.
const EDGE: i64 = 8;
/// Fragments in more than so many others have no box of their own.
const DEPTH_MAX: usize = 6;

/// The boxes of a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// The path of the node that is the fragment.
    pub(crate) path: String,
    /// One area, or one a row where other nodes stand between.
    pub(crate) areas: Vec<Area>,
    /// Its name, as short as it has to be, and where that stands.
    pub(crate) caption: Caption,
}

/// The name of a group, beside its box.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caption {
    pub(crate) text: String,
    pub(crate) area: Area,
}

impl Group {
    /// Whether it lies in an even number of others, so that it is told from the one around it.
    pub(crate) fn is_outer(&self) -> bool {
        self.path.matches('.').count().is_multiple_of(2)
    }
}

/// The groups of a picture, outer ones first.
pub(crate) fn groups(scene: &Scene, plan: &Plan) -> Vec<Group> {
    let mut members: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
    for (at, figure) in scene.figures.iter().enumerate() {
        let dots = figure.path.match_indices('.').take(DEPTH_MAX);
        for (depth, (end, _)) in dots.enumerate() {
            let prefix = figure.path.get(..end).unwrap_or_default();
            members.entry((depth, prefix)).or_default().push(at);
        }
    }
    let mut groups = Vec::with_capacity(members.len());
    for ((depth, path), members) in members {
        let rows = rows(plan, &members);
        let Some(whole) = rows.values().copied().reduce(around) else {
            continue;
        };
        let whole = wider(whole, EDGE);
        let inside = wider(with_lanes(scene, plan, &members, whole), EDGE / 2);
        let areas = if is_clear(scene, plan, &members, inside) {
            vec![inside]
        } else if is_clear(scene, plan, &members, whole) {
            vec![whole]
        } else if depth == 0 {
            torn(scene, plan, &members, rows)
        } else {
            // An inner fragment that is torn apart is told by the paths of its nodes alone.
            continue;
        };
        groups.push(Group {
            path: path.to_owned(),
            areas,
            caption: Caption::default(),
        });
    }
    name(plan, &mut groups);
    groups
}

/// The height of a caption.
const CAPTION: i64 = 13;

/// Puts each name where it lies on no node, label or other name: above the box or below it, left or right.
fn name(plan: &Plan, groups: &mut [Group]) {
    let labels = plan.routes.iter().filter_map(|route| route.label);
    let stubs = plan.stubs.iter().map(|stub| stub.area);
    let mut taken: Vec<Area> = plan.boxes.clone();
    taken.extend(labels.chain(stubs));
    for group in groups {
        let (Some(top), Some(bottom)) = (group.areas.first(), group.areas.last()) else {
            continue;
        };
        let name = group.path.rsplit('.').next().unwrap_or_default();
        let text = text::shorten(name, SMALL, top.width.max(60));
        let width = text::width(&text, SMALL);
        let at = |x, y| Area {
            x,
            y,
            width,
            height: CAPTION,
        };
        let (above, below) = (top.y - CAPTION - 2, bottom.bottom() + 2);
        let places = [
            at(top.x + 4, above),
            at(top.right() - 4 - width, above),
            at(bottom.x + 4, below),
            at(bottom.right() - 4 - width, below),
        ];
        let free = |place: &&Area| !taken.iter().any(|other| other.overlaps(**place));
        let area = places.iter().find(free).or(places.first()).copied();
        let area = area.unwrap_or_default();
        taken.push(area);
        group.caption = Caption { text, area };
    }
}

/// An area for each row, and one between two rows where only arrows are.
fn torn(scene: &Scene, plan: &Plan, members: &[usize], rows: BTreeMap<usize, Area>) -> Vec<Area> {
    let mut areas: Vec<Area> = Vec::new();
    for area in rows.into_values().map(|area| wider(area, EDGE - 2)) {
        if let Some(above) = areas.last().copied() {
            let (x, right) = (above.x.max(area.x), above.right().min(area.right()));
            let (y, bottom) = (above.bottom() - EDGE, area.y + EDGE);
            let between = Area {
                x,
                y,
                width: right - x,
                height: bottom - y,
            };
            if right > x && bottom > y && is_clear(scene, plan, members, between) {
                areas.push(between);
            }
        }
        areas.push(area);
    }
    areas
}

/// The area with the arrows that lead from member to member.
fn with_lanes(scene: &Scene, plan: &Plan, members: &[usize], whole: Area) -> Area {
    let is_member = |at: usize| members.binary_search(&at).is_ok();
    let mut area = whole;
    for (link, route) in scene.draft.links.iter().zip(&plan.routes) {
        if !is_member(link.from) || !is_member(link.to) {
            continue;
        }
        for piece in &route.pieces {
            let (x, y) = piece.end();
            let point = Area {
                x,
                y,
                width: 0,
                height: 0,
            };
            area = around(area, point);
        }
        area = route.label.map_or(area, |label| around(area, label));
    }
    area
}

/// Whether nothing stands in an area but members and their stubs and labels.
fn is_clear(scene: &Scene, plan: &Plan, members: &[usize], area: Area) -> bool {
    let is_member = |at: usize| members.binary_search(&at).is_ok();
    let mut boxes = plan.boxes.iter().enumerate();
    let from = |link: usize| scene.draft.links.get(link).map_or(usize::MAX, |l| l.from);
    !boxes.any(|(at, other)| !is_member(at) && other.overlaps(area))
        && !plan
            .stubs
            .iter()
            .any(|stub| stub.area.overlaps(area) && !is_member(from(stub.link)))
        && !plan.routes.iter().enumerate().any(|(at, route)| {
            let label = route.label.filter(|label| label.overlaps(area));
            label.is_some() && !is_member(from(at))
        })
}

/// By row, what the members cover.
fn rows(plan: &Plan, members: &[usize]) -> BTreeMap<usize, Area> {
    let mut rows: BTreeMap<usize, Area> = BTreeMap::new();
    for member in members {
        let (Some(row), Some(area)) = (plan.rows.get(*member), plan.boxes.get(*member)) else {
            continue;
        };
        rows.entry(*row)
            .and_modify(|all| *all = around(*all, *area))
            .or_insert(*area);
    }
    rows
}

fn around(one: Area, other: Area) -> Area {
    let (x, y) = (one.x.min(other.x), one.y.min(other.y));
    Area {
        x,
        y,
        width: one.right().max(other.right()) - x,
        height: one.bottom().max(other.bottom()) - y,
    }
}

fn wider(area: Area, by: i64) -> Area {
    Area {
        x: area.x - by,
        y: area.y - by,
        width: area.width + 2 * by,
        height: area.height + 2 * by,
    }
}
