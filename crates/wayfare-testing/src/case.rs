//! One case: a seed, what comes with the start, and the moves; and how it is played.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use wayfare::{
    Answer, Ask, AuthLevel, Callback, Effect, EffectReply, End, Engine, EngineError, Host as _,
    Request, Start, Value, engine::effect::Credential,
};
use wayfare_sim::{Play, SimHost, Stop, World};

use crate::{
    dice::Dice,
    knowledge::Knowledge,
    moves::{Move, Word},
    run::{Run, Seen},
};

/// What all runs of a check have in common.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) engine: Engine,
    /// The journey, by its name on the wire.
    pub(crate) journey: Arc<str>,
    /// The journey, by its identifier.
    pub(crate) name: Arc<str>,
    pub(crate) world: World,
    pub(crate) known: Knowledge,
    pub(crate) faults: bool,
    pub(crate) outside: BTreeMap<Arc<str>, Vec<Value>>,
    pub(crate) steps: usize,
}

/// What one run is made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Case {
    /// The seed of the host.
    pub(crate) seed: u64,
    pub(crate) request: Request,
    pub(crate) session: Option<(String, AuthLevel)>,
    pub(crate) moves: Vec<Move>,
}

/// Plays these moves; those that do not fit are left out of what is kept.
pub(crate) fn replay(setup: &Arc<Setup>, case: &Case, restore: bool) -> Run {
    let mut player = Player::new(setup, case, restore);
    for made in &case.moves {
        if player.is_over() {
            break;
        }
        player.make(made.clone());
    }
    player.finish()
}

/// Plays random moves.
pub(crate) fn random(setup: &Arc<Setup>, seed: u64) -> Run {
    let mut dice = Dice::new(seed);
    let case = Case {
        seed,
        request: request(&setup.known, &mut dice),
        session: session(setup, &mut dice),
        moves: Vec::new(),
    };
    let mut player = Player::new(setup, &case, false);
    // BOUND: the number of moves.
    for _ in 0..setup.steps {
        if player.is_over() {
            break;
        }
        let made = player.choose(&mut dice);
        player.make(made);
    }
    player.finish()
}

fn session(setup: &Setup, dice: &mut Dice) -> Option<(String, AuthLevel)> {
    if !dice.once_in(4) {
        return None;
    }
    let name = dice.pick(&setup.known.names)?.clone();
    setup.world.find(&name)?;
    let level = dice.pick(&[0, 5, 10, 20, 1_000])?;
    Some((name, AuthLevel::saturating(*level)))
}

fn request(known: &Knowledge, dice: &mut Dice) -> Request {
    let mut request = Request::default();
    if known.reads_address && !dice.once_in(4) {
        request.client = dice.pick(&known.addresses()).copied();
    }
    if known.reads_locale && dice.once_in(2) {
        request.locales = vec![String::from(
            *dice.pick(&["en", "fr", "de"]).unwrap_or(&"en"),
        )];
    }
    if known.reads_host && dice.once_in(2) {
        request.host = Some("login.example.com".to_owned());
    }
    let mut pairs = |names: &mut dyn Iterator<Item = &Arc<str>>| -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for name in names {
            if dice.once_in(2) {
                let value = dice.pick(&known.texts).cloned();
                pairs.push((
                    String::from(&**name),
                    value.unwrap_or_else(|| "1".to_owned()),
                ));
            }
        }
        pairs
    };
    request.headers = pairs(&mut known.headers.iter());
    request.cookies = pairs(&mut known.cookies.iter());
    request.parameters = pairs(&mut known.parameters.iter());
    request
}

/// A run under way.
struct Player {
    run: Run,
    restore: bool,
}

impl Player {
    fn new(setup: &Arc<Setup>, case: &Case, restore: bool) -> Self {
        let mut run = Run {
            setup: Arc::clone(setup),
            case: Case {
                moves: Vec::new(),
                ..case.clone()
            },
            stops: Vec::new(),
            made_at: Vec::new(),
            play: None,
            refused: None,
            secrets: setup.known.passwords().map(str::to_owned).collect(),
        };
        let host = SimHost::new(case.seed);
        let mut world = setup.world.clone();
        let mut start = Start::journey(Arc::clone(&setup.journey));
        if let Some((name, level)) = &case.session
            && let Some(handle) = world.open_session(name, *level, host.now())
            && let Some(session) = world.start_session(&handle)
        {
            start = start.session(session);
        }
        let play = Play::begin(&setup.engine, start, world, host);
        match play {
            Ok(play) => run.play = Some(play.request(case.request.clone())),
            Err(error) => run.refused = Some(error),
        }
        let mut player = Self { run, restore };
        player.step(Play::first);
        player
    }

