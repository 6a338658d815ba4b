//! What is answered to callbacks.
//!
//! In: the line of a test, and what is asked. Out: an answer for each callback. What the line does not
//! name is sent as the page shows it.

use std::sync::Arc;

use wayfare::{
    Answer, Callback, Decimal, Secret, Span, Value,
    engine::callback::AttributeValue,
    model::scenario::{AnswerPart, Answering, Given, GivenText, SentPart},
};

use crate::{
    play::Stop,
    scenario::{
        Broken,
        player::{Player, untouched},
    },
};

pub(super) fn answers(
    player: &Player<'_>,
    answering: &Answering,
    span: Span,
) -> Result<Vec<Answer>, Broken> {
    let node = &answering.node;
    let (Some(Stop::Ask(ask)), Some(play)) = (player.stop(), player.running()) else {
        let expected = format!("`{}` asks", node.text);
        return Err(Broken::new(span, player.where_it_stands(), expected));
    };
    let session = play.session();
    let is_there = session.at().as_deref() == Some(&*node.at) && session.calls() == node.callers;
    if !is_there {
        let expected = format!("`{}` asks", node.text);
        return Err(Broken::new(span, player.where_it_stands(), expected));
    }
    let mut answers: Vec<Answer> = ask.callbacks.iter().map(untouched).collect();
    let asking = play.asker();
    for (child, part) in &answering.children {
        let unit = match child {
            Some(child) => format!("{}.{child}", node.at),
            None => node.at.to_string(),
        };
        let range = asking.iter().find(|(name, _)| **name == *unit);
        let Some((_, range)) = range else {
            let message = format!("`{}` asks nothing now", child.as_deref().unwrap_or(&unit));
            return Err(Player::no_answer(span, message));
        };
        let callbacks = ask.callbacks.get(range.clone()).unwrap_or_default();
        let slots = answers.get_mut(range.clone()).unwrap_or_default();
        fill(player, part, callbacks, slots, span)?;
    }
    Ok(answers)
}

fn fill(
    player: &Player<'_>,
    part: &AnswerPart,
    callbacks: &[Callback],
    slots: &mut [Answer],
    span: Span,
) -> Result<(), Broken> {
    match part {
        AnswerPart::Values(values) => {
            let mut inputs = callbacks
                .iter()
                .zip(slots)
                .filter(|(callback, _)| callback.is_input());
            for value in values {
                let Some((callback, slot)) = inputs.next() else {
                    let message = "more is answered than is asked".to_owned();
                    return Err(Player::no_answer(span, message));
                };
                *slot = one(player, callback, value, span)?;
            }
        }
        AnswerPart::ByCallback(values) => {
            for (kind, value) in values {
                let mut all = callbacks.iter().zip(slots.iter_mut());
                let Some((callback, slot)) = all.find(|(callback, _)| callback.kind() == &**kind)
                else {
                    let message = format!("no `{kind}` is asked now");
                    return Err(Player::no_answer(span, message));
                };
                *slot = one(player, callback, value, span)?;
            }
        }
    }
    Ok(())
}

