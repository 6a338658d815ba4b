//! Whatever an export says, it becomes text: the same each time, in its one form, and it compiles.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use wayfare::{Source, catalogue};
use wayfare_import::{
    Bundle, Code, Node, NodeId, Place, Project, Script, Tree, WriteOptions, write,
};

use super::real::compiled;

/// The ids that connections and entries name: some are there, some are not.
const IDS: &[&str] = &[
    "n0",
    "n1",
    "n2",
    "n3",
    "n4",
    "n5",
    "n6",
    "n7",
    "gone",
    "",
    "startNode",
    NodeId::SUCCESS,
    NodeId::FAILURE,
];

/// Types that mean something to the writer, and some that nobody knows.
const TYPES: &[&str] = &[
    "PageNode",
    "PageNode",
    "PageNode",
    "InnerTreeEvaluatorNode",
    "InnerTreeEvaluatorNode",
    "ScriptedDecisionNode",
    "ScriptedDecisionNode",
    "ConfigProviderNode",
    "DeviceMatchNode",
    "ChoiceCollectorNode",
    "MessageNode",
    "SelectIdPNode",
    "EmailSuspendNode",
    "Decision",
    "Unavailable",
    "AcmeNode",
    "acme",
    "designer-8ab9f1aad4b4460a9c45d15fb148e221",
    "",
    "Page",
    "a \"quoted\" ${type}",
    "OneTimePasswordSmtpSenderNode",
    "product-CaptchaNode",
];

const WORDS: &[&str] = &[
    "true",
    "false",
    "outcome",
    "error",
    "Retry",
    "success",
    "failure",
    "else",
    "when",
    "a b",
    "${x}",
    "\"",
    "",
    "n2-outcome",
    "n3-true",
    "\u{202e}",
    "DONE",
    "on error",
    "with -> arrow",
    "0",
    "-",
    "nowhere",
    "Ünïcode",
    "a\nb",
];

