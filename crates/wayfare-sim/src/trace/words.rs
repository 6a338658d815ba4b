//! A record in words.

use wayfare::GroundKind;

use super::{
    Trace,
    line::{
        AnswerLine, AskLine, BackchannelLine, CallLine, EndLine, ExternalLine, InputLine, Line,
        MissLine, ReplyLine, SocialLine, VerdictLine,
    },
};

/// What a run did, one entry for each thing that whoever compares runs looks at.
pub(super) fn course(trace: &Trace) -> Vec<String> {
    let lines = trace.lines.iter();
    lines
        .filter_map(|line| match line {
            Line::Entered { .. }
            | Line::Request(_)
            | Line::Input(_)
            | Line::Clock(_)
            | Line::NoRandomness(_) => None,
            // Older records have no grounds; a ground that differs is told of the end.
            Line::Done(EndLine::Failure {
                reason, message, ..
            }) => Some(failure(reason, None, message.as_deref())),
            _ => Some(sentence(line)),
        })
        .collect()
}

/// A line in words.
fn sentence(line: &Line) -> String {
    match line {
        Line::Request(request) => {
            let from = request
                .client
                .map_or_else(String::new, |ip| format!(" from {ip}"));
            format!("a request{from}")
        }
        Line::Input(input) => given(input),
        Line::Entered { node } => format!("{node} is entered"),
        Line::Left { node, outcome } => format!("{node} -> {outcome}"),
        Line::Failed { node, message } => format!("{node} fails: {message}"),
        Line::Clock(reads) => reads
            .first()
            .map_or_else(String::new, |read| format!("the clock says {}", read.at)),
        Line::NoRandomness(_) => "there is no randomness".to_owned(),
        Line::Ask(ask) => format!("asks {}", asked(ask)),
        Line::Call(call) => wanted(call),
        Line::Suspended(_) => "waits for somebody to follow a link".to_owned(),
        Line::Done(end) => ended(end),
        Line::Refused(why) => format!("refuses the step: {why}"),
    }
}

fn asked(ask: &AskLine) -> String {
    let one = |callback: &super::CallbackLine| {
        let kind = &callback.kind;
        let name = kind.strip_suffix("Callback").unwrap_or(kind);
        match &callback.prompt {
            Some(prompt) if !prompt.is_empty() => format!("{name} {prompt:?}"),
            _ => name.to_owned(),
        }
    };
    let all: Vec<String> = ask.callbacks.iter().map(one).collect();
    format!("[{}]", all.join(", "))
}

fn wanted(call: &CallLine) -> String {
    let about = if call.about.is_empty() {
        String::new()
    } else {
        format!(" ({})", call.about.join(", "))
    };
    format!("{} wants {}{about}", call.node, call.kind)
}

