//! `wayfare run FILE`: plays a journey in the terminal.
//!
//! Questions and messages go to standard error, so that standard output holds one line only: how it ended.
//! Where standard input is not a terminal, its lines are the answers.

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::Path,
};

use wayfare::{
    Answer, Ask, Callback, End, Engine, EngineError, GroundKind, Input, Program, Request, Secret,
    Start, Step, engine::step::Call, model::journey::Journey,
};

use wayfare_sim::trace::{Names, Recorder};

use crate::{
    Outcome, Trouble,
    args::{RecordedNames, RunArgs},
    command::{compile, refuse_unknown},
    performer::{Machine, Performer},
    project, render,
    terminal::{self, Terminal},
};

pub(crate) fn run(args: &RunArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let parameters = project::parameters(&args.parameters)?;
    let project = project::load_path(&args.file, None)?;
    let compiled = compile(&project, &parameters);
    refuse_unknown([&compiled], &parameters)?;
    for finding in &compiled.diagnostics {
        terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
        terminal.say("");
    }
    let Some(program) = compiled.program else {
        return Ok(Outcome::Findings);
    };
    let journey = choose(&program, args)?.wire_name.clone();
    let engine = Engine::link(program, super::registry())
        .map_err(|errors| Trouble::input(errors.to_string()))?;
    let performer = Performer::new(&args.users, terminal)?;
    let mut request = Request::default();
    request.locales.clone_from(&args.locale);
    for header in &args.headers {
        let (name, value) = header.split_once(':').ok_or_else(|| {
            Trouble::input(format!(
                "`--header {header}` is not of the form `Name: value`"
            ))
        })?;
        request
            .headers
            .push((name.trim().to_owned(), value.trim().to_owned()));
    }
    terminal.say(&format!("-- journey {journey}"));
    let record = args.record.as_deref().map(create).transpose()?;
    play(
        &engine,
        Start::journey(journey),
        &request,
        performer,
        terminal,
        Watch {
            trace: args.trace,
            record,
            names: args.names,
        },
    )
}

/// Who looks on while a run is played.
struct Watch {
    trace: bool,
    record: Option<File>,
    names: RecordedNames,
}

impl Watch {
    /// Keeps what was recorded since the last step, so that a run that is broken off leaves its record.
    fn keep(&mut self, recorder: &mut Recorder) -> Result<(), Trouble> {
        if let Some(file) = &mut self.record {
            file.write_all(recorder.take_text().as_bytes())
                .map_err(|e| Trouble::input(format!("the record cannot be written: {e}")))?;
        }
        Ok(())
    }
}

/// Makes the file of a record; one that is there is not overwritten.
fn create(path: &Path) -> Result<File, Trouble> {
    File::create_new(path)
        .map_err(|e| Trouble::input(format!("`{}` cannot be made: {e}", path.display())))
}

