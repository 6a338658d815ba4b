//! A test at play: its world, its run, and the lines one after the other.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use wayfare::{
    Advice, Answer, AuthLevel, Candidate, Effect, EffectReply, Engine, Event, Host as _, Input,
    Journeys, Realm, Request, Resolution, Secret, Span, Start, Timestamp, Value,
    engine::effect::{DEVICES_MAX, DeviceKind, Document, OathKey, Room, StoreDevice, Who},
    model::scenario::{
        AdvicePart, Device as GivenDevice, NodeRef, Outside, RealmDocument, RequestPart, Scenario,
        Step, StepKind, User as GivenUser,
    },
};

use crate::{
    host::SimHost,
    play::{Play, Stop},
    scenario::{Broken, answer, app, expect, log::Log, stand_in},
    session::Session,
    user::User,
    world::{Scripted, World},
};

/// The numbers that every test draws.
const SEED: u64 = 0x7e57;

/// A test at play.
pub(super) struct Player<'e> {
    pub(super) engine: &'e Engine,
    journey: Arc<str>,
    setting: Setting,
    request: Request,
    play: Option<Play>,
    stop: Option<Stop>,
    log: Log,
    /// What the authenticator app goes by that was registered or given last.
    app: Option<OathKey>,
    /// Where replies were given, by node, those not yet said; to find the ones that nobody wanted.
    given: BTreeMap<Arc<str>, Vec<Span>>,
}

/// What is given before the run begins.
#[derive(Default)]
struct Setting {
    world: World,
    host: Option<SimHost>,
    session: Option<Arc<str>>,
    level: Option<AuthLevel>,
    advice: Option<(AdvicePart, Span)>,
    transaction: Option<Arc<str>>,
    data: BTreeMap<Arc<str>, Value>,
}

impl<'e> Player<'e> {
    pub(super) fn new(engine: &'e Engine, scenario: &Scenario) -> Self {
        let mut setting = Setting {
            host: Some(SimHost::new(SEED)),
            ..Setting::default()
        };
        setting.world = World::new();
        Self {
            engine,
            journey: Arc::clone(&scenario.journey),
            setting,
            request: Request::default(),
            play: None,
            stop: None,
            log: Log::new(&scenario.journey),
            app: None,
            given: BTreeMap::new(),
        }
    }

    pub(super) fn log(&self) -> &str {
        self.log.text()
    }

    pub(super) fn into_trace(self) -> Vec<Event> {
        self.play
            .map_or_else(Vec::new, |play| play.trace().to_vec())
    }

