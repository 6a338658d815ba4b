//! Properties that every journey should have, each one name for [`check!`](crate::check!).

use std::collections::BTreeSet;

use wayfare::{End, Event, Factor, FailureReason, model::journey::Sessions};
use wayfare_sim::Stop;

use crate::{
    moves::Move,
    run::{Run, STRANGER, Seen},
    walk,
};

/// All of them.
///
/// # Errors
/// The first that does not hold.
pub fn all(run: &Run) -> Result<(), String> {
    no_success_without_evidence(run)?;
    level_never_falls(run)?;
    ends_within_limits(run)?;
    ensured_properties_hold(run)?;
    no_secret_is_shown(run)?;
    misfits_change_nothing(run)?;
    strangers_see_the_same(run)?;
    same_seed_same_transcript(run)?;
    restoring_changes_nothing(run)
}

/// Nobody succeeds without evidence of who they are, unless the journey says `allow unproved_success` at an
/// arrow into success.
///
/// # Errors
/// A success without a factor of its subject.
pub fn no_success_without_evidence(run: &Run) -> Result<(), String> {
    let Some(success) = run.success() else {
        return Ok(());
    };
    let proved = success
        .evidence
        .iter()
        .any(|proof| proof.subject == success.subject.id && proof.factor != Factor::Session);
    let foreign = success
        .evidence
        .iter()
        .find(|proof| proof.subject != success.subject.id);
    if let Some(proof) = foreign {
        return Err(format!(
            "success of `{}` with a proof of another subject, at {}",
            success.subject.username, proof.node
        ));
    }
    if success.proved != proved {
        return Err(format!(
            "success says proved = {}, its evidence says {proved}",
            success.proved
        ));
    }
    let sessions = run
        .journey()
        .map(wayfare::model::journey::Journey::sessions);
    let may_be_unproved = match sessions {
        Some(Sessions::PartlyUnproved | Sessions::Unproved | Sessions::None) => true,
        Some(Sessions::Proved) | None => false,
    };
    if !proved && !may_be_unproved {
        return Err(format!(
            "success of `{}` without any evidence",
            success.subject.username
        ));
    }
    Ok(())
}

/// An upgrade is of the same subject, and the session that comes of it has no lower level; success is
/// never below what the journey claims.
///
/// # Errors
/// A success that is otherwise.
pub fn level_never_falls(run: &Run) -> Result<(), String> {
    let Some(success) = run.success() else {
        return Ok(());
    };
    let claimed = run.journey().and_then(|journey| journey.settings.level);
    if let Some(claimed) = claimed.filter(|claimed| success.level < *claimed) {
        return Err(format!(
            "success at level {} of a journey that claims {claimed}",
            success.level
        ));
    }
    let Some((name, before)) = run.began_with() else {
        return Ok(());
    };
    let owner = run.world().find(name).map(|user| &user.subject);
    if success.upgrades.is_some() && owner != Some(&success.subject.id) {
        return Err(format!(
            "the session of `{name}` is upgraded by a success of `{}`",
            success.subject.username
        ));
    }
    let opened = run.play().and_then(wayfare_sim::Play::opened);
    let Some(session) = opened.and_then(|handle| run.world().sessions.get(handle)) else {
        return Ok(());
    };
    if success.upgrades.is_some() && session.proved && session.level < before {
        return Err(format!(
            "an upgrade from level {before} made a session of level {}",
            session.level
        ));
    }
    Ok(())
}

/// No run ends because it visited too many nodes or kept too much.
///
/// # Errors
/// One does, or more was visited than may be.
pub fn ends_within_limits(run: &Run) -> Result<(), String> {
    if let Some(failure) = run.failure()
        && let FailureReason::TooManyVisits | FailureReason::StateTooLarge = failure.reason
    {
        return Err(failure.reason.to_string());
    }
    let limits = run.engine().limits();
    let entered = run.trace().iter();
    let entered = entered
        .filter(|event| matches!(event, Event::Left { .. }))
        .count();
    if entered > limits.visits_per_run as usize {
        return Err(format!("{entered} nodes were left in one run"));
    }
    for seen in run.stops() {
        if let Stop::Ask(ask) = &seen.stop
            && ask.callbacks.len() > limits.callbacks as usize
        {
            return Err(format!(
                "{} asks {} callbacks",
                seen.path,
                ask.callbacks.len()
            ));
        }
    }
    Ok(())
}

/// A run that is sealed and opened again at every stop is the same run.
///
/// # Errors
/// It is another, or it cannot be opened.
pub fn restoring_changes_nothing(run: &Run) -> Result<(), String> {
    same(run, &run.restored(), "sealed and opened at every stop")
}

/// The same seed and the same moves give the same run, byte for byte.
///
/// # Errors
/// They do not.
pub fn same_seed_same_transcript(run: &Run) -> Result<(), String> {
    same(run, &run.again(), "played again")
}

