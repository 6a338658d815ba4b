//! The evaluation of tests and terms.

use std::{cmp::Ordering, collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use super::{Op, Term, Test};
use crate::{
    engine::{
        error::NodeError,
        host::Timestamp,
        instant,
        request::Request,
        run::{Fetched, Run},
        state::Place,
    },
    model::{
        expr::{BinaryOp, Function, Slot},
        level::AuthLevel,
        text::LocalizedText,
        value::{Decimal, Value},
    },
};

/// Bytes of a text that a pattern is matched against.
const MATCH_BYTES: usize = 8 * 1_024;
/// Bytes of a text that an expression makes.
const TEXT_BYTES: usize = 64 * 1_024;

/// All that an expression can read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) around: Around<'a>,
    pub(crate) request: &'a Request,
    pub(crate) now: Timestamp,
}

/// What an expression stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Around<'a> {
    /// A run, and what was looked up for the visit.
    Run(&'a Run, &'a Fetched),
    /// A question to a policy.
    Question(&'a Question<'a>),
}

/// The properties of a session.
pub(crate) type Properties = BTreeMap<Arc<str>, Arc<str>>;

/// What a policy can read besides the request.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The level and the properties of the session, where there is one.
    pub(crate) session: Option<(AuthLevel, &'a Properties)>,
    pub(crate) environment: &'a BTreeMap<String, Vec<String>>,
}

/// A value at hand: borrowed where it can be.
#[derive(Debug)]
enum Operand<'a> {
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Value(&'a Value),
    Owned(Value),
}

/// The content of an operand, whatever holds it.
#[derive(Debug, Clone, Copy)]
enum View<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(&'v str),
    Localized(&'v LocalizedText),
    Duration(Duration),
    Size(u64),
    Secret,
    List(&'v [Value]),
    Map,
}

impl Operand<'_> {
    #[inline]
    fn view(&self) -> View<'_> {
        match self {
            Self::Bool(value) => View::Bool(*value),
            Self::Int(value) => View::Int(*value),
            Self::Text(text) => View::Text(text),
            Self::Value(value) => view(value),
            Self::Owned(value) => view(value),
        }
    }
}

#[inline]
fn view(value: &Value) -> View<'_> {
    match value {
        Value::Null => View::Null,
        Value::Bool(value) => View::Bool(*value),
        Value::Int(value) => View::Int(*value),
        Value::Decimal(value) => View::Decimal(*value),
        Value::Text(text) => View::Text(text),
        Value::Localized(text) => View::Localized(text),
        Value::Duration(value) => View::Duration(*value),
        Value::Size(value) => View::Size(*value),
        Value::Secret(_) | Value::SecretParameter(_) => View::Secret,
        Value::List(list) => View::List(list),
        Value::Map(_) => View::Map,
    }
}

fn wrong_type() -> NodeError {
    NodeError::new("a value is of the wrong type")
}

/// Whether a condition holds.
///
/// # Errors
/// A value is missing or of the wrong type.
#[inline]
pub(crate) fn holds(test: &Test, scene: Scene<'_>) -> Result<bool, NodeError> {
    let mut truth = false;
    let mut at = 0;
    // BOUND: jumps lead forward only.
    while let Some(op) = test.ops.get(at) {
        at += 1;
        match op {
            Op::Level(op, number) => {
                let Around::Run(run, _) = scene.around else {
                    return Err(missing(&Slot::AuthLevel));
                };
                truth = ordered(*op, i64::from(run.level.number()).cmp(number))?;
            }
            Op::Has(slot) => truth = read(slot, scene).is_some(),
            Op::Is(meant, sides) => {
                let (slot, wanted) = &**sides;
                let same = match read(slot, scene).ok_or_else(|| missing(slot))? {
                    Operand::Value(Value::Text(value)) => **value == **wanted,
                    other => equal(other.view(), View::Text(wanted))?,
                };
                truth = same == *meant;
            }
            Op::Compare(op, sides) => {
                let (left, right) = &**sides;
                truth = compare(*op, left, right, scene)?;
            }
            Op::Truth(inner) => match term(inner, scene)?.view() {
                View::Bool(value) => truth = value,
                _ => return Err(wrong_type()),
            },
            Op::Not => truth = !truth,
            Op::JumpIfFalse(to) if !truth => at = at.max(*to as usize),
            Op::JumpIfTrue(to) if truth => at = at.max(*to as usize),
            Op::JumpIfFalse(_) | Op::JumpIfTrue(_) => {}
        }
    }
    Ok(truth)
}

