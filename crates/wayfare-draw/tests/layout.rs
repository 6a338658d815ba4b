//! Laws of the layout, on random graphs and on hostile ones.

use wayfare_draw::layout::{Area, Draft, Link, Piece, Plan, Shape, Way, layout};

use crate::support::Draws;

/// A graph with sizes, labels, groups, loops and arrows that lead back.
fn random(draws: &mut Draws) -> Draft {
    let count = 1 + draws.below(40);
    let boxes = (0..count).map(|at| {
        let group = if at > 0 && draws.below(4) == 0 {
            1 + draws.below(3)
        } else {
            0
        };
        Shape {
            width: 30 + i64::try_from(draws.below(180)).unwrap(),
            height: 16 + i64::try_from(draws.below(90)).unwrap(),
            inset: i64::try_from(draws.below(3)).unwrap() * 7,
            group: u32::try_from(group).unwrap(),
            stub: (60, 20),
        }
    });
    let boxes: Vec<Shape> = boxes.collect();
    let links = (0..draws.below(count * 3)).map(|_| {
        let from = draws.below(count);
        let near = from + 1 + draws.below(4);
        Link {
            from,
            to: if draws.below(3) > 0 && near < count {
                near
            } else {
                draws.below(count)
            },
            label: (draws.below(4) > 0).then(|| {
                (
                    8 + i64::try_from(draws.below(140)).unwrap(),
                    18 + i64::try_from(draws.below(40)).unwrap(),
                )
            }),
        }
    });
    Draft {
        links: links.collect(),
        boxes,
        start: 0,
    }
}

/// Points of a way, close enough to each other that none of a box's size is stepped over unseen.
fn points(plan: &Plan, at: usize) -> Vec<(i64, i64)> {
    let route = &plan.routes[at];
    let mut points = vec![route.start];
    let mut from = route.start;
    for piece in &route.pieces {
        let (a, b, to) = match *piece {
            Piece::Line(to) => (from, to, to),
            Piece::Curve(a, b, to) => (a, b, to),
        };
        let steps = 1 + ((to.0 - from.0).abs() + (to.1 - from.1).abs()) / 6;
        for step in 1..=steps {
            let (t, u) = (step, steps - step);
            let mix = |p: [i64; 4]| {
                (p[0] * u * u * u + 3 * p[1] * u * u * t + 3 * p[2] * u * t * t + p[3] * t * t * t)
                    / (steps * steps * steps)
            };
            let line = |p: i64, q: i64| (p * u + q * t) / steps;
            points.push(match piece {
                Piece::Line(_) => (line(from.0, to.0), line(from.1, to.1)),
                Piece::Curve(..) => (mix([from.0, a.0, b.0, to.0]), mix([from.1, a.1, b.1, to.1])),
            });
        }
        from = to;
    }
    points
}

/// Whether a point lies in an area, its edges not counted.
fn within(area: Area, (x, y): (i64, i64)) -> bool {
    area.x < x && x < area.right() && area.y < y && y < area.bottom()
}

fn on_edge(area: Area, (x, y): (i64, i64)) -> bool {
    let beside = (x == area.x || x == area.right()) && area.y <= y && y <= area.bottom();
    let above = (y == area.y || y == area.bottom()) && area.x <= x && x <= area.right();
    beside || above
}

fn check(draft: &Draft) -> Plan {
    let plan = layout(draft);
    assert_eq!(plan, layout(draft), "the same draft, the same plan");
    let stubs = plan.stubs.iter().map(|stub| stub.area);
    let labels = plan.routes.iter().filter_map(|route| route.label);
    let things: Vec<Area> = plan
        .boxes
        .iter()
        .copied()
        .chain(stubs)
        .chain(labels)
        .collect();
    for (at, one) in things.iter().enumerate() {
        assert!(one.x >= 0 && one.y >= 0, "{one:?}");
        assert!(
            one.right() <= plan.width && one.bottom() <= plan.height,
            "{one:?}"
        );
        for other in &things[at + 1..] {
            assert!(
                !one.overlaps(*other),
                "{one:?} and {other:?} overlap\n{draft:?}"
            );
        }
    }
    for (at, link) in draft.links.iter().enumerate() {
        let route = &plan.routes[at];
        let (from, to) = (plan.boxes[link.from], plan.boxes[link.to]);
        let (above, below) = (plan.rows[link.from], plan.rows[link.to]);
        match route.way {
            Way::Down => assert!(above < below, "{at}"),
            Way::Back => assert!(above > below, "{at}"),
            Way::Around => assert_eq!(link.from, link.to, "{at}"),
            // To another column, or to a row far off.
            Way::Stub => assert_ne!(above, below, "{at}"),
        }
        let end = match plan.stubs.iter().find(|stub| stub.link == at) {
            Some(stub) => stub.area,
            None => to,
        };
        assert!(!route.pieces.is_empty(), "{at} has a way");
        assert!(
            on_edge(from, route.start),
            "{at} leaves its box: {from:?} {route:?}"
        );
        assert!(
            on_edge(end, route.end()),
            "{at} ends at its box: {end:?} {route:?}"
        );
        assert_eq!(route.label.is_some(), link.label.is_some(), "{at}");
        let own = route.label;
        for point in points(&plan, at) {
            for thing in &things {
                let through = within(*thing, point) && own != Some(*thing);
                assert!(
                    !through,
                    "{at} at {point:?} runs through {thing:?}\n{draft:?}"
                );
            }
        }
    }
    plan
}