fn same(run: &Run, other: &Run, how: &str) -> Result<(), String> {
    let (left, right) = (run.transcript(), other.transcript());
    if left == right && run.refused() == other.refused() {
        return Ok(());
    }
    let differs = left.lines().zip(right.lines()).find(|(l, r)| l != r);
    let (was, is) = differs.unwrap_or(("it went on", "it ended early"));
    Err(format!(
        "{how} the run is another one:\n  was: {was}\n  is:  {is}"
    ))
}

/// Every `ensure` of the journeys at hand that speaks of the way of a run holds of this one: `every path`,
/// `never`, `at most`, and `auth_level >=` at success.
///
/// # Errors
/// One does not.
pub fn ensured_properties_hold(run: &Run) -> Result<(), String> {
    walk::ensured(run)
}

/// Nothing secret stands in the `Debug` of a run, of what it asks or of what it did.
///
/// Secrets are the passwords of the world, what was typed into password fields, and codes; those of fewer
/// than four characters are too common to tell.
///
/// # Errors
/// Something secret is shown.
pub fn no_secret_is_shown(run: &Run) -> Result<(), String> {
    let shown = [
        format!("{:?}", run.play().map(wayfare_sim::Play::session)),
        format!("{:?}", run.trace()),
        format!("{:?}", run.stops()),
        format!("{:?}", run.effects()),
        format!("{:?}", run.world().sessions),
        run.transcript(),
    ];
    let names: BTreeSet<&str> = run.world().users.keys().map(String::as_str).collect();
    let telling = run.secrets().iter().filter(|secret| {
        secret.chars().count() >= 4 && !names.contains(&***secret) && *secret != "wrong"
    });
    for secret in telling {
        if shown.iter().any(|shown| stands_in(shown, secret)) {
            return Err(format!("the secret `{secret}` is shown"));
        }
    }
    Ok(())
}

/// Whether a text stands in another, not as a part of a longer word or number.
fn stands_in(text: &str, secret: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(secret).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at + secret.len()..)
            .and_then(|after| after.chars().next());
        !is_word(before) && !is_word(after)
    })
}

/// Answers that do not fit are refused, and change nothing.
///
/// # Errors
/// Some are taken.
pub fn misfits_change_nothing(run: &Run) -> Result<(), String> {
    let Some(play) = run.play() else {
        return Ok(());
    };
    if run.end().is_some() || run.refused().is_some() {
        return Ok(());
    }
    let Some(Stop::Ask(ask)) = play.stop() else {
        return Ok(());
    };
    let limits = run.engine().limits();
    for misfit in crate::strategy::misfits(&ask, limits) {
        let mut other = play.clone();
        let told = format!("{misfit:?}");
        if other.answer(misfit).is_ok() {
            return Err(format!("answers that do not fit are taken: {told}"));
        }
        let before = (
            play.stop(),
            play.session().generation(),
            play.session().level(),
        );
        let after = (
            other.stop(),
            other.session().generation(),
            other.session().level(),
        );
        if before != after || play.world() != other.world() {
            return Err(format!("answers that do not fit change the run: {told}"));
        }
    }
    Ok(())
}

/// Whoever proves nothing cannot tell who is there: a run in which nobody was identified asks and ends alike
/// where the same is typed for a name that nobody has.
///
/// Names that are shown again where they were typed are passed over; effects may fail in one of the two runs
/// and not in the other, so runs with faults are not compared.
///
/// # Errors
/// It asks or ends otherwise.
pub fn strangers_see_the_same(run: &Run) -> Result<(), String> {
    let stranger = |seen: &Seen| seen.subject.is_none() && seen.evidence.is_empty();
    let faults = run.moves().contains(&Move::Fail);
    // Whoever succeeds was let in unproved, by a journey that says so.
    let unlike = faults
        || run.success().is_some()
        || run.began_with().is_some()
        || run.suspended().next().is_some();
    if unlike || !run.stops().iter().all(stranger) || !run.world().outbox.is_empty() {
        return Ok(());
    }
    let other = run.as_stranger();
    let (was, is) = (run.stops().len(), other.stops().len());
    if was != is {
        return Err(format!(
            "{was} stops for those who are known, {is} for a stranger"
        ));
    }
    for (seen, other) in run.stops().iter().zip(other.stops()) {
        let (left, right) = (face(run, seen), face(run, other));
        if left != right {
            return Err(format!("known: {left}\nstranger: {right}"));
        }
    }
    Ok(())
}

/// What somebody outside sees of a stop, with all names as one.
fn face(run: &Run, seen: &Seen) -> String {
    let mut text = match &seen.stop {
        Stop::Ask(ask) => format!("{ask:?}"),
        Stop::Suspended(suspended) => format!("{:?}", suspended.ask),
        Stop::Done(End::Success(_)) => "success".to_owned(),
        Stop::Done(End::Failure(failure)) => format!(
            "failure {:?} {:?} {:?} {:?}",
            failure.message, failure.details, failure.failure_url, failure.headers
        ),
    };
    let mut names: Vec<&str> = run.world().users.keys().map(String::as_str).collect();
    names.push(STRANGER);
    names.push("nobody");
    for name in names {
        text = text.replace(&format!("{name:?}"), "\"NAME\"");
    }
    text
}