    pub(super) fn stop(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    pub(super) fn running(&self) -> Option<&Play> {
        self.play.as_ref()
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    pub(super) fn world(&self) -> &World {
        match &self.play {
            Some(play) => play.world(),
            None => &self.setting.world,
        }
    }

    /// The handle of the session that there is now: the one made, else the one given.
    pub(super) fn session(&self) -> Option<&Arc<str>> {
        let made = self.play.as_ref().and_then(Play::opened);
        made.or(self.setting.session.as_ref())
    }

    fn world_mut(&mut self) -> &mut World {
        match &mut self.play {
            Some(play) => play.world_mut(),
            None => &mut self.setting.world,
        }
    }

    pub(super) fn play(&mut self, steps: &[Step]) -> Result<(), Broken> {
        self.lines(steps)?;
        if self.play.is_some() {
            self.all_said()?;
        }
        Ok(())
    }

    /// Calls itself for `repeat`, to the depth that the text may nest.
    fn lines(&mut self, steps: &[Step]) -> Result<(), Broken> {
        for step in steps {
            self.line(step)?;
        }
        Ok(())
    }

    fn line(&mut self, step: &Step) -> Result<(), Broken> {
        let span = step.span;
        match &step.kind {
            StepKind::User(user) => self.user(user),
            StepKind::Device(device) => self.device(device, span)?,
            StepKind::Session(session) => self.bring(session, span)?,
            StepKind::Request(part) => self.come(part),
            StepKind::Level(level) => self.setting.level = Some(*level),
            StepKind::Advice(advice) => self.setting.advice = Some((advice.clone(), span)),
            StepKind::State(state) => self.setting.data.extend(state.clone()),
            StepKind::Document { which, value } => {
                let which = match which {
                    RealmDocument::Terms => Document::Terms,
                    RealmDocument::Questions => Document::SecurityQuestions,
                    RealmDocument::Consent => Document::Consent,
                };
                self.world_mut().documents.insert(which, value.clone());
            }
            StepKind::Transaction(id) => self.setting.transaction = Some(Arc::clone(id)),
            StepKind::Advance(time) => match (&self.play, &self.setting.host) {
                (Some(play), _) => play.advance(*time),
                (None, Some(host)) => host.advance(*time),
                (None, None) => {}
            },
            StepKind::Reply { node, reply } => self.script(node, reply, span),
            StepKind::Answer(answering) => {
                self.begin(span)?;
                let answers = answer::answers(self, answering, span)?;
                self.come_back();
                self.step(Input::Answers(answers), span)?;
            }
            StepKind::Resume => {
                self.begin(span)?;
                if !matches!(self.stop, Some(Stop::Suspended(_))) {
                    let there = self.where_it_stands();
                    return Err(Broken::new(
                        span,
                        there,
                        "a suspended run, to follow its link",
                    ));
                }
                self.step(Input::Resume, span)?;
            }
            StepKind::Repeat { times, steps } => {
                for _ in 0..*times {
                    self.lines(steps)?;
                }
            }
            StepKind::Expect(expectation) => expect::check(self, expectation, span)?,
        }
        Ok(())
    }

    // ---- what is given -------------------------------------------------------------------------------

    fn user(&mut self, given: &GivenUser) {
        let known = self.world().users.get(&*given.name).cloned();
        let mut user = known.unwrap_or_else(|| User::new(Arc::clone(&given.name)));
        if let Some(password) = &given.password {
            user.password = Some(Secret::from(&**password));
        }
        if let Some(active) = given.active {
            user.active = active;
        }
        if let Some(codes) = &given.recovery {
            user.recovery_codes = codes.iter().map(|code| Secret::from(&**code)).collect();
        }
        if given.password_state.is_some() {
            user.password_state = given.password_state;
        }
        for (key, value) in &given.attributes {
            user.attributes
                .retain(|known, _| !known.eq_ignore_ascii_case(key));
            user.attributes.insert(key.to_string(), value.clone());
        }
        let name = given.name.to_string();
        self.world_mut().users.insert(name, user);
    }

    fn device(&mut self, given: &GivenDevice, span: Span) -> Result<(), Broken> {
        let age = u64::try_from(given.age.as_millis()).unwrap_or(u64::MAX);
        let at = Timestamp(self.now().0.saturating_sub(age));
        let mut store = StoreDevice {
            who: Who::Name(Arc::clone(&given.user)),
            kind: given.kind,
            uuid: Arc::clone(&given.uuid),
            name: Arc::clone(&given.name),
            used: given.used,
            data: given.data.clone(),
            secrets: given
                .secrets
                .iter()
                .map(|(name, secret)| (Arc::clone(name), Secret::from(&**secret)))
                .collect(),
            codes: given
                .recovery
                .iter()
                .map(|code| Secret::from(&**code))
                .collect(),
            room: Room::Among(DEVICES_MAX),
        };
        if given.kind == DeviceKind::Oath {
            app::complete(&mut store);
            let key = OathKey::kept(&store.data, &store.secrets, store.used);
            let right = key.filter(|key| wayfare_oath::Key::from_base32(key.key.reveal()).is_ok());
            let Some(key) = right else {
                let message = "no authenticator app makes codes by this".to_owned();
                return Err(Broken::new(
                    span,
                    message,
                    "a `key` in base 32 and usual `data`",
                ));
            };
            self.app = Some(key);
        }
        if self.world_mut().store_device(&store, at) == EffectReply::DeviceStored(true) {
            return Ok(());
        }
        let message = format!("`{}` cannot have this device", given.user);
        Err(Broken::new(span, message, "a user with room for it"))
    }

    fn now(&self) -> Timestamp {
        match (&self.play, &self.setting.host) {
            (Some(play), _) => play.host().now(),
            (None, Some(host)) => host.now(),
            (None, None) => SimHost::EPOCH,
        }
    }

    /// What the authenticator app shows that was registered or given last.
    pub(super) fn app_code(&self, span: Span) -> Result<String, Broken> {
        let shown = self
            .app
            .as_ref()
            .and_then(|app| app::code(app, self.world(), self.now()));
        shown.ok_or_else(|| {
            let expected = "a device of kind `oath` that was given, or shown as a QR code";
            Broken::new(span, "there is no authenticator app", expected)
        })
    }

    fn bring(
        &mut self,
        given: &wayfare::model::scenario::Session,
        span: Span,
    ) -> Result<(), Broken> {
        let world = &mut self.setting.world;
        let Some(user) = world.find(&given.user) else {
            let message = format!("there is no user `{}`", given.user);
            return Err(Broken::new(span, message, "a user that is given"));
        };
        let session = Session {
            subject: user.subject.clone(),
            username: Arc::clone(&user.username),
            level: given.level,
            created: SimHost::EPOCH,
            services: given.services.clone(),
            proved: given.proved,
            properties: given.properties.clone(),
        };
        let handle: Arc<str> = Arc::from("given");
        world.sessions.insert(Arc::clone(&handle), session);
        self.setting.session = Some(handle);
        Ok(())
    }

    fn come(&mut self, part: &RequestPart) {
        let request = &mut self.request;
        if part.address.is_some() {
            request.client = part.address;
        }
        if let Some(host) = &part.host {
            request.host = Some(host.to_string());
        }
        if let Some(locales) = &part.locales {
            request.locales = locales.iter().map(ToString::to_string).collect();
        }
        for (name, values) in &part.headers {
            request
                .headers
                .retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            let pairs = values.iter().map(|v| (name.to_string(), v.to_string()));
            request.headers.extend(pairs);
        }
        for (name, value) in &part.cookies {
            request.cookies.retain(|(n, _)| **n != **name);
            request.cookies.push((name.to_string(), value.to_string()));
        }
        for (name, values) in &part.parameters {
            request.parameters.retain(|(n, _)| **n != **name);
            let pairs = values.iter().map(|v| (name.to_string(), v.to_string()));
            request.parameters.extend(pairs);
        }
        let request = request.clone();
        self.play = self.play.take().map(|play| play.request(request));
    }

    /// Whoever comes back from a provider brings the state along that they were sent away with, where the test
    /// does not say another.
    fn come_back(&mut self) {
        let redirected = match &self.stop {
            Some(Stop::Ask(ask)) => {
                let mut all = ask.callbacks.iter();
                all.any(|asked| matches!(asked, wayfare::Callback::Redirect { .. }))
            }
            _ => false,
        };
        let brings = |name: &str| self.request.parameter(name).next().is_some();
        if !redirected || brings("state") || !(brings("code") || brings("error")) {
            return;
        }
        let Some(state) = self.world().state_sent() else {
            return;
        };
        let mut request = self.request.clone();
        request.parameters.push(("state".to_owned(), state));
        self.play = self.play.take().map(|play| play.request(request));
    }

    fn script(&mut self, node: &NodeRef, reply: &Outside, span: Span) {
        let scripted = match reply {
            Outside::Verdict(true) => Scripted::Yes,
            Outside::Verdict(false) => Scripted::No,
            Outside::Fails(message) => Scripted::Fail(message.to_string()),
            Outside::Value(value) => Scripted::Reply(EffectReply::Custom(value.clone())),
            Outside::Outcome(said) => Scripted::Reply(stand_in::reply(said)),
        };
        let unit = node.unit();
        self.given.entry(Arc::clone(&unit)).or_default().push(span);
        self.world_mut().script(unit, scripted);
    }

    /// Every reply was wanted by somebody.
    fn all_said(&self) -> Result<(), Broken> {
        for (node, spans) in &self.given {
            let left = self.world().replies.get(node).map_or(0, VecDeque::len);
            let Some(span) = spans.len().checked_sub(left).and_then(|at| spans.get(at)) else {
                continue;
            };
            let message = format!("nothing was asked of the outside by `{node}` after this");
            return Err(Broken::new(
                *span,
                message,
                "a run in which the reply is said",
            ));
        }
        Ok(())
    }

    // ---- the run -------------------------------------------------------------------------------------

    /// Takes the first step, where it was not taken.
    pub(super) fn begin(&mut self, span: Span) -> Result<(), Broken> {
        if self.play.is_some() {
            return Ok(());
        }
        let program = self.engine.program();
        let Some(journey) = program.journey_named(&self.journey) else {
            let message = format!("there is no journey `{}`", self.journey);
            return Err(Broken::new(span, message, "the journey of the test"));
        };
        let wire_name = Arc::clone(&journey.wire_name);
        let mut level = self.setting.level;
        if let Some((advice, at)) = self.setting.advice.take() {
            level = level.max(self.led(&advice, &wire_name, at)?);
        }
        let mut start = Start::journey(wire_name).data(std::mem::take(&mut self.setting.data));
        start.asked_level = level;
        start.transaction = self.setting.transaction.take();
        let world = std::mem::take(&mut self.setting.world);
        let session = self.setting.session.as_ref();
        start.session = session.and_then(|handle| world.start_session(handle));
        let host = self.setting.host.take();
        let host = host.unwrap_or_else(|| SimHost::new(SEED));
        let play = Play::begin(self.engine, start, world, host).map_err(|error| {
            let message = format!("the journey `{}` cannot be started: {error}", self.journey);
            Broken::new(span, message, "a journey that can be started alone")
        })?;
        self.play = Some(play.request(self.request.clone()));
        self.step(Input::Begin, span)
    }

    /// The level that an advice asks of this journey; broken where it does not lead to it.
    fn led(
        &self,
        asked: &AdvicePart,
        wire_name: &str,
        span: Span,
    ) -> Result<Option<AuthLevel>, Broken> {
        let mut advice = Advice::default();
        if let Some(level) = asked.level {
            advice.level(&level.to_string());
        }
        if let Some(journey) = &asked.journey {
            advice.service(journey);
        }
        let site = Site(self.engine);
        let found: Vec<Candidate> = match advice.resolve(&Realm::root(), &site, false) {
            Resolution::One(one) => vec![one],
            Resolution::Menu(menu) => menu,
            Resolution::None | Resolution::Transaction(_) => Vec::new(),
        };
        if let Some(mine) = found.iter().find(|one| *one.journey == *wire_name) {
            return Ok(mine.asked_level);
        }
        let names: Vec<String> = found.iter().map(|one| format!("`{}`", one.shown)).collect();
        let message = if names.is_empty() {
            "the advice leads nowhere".to_owned()
        } else {
            format!("the advice leads to {}", names.join(", "))
        };
        Err(Broken::new(
            span,
            message,
            format!("the journey `{wire_name}`"),
        ))
    }

    fn step(&mut self, input: Input, span: Span) -> Result<(), Broken> {
        let Some(play) = &mut self.play else {
            return Ok(());
        };
        let (events, effects) = (play.trace().len(), play.world().performed.len());
        let stop = play
            .step(input)
            .map_err(|error| Broken::new(span, error.to_string(), "a step that the run takes"))?;
        let done = play.trace().get(events..).unwrap_or_default();
        self.log.step(done, &stop, play.session().at().as_ref());
        if let Some(app) = app::shown(&stop) {
            self.app = Some(app);
        }
        self.stop = Some(stop);
        let performed = play.world().performed.get(effects..).unwrap_or_default();
        let unsaid = performed.iter().find(|done| {
            // What a test does not say of a node outside is not a failure of the node but one of the test.
            matches!(&done.effect, Effect::External(_))
                && matches!(&done.reply, EffectReply::Failed(why) if why == stand_in::UNSAID)
        });
        if let Some(unsaid) = unsaid {
            let node = unsaid.node.rsplit('/').next().unwrap_or_default();
            let message = format!("nothing says how `{}` ends", unsaid.node);
            let expected = format!("`reply {node} {{ outcome = \"…\" }}` above");
            return Err(Broken::new(span, message, expected));
        }
        Ok(())
    }

    pub(super) fn no_answer(span: Span, message: String) -> Broken {
        Broken::new(span, message, "an answer that fits what is asked")
    }

    /// Where the run stands, as messages say it.
    pub(super) fn where_it_stands(&self) -> String {
        match (&self.stop, &self.play) {
            (Some(Stop::Ask(ask)), Some(play)) => {
                let at = play.session().at().unwrap_or_default();
                let own = format!("{}/", self.journey);
                let at = at.strip_prefix(&*own).unwrap_or(&at);
                let kinds: Vec<&str> = ask.callbacks.iter().map(wayfare::Callback::kind).collect();
                format!("`{at}` asks: {}", kinds.join(", "))
            }
            (Some(Stop::Suspended(_)), _) => "the run is suspended".to_owned(),
            (Some(Stop::Done(end)), _) => expect::ended(end),
            _ => "the run has not begun".to_owned(),
        }
    }
}

/// The program as the only realm that an advice sees.
struct Site<'e>(&'e Engine);

impl Journeys for Site<'_> {
    fn engine(&self, realm: &Realm) -> Option<Engine> {
        (*realm == Realm::root()).then(|| self.0.clone())
    }

