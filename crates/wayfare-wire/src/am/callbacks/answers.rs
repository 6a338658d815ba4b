//! Reads what comes back.

use std::{borrow::Cow, fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use wayfare::{Answer, Ask, Callback, Decimal, Secret, Value, engine::callback::AttributeValue};

use crate::{
    am::{callbacks::write::UNTOUCHED, error::Refusal},
    json::{Ignored, Key, Scalar, Seen},
};

/// The `callbacks` of a body, as sent.
#[derive(Default)]
pub struct Submitted<'a> {
    /// `None` where it is no array.
    list: Option<Vec<Sent<'a>>>,
}

impl Submitted<'_> {
    /// How many callbacks there are.
    pub fn len(&self) -> usize {
        self.list.as_ref().map_or(0, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Submitted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted")
            .field("count", &self.list.as_ref().map(Vec::len))
            .finish()
    }
}

/// How many callbacks are read; one more is too many for any step.
pub const COUNT_MAX: usize = 32;
/// How many inputs of one callback are read.
const INPUTS_MAX: usize = 16;

#[derive(Default)]
struct Sent<'a> {
    ty: Option<Cow<'a, str>>,
    /// `_id`
    id: Option<u32>,
    /// `None` where it is missing or no array.
    inputs: Option<Vec<Input<'a>>>,
}

impl Sent<'_> {
    fn is(&self, asked: &Callback) -> bool {
        let ty = self.ty.as_deref();
        ty.is_some_and(|ty| ty.eq_ignore_ascii_case(asked.kind()))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let inputs = self.inputs.iter().flatten();
        inputs.filter_map(|input| input.name.as_deref())
    }

    /// Whether an input of it is named after this position.
    fn is_for(&self, position: usize) -> bool {
        self.names().any(|name| behind(name, position).is_some())
    }

    /// Whether nothing in it tells what it is for.
    fn is_anonymous(&self) -> bool {
        self.id.is_none() && !self.names().any(|name| name.starts_with("IDToken"))
    }
}

/// What stands behind `IDToken` and this position in the name of an input.
fn behind(name: &str, position: usize) -> Option<&str> {
    let rest = name.strip_prefix("IDToken")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, suffix) = rest.split_at_checked(digits)?;
    // A number has one form, so that no two names are the same position.
    let same = !digits.starts_with('0') && digits.parse() == Ok(position);
    same.then_some(suffix)
}

#[derive(Default)]
struct Input<'a> {
    name: Option<Cow<'a, str>>,
    value: Option<Scalar<'a>>,
}

