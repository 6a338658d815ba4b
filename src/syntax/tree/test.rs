//! Tests: their heads, and the lines of their blocks.

use crate::{
    source::Span,
    syntax::{
        ast::{
            Asked, AskedCallback, Doc, Dotted, Exchange, Expect, Given, Operand, Repeat, Test,
            TestStep, Uncovered,
        },
        item::{Inner as _, Pair, Reader},
        parser::Rule,
        tree::{Owner, Tree},
    },
};

impl Reader<'_> {
    /// A test without its block.
    pub(in crate::syntax) fn test(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<Test> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let name = self.quoted(&inner.next()?);
        let journey = inner.next().map(|word| self.word(&word));
        Some(Test {
            doc,
            name,
            journey,
            steps: Vec::new(),
            open: span.after(),
            close: span.after(),
            span,
            head: span,
        })
    }

    /// A `repeat` without its block.
    pub(in crate::syntax) fn repeat(&mut self, pair: Pair<'_>) -> Option<Repeat> {
        let span = self.span(&pair);
        Some(Repeat {
            times: self.value(pair.inner().next()?)?,
            steps: Vec::new(),
            open: span.after(),
            close: span.after(),
            span,
        })
    }

    pub(in crate::syntax) fn uncovered(&mut self, pair: Pair<'_>) -> Option<Uncovered> {
        let span = self.span(&pair);
        let mut arrows = Vec::new();
        let mut journey = None;
        let mut reason = None;
        for part in pair.inner() {
            match part.as_rule() {
                Rule::dotted => arrows.push(self.dotted(part)?),
                Rule::word => journey = Some(self.word(&part)),
                _ => reason = Some(self.quoted(&part)),
            }
        }
        Some(Uncovered {
            arrows,
            journey,
            reason: reason?,
            span,
        })
    }

    /// A line of a test that opens no block.
    pub(in crate::syntax) fn test_step(&mut self, pair: Pair<'_>) -> Option<TestStep> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut inner = pair.inner();
        Some(match rule {
            Rule::given => self.given(inner, span)?,
            Rule::answer | Rule::reply => {
                let node = self.dotted(inner.next()?)?;
                let value = match inner.next() {
                    Some(value) => Some(self.value(value)?),
                    None => None,
                };
                let exchange = Exchange { node, value, span };
                if rule == Rule::answer {
                    TestStep::Answer(exchange)
                } else {
                    TestStep::Reply(exchange)
                }
            }
            Rule::advance => TestStep::Advance {
                time: self.value(inner.next()?)?,
                span,
            },
            Rule::resume => TestStep::Resume(span),
            _ => self.expectation(inner, span)?,
        })
    }

    fn given<'p>(
        &mut self,
        mut inner: impl Iterator<Item = Pair<'p>>,
        span: Span,
    ) -> Option<TestStep> {
        let what = self.word(&inner.next()?);
        let mut of = None;
        let mut value = None;
        for part in inner {
            // A bare number is what the line speaks of; one behind `=` is a value.
            let is_operand = of.is_none()
                && value.is_none()
                && matches!(part.as_rule(), Rule::dotted | Rule::numeric)
                && !self.is_behind_equals(&part);
            if is_operand {
                of = Some(self.operand(part)?);
            } else {
                value = Some(self.value(part)?);
            }
        }
        Some(TestStep::Given(Given {
            what,
            of,
            value,
            span,
        }))
    }

    fn is_behind_equals(&self, pair: &Pair<'_>) -> bool {
        let span = self.span(pair);
        let before = Span::new(span.source, 0, span.start as usize);
        let before = self.text_of(before).trim_end_matches([' ', '\t']);
        before.ends_with('=')
    }

    fn expectation<'p>(
        &mut self,
        inner: impl Iterator<Item = Pair<'p>>,
        span: Span,
    ) -> Option<TestStep> {
        let mut no = None;
        let mut what = None;
        let mut of = None;
        let mut value = None;
        let mut asked = None;
        for part in inner {
            match part.as_rule() {
                Rule::no => no = Some(self.span(&part)),
                Rule::word => what = Some(self.word(&part)),
                Rule::dotted | Rule::numeric => of = Some(self.operand(part)?),
                Rule::asked => asked = Some(self.asked(part)?),
                _ => value = Some(self.value(part)?),
            }
        }
        Some(TestStep::Expect(Expect {
            no,
            what: what?,
            of,
            value,
            asked,
            span,
        }))
    }

    fn operand(&mut self, pair: Pair<'_>) -> Option<Operand> {
        Some(if pair.as_rule() == Rule::numeric {
            Operand::Number(self.value(pair)?)
        } else {
            Operand::Name(self.dotted(pair)?)
        })
    }

    fn dotted(&mut self, pair: Pair<'_>) -> Option<Dotted> {
        let span = self.span(&pair);
        let parts: Option<Vec<_>> = pair.inner().map(|part| self.either(part)).collect();
        Some(Dotted {
            parts: parts?,
            span,
        })
    }

    fn asked(&mut self, pair: Pair<'_>) -> Option<Asked> {
        let span = self.span(&pair);
        let mut callbacks = Vec::new();
        for part in pair.inner() {
            let span = self.span(&part);
            let mut inner = part.inner();
            callbacks.push(AskedCallback {
                kind: self.word(&inner.next()?),
                value: match inner.next() {
                    Some(value) => Some(self.value(value)?),
                    None => None,
                },
                span,
            });
        }
        Some(Asked { callbacks, span })
    }
}

impl Tree<'_> {
    /// Puts a line into the test or `repeat` it stands in; elsewhere only its findings count.
    pub(super) fn put_step(&mut self, pair: Pair<'_>) -> Option<()> {
        if pair.as_rule() == Rule::repeat {
            let repeat = self.reader.repeat(pair)?;
            let head = repeat.span;
            self.await_block(Owner::Repeat(Box::new(repeat)), head);
            return Some(());
        }
        let step = self.reader.test_step(pair)?;
        self.attach_step(step);
        Some(())
    }

    pub(super) fn attach_step(&mut self, step: TestStep) {
        match self.open.last_mut().map(|frame| &mut frame.owner) {
            Some(Owner::Test(test)) => test.steps.push(step),
            Some(Owner::Repeat(repeat)) => repeat.steps.push(step),
            Some(
                Owner::Journey(_)
                | Owner::Fragment(_)
                | Owner::Node(_)
                | Owner::Extern(_)
                | Owner::Policy(_)
                | Owner::Guard(_)
                | Owner::Stray,
            )
            | None => {}
        }
    }
}

/// Whether a line is one of a test.
pub(in crate::syntax) fn is_step(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::given
            | Rule::answer
            | Rule::reply
            | Rule::expect
            | Rule::advance
            | Rule::resume
            | Rule::repeat
    )
}
