//! What an import or an export noticed.
//!
//! In: nothing; passes make findings. Out: a value with a stable code, for a table or a line of text.
//! Findings of the language are not here: the compiler makes those of the text that comes out.

use std::{fmt, sync::Arc};

/// What kind of thing was noticed. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// An outcome leads to a node that is not there.
    DanglingEdge,
    /// An outcome leads nowhere.
    UnwiredOutcome,
    /// A connection leaves by an outcome that the node has not.
    UnknownOutcome,
    /// An inner tree is named that did not come along.
    MissingInnerTree,
    /// Inner trees go round.
    InnerTreeCycle,
    /// A node of a type that nobody knows.
    UnknownNodeType,
    /// A page without nodes.
    EmptyPage,
    /// A page holds what a page cannot.
    BadPage,
    /// A tree or a page names a node whose settings did not come along.
    MissingNode,
    /// A script is named that did not come along.
    MissingScript,
    /// A tree begins nowhere, or at a node that is not there.
    MissingEntry,
    /// A node that nothing names.
    OrphanNode,
    /// Two things of one id.
    DuplicateId,
    /// A file that cannot be read from where it is.
    UnreadableFile,
    /// A file is no JSON, or is cut off.
    BadJson,
    /// A file of which nothing is known.
    UnknownFormat,
    /// Nested deeper than is read.
    TooDeep,
    /// Larger, or more, than is read.
    TooLarge,
    /// A name that cannot be the name of a file, or of a journey.
    UnsafeName,
    /// A setting's value does not fit its type.
    BadValue,
    /// A setting that the type has not.
    UnknownSetting,
    /// A script in a language that does not run here.
    GroovyScript,
    /// A secret stands in the export as it is.
    InlineSecret,
    /// A value of the tenant (`&{esv.…}`) that did not come along.
    UnboundVariable,
    /// The text does not compile, and no exception can be written for it.
    NotCompiled,
    /// Something of the language that the product has no word for.
    NoCounterpart,
}

impl Code {
    /// Every code with its word.
    pub const ALL: &[(Self, &str)] = &[
        (Self::DanglingEdge, "dangling_edge"),
        (Self::UnwiredOutcome, "unwired_outcome"),
        (Self::UnknownOutcome, "unknown_outcome"),
        (Self::MissingInnerTree, "missing_inner_tree"),
        (Self::InnerTreeCycle, "inner_tree_cycle"),
        (Self::UnknownNodeType, "unknown_node_type"),
        (Self::EmptyPage, "empty_page"),
        (Self::BadPage, "bad_page"),
        (Self::MissingNode, "missing_node"),
        (Self::MissingScript, "missing_script"),
        (Self::MissingEntry, "missing_entry"),
        (Self::OrphanNode, "orphan_node"),
        (Self::DuplicateId, "duplicate_id"),
        (Self::UnreadableFile, "unreadable_file"),
        (Self::BadJson, "bad_json"),
        (Self::UnknownFormat, "unknown_format"),
        (Self::TooDeep, "too_deep"),
        (Self::TooLarge, "too_large"),
        (Self::UnsafeName, "unsafe_name"),
        (Self::BadValue, "bad_value"),
        (Self::UnknownSetting, "unknown_setting"),
        (Self::GroovyScript, "groovy_script"),
        (Self::InlineSecret, "inline_secret"),
        (Self::UnboundVariable, "unbound_variable"),
        (Self::NotCompiled, "not_compiled"),
        (Self::NoCounterpart, "no_counterpart"),
    ];

    /// What it means, in one sentence without a full stop.
    pub fn summary(self) -> &'static str {
        match self {
            Self::DanglingEdge => "an outcome leads to a node that is not there",
            Self::UnwiredOutcome => "an outcome leads nowhere",
            Self::UnknownOutcome => "a connection leaves by an outcome that the node has not",
            Self::MissingInnerTree => "an inner tree did not come along",
            Self::InnerTreeCycle => "inner trees lead back to themselves",
            Self::UnknownNodeType => "a node type of this name is not known",
            Self::EmptyPage => "a page has no nodes in it",
            Self::BadPage => "a page holds what a page cannot hold",
            Self::MissingNode => "the settings of a node did not come along",
            Self::MissingScript => "a script did not come along",
            Self::MissingEntry => "a tree begins nowhere, or at a node that is not there",
            Self::OrphanNode => "nothing names this node",
            Self::DuplicateId => "two things have one id",
            Self::UnreadableFile => "a file cannot be read",
            Self::BadJson => "a file is not well-formed JSON",
            Self::UnknownFormat => "nothing is known of a file like this",
            Self::TooDeep => "it is nested deeper than is read",
            Self::TooLarge => "it is more than is read",
            Self::UnsafeName => "a name cannot be that of a file or a journey",
            Self::BadValue => "the value of a setting does not fit its type",
            Self::UnknownSetting => "the type has no setting of this name",
            Self::GroovyScript => "a script is in Groovy, which does not run here",
            Self::InlineSecret => "a secret stands in the export as it is",
            Self::UnboundVariable => "a value of the tenant did not come along",
            Self::NotCompiled => "the text does not compile",
            Self::NoCounterpart => "the product has no word for it",
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(code, _)| *code == self)
            .map_or("", |(_, word)| word)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Something noticed, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// The file it was read from, where it is about one.
    pub file: Option<Arc<str>>,
    /// The tree.
    pub tree: Option<Arc<str>>,
    /// The node, as people read it.
    pub node: Option<Arc<str>>,
    /// What is the matter, in one line.
    pub message: String,
    /// What to do about it, where that is known: did you mean another one
    pub help: Option<String>,
}

impl Finding {
    /// A finding about nothing in particular.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            file: None,
            tree: None,
            node: None,
            message: message.into(),
            help: None,
        }
    }

    /// In this file.
    #[must_use]
    pub fn file(mut self, file: impl Into<Arc<str>>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// In this tree.
    #[must_use]
    pub fn tree(mut self, tree: impl Into<Arc<str>>) -> Self {
        self.tree = Some(tree.into());
        self
    }

    /// At this node.
    #[must_use]
    pub fn node(mut self, node: impl Into<Arc<str>>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// With this advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