/// The answers to a step, in the positions of its callbacks.
///
/// # Errors
/// The count, a type or a value does not fit; the step can be answered again.
pub fn answers(ask: &Ask, submitted: Submitted<'_>) -> Result<Vec<Answer>, Refusal> {
    let sent = submitted
        .list
        .filter(|sent| sent.len() == ask.callbacks.len())
        .ok_or(Refusal::CallbackCount)?;
    // Types first, so that a step whose callbacks were swapped is told so.
    let fits = |(asked, sent): (&Callback, &Sent<'_>)| sent.is(asked);
    if !ask.callbacks.iter().zip(&sent).all(fits) {
        return Err(Refusal::CallbackType);
    }
    ask.callbacks
        .iter()
        .zip(sent)
        .enumerate()
        .map(|(at, (asked, sent))| answer(asked, sent, at + 1))
        .collect()
}

/// The answers to a step whose callbacks are told by their ids and by the names of their inputs, and not
/// by their positions; those that hold nothing may be left out, and more of them may come back.
///
/// Where neither ids nor names tell, positions do.
///
/// # Errors
/// A callback that must be answered is missing, or a type or a value does not fit.
pub fn aligned(ask: &Ask, submitted: Submitted<'_>) -> Result<Vec<Answer>, Refusal> {
    let mut sent = submitted.list.ok_or(Refusal::CallbackCount)?;
    let by_position = sent.len() == ask.callbacks.len();
    let mut answers = Vec::with_capacity(ask.callbacks.len());
    for (at, asked) in ask.callbacks.iter().enumerate() {
        if !asked.is_input() {
            answers.push(Answer::None);
            continue;
        }
        let id = ask.ids.as_ref().and_then(|ids| ids.get(at)).copied();
        let told = sent
            .iter()
            .position(|sent| id.is_some() && sent.id == id)
            .or_else(|| sent.iter().position(|sent| sent.is_for(at + 1)))
            .or_else(|| {
                by_position
                    .then_some(at)
                    .filter(|at| sent.get(*at).is_some_and(Sent::is_anonymous))
            });
        let found = told.and_then(|told| sent.get_mut(told)).map(std::mem::take);
        let found = found.ok_or(Refusal::CallbackCount)?;
        if !found.is(asked) {
            return Err(Refusal::CallbackType);
        }
        answers.push(answer(asked, found, at + 1)?);
    }
    // What is left over must not have been meant for anything.
    if sent.iter().any(|left| {
        left.inputs
            .as_ref()
            .is_some_and(|inputs| !inputs.is_empty())
    }) {
        return Err(Refusal::CallbackCount);
    }
    Ok(answers)
}

/// The answers to a step that a client came back to without callbacks: it may have none that need input.
///
/// # Errors
/// One of the callbacks needs input.
pub fn passed(ask: &Ask) -> Result<Vec<Answer>, Refusal> {
    if ask.callbacks.iter().any(Callback::is_input) {
        return Err(Refusal::CallbackCount);
    }
    Ok(ask.callbacks.iter().map(|_| Answer::None).collect())
}

fn answer(asked: &Callback, sent: Sent<'_>, position: usize) -> Result<Answer, Refusal> {
    if !asked.is_input() {
        return Ok(Answer::None);
    }
    let inputs = sent
        .inputs
        .filter(|inputs| !inputs.is_empty())
        .ok_or(Refusal::CallbackInput)?;
    let mut fields = Fields { inputs, position };
    match asked {
        Callback::Name { .. }
        | Callback::TextInput { .. }
        | Callback::HiddenValue { .. }
        | Callback::DeviceProfile { .. } => Ok(Answer::Text(fields.text()?.into_owned())),
        Callback::Password { .. } => Ok(Answer::Secret(fields.secret()?)),
        Callback::Choice { choices, .. } => index(&fields.single()?, choices.len()),
        Callback::Confirmation {
            options, optional, ..
        } => {
            let value = fields.single()?;
            match number(&value) {
                Some(UNTOUCHED) if *optional => Ok(Answer::Untouched),
                _ => index(&value, options.len()),
            }
        }
        Callback::ValidatedUsername { .. } => {
            let validate_only = fields.validate_only()?;
            let text = fields.text()?.into_owned();
            Ok(Answer::Validated {
                text,
                validate_only,
            })
        }
        Callback::ValidatedPassword { .. } => {
            let validate_only = fields.validate_only()?;
            Ok(Answer::ValidatedSecret {
                secret: fields.secret()?,
                validate_only,
            })
        }
        Callback::Attribute { value, .. } => {
            let validate_only = fields.validate_only()?;
            Ok(Answer::Attribute {
                value: attribute(value, fields.single()?)?,
                validate_only,
            })
        }
        Callback::SecurityQuestion { .. } => {
            let answer = fields.part("answer")?;
            Ok(Answer::SecurityQuestion {
                question: fields.part("question")?,
                answer: Secret::new(answer),
            })
        }
        Callback::Terms { .. } | Callback::Consent { .. } => match fields.single()? {
            Scalar::Bool(value) => Ok(Answer::Flag(value)),
            Scalar::Null => Ok(Answer::Flag(false)),
            _ => Err(Refusal::CallbackValue),
        },
        Callback::Foreign(foreign) => {
            let values = foreign.input.iter().map(|(suffix, preset)| {
                let value = fields.foreign(suffix, preset)?;
                Ok((Arc::clone(suffix), value))
            });
            values.collect::<Result<_, _>>().map(Answer::Fields)
        }
        // A kind that this wire cannot ask cannot be answered through it either.
        _ => Err(Refusal::CallbackType),
    }
}

struct Fields<'a> {
    inputs: Vec<Input<'a>>,
    position: usize,
}

