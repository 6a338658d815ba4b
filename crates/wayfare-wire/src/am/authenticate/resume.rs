//! A step: from its token to the run, or the menu, that it answers.

use std::sync::Arc;

use wayfare::{Input, Step, Timestamp};

use super::{
    Exchange, Need, State,
    token::{Asked, Head, Kind},
};
use crate::{
    am::{
        auth_id::{self, BadAuthId},
        callbacks::{Submitted, passed},
        error::Refusal,
    },
    seal::{RealmKeys, Sealer},
};

/// A token that is being opened.
pub(super) struct Opening<'a> {
    pub(super) head: Head,
    pub(super) exp: Timestamp,
    pub(super) keys: Arc<RealmKeys>,
    pub(super) came: Came<'a>,
}

/// How someone comes back to a run.
pub(super) enum Came<'a> {
    /// With answers.
    Answered(Submitted<'a>),
    /// With the token alone, from elsewhere.
    Bare,
    /// By a link.
    Linked,
}

impl<'a> Exchange<'a> {
    /// A step: the token first.
    pub(super) fn go_on(
        &mut self,
        auth_id: &str,
        callbacks: Option<Submitted<'a>>,
    ) -> Result<Need, Refusal> {
        if auth_id.len() > self.settings.auth_id_bytes_max {
            return Err(Refusal::AuthIdMalformed);
        }
        self.carry_on();
        let opening = self.read_token(auth_id, |kind| kind != Kind::Suspended)?;
        self.fetch(opening.with(callbacks.map_or(Came::Bare, Came::Answered)))
    }

    /// Someone comes back by a link.
    pub(super) fn come_back(&mut self, link: &str) -> Result<Need, Refusal> {
        let opening = self
            .read_token(link, |kind| kind == Kind::Suspended)
            .map_err(|_| Refusal::LinkGone)?;
        self.fetch(opening.with(Came::Linked))
    }

    fn read_token(
        &mut self,
        token: &str,
        fits: impl FnOnce(Kind) -> bool,
    ) -> Result<Opened, Refusal> {
        let keys = self.site.keys(&self.realm).ok_or(Refusal::AuthIdInvalid)?;
        let mut room = Vec::new();
        let claims = auth_id::verify(token, &keys, &mut room).map_err(|bad| match bad {
            BadAuthId::Malformed => Refusal::AuthIdMalformed,
            BadAuthId::Invalid => Refusal::AuthIdInvalid,
        })?;
        if self.host.now().seconds() >= claims.exp {
            return Err(Refusal::TimedOut);
        }
        if claims.realm != self.realm.as_str() {
            return Err(Refusal::AuthIdInvalid);
        }
        let asked = Asked::read(claims.index_type, claims.index_value);
        let asked = asked.ok_or(Refusal::AuthIdInvalid)?;
        let exp = Timestamp(claims.exp.saturating_mul(1_000));
        let (head, state) = Head::read(claims.session_id.into_owned(), &self.realm)
            .ok_or(Refusal::AuthIdInvalid)?;
        if !fits(head.kind) {
            return Err(Refusal::AuthIdInvalid);
        }
        // A store that was made anew or put back knows nothing of this run.
        if head.epoch != self.site.epoch() {
            return Err(Refusal::TimedOut);
        }
        if !self.realm.holds(&head.realm) {
            return Err(Refusal::AuthIdInvalid);
        }
        self.home = head.realm.clone();
        self.asked = asked;
        Ok(Opened {
            head,
            state,
            exp,
            keys,
        })
    }

    fn fetch(&mut self, (opening, state): (Opening<'a>, Vec<u8>)) -> Result<Need, Refusal> {
        if opening.head.kind.holds_state() {
            return self.opened(opening, &state);
        }
        let need = Need::State {
            run: opening.head.run,
            generation: opening.head.generation,
        };
        self.state = State::Kept(Box::new(opening));
        Ok(need)
    }

    /// Opens what the state holds: a run, or a menu.
    pub(super) fn opened(&mut self, opening: Opening<'a>, sealed: &[u8]) -> Result<Need, Refusal> {
        if opening.head.kind.is_menu() {
            self.chosen(opening, sealed)
        } else {
            self.restore(opening, sealed)
        }
    }

    /// Opens the run and matches what came with what it waits for.
    fn restore(&mut self, opening: Opening<'a>, sealed: &[u8]) -> Result<Need, Refusal> {
        let gone = opening.gone();
        let head = &opening.head;
        let engine = self
            .site
            .engine_of(&self.home, &head.program)
            .filter(|engine| engine.serves(&head.program))
            .ok_or_else(|| gone.clone())?;
        let cipher = Sealer::new(&opening.keys, self.host);
        let session = engine
            .open(&cipher, &head.associated(&self.realm), sealed)
            .map(Box::new)
            .map_err(|_| Refusal::AuthIdInvalid)?;
        let other = session.program() != head.program;
        if other || session.run_id() != head.run || session.generation() != head.generation {
            return Err(Refusal::AuthIdInvalid);
        }
        self.note(&session);
        let input = match (session.standing(), opening.came) {
            (Some(Step::Ask(ask)), Came::Answered(sent)) => {
                Input::Answers(self.answers(&ask, sent)?)
            }
            (Some(Step::Ask(ask)), Came::Bare) => Input::Answers(passed(&ask)?),
            (Some(Step::Suspended(_)), Came::Linked) => Input::Resume,
            (_, Came::Answered(_) | Came::Bare) => return Err(Refusal::CallbackType),
            (_, Came::Linked) => return Err(gone),
        };
        self.prepare(session, input, opening.exp)
    }
}

/// A token that holds.
struct Opened {
    head: Head,
    state: Vec<u8>,
    exp: Timestamp,
    keys: Arc<RealmKeys>,
}

impl Opened {
    fn with(self, came: Came<'_>) -> (Opening<'_>, Vec<u8>) {
        let opening = Opening {
            head: self.head,
            exp: self.exp,
            keys: self.keys,
            came,
        };
        (opening, self.state)
    }
}

impl Opening<'_> {
    /// The answer where the run is no longer there.
    pub(super) fn gone(&self) -> Refusal {
        match self.came {
            Came::Answered(_) | Came::Bare => Refusal::TimedOut,
            Came::Linked => Refusal::LinkGone,
        }
    }
}