#[test]
fn nothing_overlaps_and_arrows_end_at_their_boxes() {
    let cases = std::env::var("WAYFARE_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    let mut stubs = 0;
    for seed in 0..cases.unwrap_or(80) {
        println!("seed {seed}");
        stubs += check(&random(&mut Draws(seed))).stubs.len();
    }
    assert_eq!(stubs, 0, "small pictures have every arrow in full");
}

fn shape() -> Shape {
    Shape {
        width: 80,
        height: 30,
        stub: (60, 20),
        ..Shape::default()
    }
}

fn draft(boxes: usize, links: impl IntoIterator<Item = (usize, usize)>) -> Draft {
    Draft {
        boxes: vec![shape(); boxes],
        links: links
            .into_iter()
            .map(|(from, to)| Link {
                from,
                to,
                label: Some((30, 18)),
            })
            .collect(),
        start: 0,
    }
}

#[test]
fn what_can_be_drawn_without_crossings_is() {
    let tree = (1..63).map(|at| ((at - 1) / 2, at));
    assert_eq!(check(&draft(63, tree)).crossings, 0, "a tree");
    let diamonds = (0..10).flat_map(|at| {
        [
            (at * 3, at * 3 + 1),
            (at * 3, at * 3 + 2),
            (at * 3 + 1, at * 3 + 3),
            (at * 3 + 2, at * 3 + 3),
        ]
    });
    assert_eq!(
        check(&draft(31, diamonds)).crossings,
        0,
        "diamonds in a row"
    );
    // Crossed in the order written: 0 leads to 1 and 2, which lead to 4 and 3, which meet.
    let twisted = [(0, 1), (0, 2), (1, 4), (2, 3), (3, 5), (4, 5)];
    assert_eq!(check(&draft(6, twisted)).crossings, 0, "twisted");
    let loops = (0..20).flat_map(|at| [(at, at + 1), (at + 1, at)]);
    assert_eq!(check(&draft(21, loops)).crossings, 0, "there and back");
}

#[test]
fn a_chain_is_a_straight_line() {
    let plan = check(&draft(30, (0..29).map(|at| (at, at + 1))));
    let middle = plan.boxes[0].middle();
    assert!(plan.boxes.iter().all(|area| area.middle() == middle));
    assert!(
        plan.routes.iter().all(|route| route.pieces.len() == 1),
        "each arrow is one line"
    );
}

#[test]
fn ways_back_go_up_in_a_lane_beside_the_boxes() {
    let plan = check(&draft(4, [(0, 1), (1, 2), (2, 3), (3, 0), (1, 1)]));
    let back = points(&plan, 3);
    let (from, to) = (plan.boxes[3], plan.boxes[0]);
    let side = |area: Area, (x, y): (i64, i64)| {
        (x == area.x || x == area.right()) && area.y < y && y < area.bottom()
    };
    assert!(side(from, back[0]), "it leaves at the side: {:?}", back[0]);
    let end = *back.last().unwrap();
    assert!(side(to, end), "it comes in at the side: {end:?}");
    for area in &plan.boxes[1..3] {
        let mut beside = back
            .iter()
            .filter(|(_, y)| area.y <= *y && *y <= area.bottom())
            .peekable();
        assert!(beside.peek().is_some(), "it passes the rows between");
        assert!(beside.all(|(x, _)| *x < area.x || *x > area.right()));
    }
    // The loop of a box stands next to it, between the box and any lane.
    let own = points(&plan, 4);
    let right = plan.boxes[1].right();
    assert!(own.iter().all(|(x, _)| *x >= right), "{own:?}");
    let is_right = back.iter().any(|(x, _)| *x > right);
    let widest = own.iter().map(|(x, _)| *x).max().unwrap();
    let row = |y: i64| plan.boxes[1].y <= y && y <= plan.boxes[1].bottom();
    let nearest = back.iter().filter(|(_, y)| row(*y)).map(|(x, _)| *x).min();
    assert!(!is_right || nearest.is_some_and(|x| x > widest || x < plan.boxes[1].x));
}

#[test]
fn a_long_arrow_is_straight_in_its_middle() {
    let plan = check(&draft(12, (0..11).map(|at| (at, at + 1)).chain([(0, 11)])));
    let curves = plan.routes[11]
        .pieces
        .iter()
        .filter(|piece| matches!(piece, Piece::Curve(..)));
    assert!(curves.count() <= 2, "{:?}", plan.routes[11]);
}

#[test]
fn groups_stand_side_by_side() {
    let mut draft = draft(
        9,
        [
            (0, 1),
            (0, 2),
            (0, 3),
            (0, 4),
            (1, 5),
            (2, 6),
            (3, 7),
            (4, 8),
        ],
    );
    for at in [1, 3, 5, 7] {
        draft.boxes[at].group = 1;
    }
    let plan = check(&draft);
    for row in 1..3 {
        let mut boxes: Vec<(i64, u32)> = (0..9)
            .filter(|at| plan.rows[*at] == row)
            .map(|at| (plan.boxes[at].x, draft.boxes[at].group))
            .collect();
        boxes.sort_unstable();
        let changes = boxes
            .windows(2)
            .filter(|pair| pair[0].1 != pair[1].1)
            .count();
        assert!(changes <= 2, "row {row}: {boxes:?}");
    }
}

#[test]
fn what_a_group_leads_to_stands_below_it() {
    // The group is 1, 2 and 3; 4 is led to from its top.
    let mut draft = draft(5, [(0, 1), (1, 2), (2, 3), (1, 4)]);
    for at in [1, 2, 3] {
        draft.boxes[at].group = 1;
    }
    assert_eq!(check(&draft).rows[4], 4);
}

#[test]
fn hostile_graphs_are_laid_out_too() {
    assert_eq!(layout(&Draft::default()), Plan::default());
    let nowhere = Draft {
        start: 9,
        ..draft(2, [(0, 7), (5, 1), (1, 0)])
    };
    let plan = layout(&nowhere);
    assert!(plan.routes[0].pieces.is_empty() && plan.routes[1].pieces.is_empty());
    assert!(!plan.routes[2].pieces.is_empty());
    check(&draft(1, [(0, 0), (0, 0), (0, 0)]));
    check(&draft(2, [(0, 1), (0, 1), (1, 0), (1, 0), (1, 1), (0, 0)]));
    check(&draft(
        20,
        (0..20).flat_map(|a| (0..20).map(move |b| (a, b))),
    ));
    // Groups that lead into each other cannot both stand above the other.
    let mut knot = draft(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
    for (at, group) in [(1, 1), (2, 2), (3, 1), (4, 2)] {
        knot.boxes[at].group = group;
    }
    check(&knot);
}

#[test]
fn large_graphs_take_steps_by_their_size() {
    // A chain, a star, a fan in, and a random graph with many arrows that lead far.
    let chain = layout(&draft(10_000, (0..9_999).map(|at| (at, at + 1))));
    assert_eq!((chain.rows[9_999], chain.crossings), (9_999, 0));
    let star = layout(&draft(5_000, (1..5_000).map(|at| (0, at))));
    assert_eq!(star.crossings, 0);
    let back = layout(&draft(
        2_000,
        (0..1_999).flat_map(|at| [(at, at + 1), (at + 1, 0)]),
    ));
    assert!(
        back.stubs.len() > 1_900,
        "long ways back become stubs: {}",
        back.stubs.len()
    );
    let mut draws = Draws(1);
    let links: Vec<(usize, usize)> = (0..3_999)
        .flat_map(|at| [(at, at + 1), (at, draws.below(4_000))])
        .collect();
    let wild = layout(&draft(4_000, links));
    assert!(wild.boxes.len() == 4_000 && wild.routes.len() == 7_998);
    assert!(wild.routes.iter().all(|route| !route.pieces.is_empty()));
    for stub in &wild.stubs {
        assert_eq!(wild.routes[stub.link].way, Way::Stub);
    }
}

#[test]
fn what_is_far_taller_than_wide_stands_in_columns() {
    let ways = |boxes: usize| {
        let on = (0..boxes - 1).map(|at| (at, at + 1));
        let around = (0..boxes - 6).step_by(9).map(|at| (at, at + 5));
        let back = (6..boxes).step_by(7).map(|at| (at, at - 4));
        on.chain(around).chain(back)
    };
    let small = check(&draft(60, ways(60)));
    assert!(small.stubs.is_empty() && small.height > 5 * small.width);
    for boxes in [100, 400] {
        let plan = check(&draft(boxes, ways(boxes)));
        let (width, height) = (plan.width, plan.height);
        assert!(
            height < 2 * width && width < 3 * height,
            "{width} by {height}"
        );
        // Few arrows lead from column to column: the chain itself, and hardly any other.
        assert!(plan.stubs.len() < boxes / 8, "{}", plan.stubs.len());
    }
}

#[test]
fn a_column_never_ends_within_a_group() {
    let mut chain = draft(200, (0..199).map(|at| (at, at + 1)));
    for at in 0..200 {
        chain.boxes[at].group = u32::try_from(at / 17).unwrap();
    }
    let plan = check(&chain);
    let column = |at: usize| plan.boxes[at].x;
    assert!(
        plan.width > plan.height / 3,
        "{} by {}",
        plan.width,
        plan.height
    );
    for stub in &plan.stubs {
        let from = chain.links[stub.link].from;
        let groups = (chain.boxes[from].group, chain.boxes[stub.target].group);
        assert!(groups.0 != groups.1 || groups.0 == 0, "{groups:?}");
    }
    assert!(column(199) > column(0));
    // One group over everything leaves one column.
    chain.boxes.iter_mut().for_each(|shape| shape.group = 1);
    assert!(check(&chain).stubs.is_empty());
}
