//! The engine: a runtime for one run, with its bounds, and what is called in it.
//!
//! Nothing of a script is here after its run, so primordials need no freezing: there is no next run that could
//! see them changed. What is taken away from a script is in `js/base.js`.

use std::{cell::Cell, rc::Rc, sync::Arc};

use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Function, Object, Runtime, Value,
    context::{EvalOptions, intrinsic},
    function::Rest,
};
use serde_json::Value as Json;
use wayfare::{Called, Generation, NodeError, ScriptAction, ScriptView};

use super::{
    Budget, Ready, Scripts,
    fault::{self, Fault},
    given,
    host::{Host, Refused},
    modules::Modules,
    said,
    shim::{self, Parts, Shim},
};

/// What a context has of JavaScript: no clock of its own and nothing that outlives an object.
type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// How many jobs of promises are run behind a script.
const JOBS_MAX: usize = 10_000;

/// Why a run was stopped.
#[derive(Debug, Default)]
struct Stops {
    time: Cell<bool>,
    output: Cell<bool>,
}

/// What stands before a text that is read and not run: its first statement, on a line of its own.
const UNRUN: &str = "throw 0;\n";

/// Reads a text and runs nothing of it.
pub(super) fn compile(path: &str, text: &str, budget: &Budget) -> Result<(), Fault> {
    let stops = Rc::new(Stops::default());
    let context = context(budget, None, &Rc::clone(&stops), None)?;
    context.with(|ctx| {
        let read = ctx.eval_with_options::<(), _>(format!("{UNRUN}{text}"), options(path));
        match read.catch(&ctx) {
            Err(CaughtError::Value(value)) if value.as_int() == Some(0) => Ok(()),
            Ok(()) => Err(Fault::Broken("a text was run that is only read")),
            Err(caught) => Err(match thrown(&caught, path, &stops) {
                Fault::Thrown { message, at } => Fault::Thrown {
                    message,
                    at: at.map(|(line, column)| (line.saturating_sub(1).max(1), column)),
                },
                other => other,
            }),
        }
    })
}

fn options(path: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(path.replace('\0', ""));
    options
}

/// A fresh context with its bounds.
fn context(
    budget: &Budget,
    scripts: Option<&Scripts>,
    stops: &Rc<Stops>,
    host: Option<&Rc<Host>>,
) -> Result<Context, Fault> {
    let runtime = Runtime::new().map_err(|_| Fault::Memory)?;
    runtime.set_memory_limit(budget.memory);
    runtime.set_max_stack_size(budget.stack);
    let meter = scripts.and_then(|scripts| scripts.meter.clone());
    let began = meter.as_ref().map(|meter| meter.read());
    let (stops, host) = (Rc::clone(stops), host.cloned());
    let (most, time) = (budget.steps, budget.time);
    let mut looked: u32 = 0;
    runtime.set_interrupt_handler(Some(Box::new(move || {
        looked = looked.saturating_add(1);
        if host.as_ref().is_some_and(|host| host.waits.get()) || stops.output.get() {
            return true;
        }
        let late = match (&meter, began) {
            (Some(meter), Some(began)) => meter.read().saturating_sub(began) > time,
            _ => false,
        };
        if looked > most || late {
            stops.time.set(true);
        }
        stops.time.get()
    })));
    Context::custom::<Intrinsics>(&runtime).map_err(|_| Fault::Memory)
}

/// Runs a script.
pub(super) fn run(ready: &Ready, view: &mut ScriptView<'_>) -> Result<ScriptAction, NodeError> {
    let path = &*ready.path;
    let shim = shim::of(ready.generation)
        .ok_or_else(|| NodeError::new(format!("{path}: scripts of this generation are not run")))?;
    let mut seed = [0; 32];
    view.random(&mut seed)?;
    let (given, secrets) = given::given(ready, view);
    let subject = view.subject();
    let subject = subject.map(|subject| (Arc::clone(&subject.id.0), Arc::clone(&subject.username)));
    let host = Rc::new(Host::new(
        Arc::clone(&ready.scripts.settings),
        view.now(),
        seed,
        view.replies().cloned().collect(),
        secrets,
        subject,
    ));
    let stops = Rc::new(Stops::default());
    let ran = evaluate(ready, shim, &given, &host, &stops);
    for line in host.lines.take() {
        view.trace(format!("{path}: {line}"));
    }
    for effect in host.calls.take() {
        if let Called::Waits = view.call(effect)? {
            return Ok(ScriptAction::default());
        }
    }
    let secrets = host.secrets.take();
    let told = |fault: &Fault| fault::told(fault, path, &secrets);
    let mut ran = ran.map_err(|fault| told(&fault))?;
    let about = |error: NodeError| {
        told(&Fault::Thrown {
            message: error.message,
            at: None,
        })
    };
    if ready.generation == Generation::First {
        said::provided(&ran, view).map_err(about)?;
        ran = said::declared(ran, &given, view);
    }
    said::write(&ran, &given, view).map_err(about)?;
    let deliver = host.deliveries.take().into_iter().next();
    said::action(&ran, ready.purpose, deliver).map_err(about)
}

