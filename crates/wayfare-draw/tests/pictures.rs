//! Pictures of the examples, read back.

use std::fmt::Write as _;

use roxmltree::{Document, Node};
use wayfare::model::journey::{NodeKind, On};
use wayfare_draw::{Overlay, svg};

use crate::support::{compile, examples, program};

pub(crate) fn read(text: &str) -> Document<'_> {
    Document::parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

pub(crate) fn class<'a>(node: Node<'a, '_>) -> &'a str {
    node.attribute("class").unwrap_or_default()
}

/// What any picture must be: it stands alone, does nothing, and says what it shows.
pub(crate) fn is_sound(text: &str) {
    let document = read(text);
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "svg");
    assert_eq!(root.attribute("role"), Some("img"));
    let known = [
        "svg", "title", "desc", "style", "rect", "text", "g", "path", "circle", "a",
    ];
    let ids: Vec<&str> = root
        .descendants()
        .filter_map(|n| n.attribute("id"))
        .collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "ids are there once");
    for id in root.attribute("aria-labelledby").unwrap().split(' ') {
        assert!(ids.contains(&id), "{id}");
    }
    for node in root.descendants().filter(Node::is_element) {
        assert!(
            known.contains(&node.tag_name().name()),
            "{:?}",
            node.tag_name()
        );
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{attribute:?}");
            if attribute.name() == "href" {
                let target = attribute.value().strip_prefix('#').unwrap();
                assert!(ids.contains(&target), "{target}");
            }
        }
        if node.tag_name().name() == "style" {
            let text = node.text().unwrap();
            assert!(!text.contains("url(") && !text.contains("@import"));
        }
    }
}

/// Where a text stands, not wider than it is.
fn covers(text: Node<'_, '_>) -> (i64, i64, i64, i64) {
    let number = |name: &str| text.attribute(name).unwrap().parse::<i64>().unwrap();
    let (x, y) = (number("x"), number("y"));
    let width = 5 * i64::try_from(text.text().unwrap_or_default().chars().count()).unwrap();
    let left = if text.attribute("text-anchor") == Some("middle") {
        x - width / 2
    } else {
        x
    };
    (left, y - 9, left + width, y)
}

#[test]
fn names_of_fragments_lie_on_no_label_and_on_no_other_name() {
    let nested = "journey nested {\n  start outer\n\n  node outer: Outer {\n    out -> success\n  }\n}\n\n\
        fragment Outer() -> out {\n  start inner\n\n  node inner: Inner {\n    out -> out\n  }\n}\n\n\
        fragment Inner() -> out {\n  start one\n\n  node one: Debug {\n    outcome -> out\n  }\n}\n";
    let nested = compile(nested);
    let examples = examples();
    let mut names = 0;
    for program in [program(&examples), program(&nested)] {
        for journey in &program.journeys {
            let picture = svg(program, journey, &Overlay::default());
            let document = read(&picture);
            let texts = || document.descendants().filter(|n| n.has_tag_name("text"));
            let is_name = |n: &Node<'_, '_>| {
                n.parent()
                    .is_some_and(|group| class(group).starts_with("group"))
            };
            let covered: Vec<_> = texts().filter(is_name).map(covers).collect();
            let labels = texts().filter(|n| class(*n) == "line").map(covers);
            let all: Vec<_> = covered.iter().copied().chain(labels).collect();
            for (at, one) in covered.iter().enumerate() {
                names += 1;
                for other in &all[at + 1..] {
                    let apart = one.2 <= other.0
                        || other.2 <= one.0
                        || one.3 <= other.1
                        || other.3 <= one.1;
                    assert!(apart, "{}: {one:?} {other:?}", journey.name);
                }
            }
        }
    }
    assert!(names > 5, "{names} names");
    let picture = svg(
        program(&nested),
        &program(&nested).journeys[0],
        &Overlay::default(),
    );
    assert!(picture.contains("class=\"group inner\""), "{picture}");
}