/// The value of a term.
///
/// # Errors
/// A value is missing or of the wrong type.
pub(crate) fn evaluate(inner: &Term, scene: Scene<'_>) -> Result<Value, NodeError> {
    Ok(match term(inner, scene)? {
        Operand::Bool(value) => Value::Bool(value),
        Operand::Int(value) => Value::Int(value),
        Operand::Text(text) => Value::from(text),
        Operand::Value(value) => value.clone(),
        Operand::Owned(value) => value,
    })
}

#[inline]
fn term<'a>(inner: &'a Term, scene: Scene<'a>) -> Result<Operand<'a>, NodeError> {
    match inner {
        Term::Constant(value) => Ok(Operand::Value(value)),
        Term::Slot(slot) => read(slot, scene).ok_or_else(|| missing(slot)),
        Term::Test(test) => holds(test, scene).map(Operand::Bool),
        Term::Within(networks) => within(networks, scene).map(Operand::Bool),
        Term::Add(sides) => add(&term(&sides.0, scene)?, &term(&sides.1, scene)?),
        Term::Subtract(sides) => subtract(&term(&sides.0, scene)?, &term(&sides.1, scene)?),
        Term::Call(function, args) => call(*function, args, scene),
        Term::Matches(text, regex) => match term(text, scene)?.view() {
            View::Text(text) if text.len() > MATCH_BYTES => {
                Err(NodeError::new("the text is too long to be matched"))
            }
            View::Text(text) => Ok(Operand::Bool(regex.is_match(text))),
            _ => Err(wrong_type()),
        },
        Term::Join(parts) => join(parts, scene),
    }
}

fn missing(slot: &Slot) -> NodeError {
    NodeError::new(format!("{} is not there", name(slot)))
}

/// A slot as an author calls it.
fn name(slot: &Slot) -> String {
    match slot {
        Slot::Shared(_) => "a value of shared state".to_owned(),
        Slot::Transient(_) => "a value of transient state".to_owned(),
        Slot::Secure(_) => "a value of secure state".to_owned(),
        Slot::Object(name) => format!("`objectAttributes.{name}`"),
        Slot::Header(name) => format!("`request.headers[\"{name}\"]`"),
        Slot::Cookie(name) => format!("`request.cookies[\"{name}\"]`"),
        Slot::Parameter(name) => format!("`request.parameters[\"{name}\"]`"),
        Slot::ClientAddress => "`request.ip`".to_owned(),
        Slot::Host => "`request.host`".to_owned(),
        Slot::Locale => "`request.locale`".to_owned(),
        Slot::Environment(name) => format!("`environment[\"{name}\"]`"),
        Slot::Session(name) => format!("`session.{name}`"),
        Slot::SessionLevel => "`session.auth_level`".to_owned(),
        Slot::User(name) => format!("`user.{name}`"),
        Slot::Realm => "`realm`".to_owned(),
        Slot::AuthLevel => "`auth_level`".to_owned(),
    }
}

#[inline]
fn read<'a>(slot: &'a Slot, scene: Scene<'a>) -> Option<Operand<'a>> {
    match slot {
        Slot::Header(name) => scene.request.header(name).next().map(Operand::Text),
        Slot::Cookie(name) => scene.request.cookie(name).map(Operand::Text),
        Slot::Parameter(name) => scene.request.parameter(name).next().map(Operand::Text),
        Slot::ClientAddress => scene
            .request
            .client
            .map(|ip| Operand::Owned(Value::from(ip.to_canonical().to_string()))),
        Slot::Host => scene.request.host.as_deref().map(Operand::Text),
        Slot::Locale => scene.request.locales.first().map(|l| Operand::Text(l)),
        _ => match scene.around {
            Around::Run(run, fetched) => of_run(slot, run, fetched),
            Around::Question(question) => of_question(slot, question),
        },
    }
}