impl<'a> Fields<'a> {
    /// Takes the input with this suffix; one name may not stand twice.
    fn named(&mut self, suffix: &str) -> Result<Option<Input<'a>>, Refusal> {
        let position = self.position;
        let is = |input: &Input<'_>| {
            let name = input.name.as_deref();
            name.and_then(|name| behind(name, position)) == Some(suffix)
        };
        let Some(at) = self.inputs.iter().position(is) else {
            return Ok(None);
        };
        let found = self.inputs.remove(at);
        if self.inputs.iter().any(is) {
            return Err(Refusal::CallbackValue);
        }
        Ok(Some(found))
    }

    /// The value of the input without a suffix: by its name, else the first, as the product reads it.
    fn single(&mut self) -> Result<Scalar<'a>, Refusal> {
        let input = match self.named("")? {
            Some(input) => input,
            None if self.inputs.is_empty() => return Err(Refusal::CallbackInput),
            None => self.inputs.remove(0),
        };
        // Clients drop the member when a field was never touched.
        Ok(input.value.unwrap_or(Scalar::Null))
    }

    fn text(&mut self) -> Result<Cow<'a, str>, Refusal> {
        match self.single()? {
            Scalar::Text(text) => Ok(text),
            Scalar::Null => Ok(Cow::Borrowed("")),
            _ => Err(Refusal::CallbackValue),
        }
    }

    fn secret(&mut self) -> Result<Secret<String>, Refusal> {
        self.text().map(|text| Secret::new(text.into_owned()))
    }

    /// A text under a name that must be there.
    fn part(&mut self, suffix: &str) -> Result<String, Refusal> {
        let input = self.named(suffix)?.ok_or(Refusal::CallbackInput)?;
        match input.value {
            Some(Scalar::Text(text)) => Ok(text.into_owned()),
            None | Some(Scalar::Null) => Ok(String::new()),
            Some(_) => Err(Refusal::CallbackValue),
        }
    }

    /// A value of a callback that is only handed through; what did not come is as it was.
    fn foreign(&mut self, suffix: &str, preset: &serde_json::Value) -> Result<Value, Refusal> {
        let sent = match self.named(suffix)?.map(|input| input.value) {
            None | Some(None) => Scalar::deserialize(preset).map_err(|_| Refusal::CallbackValue)?,
            Some(Some(value)) => value,
        };
        Ok(match sent {
            Scalar::Null => Value::Null,
            Scalar::Bool(flag) => Value::Bool(flag),
            Scalar::Int(number) => Value::Int(number),
            Scalar::Number(Some(number)) => Value::Decimal(number),
            Scalar::Text(text) => Value::Secret(Secret::new(text.into_owned())),
            Scalar::Number(None) | Scalar::Other => return Err(Refusal::CallbackValue),
        })
    }

    fn validate_only(&mut self) -> Result<bool, Refusal> {
        match self.named("validateOnly")?.map(|input| input.value) {
            None => Ok(false),
            Some(Some(Scalar::Bool(value))) => Ok(value),
            Some(_) => Err(Refusal::CallbackValue),
        }
    }
}

/// The value of an attribute, of the kind that was asked; a field that was never touched holds nothing.
fn attribute(asked: &AttributeValue, sent: Scalar<'_>) -> Result<AttributeValue, Refusal> {
    let wrong = Refusal::CallbackValue;
    match asked {
        AttributeValue::Text(_) => match sent {
            Scalar::Text(text) => Ok(AttributeValue::Text(text.into_owned())),
            Scalar::Null => Ok(AttributeValue::Text(String::new())),
            _ => Err(wrong),
        },
        AttributeValue::Number(_) => {
            let number = match sent {
                Scalar::Null => return Ok(AttributeValue::Number(None)),
                Scalar::Text(text) if text.is_empty() => return Ok(AttributeValue::Number(None)),
                Scalar::Text(text) => Decimal::parse(&text),
                Scalar::Int(number) => number.checked_mul(Decimal::UNITS).map(Decimal::from_units),
                Scalar::Number(number) => number,
                Scalar::Bool(_) | Scalar::Other => None,
            };
            Ok(AttributeValue::Number(Some(number.ok_or(wrong)?)))
        }
        AttributeValue::Flag(_) => match sent {
            Scalar::Bool(flag) => Ok(AttributeValue::Flag(flag)),
            Scalar::Null => Ok(AttributeValue::Flag(false)),
            _ => Err(wrong),
        },
    }
}