/// Evaluates a script between its bindings and what reads the result.
fn evaluate(
    ready: &Ready,
    shim: Shim,
    given: &Json,
    host: &Rc<Host>,
    stops: &Rc<Stops>,
) -> Result<Json, Fault> {
    let budget = &ready.scripts.settings.budget;
    let context = context(budget, Some(&ready.scripts), stops, Some(host))?;
    let modules = Modules::default();
    modules.install(context.runtime());
    let path = &*ready.path;
    context.with(|ctx| {
        let said = (|| {
            let finished = prepare(&ctx, (shim, &modules), given, host, stops)?;
            ctx.eval_with_options::<Value<'_>, _>(&*ready.text, options(path))?;
            // BOUND: so many jobs, each with the bounds of the run.
            for _ in 0..JOBS_MAX {
                if !ctx.execute_pending_job() {
                    break;
                }
            }
            let said: Value<'_> = finished.call((reader(&ctx)?,))?;
            let text = ctx.json_stringify(said)?;
            text.map(|text| text.to_string()).transpose()
        })();
        let said: Option<String> = said
            .catch(&ctx)
            .map_err(|caught| thrown(&caught, path, stops))?;
        // What stopped a job of a promise is seen nowhere else.
        if stops.output.get() {
            return Err(Fault::Output);
        }
        if stops.time.get() {
            return Err(Fault::Time);
        }
        let said = said.ok_or(Fault::Broken("the script has said nothing"))?;
        let before = serde_json::to_string(given).map_or(0, |text| text.len());
        if said.len() > budget.output.saturating_add(before) {
            return Err(Fault::Output);
        }
        serde_json::from_str(&said).map_err(|_| Fault::Thrown {
            message: "what the script leaves behind nests too deep to be kept".to_owned(),
            at: None,
        })
    })
}

/// Reads a variable of the script, wherever it is declared.
fn reader<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
    ctx.eval_with_options(
        "({ get action() { return typeof action === 'undefined' ? undefined : action; }, \
            get outcome() { return typeof outcome === 'undefined' ? undefined : outcome; }, \
            get config() { return typeof config === 'undefined' ? undefined : config; }, \
            get audit() { return typeof auditEntryDetail === 'undefined' ? undefined : auditEntryDetail; } })",
        options("wayfare:reader"),
    )
}

/// Puts the bindings of a generation in place.
fn prepare<'js>(
    ctx: &Ctx<'js>,
    (shim, modules): (Shim, &Modules),
    given: &Json,
    host: &Rc<Host>,
    stops: &Rc<Stops>,
) -> rquickjs::Result<Function<'js>> {
    let object = functions(ctx, (shim, modules), host, stops)?;
    let base: Function<'js> = modules.import(ctx, shim::BASE)?.get("default")?;
    let tools: Object<'js> = base.call((object,))?;
    let text = serde_json::to_string(given).unwrap_or_default();
    let given = ctx.json_parse(text)?;
    let bindings: Function<'js> = modules.import(ctx, shim.module)?.get(shim.function)?;
    let host: Value<'js> = tools.get("host")?;
    let expose: Value<'js> = tools.get("expose")?;
    let lazily: Value<'js> = tools.get("exposeLazily")?;
    bindings.call((given, host, expose, lazily))
}