/// The journey that is meant: the named one, the only one of the file, or the first that can be started.
fn choose<'a>(program: &'a Program, args: &RunArgs) -> Result<&'a Journey, Trouble> {
    if let Some(name) = &args.journey {
        return program
            .journey_on_wire(name)
            .or_else(|| program.journey_named(name))
            .ok_or_else(|| Trouble::input(format!("there is no journey `{name}`")));
    }
    let own = |journey: &&Journey| {
        program.sources.get(journey.span.source).is_some_and(|s| {
            s.name()
                .ends_with(&*args.file.file_name().unwrap_or_default().to_string_lossy())
        })
    };
    let startable: Vec<_> = program
        .journeys
        .iter()
        .filter(own)
        .filter(|journey| journey.settings.enabled && !journey.settings.inner_only)
        .collect();
    match startable.as_slice() {
        [] => Err(Trouble::input(
            "there is no journey in the file that can be started".to_owned(),
        )),
        [one] => Ok(one),
        several => Err(Trouble::input(format!(
            "the file has several journeys; choose one with --journey: {}",
            several
                .iter()
                .map(|j| &*j.name)
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

fn play(
    engine: &Engine,
    start: Start,
    request: &Request,
    mut performer: Performer,
    terminal: Terminal,
    mut watch: Watch,
) -> Result<Outcome, Trouble> {
    let internal = |error: EngineError| Trouble::Internal(error.to_string());
    let names = match watch.names {
        RecordedNames::Kept => Names::Kept,
        RecordedNames::Hidden => Names::Hidden,
    };
    let (mut auth, mut recorder) =
        Recorder::begin(engine, start, &Machine, names).map_err(internal)?;
    let mut input = Input::Begin;
    let mut keyboard = Keyboard::new(terminal);
    loop {
        let step = recorder.step(&mut auth, &Machine, request, input);
        watch.keep(&mut recorder)?;
        let step = step.map_err(internal)?;
        if watch.trace {
            for event in recorder.take_events() {
                terminal.say(&format!("   {event}"));
            }
        }
        input = match step {
            Step::Ask(ask) => match keyboard.answer(&ask)? {
                Some(answers) => Input::Answers(answers),
                None => {
                    return Err(Trouble::input(
                        "the answers ended before the journey did".to_owned(),
                    ));
                }
            },
            Step::Call(call) => Input::Effect(performer.perform(&call)),
            Step::Suspended(suspended) => {
                if let Some(effect) = &suspended.deliver {
                    performer.perform(&Call {
                        id: suspended.id,
                        effect: effect.clone(),
                        node: auth.at().unwrap_or_default(),
                    });
                }
                keyboard.show(&suspended.ask);
                terminal.say("-- suspended; press return to follow the link");
                if keyboard.line("")?.is_none() {
                    return Err(Trouble::input(
                        "the answers ended before the journey did".to_owned(),
                    ));
                }
                Input::Resume
            }
            Step::Done(end) => return report(&end),
        };
    }
}

fn report(end: &End) -> Result<Outcome, Trouble> {
    match end {
        End::Success(success) => {
            terminal::put(&format!(
                "success: {} at level {}\n",
                success.subject.username, success.level
            ))?;
            Ok(Outcome::Clean)
        }
        End::Failure(failure) => {
            let message = failure.message.as_deref().unwrap_or("Login failure");
            let kind = failure.ground.kind();
            // Which say no more than the reason.
            let ground = match kind {
                GroundKind::Rejected | GroundKind::Internal => String::new(),
                kind => format!(", {kind}"),
            };
            terminal::put(&format!(
                "failure: {message} ({}{ground})\n",
                failure.reason
            ))?;
            Ok(Outcome::Findings)
        }
    }
}

/// Where answers come from.
struct Keyboard {
    terminal: Terminal,
    interactive: bool,
}

impl Keyboard {
    fn new(terminal: Terminal) -> Self {
        Self {
            terminal,
            interactive: io::stdin().is_terminal(),
        }
    }

    /// Shows what only is to be seen.
    fn show(&self, ask: &Ask) {
        for text in [&ask.header, &ask.description].into_iter().flatten() {
            self.terminal.say(text);
        }
        for callback in &ask.callbacks {
            match callback {
                Callback::TextOutput { text, .. } | Callback::SuspendedTextOutput { text } => {
                    self.terminal.say(text);
                }
                Callback::PollingWait { message, wait_ms } => {
                    self.terminal
                        .say(&format!("{message} ({} s)", wait_ms.div_ceil(1_000)));
                }
                Callback::Redirect { url, .. } => self.terminal.say(&format!("-- go to {url}")),
                _ => {}
            }
        }
    }

    /// The answers to a step; `None` where standard input ended.
    fn answer(&mut self, ask: &Ask) -> Result<Option<Vec<Answer>>, Trouble> {
        self.show(ask);
        let mut answers = Vec::new();
        for callback in &ask.callbacks {
            let Some(answer) = self.one(callback)? else {
                return Ok(None);
            };
            answers.push(answer);
        }
        if !ask.callbacks.iter().any(Callback::is_input) {
            let waits = ask.callbacks.iter().find_map(|callback| match callback {
                Callback::PollingWait { wait_ms, .. } => Some(*wait_ms),
                _ => None,
            });
            // A person has waited long before three seconds; a test does not wait at all.
            if let Some(wait_ms) = waits.filter(|_| self.interactive) {
                std::thread::sleep(std::time::Duration::from_millis(wait_ms.min(3_000)));
            }
        }
        Ok(Some(answers))
    }

    fn one(&mut self, callback: &Callback) -> Result<Option<Answer>, Trouble> {
        Ok(match callback {
            Callback::Name {
                prompt, default, ..
            }
            | Callback::TextInput {
                prompt, default, ..
            } => self.line(prompt)?.map(|line| {
                Answer::Text(if line.is_empty() {
                    default.clone()
                } else {
                    line
                })
            }),
            Callback::HiddenValue { value, .. } => Some(Answer::Text(value.clone())),
            Callback::ValidatedUsername { prompt, .. } => {
                self.line(prompt)?.map(|text| Answer::Validated {
                    text,
                    validate_only: false,
                })
            }
            Callback::Password { prompt, .. } => self
                .hidden(prompt)?
                .map(|text| Answer::Secret(Secret::new(text))),
            Callback::ValidatedPassword { prompt, .. } => {
                self.hidden(prompt)?.map(|text| Answer::ValidatedSecret {
                    secret: Secret::new(text),
                    validate_only: false,
                })
            }
            Callback::Choice {
                prompt,
                choices,
                default,
                ..
            } => self
                .index(prompt, choices, Some(*default))?
                .map(Answer::Index),
            Callback::Confirmation {
                prompt,
                options,
                default,
                optional,
                ..
            } => {
                let default = (!optional).then_some(*default);
                match self.index(prompt, options, default)? {
                    Some(index) => Some(Answer::Index(index)),
                    None if *optional => Some(Answer::Untouched),
                    None => None,
                }
            }
            _ => Some(Answer::None),
        })
    }

    /// A position: a number from 1, or the text of the choice. An empty line takes the default.
    fn index(
        &mut self,
        prompt: &str,
        choices: &[String],
        default: Option<u32>,
    ) -> Result<Option<u32>, Trouble> {
        for (number, choice) in choices.iter().enumerate() {
            self.terminal.say(&format!("  {}. {choice}", number + 1));
        }
        loop {
            let Some(line) = self.line(if prompt.is_empty() { "choose" } else { prompt })? else {
                return Ok(None);
            };
            if line.is_empty() {
                return Ok(default);
            }
            let by_text = choices.iter().position(|c| c.eq_ignore_ascii_case(&line));
            let by_number = line.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            match by_text.or(by_number.filter(|n| *n < choices.len())) {
                Some(at) => return Ok(u32::try_from(at).ok()),
                None if self.interactive => self.terminal.say("-- a number of the list, please"),
                None => return Err(Trouble::input(format!("`{line}` is none of the choices"))),
            }
        }
    }

    fn line(&mut self, prompt: &str) -> Result<Option<String>, Trouble> {
        self.ask(prompt);
        let mut line = String::new();
        let read = io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|e| Trouble::input(format!("standard input cannot be read: {e}")))?;
        if !self.interactive {
            self.terminal.say("");
        }
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn hidden(&mut self, prompt: &str) -> Result<Option<String>, Trouble> {
        if !self.interactive {
            return self.line(prompt);
        }
        self.ask(prompt);
        rpassword::read_password()
            .map(Some)
            .map_err(|e| Trouble::input(format!("the password cannot be read: {e}")))
    }

    fn ask(&self, prompt: &str) {
        let mut stream = io::stderr();
        let _ = write!(
            stream,
            "{}{}",
            prompt.trim_end_matches(':'),
            if prompt.is_empty() { "" } else { ": " }
        );
        let _ = stream.flush();
        let _ = self.terminal;
    }
}
