//! `wayfare policy PATH --resource RESOURCE`: what the policies would decide, and why.
//!
//! The session is made up of the options, so nothing is looked up and nothing is opened: a transaction
//! that would be wanted is only named.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use serde_json::json;
use wayfare::{
    AuthLevel, Engine, Host as _, Realm, Request, SubjectId,
    policy::{Decision, Denial, Policy, Query, Requirement, Resource, SubjectView, Verdict},
};

use crate::{
    Outcome, Trouble,
    args::{Format, PolicyArgs},
    command::{compile, refuse_unknown},
    performer::Machine,
    project, render,
    terminal::{self, Terminal},
};

pub(crate) fn run(args: &PolicyArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let parameters = project::parameters(&args.parameters)?;
    let project = project::load_path(&args.path, None)?;
    let compiled = compile(&project, &parameters);
    refuse_unknown([&compiled], &parameters)?;
    let Some(program) = compiled.program else {
        for finding in &compiled.diagnostics {
            terminal.say(&render::draw(finding, &compiled.sources, terminal.colors));
            terminal.say("");
        }
        return Ok(Outcome::Findings);
    };
    let secrets = program.secret_parameters.keys();
    let secrets = secrets.map(|name| (Arc::clone(name), "".into())).collect();
    let engine = Engine::link_with(program, super::registry(), secrets)
        .map_err(|errors| Trouble::input(errors.to_string()))?;
    Resource::parse(&args.resource)
        .map_err(|bad| Trouble::input(format!("`{}` is no resource: {bad}", args.resource)))?;
    let subject = subject(args)?;
    let request = Request::default();
    let query = Query {
        resource: &args.resource,
        realm: &realm(&args.realm)?,
        subject: subject.as_ref(),
        request: &request,
        environment: &environment(args)?,
        now: Machine.now(),
        transaction: None,
    };
    let decision = engine.policies().evaluate(query);
    let said = engine.policies().explain(query);
    terminal::put(&match args.format {
        Format::Human => shown(&decision, &said),
        Format::Json => format!("{:#}\n", report(&decision, &said)),
    })?;
    let granted = match &args.action {
        Some(action) => decision.grants(action),
        None => decision.actions.values().any(|granted| *granted),
    };
    Ok(if granted {
        Outcome::Clean
    } else {
        Outcome::Findings
    })
}

fn realm(path: &str) -> Result<Realm, Trouble> {
    Realm::parse(path).ok_or_else(|| Trouble::input(format!("`{path}` is not the path of a realm")))
}

/// The session that the options describe; none where they name nobody.
fn subject(args: &PolicyArgs) -> Result<Option<SubjectView>, Trouble> {
    let Some(name) = &args.user else {
        return Ok(None);
    };
    let words = |list: &[String]| list.iter().map(|word| Arc::from(word.as_str())).collect();
    Ok(Some(SubjectView {
        subject: SubjectId(Arc::from(name.as_str())),
        username: Arc::from(name.as_str()),
        realm: realm(args.session_realm.as_deref().unwrap_or(&args.realm))?,
        level: AuthLevel::saturating(args.level.into()),
        proved: true,
        services: words(&args.journeys),
        groups: words(&args.groups),
        properties: pairs(&args.properties, "--property")?
            .into_iter()
            .map(|(name, value)| (Arc::from(name), Arc::from(value)))
            .collect(),
    }))
}

fn environment(args: &PolicyArgs) -> Result<BTreeMap<String, Vec<String>>, Trouble> {
    let mut made: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs(&args.environment, "--environment")? {
        made.entry(name.to_owned())
            .or_default()
            .push(value.to_owned());
    }
    Ok(made)
}

fn pairs<'a>(given: &'a [String], option: &str) -> Result<Vec<(&'a str, &'a str)>, Trouble> {
    let pair = |text: &'a String| {
        text.split_once('=').ok_or_else(|| {
            Trouble::input(format!("`{option} {text}` is not of the form `NAME=VALUE`"))
        })
    };
    given.iter().map(pair).collect()
}

fn shown(decision: &Decision, said: &[(&Policy, Verdict)]) -> String {
    let mut text = String::new();
    for (action, granted) in &decision.actions {
        let word = if *granted { "granted" } else { "denied" };
        let _ = writeln!(text, "{word:8} {action}");
    }
    if !decision.matched {
        text.push_str("denied   everything: no policy protects it\n");
    }
    for (policy, verdict) in said {
        let _ = writeln!(text, "  policy {}: {}", policy.name, why(verdict));
    }
    if let Some(wanted) = &decision.wants_transaction {
        let _ = writeln!(
            text,
            "  wants a transaction confirmed by {}",
            wanted.journey
        );
    }
    text
}

/// What a policy says, in words.
fn why(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Grants { .. } => "grants".to_owned(),
        Verdict::Asks(missing) if missing.is_empty() => "asks for a login".to_owned(),
        Verdict::Asks(missing) => {
            let missing: Vec<String> = missing.iter().map(required).collect();
            format!("asks for {}", missing.join(", "))
        }
        Verdict::Denies(Denial::Subject) => "speaks of other subjects".to_owned(),
        Verdict::Denies(Denial::Condition) => "its condition does not hold".to_owned(),
        Verdict::Denies(Denial::Failed(error)) => format!("its condition fails: {error}"),
        _ => "denies".to_owned(),
    }
}

fn required(requirement: &Requirement) -> String {
    match requirement {
        Requirement::Level(level) => format!("level {level}"),
        Requirement::Journey(name) => format!("journey {name}"),
        Requirement::Realm(realm) => format!("realm {realm}"),
        Requirement::Transaction(name) => format!("a transaction by {name}"),
        _ => "more".to_owned(),
    }
}

fn report(decision: &Decision, said: &[(&Policy, Verdict)]) -> serde_json::Value {
    let policies: Vec<_> = said
        .iter()
        .map(|(policy, verdict)| json!({ "policy": &*policy.name, "says": why(verdict) }))
        .collect();
    let actions: BTreeMap<&str, bool> = decision
        .actions
        .iter()
        .map(|(action, granted)| (&**action, *granted))
        .collect();
    json!({
        "matched": decision.matched,
        "actions": actions,
        "policies": policies,
        "transaction": decision.wants_transaction.as_ref().map(|wanted| &*wanted.journey),
        "ttlSeconds": decision.ttl.map(|ttl| ttl.as_secs()),
    })
}
