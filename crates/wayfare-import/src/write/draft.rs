//! A file of journeys before it is text.
//!
//! In: nothing; the writer fills it. Out: the text, in the form of the formatter. What compiles is not
//! decided here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use wayfare::{Source, format};

use super::text::quoted;
use crate::bundle::NodeId;

/// The most columns of a line, as the formatter counts them.
const WIDTH: usize = 100;

/// A journey to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// The name of the tree.
    pub(super) tree: Arc<str>,
    /// Its identifier.
    pub(super) journey: Arc<str>,
    /// Its name on the wire.
    pub(super) wire: Arc<str>,
    /// A comment on the journey.
    pub(super) remark: Option<String>,
    pub(super) params: BTreeMap<Arc<str>, Param>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) start: Arc<str>,
    pub(super) nodes: Vec<DraftNode>,
    pub(super) allows: BTreeSet<&'static str>,
    /// The journeys that it calls.
    pub(super) calls: BTreeSet<Arc<str>>,
    /// Whether it uses a declared type.
    pub(super) declares: bool,
}

/// A parameter of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Param {
    pub(super) ty: String,
    pub(super) default: Option<String>,
    pub(super) remark: Option<String>,
}

/// A node to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct DraftNode {
    pub(super) id: Option<NodeId>,
    pub(super) name: Arc<str>,
    /// What stands behind the colon.
    pub(super) ty: String,
    /// The type as the export spells it.
    pub(super) wire: Arc<str>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) children: Vec<DraftNode>,
    pub(super) arms: Vec<DraftArm>,
    pub(super) allows: BTreeSet<&'static str>,
    /// A comment above it.
    pub(super) remark: Option<String>,
}

/// An arrow to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DraftArm {
    /// The outcomes as they are written; none for the only one.
    pub(super) outcomes: Vec<String>,
    pub(super) target: Arc<str>,
    /// A comment behind it.
    pub(super) remark: Option<String>,
}

impl Draft {
    /// The text, formatted.
    pub(super) fn text(&self, reason: &str) -> String {
        let mut out = String::new();
        for (name, param) in &self.params {
            if let Some(remark) = &param.remark {
                let _ = writeln!(out, "// {remark}");
            }
            let _ = write!(out, "param {name}: {}", param.ty);
            if let Some(default) = &param.default {
                let _ = write!(out, " = {default}");
            }
            out.push('\n');
        }
        if !self.params.is_empty() {
            out.push('\n');
        }
        if let Some(remark) = &self.remark {
            let _ = writeln!(out, "// {remark}");
        }
        let _ = write!(out, "journey {}", self.journey);
        if self.wire != self.journey {
            let _ = write!(out, " {}", quoted(&self.wire));
        }
        out.push_str(" {\n");
        let _ = writeln!(out, "start {}", self.start);
        let settings = self.settings.iter();
        let settings = settings.map(|(key, value)| (format!("{key} = {value}"), None));
        fill(settings, 2, &mut out);
        allow(&self.allows, reason, &mut out);
        out.push('\n');
        for node in &self.nodes {
            node.write(reason, 2, &mut out);
        }
        out.push_str("}\n");
        formatted(&self.journey, out)
    }
}

/// The one form of a text; the text itself where it has none.
pub(super) fn formatted(name: &str, text: String) -> String {
    format(&Source::new(name, text.as_str())).unwrap_or(text)
}

fn allow(codes: &BTreeSet<&'static str>, reason: &str, out: &mut String) {
    if !codes.is_empty() {
        let codes: Vec<&str> = codes.iter().copied().collect();
        let _ = writeln!(out, "allow {} because {}", codes.join(", "), quoted(reason));
    }
}

impl DraftNode {
    /// Writes it, `indent` columns from the margin.
    fn write(&self, reason: &str, indent: usize, out: &mut String) {
        if let Some(remark) = &self.remark {
            let _ = writeln!(out, "// {remark}");
        }
        let all: Vec<String> = self
            .settings
            .iter()
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        let head = format!("node {}: {}", self.name, self.ty);
        let full = match all.as_slice() {
            [] => head.clone(),
            all => format!("{head}({})", all.join(", ")),
        };
        let fits = |text: &str| !text.contains('\n') && indent + text.chars().count() <= WIDTH;
        let in_head = all.is_empty() || fits(&full);
        let arms: Vec<String> = self.arms.iter().map(DraftArm::written).collect();
        if self.allows.is_empty() && self.children.is_empty() && in_head {
            let is_only = matches!(self.arms.as_slice(), [arm] if arm.outcomes.is_empty());
            let line = match arms.as_slice() {
                [] => full.clone(),
                [arm] if is_only => format!("{full} {arm}"),
                arms => format!("{full} {{ {} }}", arms.join(", ")),
            };
            let has_remarks = self.arms.iter().any(|arm| arm.remark.is_some());
            if is_only || arms.is_empty() || fits(&line) && !has_remarks {
                let _ = write!(out, "{line}");
                let only = self.arms.first().filter(|_| is_only);
                remark(only.and_then(|arm| arm.remark.as_deref()), out);
                return;
            }
        }
        let _ = writeln!(out, "{} {{", if in_head { &full } else { &head });
        if !in_head {
            fill(
                all.into_iter().map(|setting| (setting, None)),
                indent + 2,
                out,
            );
        }
        allow(&self.allows, reason, out);
        for child in &self.children {
            child.write(reason, indent + 2, out);
        }
        let remarks = self.arms.iter().map(|arm| arm.remark.as_deref());
        fill(arms.into_iter().zip(remarks), indent + 2, out);
        out.push_str("}\n");
    }
}

impl DraftArm {
    fn written(&self) -> String {
        if self.outcomes.is_empty() {
            return format!("-> {}", self.target);
        }
        format!("{} -> {}", self.outcomes.join(" | "), self.target)
    }
}

/// Items beside each other as far as they fit; what has a comment behind it ends its line.
fn fill<'r>(
    items: impl Iterator<Item = (String, Option<&'r str>)>,
    indent: usize,
    out: &mut String,
) {
    let mut width = 0;
    for (item, comment) in items {
        let more = item.chars().count();
        if width > 0 {
            let fits = indent + width + 2 + more <= WIDTH && !item.contains('\n');
            out.push_str(if fits { ", " } else { "\n" });
            width = if fits { width + 2 } else { 0 };
        }
        out.push_str(&item);
        width += if item.contains('\n') { WIDTH } else { more };
        if let Some(comment) = comment {
            remark(Some(comment), out);
            width = 0;
        }
    }
    if width > 0 {
        out.push('\n');
    }
}

fn remark(remark: Option<&str>, out: &mut String) {
    if let Some(remark) = remark {
        let _ = write!(out, " // {remark}");
    }
    out.push('\n');
}

/// How many lines say something: none that are blank, comments or `allow` lines.
pub(super) fn lines(text: &str) -> usize {
    text.lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("allow "))
        .count()
}
