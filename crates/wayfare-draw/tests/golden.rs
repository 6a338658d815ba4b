//! Pictures as they are; `UPDATE=1` writes what is drawn now. Look at them before they are committed.

use wayfare_draw::{Coverage, Overlay, svg};

use crate::support::{compile, program, read, root};

/// The journey of the README, whose picture docs/pictures.md shows.
fn readme() -> String {
    let readme = read("README.md");
    let block = readme.split("```journey\n").nth(1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

fn holds(path: &str, picture: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join(path), picture).unwrap();
    }
    let known = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    assert!(
        known == picture,
        "{path} is not what is drawn; `UPDATE=1` writes it anew"
    );
}

/// Counts for the journey of the README, in which nobody has used up the tries.
const COVERAGE: &str = r#"{"schema":1,"journeys":[{"name":"login","nodes":[
{"path":"credentials","visits":41},{"path":"check","visits":41},{"path":"attempts","visits":9}],"edges":[
{"node":"credentials","on":"outcome","count":41,"reason":null},
{"node":"check","on":"true","count":32,"reason":null},{"node":"check","on":"false","count":9,"reason":null},
{"node":"attempts","on":"Retry","count":9,"reason":null},{"node":"attempts","on":"Reject","count":0,"reason":null}]}]}"#;

#[test]
fn the_pictures_in_the_documents_are_current() {
    let compiled = compile(&readme());
    let program = program(&compiled);
    let journey = &program.journeys[0];
    holds(
        "docs/pictures/login.svg",
        &svg(program, journey, &Overlay::default()),
    );
    let coverage = Coverage::from_json(COVERAGE).unwrap();
    holds(
        "docs/pictures/login.coverage.svg",
        &svg(program, journey, &coverage.overlay(journey)),
    );
}

#[test]
fn one_of_each_kind() {
    let compiled = compile(include_str!("golden/kinds.journey"));
    let program = program(&compiled);
    let picture = svg(program, &program.journeys[0], &Overlay::default());
    holds("crates/wayfare-draw/tests/golden/kinds.svg", &picture);
}