fn any_word() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn any_type() -> impl Strategy<Value = String> {
    let known: Vec<String> = catalogue::standard()
        .iter()
        .map(|(_, signature)| signature.wire.to_string())
        .collect();
    prop_oneof![
        2 => prop::sample::select(TYPES).prop_map(str::to_owned),
        2 => prop::sample::select(known),
    ]
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        (0_i64..100).prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any_word().prop_map(Json::from),
        prop::sample::select(&["&{esv.a}", "x&{esv.b}y", "s1", "s2", "[Empty]", "t0", "t1"][..])
            .prop_map(Json::from),
        Just(json!({ "$int": "&{esv.n}" })),
        Just(json!({ "en": "Sign in", "fr-CA": "Connexion" })),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((any_word(), inner), 0..4)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// Settings of a type: of its own keys, with values that fit and values that do not.
fn settings(ty: &str) -> BoxedStrategy<Map<String, Json>> {
    let catalog = catalogue::standard();
    let signature = catalog.find_wire(ty).and_then(|ty| catalog.get(ty));
    let keys = signature.map_or_else(Vec::new, |signature| {
        signature
            .settings
            .iter()
            .map(|setting| (setting.key.to_string(), setting.allowed.first().cloned()))
            .collect()
    });
    let own: Vec<BoxedStrategy<(String, Json)>> = keys
        .into_iter()
        .map(|(key, word)| {
            let fitting = word.map_or(json!("x"), |word| json!(word.to_string()));
            prop_oneof![3 => Just(fitting), 2 => any_json()]
                .prop_map(move |value| (key.clone(), value))
                .boxed()
        })
        .collect();
    let other = prop::collection::vec((any_word(), any_json()), 0..3);
    (own, other)
        .prop_map(|(own, other)| own.into_iter().chain(other).collect())
        .boxed()
}

fn any_node() -> impl Strategy<Value = Node> {
    let outcomes = prop::collection::vec(any_word(), 0..4);
    let connections = prop::collection::vec((any_word(), prop::sample::select(IDS)), 0..5);
    let place = prop_oneof![
        6 => Just(Place::Tree),
        3 => prop::sample::select(&["n0", "n1"][..]).prop_map(|id| Place::Page(id.into_id())),
        1 => Just(Place::Loose),
    ];
    let version = prop::option::of(prop::sample::select(&["1.0", "2.0", "7", "x"][..]));
    let children = prop::collection::vec(prop::sample::select(IDS), 0..4);
    let shape = (
        place,
        version,
        children,
        any::<u8>(),
        prop::option::of(any_word()),
    );
    any_type().prop_flat_map(move |ty| {
        let ty: Arc<str> = Arc::from(ty);
        (
            settings(&ty),
            outcomes.clone(),
            connections.clone(),
            shape.clone(),
        )
            .prop_map(
                move |(
                    settings,
                    outcomes,
                    connections,
                    (place, version, children, found, display),
                )| {
                    let outcomes: Vec<Json> = outcomes
                        .iter()
                        .map(|name| json!({ "id": name, "displayName": name }))
                        .collect();
                    let mut record = Map::new();
                    if !outcomes.is_empty() {
                        record.insert("_outcomes".to_owned(), Json::from(outcomes));
                    }
                    Node {
                        place,
                        ty: Arc::clone(&ty),
                        version: version.map(Arc::from),
                        display: display.map(Arc::from),
                        connections: connections
                            .into_iter()
                            .map(|(name, to)| (Arc::from(name), to.into_id()))
                            .collect(),
                        entry: Map::new(),
                        settings,
                        record,
                        found: found > 20,
                        children: children.into_iter().map(IntoId::into_id).collect(),
                    }
                },
            )
    })
}

trait IntoId {
    fn into_id(self) -> NodeId;
}

impl IntoId for &str {
    fn into_id(self) -> NodeId {
        NodeId(Arc::from(self))
    }
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let body = prop::collection::vec(
        (
            prop::sample::select(
                &[
                    "enabled",
                    "innerTreeOnly",
                    "transactionalOnly",
                    "description",
                    "treeTimeout",
                ][..],
            ),
            any_json(),
        ),
        0..4,
    );
    let nodes = prop::collection::vec(any_node(), 0..8);
    (prop::option::of(prop::sample::select(IDS)), body, nodes).prop_map(|(entry, body, nodes)| {
        Tree {
            entry: entry.map(IntoId::into_id),
            body: body
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
            nodes: nodes
                .into_iter()
                .enumerate()
                .map(|(at, node)| (format!("n{at}").as_str().into_id(), node))
                .collect(),
            ..Tree::default()
        }
    })
}

fn any_bundle() -> impl Strategy<Value = Bundle> {
    let names = ["t0", "t1", "A tree", "externs", "x|y", "Вход"];
    let script = (
        any_word(),
        any_word(),
        prop::sample::select(&["JAVASCRIPT", "GROOVY"][..]),
    );
    let scripts = prop::collection::vec(script, 0..3);
    (prop::collection::vec(any_tree(), 0..4), scripts).prop_map(move |(trees, scripts)| Bundle {
        trees: trees
            .into_iter()
            .zip(names)
            .map(|(tree, name)| {
                let name: Arc<str> = Arc::from(name);
                let tree = Tree {
                    name: Arc::clone(&name),
                    ..tree
                };
                (name, tree)
            })
            .collect(),
        scripts: scripts
            .into_iter()
            .enumerate()
            .map(|(at, (name, text, language))| {
                let mut record = Map::new();
                record.insert("language".to_owned(), Json::from(language));
                let script = Script {
                    name: Arc::from(name),
                    text: Arc::from(text),
                    record,
                    ..Script::default()
                };
                (Arc::from(format!("s{}", at + 1)), script)
            })
            .collect(),
        ..Bundle::default()
    })
}

fn is_formatted(project: &Project) {
    for (path, bytes) in &project.files {
        if path.ends_with(".journey") {
            let text = std::str::from_utf8(bytes).unwrap();
            let formatted = wayfare::format(&Source::new(path.as_str(), text));
            assert_eq!(formatted.as_deref().ok(), Some(text), "{path}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bundle_becomes_text_that_compiles(bundle in any_bundle()) {
        let options = WriteOptions::default();
        let project = write(&bundle, &options);
        prop_assert_eq!(&project, &write(&bundle, &options));
        is_formatted(&project);
        let said = project.findings.iter().find(|finding| finding.code == Code::NotCompiled);
        let compiled = compiled(&project);
        let texts: Vec<String> = project
            .files
            .iter()
            .filter(|(path, _)| path.ends_with(".journey"))
            .map(|(path, bytes)| format!("== {path}\n{}", String::from_utf8_lossy(bytes)))
            .collect();
        prop_assert!(
            compiled.program.is_some() && said.is_none(),
            "{:?}\n{}\n{}",
            said,
            compiled.into_program().err().unwrap_or_default(),
            texts.join("\n")
        );
    }
}
