//! Nodes in their one form: on one line where they fit, or as a block of settings, children and arrows.

use crate::{
    source::Span,
    syntax::{
        ast::{Arm, Node, NodeKind, Setting},
        format::{Entry, Part, Printer, What, bare, node_part},
        layout::{Bracket, Doc, WIDTH},
    },
};

impl<'a> Printer<'a> {
    /// Calls itself for the nodes of a page, to the depth that the scan allows.
    pub(super) fn node(&self, node: &'a Node, indent: usize, out: &mut String) {
        let kind = match &node.kind {
            NodeKind::Type { name, version } => match version {
                Some(version) => format!("{}@{version}", name.text),
                None => name.text.clone(),
            },
            NodeKind::Journey(name) => format!("journey {}", name.text),
        };
        let head = format!("node {}: {kind}", node.name.text);
        let block_at = node.open.map_or(node.span.end, |open| open.start);
        let in_head = |span: Span| span.start < block_at;
        let arrow = match node.arms.as_slice() {
            [Arm::Only(only)] if node.children.is_empty() => Some(only),
            _ => None,
        };
        let head_arrow = arrow.filter(|only| in_head(only.span));
        let arguments_end = head_arrow.map_or(block_at, |only| only.span.start) as usize;
        let (given, set): (Vec<&Setting>, Vec<&Setting>) =
            node.settings.iter().partition(|s| in_head(s.span));
        let arguments = self.arguments(&given, node.head.end as usize, arguments_end);
        let has_comments = arguments
            .as_ref()
            .is_some_and(|b| Doc::Bracket(b.clone()).has_comments());

        let rest = node.open.map_or(0, |open| open.end as usize);
        let end = node.close.map_or(rest, |close| close.start as usize);
        let is_plain = node.allows.is_empty()
            && node.on_errors.is_empty()
            && node.children.is_empty()
            && self.between(rest, end).is_empty();
        let is_empty = node.arms.is_empty() && set.is_empty();
        if is_plain && (arrow.is_some() || is_empty) {
            let all: Vec<&Setting> = node.settings.iter().collect();
            let mut row = vec![Doc::text(head.clone())];
            if has_comments {
                row.extend(arguments.clone().map(Doc::Bracket));
            } else {
                row.extend(self.arguments(&all, 0, 0).map(Doc::Bracket));
            }
            if let Some(only) = arrow {
                row.push(Doc::text(format!(" -> {}", self.slice(only.target.span))));
            }
            let row = Doc::Row(row);
            let fits = row
                .flat()
                .is_some_and(|flat| indent + flat.chars().count() <= WIDTH && !flat.contains('\n'));
            if fits || node.settings.is_empty() || has_comments && set.is_empty() {
                row.render(indent, 0, out);
                return;
            }
        }
        if is_plain
            && set.is_empty()
            && !has_comments
            && let Some(row) = self.on_one_line(node, &head, &given, indent)
        {
            out.push_str(&row);
            return;
        }
        self.node_block(node, &head, arguments.as_ref(), has_comments, indent, out);
    }

    /// A node that its author wrote on one line, with its arms beside each other; nothing where it does not
    /// fit.
    fn on_one_line(
        &self,
        node: &'a Node,
        head: &str,
        given: &[&Setting],
        indent: usize,
    ) -> Option<String> {
        let (open, close) = (node.open?, node.close?);
        if !self.is_same_line(node.head.start as usize, close.end as usize) || node.arms.is_empty()
        {
            return None;
        }
        if node.arms.iter().any(|arm| arm_span(arm).start < open.start) {
            return None;
        }
        let arguments = self.arguments(given, 0, 0);
        let arguments = match &arguments {
            Some(bracket) => Doc::Bracket(bracket.clone()).flat()?,
            None => String::new(),
        };
        let arms: Option<Vec<String>> = node
            .arms
            .iter()
            .map(|arm| self.arm_doc(arm).flat())
            .collect();
        let row = format!("{head}{arguments} {{ {} }}", arms?.join(", "));
        let fits = indent + row.chars().count() <= WIDTH && !row.contains('\n');
        fits.then_some(row)
    }

