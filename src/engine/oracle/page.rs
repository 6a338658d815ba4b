//! Pages, round by round.

use super::{
    state::Visit,
    walker::{Then, Waits, Walker},
};
use crate::{
    engine::{
        action::{Action, Go, Reply, Subject},
        callback::{Answer, Ask, Callback},
        effect::{Effect, EffectReply},
        error::NodeError,
        host::Timestamp,
        step::FailureReason,
    },
    model::{
        journey::{NodeKind, OutcomeId},
        text::LocalizedText,
        value::Value,
    },
};

/// Something that is not done twice in one visit of a page.
#[derive(Debug, Clone)]
pub(super) enum Recorded {
    Now(Timestamp),
    Random(Vec<u8>),
    Once(Box<(Effect, EffectReply)>),
}

/// For which answers, which name and which subject a record holds.
type Basis = (Vec<Answer>, Option<Value>, Option<Subject>);

#[derive(Debug, Clone, Default)]
pub(super) struct Child {
    pub(super) visit: Visit,
    /// What it kept when it last asked: every round begins with that.
    asked_with: Option<Value>,
    callbacks: Vec<Callback>,
    ids: Vec<u32>,
    content: bool,
    answers: Option<Vec<Answer>>,
    basis: Option<Basis>,
    records: Vec<Recorded>,
    /// How many of the records have been replayed in this round.
    replayed: usize,
}

impl Child {
    /// The next record, where it is such a one.
    pub(super) fn replayed(&mut self, such: impl Fn(&Recorded) -> bool) -> Option<Recorded> {
        let record = self.records.get(self.replayed).filter(|r| such(r)).cloned();
        self.replayed += usize::from(record.is_some());
        record
    }

    /// Records at the place at hand; what stood there before is another story.
    pub(super) fn record(&mut self, record: Recorded) {
        self.records.truncate(self.replayed);
        self.records.push(record);
        self.replayed += 1;
    }
}

#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) children: Vec<Child>,
    pub(super) cursor: usize,
    /// The children in the order in which they are passed, and how many have been in this round.
    order: Vec<usize>,
    passed: usize,
    next_id: u32,
    pub(super) now: Timestamp,
    outcome: Option<OutcomeId>,
    /// The effect under way, where its reply is to be recorded.
    pending: Option<Effect>,
}

impl Page {
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.children[self.cursor]
    }

    fn begin(&mut self) {
        (self.passed, self.cursor) = (0, self.order[0]);
    }

    fn go_on(&mut self) {
        self.passed += 1;
        let next = self.order.get(self.passed).copied();
        self.cursor = next.unwrap_or(self.children.len());
    }
}

/// What became of a child.
enum Passed {
    On,
    Out(Then),
}

