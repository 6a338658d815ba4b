//! Lines and values, each in its one form.

use crate::{
    source::Span,
    syntax::{
        ast::{
            Allow, Arm, Ensure, Name, Place, PlaceRoot, Property, Setting, Target, TypeExpr,
            TypeKind, Value, ValueKind,
        },
        format::{Class, Part, Printer, What, node::arm_span},
        layout::Doc,
        literal::block_lines,
        phrase::phrase,
    },
};

impl<'a> Printer<'a> {
    pub(super) fn setting_part(&self, setting: &Setting) -> Part<'a> {
        Part {
            class: Class::Setting,
            span: setting.span,
            what: What::Line(self.setting(setting)),
        }
    }

    pub(super) fn setting(&self, setting: &Setting) -> Doc {
        Doc::Row(vec![
            Doc::text(format!("{} = ", setting.key.text)),
            self.value(&setting.value),
        ])
    }

    pub(super) fn allow_part(&self, allow: &Allow) -> Part<'a> {
        Part {
            class: Class::Allow,
            span: allow.span,
            what: What::Line(self.allow(allow)),
        }
    }

    pub(super) fn allow(&self, allow: &Allow) -> Doc {
        let codes: Vec<&str> = allow.codes.iter().map(|code| code.text.as_str()).collect();
        Doc::text(format!(
            "allow {} because {}",
            codes.join(", "),
            self.slice(allow.reason.span)
        ))
    }

    pub(super) fn on_error_part(&self, span: Span, target: &Target) -> Part<'a> {
        Part {
            class: Class::OnError,
            span,
            what: What::Line(Doc::text(format!(
                "on error -> {}",
                self.slice(target.span)
            ))),
        }
    }

    pub(super) fn arm(&self, arm: &Arm) -> Part<'a> {
        Part {
            class: Class::Arm,
            span: arm_span(arm),
            what: What::Line(self.arm_doc(arm)),
        }
    }

    pub(super) fn arm_doc(&self, arm: &Arm) -> Doc {
        match arm {
            Arm::Edge(edge) => Doc::text(format!(
                "{} -> {}",
                self.names(&edge.outcomes),
                self.slice(edge.target.span)
            )),
            Arm::Only(only) => Doc::text(format!("-> {}", self.slice(only.target.span))),
            Arm::When(when) => {
                let mut row = vec![Doc::text("when "), phrase(self.slice(when.condition.span))];
                if let Some(name) = &when.name {
                    row.push(Doc::text(format!(" as {}", name.text)));
                }
                row.push(Doc::text(format!(" -> {}", self.slice(when.target.span))));
                Doc::Row(row)
            }
            Arm::Else(only) => Doc::text(format!("else -> {}", self.slice(only.target.span))),
        }
    }

    pub(super) fn ensure(&self, ensure: &Ensure) -> Doc {
        let mut row = vec![Doc::text("ensure ")];
        if let Some(label) = &ensure.label {
            row.push(Doc::text(format!("{} ", self.slice(label.span))));
        }
        match &ensure.property {
            Property::EveryPath { to, passes } => {
                let passes: Vec<String> = passes.iter().map(|p| self.place(p)).collect();
                row.push(Doc::text(format!(
                    "every path to {} passes {}",
                    self.place(to),
                    passes.join(" or ")
                )));
            }
            Property::Never { what, after } => row.push(Doc::text(format!(
                "never {} after {}",
                self.place(what),
                self.place(after)
            ))),
            Property::At { condition, place } => {
                row.push(phrase(self.slice(condition.span)));
                row.push(Doc::text(format!(" at {}", self.place(place))));
            }
            Property::SameFace { until } => {
                row.push(Doc::text(format!("same face until {}", self.place(until))));
            }
            Property::AtMost { visits, of } => row.push(Doc::text(format!(
                "at most {visits} visits of {}",
                self.place(of)
            ))),
        }
        Doc::Row(row)
    }

    pub(super) fn place(&self, place: &Place) -> String {
        let mut text = match &place.root {
            PlaceRoot::Success => "success".to_owned(),
            PlaceRoot::Failure => "failure".to_owned(),
            PlaceRoot::Name(name) => self.slice(name.span).to_owned(),
            PlaceRoot::Any(name) => format!("any {}", self.slice(name.span)),
            PlaceRoot::Proof(name) => format!("proof of {}", name.text),
        };
        for step in &place.steps {
            text.push('.');
            text.push_str(self.slice(step.span));
        }
        text
    }

    pub(super) fn names(&self, names: &[Name]) -> String {
        let names: Vec<&str> = names.iter().map(|name| self.slice(name.span)).collect();
        names.join(" | ")
    }

    /// Calls itself for lists and records, to the depth that the scan allows.
    pub(super) fn value(&self, value: &Value) -> Doc {
        let inside = (
            value.span.start as usize + 1,
            (value.span.end as usize).saturating_sub(1),
        );
        match &value.kind {
            ValueKind::List(values) => {
                let elements = values.iter().map(|v| (v.span, self.value(v))).collect();
                Doc::Bracket(self.bracket(("[", "]"), elements, inside.0, inside.1))
            }
            ValueKind::Record(entries) => {
                let elements = entries
                    .iter()
                    .map(|(key, value)| {
                        let row = vec![
                            Doc::text(format!("{} = ", self.slice(key.span))),
                            self.value(value),
                        ];
                        (key.span.to(value.span), Doc::Row(row))
                    })
                    .collect();
                Doc::Bracket(self.bracket(("{", "}"), elements, inside.0, inside.1))
            }
            ValueKind::File(name) => Doc::text(format!("file({})", self.slice(name.span))),
            ValueKind::Block(_) => {
                let text = self.slice(value.span);
                let inner = text
                    .strip_prefix("\"\"\"")
                    .and_then(|t| t.strip_suffix("\"\"\""))
                    .unwrap_or_default();
                match block_lines(inner) {
                    Some(lines) => Doc::Block(lines.into_iter().map(str::to_owned).collect()),
                    None => Doc::text(text.replace("\r\n", "\n")),
                }
            }
            ValueKind::Null
            | ValueKind::Bool(_)
            | ValueKind::Int(_)
            | ValueKind::Decimal(_)
            | ValueKind::Duration(_)
            | ValueKind::Size(_)
            | ValueKind::Text(_)
            | ValueKind::Reference(_)
            | ValueKind::Broken => Doc::text(self.slice(value.span)),
        }
    }
}

pub(super) fn type_text(ty: &TypeExpr) -> String {
    match &ty.kind {
        TypeKind::Named(name) => name.clone(),
        TypeKind::List(of) => format!("[{}]", type_text(of)),
        TypeKind::Map(of) => format!("{{{}}}", type_text(of)),
    }
}
