//! The product's own model of journeys, without the packaging.
//!
//! In: nothing; readers fill it. Out: a value that both directions go through. Nothing in it is checked: it
//! holds what an export said, wrong or not, so that nothing is lost on the way back.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::{Map, Value};

/// The id of a node: a UUID in real exports, any text in others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub Arc<str>);

impl NodeId {
    /// The end that lets in.
    pub const SUCCESS: &'static str = "70e691a5-1e33-4ac3-a356-e7b6d60d92e0";
    /// The end that refuses.
    pub const FAILURE: &'static str = "e301438c-0bd0-429c-ab0c-66126501069a";
    /// Where the designer draws the start; nothing leads there.
    pub const START: &'static str = "startNode";

    /// Whether it is one of the two ends.
    pub fn is_end(&self) -> bool {
        matches!(&*self.0, Self::SUCCESS | Self::FAILURE)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the files of an export are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Form {
    /// One file with one tree, as frodo writes it: `{meta, tree, nodes, innerNodes, scripts, …}`.
    #[default]
    FrodoSingle,
    /// One file with several trees, as frodo writes it: `{meta, trees: {name: …}}`.
    FrodoMulti,
    /// The whole configuration of a tenant, as frodo writes it.
    FrodoConfig,
    /// One file as the treetool of old writes it.
    Treetool,
    /// The export of the administrator's pages of the platform.
    Platform,
    /// One file an entity, as Amster writes them.
    Amster,
    /// The configuration that the product reads from files.
    FileBased,
    /// Folders as fr-config-manager writes them.
    ConfigManager,
    /// A tree as the interface answers it, with nodes beside it or in a list.
    Rest,
}

impl Form {
    /// Whether each tree has a file of its own, with everything in it.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, Self::FrodoSingle | Self::Treetool)
    }
}

/// Journeys with what belongs to them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bundle {
    /// How they were packed.
    pub form: Form,
    /// The trees by name.
    pub trees: BTreeMap<Arc<str>, Tree>,
    /// The scripts by id.
    pub scripts: BTreeMap<Arc<str>, Script>,
    /// Whatever else came along: kind (`emailTemplates`, `themes`, `socialIdentityProviders`,
    /// `saml2Entities`, `circlesOfTrust`, `variables`, `nodeTypes`, …), then id.
    pub besides: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Value>>,
    /// What the packaging said of itself (`meta`, `origin`, …).
    pub meta: Map<String, Value>,
}

/// A tree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// Its name.
    pub name: Arc<str>,
    /// The realm that the packaging names, where it names one: `/alpha`.
    pub realm: Option<Arc<str>>,
    /// Where it begins; none where the tree does not say.
    pub entry: Option<NodeId>,
    /// Its own JSON as it stood, without `nodes` and without `entryNodeId`: `_id`, `_rev`, `enabled`,
    /// `description`, `staticNodes`, `uiConfig`, …
    pub body: Map<String, Value>,
    /// Its nodes and the nodes in its pages.
    pub nodes: BTreeMap<NodeId, Node>,
    /// What the packaging kept of this tree alone: what its file says of itself (`meta`, `origin`), and
    /// members of the reader's own, which begin with `$`.
    pub meta: Map<String, Value>,
    /// Ids of what the packaging listed with this tree, by the section's name as it was spelled: `nodes`,
    /// `innerNodes` or `innernodes`, `scripts`, `emailTemplates`, `variable`, … Empty where the packaging
    /// has no such sections.
    pub lists: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

/// Where a node stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Place {
    /// In the tree itself.
    #[default]
    Tree,
    /// In this page.
    Page(NodeId),
    /// Nowhere: the packaging brought it, and neither tree nor page names it.
    Loose,
}

/// A node of a tree, or of a page in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// Its type as the product spells it, `PageNode`.
    pub ty: Arc<str>,
    /// The version of its type that the tree, or the page, writes: `2.0`. Most write none; see
    /// [`Node::type_version`].
    pub version: Option<Arc<str>>,
    /// What people read.
    pub display: Option<Arc<str>>,
    /// Where its outcomes lead.
    pub connections: BTreeMap<Arc<str>, NodeId>,
    /// What the tree, or the page, said of it besides: `x`, `y`, …; and members of the reader's own, which
    /// begin with `$`.
    pub entry: Map<String, Value>,
    /// Its settings, without what is in the other fields and without the underscored members; a page's
    /// without its `nodes`.
    pub settings: Map<String, Value>,
    /// The underscored members of its own JSON as they stood: `_id`, `_rev`, `_type`, `_outcomes`; and
    /// members of the reader's own, which begin with `$`.
    pub record: Map<String, Value>,
    /// Whether its own JSON was there.
    pub found: bool,
    /// The children of a page in order.
    pub children: Vec<NodeId>,
}

impl Node {
    /// The version of its type: what the tree or the page writes, else what its own JSON says.
    pub fn type_version(&self) -> Option<&str> {
        let said = || self.record.get("_type")?.get("version")?.as_str();
        self.version.as_deref().or_else(said)
    }

    /// The outcomes that its own JSON lists, `_outcomes`, in that order, with what people read.
    pub fn outcomes(&self) -> Vec<(&str, &str)> {
        let listed = self.record.get("_outcomes").and_then(Value::as_array);
        listed
            .into_iter()
            .flatten()
            .filter_map(|outcome| {
                let id = outcome.get("id").and_then(Value::as_str)?;
                let shown = outcome.get("displayName").and_then(Value::as_str);
                Some((id, shown.unwrap_or(id)))
            })
            .collect()
    }
}

/// A script.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// Its name.
    pub name: Arc<str>,
    /// Its text, decoded.
    pub text: Arc<str>,
    /// Its JSON as it stood without the text: `_id`, `language`, `context`, `evaluatorVersion`, … The
    /// member `script` is there only where the text cannot be told from it, or stands in another file.
    pub record: Map<String, Value>,
    /// How the text stood: base64, lines, or a file beside.
    pub spelling: Spelling,
}

/// How the text of a script stands in an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Spelling {
    /// As base64.
    #[default]
    Base64,
    /// As it is, in one text.
    Plain,
    /// As a JSON text within the text.
    Quoted,
    /// As a list of lines.
    Lines,
    /// In a file of its own, by this path in the packaging.
    File(Arc<str>),
}