/// The functions that take and give plain data.
fn functions<'js>(
    ctx: &Ctx<'js>,
    (shim, modules): (Shim, &Modules),
    host: &Rc<Host>,
    stops: &Rc<Stops>,
) -> rquickjs::Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let (mine, stops) = (Rc::clone(host), Rc::clone(stops));
    let call = Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>,
              name: String,
              args: Rest<Value<'js>>|
              -> rquickjs::Result<Value<'js>> {
            let mut plain = Vec::with_capacity(args.0.len());
            for arg in args.0 {
                plain.push(plain_of(&ctx, arg)?);
            }
            match mine.call(&name, &plain) {
                Ok(value) => ctx.json_parse(value.to_string()),
                Err(Refused::Stop) => Err(message(&ctx, "the script waits")),
                Err(Refused::Output) => {
                    stops.output.set(true);
                    Err(message(&ctx, "the script says too much"))
                }
                Err(Refused::Told(why)) => Err(message(&ctx, &why)),
            }
        },
    )?;
    object.set("call", call)?;
    let mine = Rc::clone(host);
    let delivers = Function::new(ctx.clone(), move |yes: bool| mine.delivers.set(yes))?;
    object.set("delivers", delivers)?;
    let mine = Rc::clone(host);
    let random = Function::new(ctx.clone(), move || {
        let bytes = mine.draw(4);
        let number = bytes
            .iter()
            .fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
        f64::from(number) / (f64::from(u32::MAX) + 1.0)
    })?;
    object.set("number", random)?;
    let modules = modules.clone();
    let load = Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, name: String| -> rquickjs::Result<Value<'js>> {
            let texts = match shim.parts {
                Parts::Texts(texts) => texts,
                Parts::Modules => &[],
            };
            let mut parts = texts.iter().chain(shim::BASE_PARTS);
            match (parts.find(|(known, _)| *known == name), shim.parts) {
                (Some((_, source)), _) => {
                    ctx.eval_with_options(*source, options(&format!("wayfare:{name}")))
                }
                (None, Parts::Modules) => modules.import(&ctx, &name).map(Object::into_value),
                (None, Parts::Texts(_)) => Err(message(&ctx, "there is no such part")),
            }
        },
    )?;
    object.set("load", load)?;
    // The time is a whole number well below where such numbers end.
    object.set("now", host.now.0.to_string().parse::<f64>().unwrap_or(0.0))?;
    Ok(object)
}

/// Plain data of a value; functions and what else JSON has not are null.
fn plain_of<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> rquickjs::Result<Json> {
    let Some(text) = ctx.json_stringify(value)? else {
        return Ok(Json::Null);
    };
    let text = text.to_string()?;
    serde_json::from_str(&text).map_err(|_| message(ctx, "this value cannot be handed on"))
}

fn message(ctx: &Ctx<'_>, text: &str) -> rquickjs::Error {
    rquickjs::Exception::throw_message(ctx, text)
}

/// What went wrong, where it stands in the script.
fn thrown(caught: &CaughtError<'_>, path: &str, stops: &Stops) -> Fault {
    if stops.output.get() {
        return Fault::Output;
    }
    if stops.time.get() {
        return Fault::Time;
    }
    match caught {
        CaughtError::Exception(exception) => {
            let text = exception.message().unwrap_or_default();
            if text == "out of memory" {
                return Fault::Memory;
            }
            if text.contains("call stack size exceeded") || text == "stack overflow" {
                return Fault::Stack;
            }
            let name = exception.as_object().get::<_, Option<String>>("name");
            let name = name
                .ok()
                .flatten()
                .filter(|name| !name.is_empty() && name != "Error");
            let message = match name {
                Some(name) => format!("{name}: {text}"),
                None => text,
            };
            let at = exception.stack().and_then(|stack| place(&stack, path));
            Fault::Thrown { message, at }
        }
        // Where there is no memory for an error, nothing is thrown.
        CaughtError::Value(value) if value.is_null() => Fault::Memory,
        CaughtError::Value(value) => {
            let text = value.as_string().and_then(|text| text.to_string().ok());
            Fault::Thrown {
                message: text.unwrap_or_else(|| "the script throws what is no error".to_owned()),
                at: None,
            }
        }
        CaughtError::Error(_) => Fault::Memory,
    }
}

/// The line and column of the script that a stack names first.
fn place(stack: &str, path: &str) -> Option<(u32, u32)> {
    let mark = format!("{path}:");
    stack.lines().find_map(|line| {
        let (_, behind) = line.split_once(&mark)?;
        let mut parts = behind.split(':');
        let line = parts.next()?.parse().ok()?;
        let column = parts.next()?.trim_end_matches(')').parse().ok()?;
        Some((line, column))
    })
}
