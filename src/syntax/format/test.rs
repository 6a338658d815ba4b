//! Tests, each line in its one form.

use crate::{
    source::Span,
    syntax::{
        ast::{
            Asked, AskedCallback, Dotted, Exchange, Expect, Given, Operand, Repeat, Test, TestStep,
            Uncovered, Value, ValueKind,
        },
        format::{Class, Part, Printer, What},
        layout::Doc,
    },
};

impl<'a> Printer<'a> {
    pub(super) fn test(&self, test: &'a Test) -> Part<'a> {
        let mut head = format!("test {}", self.slice(test.name.span));
        if let Some(journey) = &test.journey {
            head.push_str(" for ");
            head.push_str(&journey.text);
        }
        Part {
            class: Class::Block,
            span: test.span,
            what: What::Body {
                head: Doc::text(head),
                open: test.open,
                close: test.close,
                parts: test.steps.iter().map(|step| self.step(step)).collect(),
            },
        }
    }

    pub(super) fn uncovered(&self, item: &Uncovered) -> Part<'a> {
        let arrows: Vec<String> = item.arrows.iter().map(|a| self.dotted(a)).collect();
        let journey = item.journey.as_ref();
        let journey = journey.map_or_else(String::new, |name| format!(" for {}", name.text));
        let reason = self.slice(item.reason.span);
        let text = format!(
            "allow uncovered {}{journey} because {reason}",
            arrows.join(", ")
        );
        Part {
            class: Class::Allow,
            span: item.span,
            what: What::Line(Doc::text(text)),
        }
    }

    /// Calls itself for `repeat`, to the depth that the scan allows.
    fn step(&self, step: &'a TestStep) -> Part<'a> {
        let row = match step {
            TestStep::Given(given) => self.given(given),
            TestStep::Answer(exchange) => self.exchange("answer", exchange),
            TestStep::Reply(exchange) => self.exchange("reply", exchange),
            TestStep::Advance { time, .. } => {
                vec![Doc::text("advance "), self.value(time)]
            }
            TestStep::Resume(_) => vec![Doc::text("resume")],
            TestStep::Expect(expect) => self.expect(expect),
            TestStep::Repeat(repeat) => return self.repeat(repeat),
        };
        Part {
            class: Class::Step,
            span: step.span(),
            what: What::Line(Doc::Row(row)),
        }
    }

    fn repeat(&self, repeat: &'a Repeat) -> Part<'a> {
        Part {
            class: Class::Step,
            span: repeat.span,
            what: What::Body {
                head: Doc::Row(vec![Doc::text("repeat "), self.value(&repeat.times)]),
                open: repeat.open,
                close: repeat.close,
                parts: repeat.steps.iter().map(|step| self.step(step)).collect(),
            },
        }
    }

    fn given(&self, given: &Given) -> Vec<Doc> {
        let mut row = vec![Doc::text(format!("given {}", given.what.text))];
        row.extend(self.operand(given.of.as_ref()));
        row.extend(self.behind(given.value.as_ref(), given.what.text == "param"));
        row
    }

    fn exchange(&self, verb: &str, exchange: &Exchange) -> Vec<Doc> {
        let mut row = vec![Doc::text(format!("{verb} {}", self.dotted(&exchange.node)))];
        row.extend(self.behind(exchange.value.as_ref(), false));
        row
    }

    fn expect(&self, expect: &Expect) -> Vec<Doc> {
        let no = if expect.no.is_some() { "no " } else { "" };
        let mut row = vec![Doc::text(format!("expect {no}{}", expect.what.text))];
        row.extend(self.operand(expect.of.as_ref()));
        row.extend(self.behind(expect.value.as_ref(), false));
        if let Some(asked) = &expect.asked {
            row.push(Doc::text(" "));
            row.push(self.asked(asked));
        }
        row
    }

    /// A value: a record follows as it is, anything else after `=`.
    fn behind(&self, value: Option<&Value>, is_set: bool) -> Option<Doc> {
        let value = value?;
        let sign = match value.kind {
            ValueKind::Record(_) if !is_set => " ",
            _ => " = ",
        };
        Some(Doc::Row(vec![Doc::text(sign), self.value(value)]))
    }

    fn operand(&self, of: Option<&Operand>) -> Option<Doc> {
        Some(Doc::text(match of? {
            Operand::Number(value) => format!(" {}", self.slice(value.span)),
            Operand::Name(name) => format!(" {}", self.dotted(name)),
        }))
    }

    fn dotted(&self, dotted: &Dotted) -> String {
        let parts: Vec<&str> = dotted.parts.iter().map(|p| self.slice(p.span)).collect();
        parts.join(".")
    }

    fn asked(&self, asked: &Asked) -> Doc {
        let elements = asked
            .callbacks
            .iter()
            .map(|callback| (callback.span, self.callback(callback)))
            .collect();
        let Span { start, end, .. } = asked.span;
        let (from, to) = (start as usize + 1, (end as usize).saturating_sub(1));
        Doc::Bracket(self.bracket(("{", "}"), elements, from, to))
    }

    fn callback(&self, callback: &AskedCallback) -> Doc {
        let mut row = vec![Doc::text(callback.kind.text.clone())];
        if let Some(value) = &callback.value {
            row.push(Doc::text(" "));
            row.push(self.value(value));
        }
        Doc::Row(row)
    }
}
