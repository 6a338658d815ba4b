//! A menu: what an advice or a level leads to where that is not one journey.
//!
//! It is a step of its own, before any run: one choice, in a token whose sealed state holds the
//! candidates and what the start wanted. Choosing claims the menu, which can be used once, and begins the
//! journey in the same request.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wayfare::{
    Answer, Ask, AuthLevel, Callback, Candidate, Input, Realm, Seal as _, Timestamp,
    engine::{advice::MENU_MAX, effect::SessionRef, host::id_of},
};

use super::{
    Along, Beside, Came, Exchange, Need, Opening, ProgramHash, Ready, State, Verdict,
    need::Admission,
    settle::Closing,
    start::Wishes,
    token::{Head, Kind},
};
use crate::{
    am::{
        callbacks::{Submitted, passed},
        error::Refusal,
        reply,
    },
    claims::{Claim, Kept},
    json::{Bounds, read},
    seal::Sealer,
};

/// What a menu is called.
const PROMPT: &str = "Authentication Menu";

/// Several journeys to choose from, and what the start wanted besides.
#[derive(Debug)]
pub(super) struct Menu {
    id: u128,
    candidates: Vec<Candidate>,
    wishes: Wishes,
    /// The session that came along, by its realm and handle.
    beside: Option<(Realm, SessionRef)>,
}

/// A menu that was answered and waits for its session.
pub(super) struct Picked {
    candidate: Candidate,
    wishes: Wishes,
    claim: Claim,
}

/// The form in which the state of a menu is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u8,
    no_session: bool,
    named: bool,
    goto: Option<String>,
    goto_on_fail: Option<String>,
    session: Option<(Realm, String)>,
    candidates: Vec<(Realm, String, String, Option<AuthLevel>)>,
}

const VERSION: u8 = 1;

impl Menu {
    fn ask(&self) -> Ask {
        let choices = self.candidates.iter();
        let mut ask = Ask::default();
        ask.callbacks = vec![Callback::Choice {
            prompt: PROMPT.to_owned(),
            choices: choices.map(|one| one.shown.to_string()).collect(),
            default: 0,
        }];
        ask
    }

    fn write(&self, no_session: bool) -> Option<Vec<u8>> {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let form = Form {
            version: VERSION,
            no_session,
            named: self.wishes.named,
            goto: text(&self.wishes.goto),
            goto_on_fail: text(&self.wishes.goto_on_fail),
            session: self
                .beside
                .as_ref()
                .map(|(realm, handle)| (realm.clone(), handle.0.to_string())),
            candidates: self
                .candidates
                .iter()
                .map(|one| {
                    let (journey, shown) = (one.journey.to_string(), one.shown.to_string());
                    (one.realm.clone(), journey, shown, one.asked_level)
                })
                .collect(),
        };
        serde_json::to_vec(&form).ok()
    }

    /// The menu, and whether it was started without a session.
    fn read(id: u128, bytes: &[u8]) -> Option<(Self, bool)> {
        let bounds = Bounds {
            bytes: usize::MAX,
            ..Bounds::default()
        };
        let form: Form = read(bytes, bounds).ok()?;
        let count = form.candidates.len();
        let fits = form.version == VERSION && (2..=MENU_MAX).contains(&count);
        let menu = Self {
            id,
            candidates: form
                .candidates
                .into_iter()
                .map(|(realm, journey, shown, asked_level)| Candidate {
                    realm,
                    journey: journey.into(),
                    shown: shown.into(),
                    asked_level,
                })
                .collect(),
            wishes: Wishes {
                force: false,
                named: form.named,
                goto: form.goto.map(Arc::from),
                goto_on_fail: form.goto_on_fail.map(Arc::from),
            },
            beside: form
                .session
                .map(|(realm, handle)| (realm, SessionRef(handle.into()))),
        };
        fits.then_some((menu, form.no_session))
    }

    fn pick(self, answers: &[Answer]) -> Result<(Candidate, Wishes), Refusal> {
        let at = match answers {
            [Answer::Index(at)] => usize::try_from(*at).ok(),
            _ => None,
        };
        let candidate = at.and_then(|at| self.candidates.into_iter().nth(at));
        Ok((candidate.ok_or(Refusal::CallbackValue)?, self.wishes))
    }
}

