//! Answers to what is asked, that fit and that do not.

use proptest::{prelude::*, sample::select};
use wayfare::{Answer, Ask, Callback, Limits, Secret};

/// Answers that fit what is asked: as many as there are callbacks, each of its kind and within its bounds.
pub fn answers(ask: &Ask) -> BoxedStrategy<Vec<Answer>> {
    let mut all: BoxedStrategy<Vec<Answer>> = Just(Vec::new()).boxed();
    for callback in &ask.callbacks {
        all = (all, answer(callback))
            .prop_map(|(mut answers, answer)| {
                answers.push(answer);
                answers
            })
            .boxed();
    }
    all
}

/// Texts that people type, and some that they should not.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => select(vec!["demo", "ada", "nobody", "Ch4ng31t", "Tr0ub4dor", "wrong", "000000"])
            .prop_map(str::to_owned),
        1 => Just(String::new()),
        2 => "[ -~]{1,24}",
        1 => "\\PC{1,12}",
        1 => select(vec!["demo\u{0}", " demo", "DEMO", "de\u{301}mo", "\u{202e}omed", "${shared.x}"])
            .prop_map(str::to_owned),
    ]
    .boxed()
}

fn answer(callback: &Callback) -> BoxedStrategy<Answer> {
    let index = |count: usize| {
        let count = u32::try_from(count).unwrap_or(1).max(1);
        (0..count).prop_map(Answer::Index).boxed()
    };
    match callback {
        Callback::Name { .. } | Callback::TextInput { .. } => text().prop_map(Answer::Text).boxed(),
        Callback::HiddenValue { value, .. } => prop_oneof![Just(value.clone()), text()]
            .prop_map(Answer::Text)
            .boxed(),
        Callback::Password { .. } => text()
            .prop_map(|text| Answer::Secret(Secret::new(text)))
            .boxed(),
        Callback::ValidatedUsername { .. } => (text(), any::<bool>())
            .prop_map(|(text, validate_only)| Answer::Validated {
                text,
                validate_only,
            })
            .boxed(),
        Callback::ValidatedPassword { .. } => (text(), any::<bool>())
            .prop_map(|(text, validate_only)| Answer::ValidatedSecret {
                secret: Secret::new(text),
                validate_only,
            })
            .boxed(),
        Callback::Choice { choices, .. } => index(choices.len()),
        Callback::Confirmation {
            options, optional, ..
        } => {
            if *optional {
                prop_oneof![index(options.len()), Just(Answer::Untouched)].boxed()
            } else {
                index(options.len())
            }
        }
        _ => Just(Answer::None).boxed(),
    }
}

/// Answers that do not fit what is asked: too few or too many, of another kind, out of range, too long.
///
/// The engine refuses every one of them under the default limits, and nothing changes.
pub fn wild_answers(ask: &Ask) -> BoxedStrategy<Vec<Answer>> {
    let all = misfits(ask, &Limits::default());
    let count = all.len();
    // Each stands where the strategy for what fits would, so that a list of either shrinks alike.
    (0..count)
        .prop_map(move |at| all.get(at).cloned().unwrap_or_default())
        .boxed()
}

/// One list of answers for each way in which answers do not fit what is asked.
pub fn misfits(ask: &Ask, limits: &Limits) -> Vec<Vec<Answer>> {
    let right: Vec<Answer> = ask.callbacks.iter().map(plain).collect();
    let mut all = vec![[right.clone(), vec![Answer::None]].concat()];
    let mut less = right.clone();
    if less.pop().is_some() {
        all.push(less);
    }
    for (at, callback) in ask.callbacks.iter().enumerate() {
        for wrong in wrong(callback, limits) {
            let mut answers = right.clone();
            if let Some(place) = answers.get_mut(at) {
                *place = wrong;
            }
            all.push(answers);
        }
    }
    all
}

/// The plainest answer that fits.
fn plain(callback: &Callback) -> Answer {
    match callback {
        Callback::Name { .. } | Callback::TextInput { .. } | Callback::HiddenValue { .. } => {
            Answer::Text(String::new())
        }
        Callback::Password { .. } => Answer::Secret(Secret::from("")),
        Callback::ValidatedUsername { .. } => Answer::Validated {
            text: String::new(),
            validate_only: false,
        },
        Callback::ValidatedPassword { .. } => Answer::ValidatedSecret {
            secret: Secret::from(""),
            validate_only: false,
        },
        Callback::Choice { .. } | Callback::Confirmation { .. } => Answer::Index(0),
        _ => Answer::None,
    }
}

/// Answers that this callback refuses.
fn wrong(callback: &Callback, limits: &Limits) -> Vec<Answer> {
    let long = |count: usize| "x".repeat(count.saturating_add(1));
    let text = |text: String| Answer::Text(text);
    let secret = |text: String| Answer::Secret(Secret::new(text));
    let out_of = |count: usize| Answer::Index(u32::try_from(count).unwrap_or(u32::MAX));
    let mut all = match callback {
        Callback::Name { .. } => vec![text(long(limits.username_chars)), secret("x".to_owned())],
        Callback::TextInput { .. } | Callback::HiddenValue { .. } => {
            vec![text(long(limits.answer_bytes)), secret("x".to_owned())]
        }
        Callback::Password { .. } => {
            vec![secret(long(limits.password_chars)), text("x".to_owned())]
        }
        Callback::ValidatedUsername { .. } => vec![
            Answer::Validated {
                text: long(limits.username_chars),
                validate_only: false,
            },
            text("x".to_owned()),
        ],
        Callback::ValidatedPassword { .. } => vec![
            Answer::ValidatedSecret {
                secret: Secret::new(long(limits.password_chars)),
                validate_only: true,
            },
            secret("x".to_owned()),
        ],
        Callback::Choice { choices, .. } => vec![
            out_of(choices.len()),
            Answer::Index(u32::MAX),
            Answer::Untouched,
        ],
        Callback::Confirmation {
            options, optional, ..
        } => {
            let mut all = vec![out_of(options.len()), Answer::Index(u32::MAX)];
            if !optional {
                all.push(Answer::Untouched);
            }
            all
        }
        _ => vec![text("x".to_owned()), Answer::Index(0), Answer::Untouched],
    };
    if callback.is_input() {
        all.push(Answer::None);
    }
    all
}