impl Walker<'_> {
    fn written(&self) -> &crate::model::journey::Page {
        match &self.kit.node(self.at).kind {
            NodeKind::Page(page) => page,
            other => panic!("not a page: {other:?}"),
        }
    }

    pub(super) fn enter_page(&mut self) -> Then {
        let children = self.written().children.len();
        let mut order: Vec<usize> = (0..children).collect();
        if self.led_to().is_some() {
            order.rotate_right(1);
        }
        self.page = Some(Page {
            children: vec![Child::default(); children],
            cursor: order[0],
            order,
            passed: 0,
            next_id: 0,
            now: self.now,
            outcome: None,
            pending: None,
        });
        self.saw("page");
        self.round()
    }

    pub(super) fn answer_page(&mut self, answers: Vec<Answer>) -> Then {
        self.saw("a further round of a page");
        let now = self.now;
        let page = self.page.as_mut().unwrap();
        let mut answers = answers.into_iter();
        for child in &mut page.children {
            child.visit = Visit::again(child.asked_with.clone());
            let count = child.callbacks.len();
            child.answers = (count > 0).then(|| answers.by_ref().take(count).collect());
        }
        page.begin();
        (page.outcome, page.now) = (None, now);
        self.round()
    }

    pub(super) fn reply_page(&mut self, waits: Waits, reply: EffectReply) -> Then {
        let page = self.page.as_mut().unwrap();
        if let Some(effect) = page.pending.take() {
            page.child()
                .record(Recorded::Once(Box::new((effect, reply.clone()))));
        }
        let result = self.replied_to(waits, reply);
        match self.follow(result) {
            Ok(Passed::On) => self.round(),
            Ok(Passed::Out(then)) => then,
            Err(error) => self.fail(&error),
        }
    }

    /// The outcome of the last child on which the others are passed, where it comes before them.
    fn led_to(&self) -> Option<String> {
        let (last, others) = self.written().children.split_last()?;
        let signature = self.kit.program.catalog.get(last.task.ty)?;
        let to = signature.leads_to.as_ref().filter(|_| !others.is_empty())?;
        Some(to.to_string())
    }

    /// Whether the child that comes first has left the page already.
    fn ended(&self) -> bool {
        let Some((to, outcome)) = self.led_to().zip(self.page.as_ref().unwrap().outcome) else {
            return false;
        };
        let last = self.written().children.last().unwrap();
        *last.outcomes[outcome.index()] != *to
    }

    /// Passes the children from the cursor on.
    fn round(&mut self) -> Then {
        while self.page.as_ref().unwrap().cursor < self.written().children.len() && !self.ended() {
            let result = self.pass();
            match self.follow(result) {
                Ok(Passed::On) => {}
                Ok(Passed::Out(then)) => return then,
                Err(error) => return self.fail(&error),
            }
        }
        match self.round_end() {
            Ok(then) => then,
            Err(error) => self.fail(&error),
        }
    }

    fn pass(&mut self) -> Result<Action, NodeError> {
        let name = self.state.shared.get("username").cloned();
        let subject = self.state.subject.clone();
        let child = self.page.as_mut().unwrap().child();
        let answers = child.answers.take();
        let basis = (answers.clone().unwrap_or_default(), name, subject);
        if !child.content || child.basis.as_ref() != Some(&basis) {
            child.records.clear();
        }
        child.basis = Some(basis);
        child.replayed = 0;
        child.content = false;
        let Some(answers) = answers else {
            return self.enter_unit();
        };
        for (callback, answer) in child.callbacks.iter_mut().zip(&answers) {
            typed(callback, answer);
        }
        self.resume_unit(Reply::Answers(answers))
    }

    /// Does what the child at the cursor decides, until it is done for this round.
    fn follow(&mut self, mut result: Result<Action, NodeError>) -> Result<Passed, NodeError> {
        loop {
            match result? {
                Action::Go(go) => {
                    self.child_goes(&go)?;
                    return Ok(Passed::On);
                }
                Action::Ask(callbacks) if callbacks.is_empty() => {
                    return Err(NodeError::new("the node asks nothing"));
                }
                Action::Ask(callbacks) => {
                    let page = self.page.as_mut().unwrap();
                    let first = page.next_id;
                    page.next_id += u32::try_from(callbacks.len()).unwrap();
                    let ids = (first..page.next_id).collect();
                    let child = page.child();
                    child.asked_with = child.visit.memory.clone();
                    (child.callbacks, child.ids) = (callbacks, ids);
                    child.records.clear();
                    page.go_on();
                    return Ok(Passed::On);
                }
                Action::Call(effect) => {
                    let once = self.waits == Waits::Node && effect.is_once();
                    let child = self.page.as_mut().unwrap().child();
                    let same =
                        |old: &Recorded| matches!(old, Recorded::Once(done) if done.0 == *effect);
                    let replayed = if once { child.replayed(same) } else { None };
                    if let Some(Recorded::Once(done)) = replayed {
                        let (_, reply) = *done;
                        self.saw("an effect replayed in a page");
                        if !self.count() {
                            return Ok(Passed::Out(self.end(FailureReason::TooManyVisits)));
                        }
                        self.vouch(&reply);
                        let reply = self.hear(reply);
                        result = self.resume_unit(Reply::Effect(reply));
                        continue;
                    }
                    self.page.as_mut().unwrap().pending = once.then(|| (*effect).clone());
                    return Ok(Passed::Out(self.call(*effect)));
                }
                Action::Suspend(_) => {
                    return Err(NodeError::new("a node in a page cannot suspend the run"));
                }
            }
        }
    }

    fn child_goes(&mut self, go: &Go) -> Result<(), NodeError> {
        let cursor = self.page.as_ref().unwrap().cursor;
        let children = &self.written().children;
        if go.outcome.index() >= children[cursor].outcomes.len() {
            return Err(NodeError::new("the node has no such outcome"));
        }
        let last = cursor + 1 == children.len();
        self.leaving(go)?;
        let page = self.page.as_mut().unwrap();
        page.child().content = true;
        if last {
            page.outcome = Some(go.outcome);
        }
        page.go_on();
        Ok(())
    }

    fn round_end(&mut self) -> Result<Then, NodeError> {
        let page = self.page.as_ref().unwrap();
        let asking = page.children.iter().filter(|child| !child.content);
        let unresolved = asking
            .flat_map(|child| &child.callbacks)
            .any(|callback| !matches!(callback, Callback::Metadata { .. }));
        let written = self.written();
        if !unresolved || self.ended() {
            let Some(outcome) = page.outcome else {
                let what = "no outcome and only metadata callbacks found";
                return Err(NodeError::new(what));
            };
            let last = written.children.last().unwrap();
            let own = &last.outcomes[outcome.index()];
            let node = self.kit.node(self.at);
            let outcome = node.outcome(&format!("{}-{own}", last.name));
            let outcome = outcome.or_else(|| node.outcome(own)).unwrap();
            if unresolved {
                self.saw("a page left by the child that comes first");
            }
            self.page = None;
            return Ok(self.leave(outcome));
        }
        let text = |text: &LocalizedText| {
            let best = text.best(self.request.locales.iter().map(String::as_str));
            (!best.is_empty()).then(|| best.to_owned())
        };
        let each = page.children.iter();
        let ask = Ask {
            callbacks: each.clone().flat_map(|c| c.callbacks.clone()).collect(),
            ids: Some(each.flat_map(|c| c.ids.clone()).collect()),
            stage: written.stage.as_deref().map(str::to_owned),
            header: text(&written.header),
            description: text(&written.description),
        };
        // The round is taken back, but for what was counted.
        let memory = std::mem::take(&mut self.state.memory);
        self.state = self.before.clone();
        self.state.memory = memory;
        self.ask(ask)
    }
}

/// What was typed is shown again, unless it is secret.
fn typed(callback: &mut Callback, answer: &Answer) {
    match (callback, answer) {
        (
            Callback::Name { default, .. }
            | Callback::TextInput { default, .. }
            | Callback::HiddenValue { value: default, .. },
            Answer::Text(text),
        ) => default.clone_from(text),
        (
            Callback::Choice { default, .. } | Callback::Confirmation { default, .. },
            Answer::Index(index),
        ) => *default = *index,
        (Callback::ValidatedUsername { value, failed, .. }, Answer::Validated { text, .. }) => {
            value.clone_from(text);
            failed.clear();
        }
        (Callback::ValidatedPassword { failed, .. }, _) => failed.clear(),
        (Callback::Attribute { value, failed, .. }, Answer::Attribute { value: typed, .. }) => {
            value.clone_from(typed);
            failed.clear();
        }
        (Callback::Terms { accepted, .. }, Answer::Flag(flag)) => *accepted = *flag,
        (Callback::Consent { given, .. }, Answer::Flag(flag)) => *given = *flag,
        _ => {}
    }
}