fn given(input: &InputLine) -> String {
    match input {
        InputLine::Begin => "the run begins".to_owned(),
        InputLine::Answers(answers) => {
            let one = |answer: &AnswerLine| match answer {
                AnswerLine::Text(text) | AnswerLine::Validated { text, .. } => format!("{text:?}"),
                AnswerLine::Hidden(there)
                | AnswerLine::Secret(there)
                | AnswerLine::ValidatedSecret { there, .. } => {
                    if *there { "(hidden)" } else { "(empty)" }.to_owned()
                }
                AnswerLine::Index(index) => format!("choice {}", u64::from(*index) + 1),
                AnswerLine::Fields(fields) => {
                    let shown = |(_, text): &(String, Option<String>)| match text {
                        Some(text) => format!("{text:?}"),
                        None => "(hidden)".to_owned(),
                    };
                    fields.iter().map(shown).collect::<Vec<_>>().join(", ")
                }
                AnswerLine::Untouched => "no button".to_owned(),
                AnswerLine::None => "-".to_owned(),
            };
            let all: Vec<String> = answers.iter().map(one).collect();
            format!("answers {}", all.join(", "))
        }
        InputLine::Reply(reply) => match reply {
            ReplyLine::Match(identity) => format!("outside: right, {}", identity.username),
            ReplyLine::Miss | ReplyLine::Missed(MissLine::Wrong) => "outside: wrong".to_owned(),
            ReplyLine::Missed(MissLine::NoPassword) => "outside: there is none".to_owned(),
            ReplyLine::Missed(MissLine::Locked) => "outside: no tries are left".to_owned(),
            ReplyLine::Policy(said) => policy(said),
            ReplyLine::Identity(Some(identity)) => format!("outside: {}", identity.username),
            ReplyLine::Identity(None) | ReplyLine::Missed(MissLine::Unknown) => {
                "outside: nobody".to_owned()
            }
            ReplyLine::StatusSet(true) => "outside: set".to_owned(),
            ReplyLine::StatusSet(false) => "outside: nobody to set".to_owned(),
            ReplyLine::Sent => "outside: taken".to_owned(),
            ReplyLine::Session(Some(session)) => {
                format!("outside: a session of {}", session.username)
            }
            ReplyLine::Session(None) => "outside: no such session".to_owned(),
            ReplyLine::External(ExternalLine::Went(went)) => format!("outside: {}", went.outcome),
            ReplyLine::External(ExternalLine::Asked { .. }) => "outside: asks".to_owned(),
            ReplyLine::External(ExternalLine::Waits { .. }) => "outside: waits".to_owned(),
            ReplyLine::External(ExternalLine::Taken) => "outside: took the link".to_owned(),
            ReplyLine::Custom(_) => "outside: answered".to_owned(),
            ReplyLine::Written(identity) => format!("outside: `{}` is written", identity.username),
            ReplyLine::Refused(unmet) => {
                let names: Vec<&str> = unmet.iter().map(|(name, _)| name.as_str()).collect();
                format!("outside: not written, {}", names.join(", "))
            }
            ReplyLine::Remembered(Some((identity, _))) => {
                format!("outside: a cookie of {}", identity.username)
            }
            ReplyLine::Remembered(None) => "outside: a worthless cookie".to_owned(),
            ReplyLine::Devices(devices) => format!("outside: {} devices", devices.len()),
            ReplyLine::DeviceStored(true) => "outside: the device is kept".to_owned(),
            ReplyLine::DeviceStored(false) => "outside: no room for the device".to_owned(),
            ReplyLine::DeviceRemoved(true) => "outside: the device is forgotten".to_owned(),
            ReplyLine::DeviceRemoved(false) => "outside: no such device".to_owned(),
            ReplyLine::Backchannel(said) => match said {
                BackchannelLine::Opened => "outside: a transaction is open".to_owned(),
                BackchannelLine::Full => "outside: no transaction was opened".to_owned(),
                BackchannelLine::Stands { state, .. } => {
                    format!("outside: the transaction stands at {state}")
                }
                BackchannelLine::Told(true) => "outside: the word is kept".to_owned(),
                BackchannelLine::Told(false) => "outside: the word is not kept".to_owned(),
            },
            ReplyLine::Sealed => "outside: it is encrypted".to_owned(),
            ReplyLine::Names(Some(name)) => format!("outside: names `{name}`"),
            ReplyLine::Names(None) => "outside: names nobody".to_owned(),
            ReplyLine::Social(said) => match said {
                SocialLine::Providers(names) => format!("outside: providers {}", names.join(", ")),
                SocialLine::Redirect => "outside: the way to the provider".to_owned(),
                SocialLine::Native => "outside: what an app needs".to_owned(),
                SocialLine::Unknown => "outside: no such provider".to_owned(),
                SocialLine::Told { subject, .. } => format!("outside: it is `{subject}` there"),
                SocialLine::Denied(why) => format!("outside: not believed, {why}"),
            },
            ReplyLine::Judged(_) => "outside: judged".to_owned(),
            ReplyLine::Document(None) => "outside: no such document".to_owned(),
            ReplyLine::Document(Some(_)) => "outside: a document".to_owned(),
            ReplyLine::Failed(why) => format!("outside: failed, {why}"),
        },
        InputLine::Resume => "the link is followed".to_owned(),
    }
}