impl<'a> Exchange<'a> {
    /// Offers several journeys; a choice that came with the start is taken at once.
    pub(super) fn menu(
        &mut self,
        candidates: Vec<Candidate>,
        wishes: Wishes,
        beside: Option<Beside>,
        submitted: Option<Submitted<'a>>,
    ) -> Result<Need, Refusal> {
        let session = beside
            .as_ref()
            .map(|beside| (beside.realm.clone(), beside.session.session.clone()));
        let mut id = [0; 16];
        self.host.random(&mut id).map_err(|_| Refusal::Internal)?;
        let menu = Menu {
            id: id_of(self.host.now(), id),
            candidates,
            wishes,
            beside: session,
        };
        let Some(submitted) = submitted else {
            self.state = State::AdmitMenu(Box::new(menu));
            return Ok(Need::Admit(Admission {
                start: true,
                verify: false,
            }));
        };
        let answers = self.answers(&menu.ask(), submitted)?;
        let (candidate, wishes) = menu.pick(&answers)?;
        self.key_to(&candidate.journey);
        let session = self.run_of(candidate, &wishes, beside)?;
        Ok(self.admit(session, Along::Nothing))
    }

    /// Sends a menu.
    pub(super) fn show(&mut self, menu: &Menu) -> Result<Need, Refusal> {
        let keys = self.site.keys(&self.realm).ok_or(Refusal::Internal)?;
        let exp = self.host.now().plus(self.menu_time(menu));
        let mut head = Head {
            kind: Kind::Menu,
            epoch: self.site.epoch(),
            run: menu.id,
            generation: 0,
            program: ProgramHash([0; 32]),
            realm: self.realm.clone(),
        };
        let mut sealed = menu.write(self.no_session).ok_or(Refusal::Internal)?;
        Sealer::new(&keys, self.host)
            .seal(&head.associated(&self.realm), &mut sealed)
            .map_err(|_| Refusal::Internal)?;
        if sealed.len() > self.settings.sealed_bytes_max {
            head.kind = Kind::KeptMenu;
        }
        let auth_id = self.signed(&head, &sealed, exp, &keys)?;
        self.verdict = Verdict::Asked;
        self.open_until = Some(exp);
        self.offered = Some(menu.id);
        let reply = reply::step(&auth_id, &menu.ask()).cookie(self.settings.cookies.balancer());
        if head.kind == Kind::Menu {
            return Ok(self.send(reply));
        }
        self.state = State::Closing(Closing::Keep(reply, None));
        Ok(Need::Keep(Kept {
            run: menu.id,
            generation: 0,
            keep: exp,
            state: sealed,
        }))
    }

    /// How long a menu may be answered: as long as a run may take.
    fn menu_time(&self, menu: &Menu) -> std::time::Duration {
        let first = menu.candidates.first();
        let engine = first.and_then(|first| self.site.engine(&first.realm));
        engine.map_or_else(std::time::Duration::default, |engine| {
            engine.limits().run_time
        })
    }

    /// Opens a menu and takes the choice.
    pub(super) fn chosen(&mut self, opening: Opening<'a>, sealed: &[u8]) -> Result<Need, Refusal> {
        let head = &opening.head;
        let mut bytes = sealed.to_vec();
        Sealer::new(&opening.keys, self.host)
            .open(&head.associated(&self.realm), &mut bytes)
            .map_err(|_| Refusal::AuthIdInvalid)?;
        let (menu, no_session) = Menu::read(head.run, &bytes).ok_or(Refusal::AuthIdInvalid)?;
        self.no_session |= no_session;
        let answers = match opening.came {
            Came::Answered(sent) => self.answers(&menu.ask(), sent)?,
            Came::Bare | Came::Linked => passed(&menu.ask())?,
        };
        let claim = claim(menu.id, opening.exp);
        let beside = menu.beside.clone();
        let (candidate, wishes) = menu.pick(&answers)?;
        let picked = Picked {
            candidate,
            wishes,
            claim,
        };
        match beside {
            None => self.picked(picked, None),
            Some((_, handle)) => {
                self.state = State::Picked(Box::new(picked));
                Ok(Need::SessionOf(handle))
            }
        }
    }

    /// Begins the journey that was chosen, once the menu is claimed.
    pub(super) fn picked(
        &mut self,
        picked: Picked,
        beside: Option<Beside>,
    ) -> Result<Need, Refusal> {
        let Picked {
            candidate,
            wishes,
            claim,
        } = picked;
        self.key_to(&candidate.journey);
        let session = self.run_of(candidate, &wishes, beside)?;
        Ok(self.ready(Ready {
            session,
            input: Input::Begin,
            claim,
        }))
    }
}

fn claim(id: u128, exp: Timestamp) -> Claim {
    Claim {
        run: id,
        generation: 0,
        exp,
        keep: exp,
    }
}