/// A whole number, or the decimal digits of one as a string.
fn number(value: &Scalar<'_>) -> Option<u32> {
    match value {
        Scalar::Int(number) => u32::try_from(*number).ok(),
        Scalar::Text(digits) => {
            let canonical = match digits.as_bytes() {
                [b'0'] => true,
                [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
                _ => false,
            };
            canonical.then(|| digits.parse().ok()).flatten()
        }
        _ => None,
    }
}

fn index(value: &Scalar<'_>, count: usize) -> Result<Answer, Refusal> {
    number(value)
        .filter(|number| usize::try_from(*number).is_ok_and(|number| number < count))
        .map(Answer::Index)
        .ok_or(Refusal::CallbackValue)
}

impl<'de> Deserialize<'de> for Submitted<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = deserializer.deserialize_any(ListOf::<Sent<'de>, COUNT_MAX>::new())?;
        Ok(Self { list })
    }
}

/// At most `N` elements of an array; `None` for anything that is no array, or a longer one.
struct ListOf<T, const N: usize>(std::marker::PhantomData<T>);

impl<T, const N: usize> ListOf<T, N> {
    fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for ListOf<T, N> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ignored::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while list.len() < N {
            match seq.next_element()? {
                Some(element) => list.push(element),
                None => return Ok(Some(list)),
            }
        }
        let mut more = false;
        while seq.next_element::<Ignored>()?.is_some() {
            more = true;
        }
        Ok((!more).then_some(list))
    }
}

/// An object of which some members are read and the others only checked for keys that stand twice.
///
/// Anything that is no object reads as one without members.
struct Members<T>(T);

trait Member<'de>: Default {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

impl<'de, T: Member<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(self.0)
    }
    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(self.0)
    }
    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(self.0)
    }
    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(self.0)
    }
    fn visit_str<E>(self, _: &str) -> Result<T, E> {
        Ok(self.0)
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(self.0)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        Ignored::deserialize(serde::de::value::SeqAccessDeserializer::new(seq))?;
        Ok(self.0)
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<T, A::Error> {
        let mut seen = Seen::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            // BOUND: a callback has a handful of members; more than these are not a callback.
            if !seen.insert(&key) || seen.len() > 64 {
                return Err(A::Error::custom("a key stands twice, or too many keys"));
            }
            self.0.member(&key.0, &mut map)?;
        }
        Ok(self.0)
    }
}

impl<'de> Member<'de> for Sent<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => {
                if let Scalar::Text(ty) = map.next_value()? {
                    self.ty = Some(ty);
                }
            }
            "_id" => {
                if let Scalar::Int(id) = map.next_value()? {
                    self.id = u32::try_from(id).ok();
                }
            }
            "input" => self.inputs = map.next_value::<Inputs<'de>>()?.0,
            _ => {
                map.next_value::<Ignored>()?;
            }
        }
        Ok(())
    }
}

struct Inputs<'a>(Option<Vec<Input<'a>>>);

impl<'de> Deserialize<'de> for Inputs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(ListOf::<Input<'de>, INPUTS_MAX>::new())
            .map(Self)
    }
}

impl<'de> Member<'de> for Input<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "name" => {
                if let Scalar::Text(name) = map.next_value()? {
                    self.name = Some(name);
                }
            }
            "value" => self.value = Some(map.next_value()?),
            _ => {
                map.next_value::<Ignored>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Sent<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members(Self::default()))
    }
}

impl<'de> Deserialize<'de> for Input<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members(Self::default()))
    }
}