#[inline]
fn of_run<'a>(slot: &'a Slot, run: &'a Run, fetched: &'a Fetched) -> Option<Operand<'a>> {
    let cell = |place, key| run.state.cells(place).get(key).map(Operand::Value);
    match slot {
        Slot::Shared(key) => cell(Place::Shared, key),
        Slot::Transient(key) => cell(Place::Transient, key),
        Slot::Secure(key) => cell(Place::Secure, key),
        Slot::Object(name) => run.state.member(name).map(Operand::Value),
        Slot::Session(name) => fetched.session.as_ref()?.get(name).map(Operand::Value),
        Slot::SessionLevel => run
            .start
            .session
            .as_ref()
            .map(|session| Operand::Int(i64::from(session.level.number()))),
        Slot::User(name) => fetched.user.as_ref()?.get(name).map(Operand::Value),
        Slot::Realm => Some(Operand::Text(run.start.realm.as_str())),
        Slot::AuthLevel => Some(Operand::Int(i64::from(run.level.number()))),
        Slot::Header(_)
        | Slot::Cookie(_)
        | Slot::Parameter(_)
        | Slot::ClientAddress
        | Slot::Host
        | Slot::Locale
        | Slot::Environment(_) => None,
    }
}

/// Of a question there is nothing but what came with it; the compiler refuses anything else.
fn of_question<'a>(slot: &Slot, question: &'a Question<'a>) -> Option<Operand<'a>> {
    match slot {
        Slot::Environment(name) => {
            let values = question.environment.get(&**name)?;
            values.first().map(|value| Operand::Text(value))
        }
        Slot::Session(name) => {
            let (_, properties) = question.session?;
            properties.get(name).map(|value| Operand::Text(value))
        }
        Slot::SessionLevel => {
            let (level, _) = question.session?;
            Some(Operand::Int(i64::from(level.number())))
        }
        _ => None,
    }
}

#[inline]
fn ordered(op: BinaryOp, order: Ordering) -> Result<bool, NodeError> {
    match op {
        BinaryOp::Equal => Ok(order.is_eq()),
        BinaryOp::NotEqual => Ok(order.is_ne()),
        BinaryOp::Less => Ok(order.is_lt()),
        BinaryOp::LessOrEqual => Ok(order.is_le()),
        BinaryOp::Greater => Ok(order.is_gt()),
        BinaryOp::GreaterOrEqual => Ok(order.is_ge()),
        BinaryOp::In | BinaryOp::And | BinaryOp::Or | BinaryOp::Add | BinaryOp::Subtract => {
            Err(wrong_type())
        }
    }
}

fn compare(op: BinaryOp, l: &Term, r: &Term, scene: Scene<'_>) -> Result<bool, NodeError> {
    let (left, right) = (term(l, scene)?, term(r, scene)?);
    if op == BinaryOp::In {
        return contains(right.view(), left.view());
    }
    let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
    match order(left.view(), right.view()) {
        Some(order) => ordered(op, order),
        None if equality => {
            same(left.view(), right.view()).map(|same| same == (op == BinaryOp::Equal))
        }
        None => Err(wrong_type()),
    }
}

/// How two values stand to each other, where they can be ordered.
#[inline]
fn order(left: View<'_>, right: View<'_>) -> Option<Ordering> {
    match (left, right) {
        (View::Int(l), View::Int(r)) => Some(l.cmp(&r)),
        (View::Decimal(l), View::Decimal(r)) => Some(l.cmp(&r)),
        (View::Int(l), View::Decimal(r)) => Some(whole(l).cmp(&i128::from(r.units()))),
        (View::Decimal(l), View::Int(r)) => Some(i128::from(l.units()).cmp(&whole(r))),
        (View::Text(l), View::Text(r)) => Some(l.cmp(r)),
        (View::Duration(l), View::Duration(r)) => Some(l.cmp(&r)),
        (View::Size(l), View::Size(r)) => Some(l.cmp(&r)),
        _ => None,
    }
}

fn whole(number: i64) -> i128 {
    i128::from(number) * i128::from(Decimal::UNITS)
}