#[test]
fn the_examples_are_drawn_whole() {
    let compiled = examples();
    let program = program(&compiled);
    assert!(program.journeys.len() >= 12);
    for journey in &program.journeys {
        let text = svg(program, journey, &Overlay::default());
        is_sound(&text);
        assert_eq!(text, svg(program, journey, &Overlay::default()));
        let document = read(&text);
        let all: Vec<&str> = document.descendants().filter_map(|n| n.text()).collect();
        let arrows: Vec<String> = document
            .descendants()
            .filter(|n| class(*n).starts_with("arrow"))
            .flat_map(|n| n.children().filter_map(|n| n.text()).map(str::to_owned))
            .collect();
        for node in journey.graph.node_weights() {
            let end = matches!(
                node.kind,
                NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
            );
            let first_lines = all.iter().filter_map(|text| text.lines().next());
            assert!(
                end || first_lines.clone().any(|line| line == &*node.path),
                "{}",
                node.path
            );
        }
        for edge in journey.graph.edge_indices() {
            let (from, _) = journey.graph.edge_endpoints(edge).unwrap();
            let node = &journey.graph[from];
            let On::Outcome(outcome) = journey.graph[edge].on else {
                continue;
            };
            if node.outcomes.len() > 1 {
                let name = &*node.outcomes[outcome.index()];
                assert!(
                    arrows.iter().any(|text| text == name),
                    "{} {name}",
                    node.path
                );
            }
        }
    }
}

const KINDS: &str = include_str!("golden/kinds.journey");

#[test]
fn each_kind_has_its_shape() {
    let compiled = compile(KINDS);
    let program = program(&compiled);
    let text = svg(program, &program.journeys[0], &Overlay::default());
    let document = read(&text);
    let count = |wanted: &str| {
        let nodes = document.descendants();
        nodes.filter(|n| class(*n) == wanted).count()
    };
    let expected = [
        ("node start", 1),
        ("node asks", 3),
        ("node silent", 4),
        ("node decision", 1),
        ("node page", 1),
        ("node inner", 1),
        ("node onerror", 1),
        ("node success", 1),
        ("node nowhere", 1),
        ("group", 1),
    ];
    for (wanted, times) in expected {
        assert_eq!(count(wanted), times, "{wanted}\n{text}");
    }
    assert!(count("arrow back") >= 2, "a way back and a loop");
    assert!(
        count("arrow error") + count("arrow back error") >= 2,
        "an error of its own and one shared"
    );
    for child in ["username: UsernameCollector", "password: PasswordCollector"] {
        assert!(text.contains(&format!(">{child}</text>")), "{child}");
    }
    assert!(
        text.contains("Asks for a name and a password."),
        "the comment is a tooltip"
    );
    assert!(text.contains(">retryLimit = 3</text>"));
}

#[test]
fn an_end_that_many_lead_to_stands_beside_each() {
    let mut text = String::from("journey many {\n  start n0\n");
    for at in 0..9 {
        let _ = write!(
            text,
            "  node n{at}: DataStoreDecision {{\n    true -> n{}\n    false -> failure\n  }}\n",
            at + 1
        );
    }
    text += "  node n9: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n";
    let compiled = compile(&text);
    let program = program(&compiled);
    let text = svg(program, &program.journeys[0], &Overlay::default());
    assert_eq!(text.matches("class=\"node failure\"").count(), 10);
    assert_eq!(text.matches("class=\"node success\"").count(), 1);
}

#[test]
fn what_leads_far_in_a_large_picture_is_a_stub_with_a_link() {
    let mut text = String::from(
        "journey far {\n  start n0\n  node n0: Page {\n    node username: UsernameCollector\n    -> n1\n  }\n",
    );
    for at in 1..80 {
        let _ = write!(
            text,
            "  node n{at}: RetryLimitDecision {{\n    Retry -> {}\n    Reject -> n{}\n  }}\n",
            if at == 70 {
                "n0".to_owned()
            } else {
                format!("n{}", at + 1)
            },
            at + 1
        );
    }
    text += "  node n80: Message {\n    true -> success\n    false -> failure\n  }\n}\n";
    let compiled = compile(&text);
    let program = program(&compiled);
    let text = svg(program, &program.journeys[0], &Overlay::default());
    is_sound(&text);
    assert!(text.contains("goes on at n0"), "{text}");
}