fn one(
    player: &Player<'_>,
    callback: &Callback,
    given: &Given,
    span: Span,
) -> Result<Answer, Broken> {
    let text = match given {
        Given::Text(parts) => said(player, parts, span)?,
        Given::Number(number) => number.to_string(),
        Given::Bool(value) => value.to_string(),
    };
    Ok(match callback {
        Callback::Name { .. }
        | Callback::TextInput { .. }
        | Callback::HiddenValue { .. }
        | Callback::DeviceProfile { .. } => Answer::Text(text),
        Callback::Password { .. } => Answer::Secret(Secret::new(text)),
        Callback::ValidatedUsername { .. } => Answer::Validated {
            text,
            validate_only: false,
        },
        Callback::ValidatedPassword { .. } => Answer::ValidatedSecret {
            secret: Secret::new(text),
            validate_only: false,
        },
        Callback::Choice { choices, .. } => index(choices, given, &text, span)?,
        Callback::Confirmation { options, .. } => index(options, given, &text, span)?,
        Callback::Attribute { value, .. } => Answer::Attribute {
            value: attribute(value, text, span)?,
            validate_only: false,
        },
        Callback::SecurityQuestion { .. } => {
            let Some((question, answer)) = text.split_once(QUESTION_END) else {
                let message = format!("`{text}` is no question with its answer");
                return Err(Player::no_answer(span, message));
            };
            Answer::SecurityQuestion {
                question: question.to_owned(),
                answer: Secret::from(answer),
            }
        }
        Callback::Terms { .. } | Callback::Consent { .. } => Answer::Flag(flag(&text, span)?),
        Callback::Foreign(foreign) if !foreign.input.is_empty() => {
            // The first input is the one that people answer; the others are as the page shows them.
            let fields = foreign
                .input
                .iter()
                .enumerate()
                .map(|(at, (name, preset))| {
                    let preset = preset.as_str().unwrap_or_default();
                    let value = match &**name {
                        _ if at == 0 => text.as_str(),
                        "token_type" if preset.is_empty() => "id_token",
                        _ => preset,
                    };
                    (Arc::clone(name), Value::Secret(Secret::from(value)))
                });
            Answer::Fields(fields.collect())
        }
        _ => {
            let message = format!("a `{}` takes no answer", callback.kind());
            return Err(Player::no_answer(span, message));
        }
    })
}

/// What stands between a security question and the answer to it.
const QUESTION_END: &str = " = ";

fn flag(text: &str, span: Span) -> Result<bool, Broken> {
    text.parse().map_err(|_| {
        let message = format!("`{text}` is not the answer to a yes or no");
        Broken::new(span, message, "`true` or `false`")
    })
}

/// A value of the kind that the field takes.
fn attribute(asked: &AttributeValue, text: String, span: Span) -> Result<AttributeValue, Broken> {
    Ok(match asked {
        AttributeValue::Text(_) => AttributeValue::Text(text),
        AttributeValue::Flag(_) => AttributeValue::Flag(flag(&text, span)?),
        AttributeValue::Number(_) if text.is_empty() => AttributeValue::Number(None),
        AttributeValue::Number(_) => {
            let number = Decimal::parse(&text).ok_or_else(|| {
                let message = format!("`{text}` is no number");
                Broken::new(span, message, "a number")
            })?;
            AttributeValue::Number(Some(number))
        }
    })
}

/// The place of a choice: by its text, else by its number.
fn index(choices: &[String], given: &Given, text: &str, span: Span) -> Result<Answer, Broken> {
    let by_text = choices.iter().position(|choice| choice == text);
    let by_number = match given {
        Given::Number(number) => usize::try_from(*number).ok(),
        Given::Text(_) | Given::Bool(_) => None,
    };
    let found = by_text.or(by_number).filter(|at| *at < choices.len());
    found
        .and_then(|at| u32::try_from(at).ok())
        .map(Answer::Index)
        .ok_or_else(|| {
            let offered: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            let message = format!("`{text}` is not offered");
            Broken::new(span, message, offered.join(", "))
        })
}

fn said(player: &Player<'_>, parts: &[GivenText], span: Span) -> Result<String, Broken> {
    let mut text = String::new();
    for part in parts {
        let piece: Arc<str> = match part {
            GivenText::Raw(raw) => Arc::clone(raw),
            GivenText::App => Arc::from(player.app_code(span)?),
            GivenText::Sent(which) => {
                let Some(sent) = player.world().outbox.last() else {
                    let expected = "a message that was sent before";
                    return Err(Broken::new(span, "no message was sent", expected));
                };
                match which {
                    SentPart::To => Arc::clone(&sent.message.to),
                    SentPart::Subject => Arc::from(sent.message.subject.as_str()),
                    SentPart::Body => Arc::from(sent.message.body.reveal().as_str()),
                    SentPart::Code => {
                        let Some(code) = sent.code() else {
                            let message = "the last message holds no digits";
                            return Err(Broken::new(span, message, "a message with a code"));
                        };
                        Arc::from(code.reveal().as_str())
                    }
                }
            }
        };
        text.push_str(&piece);
    }
    Ok(text)
}