    fn is_over(&self) -> bool {
        self.run.refused.is_some() || self.run.end().is_some()
    }

    fn finish(mut self) -> Run {
        let world = self.run.world();
        let codes = world.outbox.iter().filter_map(wayfare_sim::Sent::code);
        let mut secrets: Vec<String> = codes.map(|code| code.reveal().clone()).collect();
        secrets.extend(world.performed.iter().flat_map(|done| {
            match &done.effect {
                Effect::Verify(verify) => match &verify.credential {
                    Credential::Otp { expected, .. } => vec![expected.reveal().clone()],
                    Credential::Answers { besides, .. } => besides
                        .iter()
                        .map(|(_, answer)| answer.reveal().clone())
                        .collect(),
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            }
        }));
        self.run.secrets.append(&mut secrets);
        self.run.secrets.sort_unstable();
        self.run.secrets.dedup();
        self.run
    }

    /// Takes one step; whether it was taken.
    fn step(&mut self, take: impl FnOnce(&mut Play) -> Result<Stop, EngineError>) -> bool {
        let Some(play) = &mut self.run.play else {
            return false;
        };
        if self.restore
            && let Err(error) = play.restore()
        {
            self.run.refused = Some(error);
            return false;
        }
        match take(play) {
            Ok(stop) => {
                let seen = see(play, stop);
                self.run.stops.push(seen);
                true
            }
            Err(error @ (EngineError::Answer(_) | EngineError::Unexpected { .. })) => {
                // What does not fit changes nothing; the move is left out.
                let _ = error;
                false
            }
            Err(error) => {
                self.run.refused = Some(error);
                true
            }
        }
    }

    /// Makes a move, and keeps it if it was one.
    fn make(&mut self, made: Move) {
        let at = self.run.stops.len().saturating_sub(1);
        let Some(play) = &mut self.run.play else {
            return;
        };
        let taken = match &made {
            Move::Advance(by) => {
                play.advance(*by);
                true
            }
            Move::Fail => {
                let world = play.world_mut();
                let next = world.performed.len();
                world.failing.insert(next)
            }
            Move::Outside { kind, value } => {
                let reply = EffectReply::Custom(value.clone());
                let before = play
                    .world_mut()
                    .custom
                    .insert(Arc::clone(kind), reply.clone());
                before != Some(reply)
            }
            Move::Resume => self.step(Play::resume),
            Move::Answer(words) => match self.answers(words) {
                Some(answers) => self.step(|play| play.answer(answers)),
                None => false,
            },
        };
        if taken {
            self.run.case.moves.push(made);
            self.run.made_at.push(at);
        }
    }

    fn asks(&self) -> Option<&Ask> {
        match &self.run.last()?.stop {
            Stop::Ask(ask) => Some(ask),
            Stop::Suspended(_) | Stop::Done(_) => None,
        }
    }

    /// The answers that these words are; `None` where they are none to what is asked.
    fn answers(&mut self, words: &[Word]) -> Option<Vec<Answer>> {
        let ask = self.asks()?;
        if ask.callbacks.len() != words.len() {
            return None;
        }
        let world = self.run.world();
        let pairs = ask.callbacks.iter().zip(words);
        let answers: Option<Vec<Answer>> = pairs
            .map(|(callback, word)| word.answer(callback, world))
            .collect();
        let answers = answers?;
        let typed = answers.iter().filter_map(|answer| match answer {
            Answer::Secret(secret) | Answer::ValidatedSecret { secret, .. } => {
                Some(secret.reveal().clone())
            }
            _ => None,
        });
        let typed: Vec<String> = typed.collect();
        self.run.secrets.extend(typed);
        Some(answers)
    }

    /// The next move, at random.
    fn choose(&self, dice: &mut Dice) -> Move {
        if self.run.setup.faults && dice.once_in(12) {
            return Move::Fail;
        }
        if dice.once_in(3)
            && let Some((kind, values)) = pick_entry(dice, &self.run.setup.outside)
            && let Some(value) = dice.pick(values)
        {
            return Move::Outside {
                kind: Arc::clone(kind),
                value: value.clone(),
            };
        }
        if dice.once_in(10) {
            let seconds = dice.pick(&[1, 10, 31, 61, 240, 301]).copied();
            return Move::Advance(Duration::from_secs(seconds.unwrap_or(1)));
        }
        match self.asks() {
            Some(ask) => self.words(ask, dice),
            None => Move::Resume,
        }
    }

    fn words(&self, ask: &Ask, dice: &mut Dice) -> Move {
        let known = &self.run.setup.known;
        let mut name = self.named();
        let mut words = Vec::new();
        for callback in &ask.callbacks {
            let word = match callback {
                Callback::Name { .. } | Callback::ValidatedUsername { .. } => {
                    let typed = dice.pick(&known.names).cloned().unwrap_or_default();
                    name.clone_from(&typed);
                    Word::Typed(typed)
                }
                Callback::Password { .. } | Callback::ValidatedPassword { .. } => {
                    self.secret(dice, &name)
                }
                Callback::TextInput { .. } => match dice.below(4) {
                    0 => Word::Code,
                    1 => Word::Typed(dice.pick(&known.names).cloned().unwrap_or_default()),
                    _ => Word::Typed(dice.pick(&known.texts).cloned().unwrap_or_default()),
                },
                Callback::HiddenValue { value, .. } => match dice.below(3) {
                    0 => Word::Typed(dice.pick(&known.texts).cloned().unwrap_or_default()),
                    _ => Word::Typed(value.clone()),
                },
                Callback::Confirmation { optional: true, .. } if dice.once_in(2) => Word::Untouched,
                Callback::Choice { choices: of, .. }
                | Callback::Confirmation { options: of, .. } => {
                    Word::Pick(u32::try_from(dice.below(of.len())).unwrap_or(0))
                }
                _ => Word::Nothing,
            };
            words.push(word);
        }
        Move::Answer(words)
    }

    /// Something for a password field: right, a code, or wrong.
    fn secret(&self, dice: &mut Dice, name: &str) -> Word {
        let known = &self.run.setup.known;
        let sent = !self.run.world().outbox.is_empty();
        let right = known.password(name).unwrap_or("wrong");
        match dice.below(8) {
            0..=2 if sent => Word::Code,
            0..=4 => Word::Typed(right.to_owned()),
            5 => {
                let all: Vec<&str> = known.passwords().collect();
                Word::Typed((*dice.pick(&all).unwrap_or(&"wrong")).to_owned())
            }
            6 => Word::Typed("000000".to_owned()),
            _ => Word::Typed("wrong".to_owned()),
        }
    }

    /// The name that the run knows.
    fn named(&self) -> String {
        let session = self.run.play.as_ref().map(Play::session);
        let name = session.and_then(wayfare::AuthSession::username);
        name.map_or_else(String::new, |name| String::from(&*name))
    }
}

fn pick_entry<'m, K: Ord, V>(dice: &mut Dice, map: &'m BTreeMap<K, V>) -> Option<(&'m K, &'m V)> {
    map.iter().nth(dice.below(map.len()))
}

fn see(play: &Play, stop: Stop) -> Seen {
    let session = play.session();
    let own = |name: &str| {
        let (_, node) = name.split_once('/').unwrap_or(("", name));
        node.to_owned()
    };
    let mut path: Vec<String> = session.calls().iter().map(|call| own(call)).collect();
    path.extend(session.at().map(|at| own(&at)));
    let keys = session.shared_keys();
    let shared = keys.into_iter().filter_map(|key| {
        let value = session.shared(&key)?.clone();
        Some((key, value))
    });
    // A run that has ended has handed its proofs over.
    let (level, subject, evidence) = match &stop {
        Stop::Done(End::Success(success)) => (
            success.level,
            Some(success.subject.clone()),
            success.evidence.clone(),
        ),
        Stop::Done(End::Failure(_)) | Stop::Ask(_) | Stop::Suspended(_) => (
            session.level(),
            session.subject().cloned(),
            session.evidence().to_vec(),
        ),
    };
    Seen {
        askers: play.asker(),
        path: path.join("."),
        level,
        subject,
        evidence,
        shared: shared.collect(),
        effects: play.world().performed.len(),
        sent: play.world().outbox.len(),
        stop,
    }
}