    /// Items of a block that their author wrote beside each other stand so where they fit.
    pub(super) fn beside(&self, parts: Vec<Part<'a>>, indent: usize) -> Vec<Part<'a>> {
        let mut made: Vec<Part<'a>> = Vec::with_capacity(parts.len());
        let mut widths: Vec<usize> = Vec::new();
        for part in parts {
            let joined = made.last().zip(widths.last()).and_then(|(last, width)| {
                let (from, to) = (last.span.end as usize, part.span.start as usize);
                let (What::Line(before), What::Line(doc)) = (&last.what, &part.what) else {
                    return None;
                };
                let is_near = last.class == part.class && from <= to && self.is_same_line(from, to);
                let more = doc.flat()?.chars().count() + 2;
                let fits = indent + width + more <= WIDTH;
                let is_free = is_near && fits && self.between(from, to).is_empty();
                let doc = Doc::Row(vec![before.clone(), Doc::text(", "), doc.clone()]);
                doc.flat().filter(|flat| is_free && !flat.contains('\n'))?;
                Some((doc, width + more))
            });
            if let Some((doc, width)) = joined {
                if let (Some(last), Some(before)) = (made.last_mut(), widths.last_mut()) {
                    last.what = What::Line(doc);
                    last.span = last.span.to(part.span);
                    *before = width;
                }
            } else {
                let width = match &part.what {
                    What::Line(doc) => doc.flat().map_or(WIDTH, |flat| flat.chars().count()),
                    What::Node(_) | What::Body { .. } => WIDTH,
                };
                widths.push(width);
                made.push(part);
            }
        }
        made
    }

    fn node_block(
        &self,
        node: &'a Node,
        head: &str,
        arguments: Option<&Bracket>,
        has_comments: bool,
        indent: usize,
        out: &mut String,
    ) {
        let head_doc = Doc::Row(
            std::iter::once(Doc::text(head))
                .chain(arguments.cloned().map(Doc::Bracket))
                .collect(),
        );
        let fits = head_doc
            .flat()
            .is_some_and(|flat| indent + flat.chars().count() + 2 <= WIDTH && !flat.contains('\n'));
        // Settings that do not fit behind the type are lines of the block, like the others.
        let stays = arguments.is_none() || has_comments || fits && node.open.is_some();
        let from = match node.open {
            Some(open) => open.end as usize,
            None => node.span.end as usize,
        };
        let to = node.close.map_or(from, |close| close.start as usize);
        let block_at = node.open.map_or(node.span.end, |open| open.start);
        let mut settings: Vec<Part<'a>> = Vec::new();
        let mut arms: Vec<Part<'a>> = Vec::new();
        let mut moved: Vec<Part<'a>> = Vec::new();
        for setting in &node.settings {
            if setting.span.start >= block_at {
                settings.push(self.setting_part(setting));
            } else if !stays {
                moved.push(self.setting_part(setting));
            }
        }
        for arm in &node.arms {
            let part = self.arm(arm);
            if part.span.start < block_at {
                moved.push(part);
            } else {
                arms.push(part);
            }
        }
        let mut parts = self.beside(settings, indent + 2);
        parts.extend(self.beside(arms, indent + 2));
        parts.extend(node.children.iter().map(node_part));
        parts.extend(node.allows.iter().map(|a| self.allow_part(a)));
        parts.extend(
            node.on_errors
                .iter()
                .map(|o| self.on_error_part(o.span, &o.target)),
        );
        let mut entries = self.entries(parts, from, to);
        let at = 0..0;
        entries.items.splice(
            at,
            moved.into_iter().map(|part| Entry {
                part,
                lead: Vec::new(),
                is_apart: false,
                trail: None,
            }),
        );
        entries.items.sort_by_key(|entry| entry.part.class);
        if stays {
            head_doc.render(indent, 2, out);
        } else {
            out.push_str(head);
        }
        self.body(entries, indent, false, out);
    }

    /// Settings in parentheses; nothing where there are neither settings nor comments.
    fn arguments(&self, settings: &[&Setting], from: usize, to: usize) -> Option<Bracket> {
        if settings.is_empty() && self.between(from, to).is_empty() {
            return None;
        }
        let elements = settings
            .iter()
            .map(|setting| (setting.span, self.setting(setting)))
            .collect();
        if from == to {
            // Settings of the block brought into the head; they have no comments.
            let mut bracket = self.bracket(("(", ")"), Vec::new(), from, to);
            bracket.elements = bare(elements);
            return Some(bracket);
        }
        Some(self.bracket(("(", ")"), elements, from, to))
    }
}

pub(super) fn arm_span(arm: &Arm) -> Span {
    match arm {
        Arm::Edge(edge) => edge.span,
        Arm::Only(only) | Arm::Else(only) => only.span,
        Arm::When(when) => when.span,
    }
}
