//! Every journey of the corpus is read with what its index says is in it.

use std::collections::BTreeSet;

use wayfare_import::{Place, ReadLimits, Reading, Tree, read};

use crate::corpus::{self, Row};

fn inner_trees(tree: &Tree) -> BTreeSet<String> {
    tree.nodes
        .values()
        .filter(|node| node.ty.as_ref() == "InnerTreeEvaluatorNode")
        .filter_map(|node| node.settings.get("tree")?.as_str())
        .map(str::to_owned)
        .collect()
}

fn differences(row: &Row, reading: &Reading) -> Vec<String> {
    let mut differences = Vec::new();
    let name = row.get("journey");
    let trees: Vec<_> = reading
        .bundles
        .iter()
        .filter_map(|bundle| bundle.trees.get(name))
        .collect();
    let [tree] = trees.as_slice() else {
        return vec![format!("{} trees of that name", trees.len())];
    };
    let placed = |page: bool| {
        tree.nodes
            .values()
            .filter(|node| match node.place {
                Place::Tree => !page,
                Place::Page(_) => page,
                Place::Loose => false,
            })
            .count()
    };
    let mut compare = |what: &str, is: String, should: String| {
        if is != should {
            differences.push(format!("{what}: {is} rather than {should}"));
        }
    };
    compare(
        "nodes",
        placed(false).to_string(),
        row.get("nodes").to_owned(),
    );
    compare(
        "children",
        placed(true).to_string(),
        row.get("page_children").to_owned(),
    );
    let listed: usize = tree.nodes.values().map(|node| node.children.len()).sum();
    compare(
        "listed",
        listed.to_string(),
        row.get("page_children").to_owned(),
    );
    let inner: BTreeSet<String> = row
        .get("inner_trees")
        .split('|')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    compare(
        "inner trees",
        format!("{:?}", inner_trees(tree)),
        format!("{inner:?}"),
    );
    differences
}

#[test]
fn every_journey_of_the_corpus_is_read() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let rows = corpus::rows(&folder);
    assert_eq!(rows.len(), 105);
    let mut wrong = Vec::new();
    for row in &rows {
        let files = corpus::files(&folder, row);
        let reading = read(&files, &ReadLimits::default());
        for finding in &reading.findings {
            println!("{}: {} {}", row.get("file"), finding.code, finding.message);
        }
        for difference in differences(row, &reading) {
            wrong.push(format!("{}: {difference}", row.get("file")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