/// Whether two values that have no order are the same. Secrets are not compared here.
fn same(left: View<'_>, right: View<'_>) -> Result<bool, NodeError> {
    match (left, right) {
        (View::Secret, _) | (_, View::Secret) => Err(NodeError::new("secrets are not compared")),
        (View::Null, View::Null) => Ok(true),
        (View::Null, _) | (_, View::Null) => Ok(false),
        (View::Bool(l), View::Bool(r)) => Ok(l == r),
        (View::Localized(l), View::Localized(r)) => Ok(l == r),
        (View::List(l), View::List(r)) => {
            if l.len() != r.len() {
                return Ok(false);
            }
            for (l, r) in l.iter().zip(r) {
                if !equal(view(l), view(r))? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Err(wrong_type()),
    }
}

fn equal(left: View<'_>, right: View<'_>) -> Result<bool, NodeError> {
    match order(left, right) {
        Some(order) => Ok(order.is_eq()),
        None => same(left, right),
    }
}

fn contains(list: View<'_>, item: View<'_>) -> Result<bool, NodeError> {
    match (list, item) {
        (View::List(list), item) => {
            for value in list {
                if equal(view(value), item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (View::Text(text), View::Text(part)) => Ok(text.contains(part)),
        _ => Err(wrong_type()),
    }
}

/// Whether the address of the client lies in one of the networks; a network that cannot be read is an
/// error, since it might be the one that matters.
fn within(networks: &Term, scene: Scene<'_>) -> Result<bool, NodeError> {
    let Some(client) = scene.request.client else {
        return Err(NodeError::new("`request.ip` is not there"));
    };
    let networks = term(networks, scene)?;
    let View::List(list) = networks.view() else {
        return Err(wrong_type());
    };
    let mut inside = false;
    for network in list {
        let network = network.as_text().ok_or_else(wrong_type)?;
        inside |= in_network(client.to_canonical(), network)
            .ok_or_else(|| NodeError::new(format!("`{network}` is not a network")))?;
    }
    Ok(inside)
}

fn in_network(client: IpAddr, network: &str) -> Option<bool> {
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, Some(length)),
        None => (network, None),
    };
    let base: IpAddr = base.parse().ok()?;
    let bits = if base.is_ipv4() { 32_u32 } else { 128 };
    let length: u32 = match length {
        Some(text) if text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok().filter(|n| *n <= bits)?
        }
        Some(_) => return None,
        None => bits,
    };
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    if base.is_ipv4() != client.is_ipv4() {
        return Some(false);
    }
    let differing = number(base) ^ number(client);
    Some(differing.checked_shr(bits - length).unwrap_or(0) == 0)
}

fn add<'a>(left: &Operand<'a>, right: &Operand<'a>) -> Result<Operand<'a>, NodeError> {
    let over = || NodeError::new("a number is out of range");
    let decimal = |units: Option<i128>| {
        units
            .and_then(|units| i64::try_from(units).ok())
            .map(|units| Operand::Owned(Value::Decimal(Decimal::from_units(units))))
            .ok_or_else(over)
    };
    match (left.view(), right.view()) {
        (View::Int(l), View::Int(r)) => l.checked_add(r).map(Operand::Int).ok_or_else(over),
        (View::Decimal(l), View::Decimal(r)) => {
            decimal(i128::from(l.units()).checked_add(i128::from(r.units())))
        }
        (View::Int(l), View::Decimal(r)) => decimal(whole(l).checked_add(i128::from(r.units()))),
        (View::Decimal(l), View::Int(r)) => decimal(i128::from(l.units()).checked_add(whole(r))),
        (View::Text(l), View::Text(r)) if l.len() + r.len() <= TEXT_BYTES => {
            Ok(Operand::Owned(Value::from(format!("{l}{r}"))))
        }
        (View::Duration(l), View::Duration(r)) => l
            .checked_add(r)
            .map(|sum| Operand::Owned(Value::Duration(sum)))
            .ok_or_else(over),
        (View::Size(l), View::Size(r)) => l
            .checked_add(r)
            .map(|sum| Operand::Owned(Value::Size(sum)))
            .ok_or_else(over),
        _ => Err(wrong_type()),
    }
}

fn subtract<'a>(left: &Operand<'a>, right: &Operand<'a>) -> Result<Operand<'a>, NodeError> {
    let over = || NodeError::new("a number is out of range");
    let decimal = |units: i128| {
        i64::try_from(units)
            .map(|units| Operand::Owned(Value::Decimal(Decimal::from_units(units))))
            .map_err(|_| over())
    };
    match (left.view(), right.view()) {
        (View::Int(l), View::Int(r)) => l.checked_sub(r).map(Operand::Int).ok_or_else(over),
        (View::Decimal(l), View::Decimal(r)) => {
            decimal(i128::from(l.units()) - i128::from(r.units()))
        }
        (View::Int(l), View::Decimal(r)) => decimal(whole(l) - i128::from(r.units())),
        (View::Decimal(l), View::Int(r)) => decimal(i128::from(l.units()) - whole(r)),
        (View::Duration(l), View::Duration(r)) => {
            Ok(Operand::Owned(Value::Duration(l.saturating_sub(r))))
        }
        (View::Size(l), View::Size(r)) => l
            .checked_sub(r)
            .map(|rest| Operand::Owned(Value::Size(rest)))
            .ok_or_else(over),
        _ => Err(wrong_type()),
    }
}

fn call<'a>(
    function: Function,
    args: &'a [Term],
    scene: Scene<'a>,
) -> Result<Operand<'a>, NodeError> {
    let first = args.first().map(|arg| term(arg, scene)).transpose()?;
    let second = args.get(1).map(|arg| term(arg, scene)).transpose()?;
    let text = |operand: &'_ Option<Operand<'a>>| match operand.as_ref().map(Operand::view) {
        Some(View::Text(text)) => Ok(text.to_owned()),
        _ => Err(wrong_type()),
    };
    let owned = |text: String| Ok(Operand::Owned(Value::from(text)));
    match function {
        Function::Lower => owned(text(&first)?.to_lowercase()),
        Function::Upper => owned(text(&first)?.to_uppercase()),
        Function::Trim => owned(text(&first)?.trim().to_owned()),
        Function::Len => match first.as_ref().map(Operand::view) {
            Some(View::Text(text)) => Ok(Operand::Int(count(text.chars().count()))),
            Some(View::List(list)) => Ok(Operand::Int(count(list.len()))),
            _ => Err(wrong_type()),
        },
        Function::StartsWith | Function::EndsWith => {
            match (
                first.as_ref().map(Operand::view),
                second.as_ref().map(Operand::view),
            ) {
                (Some(View::Text(text)), Some(View::Text(part))) => {
                    Ok(Operand::Bool(if function == Function::StartsWith {
                        text.starts_with(part)
                    } else {
                        text.ends_with(part)
                    }))
                }
                _ => Err(wrong_type()),
            }
        }
        Function::Contains => match (&first, &second) {
            (Some(whole), Some(part)) => contains(whole.view(), part.view()).map(Operand::Bool),
            _ => Err(wrong_type()),
        },
        Function::Matches => Err(wrong_type()),
        Function::Age => {
            let at = when(&text(&first)?)?;
            Ok(Operand::Owned(Value::Duration(scene.now.since(at))))
        }
        Function::Now => owned(instant::write(scene.now)),
        Function::Before => Ok(Operand::Bool(
            when(&text(&first)?)? < when(&text(&second)?)?,
        )),
        Function::After => Ok(Operand::Bool(
            when(&text(&first)?)? > when(&text(&second)?)?,
        )),
        Function::Int => integer(&text(&first)?).map(Operand::Int),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn when(text: &str) -> Result<Timestamp, NodeError> {
    instant::read(text).ok_or_else(|| NodeError::new("a text is not an instant"))
}

/// A strict decimal: digits, perhaps after a minus.
fn integer(text: &str) -> Result<i64, NodeError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let strict = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    strict
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| NodeError::new("a text is not a whole number"))
}

fn join<'a>(parts: &'a [Term], scene: Scene<'a>) -> Result<Operand<'a>, NodeError> {
    let mut joined = String::new();
    for part in parts {
        let part = term(part, scene)?;
        match part.view() {
            View::Text(text) => joined.push_str(text),
            View::Bool(value) => joined.push_str(if value { "true" } else { "false" }),
            View::Int(value) => joined.push_str(&value.to_string()),
            View::Decimal(value) => joined.push_str(&value.to_string()),
            View::Localized(text) => {
                joined.push_str(text.best(scene.request.locales.iter().map(String::as_str)));
            }
            View::Size(value) => joined.push_str(&value.to_string()),
            View::Duration(value) => joined.push_str(&value.as_secs().to_string()),
            View::Null | View::List(_) | View::Map => return Err(wrong_type()),
            View::Secret => return Err(NodeError::new("a secret does not go into a text")),
        }
        if joined.len() > TEXT_BYTES {
            return Err(NodeError::new("a text is too long"));
        }
    }
    Ok(Operand::Owned(Value::Text(Arc::from(joined))))
}