fn ended(end: &EndLine) -> String {
    match end {
        EndLine::Success {
            subject,
            level,
            factors,
            ..
        } => {
            let by = if factors.is_empty() {
                "nothing proved".to_owned()
            } else {
                format!("proved by {}", factors.join(" and "))
            };
            format!("success of {subject} at level {level}, {by}")
        }
        EndLine::Failure {
            reason,
            ground,
            message,
        } => failure(reason, ground.as_deref(), message.as_deref()),
    }
}

impl EndLine {
    /// The end in words.
    pub fn words(&self) -> String {
        ended(self)
    }
}

impl Trace {
    /// The run in words, a line for each thing that happened.
    pub fn words(&self) -> String {
        let start = &self.header.start;
        let mut text = format!(
            "journey {:?} in {}, program {}\n",
            start.journey,
            start.realm,
            self.header
                .program
                .get(..12)
                .unwrap_or(&self.header.program)
        );
        let began = self.header.began.first().map_or(0, |read| read.at);
        let mut now = began;
        for line in &self.lines {
            match line {
                Line::Clock(reads) => {
                    if let Some(read) = reads.last()
                        && read.at != now
                    {
                        now = read.at;
                        let since = now.saturating_sub(began);
                        let ms = since % 1_000;
                        text.push_str(&format_time(since / 1_000, ms));
                    }
                }
                Line::Entered { .. } => {}
                Line::Input(_) | Line::Request(_) => {
                    text.push_str("> ");
                    text.push_str(&sentence(line));
                    text.push('\n');
                }
                _ => {
                    text.push_str("  ");
                    text.push_str(&sentence(line));
                    text.push('\n');
                }
            }
        }
        text
    }

    /// The way that the run took, as one line: `login/check.true -> …`.
    pub fn way(&self) -> String {
        let steps: Vec<String> = self
            .lines
            .iter()
            .filter_map(|line| match line {
                Line::Left { node, outcome } => Some(format!("{node}.{outcome}")),
                Line::Failed { node, .. } => Some(format!("{node} on error")),
                Line::Done(EndLine::Success { .. }) => Some("success".to_owned()),
                Line::Done(EndLine::Failure { .. }) => Some("failure".to_owned()),
                _ => None,
            })
            .collect();
        steps.join(" -> ")
    }
}

fn failure(reason: &str, ground: Option<&str>, message: Option<&str>) -> String {
    // Which say no more than the reason.
    let plain = [GroundKind::Rejected, GroundKind::Internal].map(GroundKind::word);
    let ground = ground.filter(|word| !plain.contains(word));
    let ground = ground.map_or_else(String::new, |word| format!(", {word}"));
    match message {
        Some(message) => format!("failure: {reason}{ground} ({message:?})"),
        None => format!("failure: {reason}{ground}"),
    }
}

fn format_time(seconds: u64, ms: u64) -> String {
    format!("  (after {seconds}.{ms:03} s)\n")
}

fn policy(said: &VerdictLine) -> String {
    match said {
        VerdictLine::Locked => "outside: locked".to_owned(),
        VerdictLine::Expired => "outside: the password has lapsed".to_owned(),
        VerdictLine::MustChange(whose) => {
            format!("outside: right, {}, to be changed", whose.username)
        }
        VerdictLine::Expires(whose, seconds) => {
            format!("outside: right, {}, lapses in {seconds} s", whose.username)
        }
        VerdictLine::Grace(whose, left) => {
            format!(
                "outside: right, {}, lapsed, {left} times more",
                whose.username
            )
        }
    }
}