    fn default_journey(&self, _: &Realm) -> Option<Arc<str>> {
        None
    }

    fn scheme(&self, _: &Realm, _: &str) -> Option<Arc<str>> {
        None
    }

    fn alias(&self, _: &str) -> Option<Realm> {
        None
    }
}

/// The answer that nobody has touched: what a page sends when it is sent on.
pub(super) fn untouched(callback: &wayfare::Callback) -> Answer {
    use wayfare::Callback;
    match callback {
        Callback::Name { default, .. } | Callback::TextInput { default, .. } => {
            Answer::Text(default.clone())
        }
        Callback::HiddenValue { value, .. } => Answer::Text(value.clone()),
        Callback::Password { .. } => Answer::Secret(Secret::from("")),
        Callback::Choice { default, .. } => Answer::Index(*default),
        Callback::Confirmation {
            default, optional, ..
        } => {
            if *optional {
                Answer::Untouched
            } else {
                Answer::Index(*default)
            }
        }
        Callback::ValidatedUsername { .. } => Answer::Validated {
            text: String::new(),
            validate_only: false,
        },
        Callback::ValidatedPassword { .. } => Answer::ValidatedSecret {
            secret: Secret::from(""),
            validate_only: false,
        },
        Callback::Attribute { value, .. } => Answer::Attribute {
            value: value.clone(),
            validate_only: false,
        },
        Callback::SecurityQuestion { questions, .. } => Answer::SecurityQuestion {
            question: questions.first().cloned().unwrap_or_default(),
            answer: Secret::from(""),
        },
        Callback::Terms { .. } | Callback::Consent { .. } => Answer::Flag(false),
        Callback::DeviceProfile { .. } => Answer::Text(String::new()),
        Callback::Foreign(foreign) if !foreign.input.is_empty() => {
            let fields = foreign.input.iter().map(|(name, preset)| {
                let preset = preset.as_str().unwrap_or_default();
                (Arc::clone(name), Value::Secret(Secret::from(preset)))
            });
            Answer::Fields(fields.collect())
        }
        _ => Answer::None,
    }
}
