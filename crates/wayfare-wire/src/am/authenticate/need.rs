//! What an exchange asks of its embedder, and what it is given.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Advice, Effect, EffectReply, Realm, Secret, StartSession, SubjectId, Success, Timestamp, Value,
    engine::{
        effect::{EffectId, SessionRef},
        output::Measure,
        step::{Call, FailureReason},
    },
};

use crate::{
    am::{cookie::Cookie, error::Refusal, reply::Reply},
    claims::{Claim, Claimed, Kept, RunEnd, StepClaims},
};

/// The next thing to do; each says what it is answered by.
#[derive(Debug)]
pub enum Need {
    /// Look up the session of this token, whatever its realm: [`Given::Session`].
    Session(Secret<String>),
    /// Look up the session of this handle, whatever its realm: [`Given::Session`].
    SessionOf(SessionRef),
    /// Look up the journey that a user of the realm is to take: [`Given::UserJourney`].
    UserJourney(String),
    /// Ask the policies of the realm what is missing for a resource: [`Given::Policy`].
    Policy {
        /// The address of the resource.
        resource: String,
        /// Whose session came along.
        session: Option<SessionRef>,
    },
    /// Look up a transaction of the realm that may be begun, or begun again, by whoever holds the session
    /// that came along; from now on it is under way: [`Given::Transaction`].
    Transaction {
        /// Its id.
        id: Arc<str>,
        /// Whose session came along.
        subject: Option<SubjectId>,
    },
    /// Say whether there is room: [`Given::Admitted`], [`Given::Busy`], [`Given::TooManyRuns`].
    Admit(Admission),
    /// Read the state kept for a generation: [`Given::State`].
    State {
        /// The run.
        run: u128,
        /// The generation.
        generation: u32,
    },
    /// Claim a step: [`Given::Claimed`].
    Claim(Claim),
    /// Do something outside: [`Given::Effect`].
    Perform(Arc<Call>),
    /// See to it that the link of a suspended run is sent: [`Given::Done`], at once. The reply is the same
    /// whatever comes of it, and must not take longer where there is somebody to send it to; so this is asked
    /// where there is nobody, too. [`Given::Failed`] where it cannot be seen to, for one as for the other.
    Deliver(Box<Delivery>),
    /// Keep state: [`Given::Done`].
    Keep(Kept),
    /// End a run that failed: [`Given::Done`].
    End(RunEnd),
    /// End a run that succeeded and makes no session: [`Given::Done`].
    Pass(Box<Pass>),
    /// Make the session and end the run, in one transaction: [`Given::Made`], [`Given::NotMade`],
    /// [`Given::OverQuota`].
    Finish(Box<Finish>),
    /// Conclude a transaction and end its run, in one transaction of the store, where no session is made:
    /// [`Given::Done`]; [`Given::NotMade`] where it is concluded already, expired, or the session it
    /// rests on is gone.
    Conclude(Box<Conclusion>),
    /// Send this; the exchange is over.
    Reply(Reply),
}

impl Need {
    /// The answer where a store of steps has one: it admits everything, and forgets what is over.
    ///
    /// # Errors
    /// It is not the store's to answer; the need comes back.
    pub fn kept_in(self, claims: &dyn StepClaims, now: Timestamp) -> Result<Given, Self> {
        let answered = match self {
            Self::Admit(_) => claims.purge(now).map(|()| Given::Admitted),
            Self::State { run, generation } => claims.kept(run, generation).map(Given::State),
            Self::Claim(claim) => claims.claim(&claim).map(Given::Claimed),
            Self::Keep(kept) => claims.keep(kept).map(|()| Given::Done),
            Self::End(end) => claims.end(end).map(|()| Given::Done),
            Self::Pass(pass) => {
                let ended = pass.end.map_or(Ok(()), |end| claims.end(end));
                ended.map(|()| Given::Done)
            }
            other => return Err(other),
        };
        Ok(answered.unwrap_or(Given::Failed))
    }

    /// The answer of a server that has no such thing: no session to step up from, no journey of a user,
    /// no policy, no transaction. What every server must do has failed.
    pub fn declined(&self) -> Given {
        match self {
            Self::Session(_) | Self::SessionOf(_) => Given::Session(None),
            Self::UserJourney(_) => Given::UserJourney(None),
            Self::Policy { .. } => Given::Policy(None),
            Self::Transaction { .. } => Given::Transaction(None),
            Self::Conclude(_) => Given::NotMade,
            _ => Given::Failed,
        }
    }
}

/// What a step will take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// Whether a run begins, which counts against how many may be open.
    pub start: bool,
    /// Whether a secret may be compared before the next stop. Whoever is admitted has a place for it and
    /// is not sent away later.
    pub verify: bool,
}

/// A valid session that came along with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its realm.
    pub realm: Realm,
    /// The session.
    pub session: StartSession,
}

/// What is to be sent for a suspended run.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id; there is one where nothing is sent, too.
    pub id: EffectId,
    /// The journey of the run, for the audit.
    pub node: Arc<str>,
    /// Until when the link may be followed.
    pub until: Timestamp,
    /// What to do with the link, which stands in it; `None` where there is nobody to send it to.
    pub effect: Option<Effect>,
}

impl Delivery {
    /// The effect as a call, where there is one.
    pub fn into_call(self) -> Option<Call> {
        let Self {
            id, node, effect, ..
        } = self;
        effect.map(|effect| Call { id, effect, node })
    }
}

/// A success that makes no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// The realm.
    pub realm: Realm,
    /// The run to end; `None` where it never had a token.
    pub end: Option<RunEnd>,
    /// Who got through; `None` where nothing was proved of them.
    pub proved: Option<SubjectId>,
}

/// A success that is to become a session.
#[derive(Debug)]
pub struct Finish {
    /// The realm.
    pub realm: Realm,
    /// The run to end; `None` where it never had a token.
    pub end: Option<RunEnd>,
    /// The success.
    pub success: Arc<Success>,
    /// The transaction that it approves, which is concluded together with it.
    pub transaction: Option<Arc<str>>,
}

/// A transaction that a run is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// Its id.
    pub id: Arc<str>,
    /// Its journey, by its name on the wire.
    pub journey: Arc<str>,
    /// Who must succeed.
    pub expects: Option<SubjectId>,
    /// What stands in shared state from the beginning.
    pub data: BTreeMap<Arc<str>, Value>,
    /// Whether the run confirms something for a session that stays as it is: success makes none.
    pub keeps_session: bool,
}

/// The end of a transaction without a new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// Its realm.
    pub realm: Realm,
    /// Its id.
    pub transaction: Arc<str>,
    /// Whether its run succeeded.
    pub approved: bool,
    /// Who got through; `None` where its run failed, or nothing was proved of them.
    pub proved: Option<SubjectId>,
    /// The session that it rests on.
    pub session: Option<SessionRef>,
    /// The run to end; `None` where it never had a token.
    pub end: Option<RunEnd>,
}

/// What is given to an exchange.
#[derive(Debug)]
pub enum Given {
    /// Nothing: the first call.
    Nothing,
    /// The valid session, if there is one.
    Session(Option<Beside>),
    /// The journey, where the user has one of their own; nothing where there is no such user.
    UserJourney(Option<Arc<str>>),
    /// What is missing, perhaps nothing; `None` where no policy knows the resource.
    Policy(Option<Advice>),
    /// The transaction, where it may be begun.
    Transaction(Option<Transaction>),
    /// There is room, and it is held.
    Admitted,
    /// No place to compare secrets is free.
    Busy {
        /// How many seconds to wait.
        retry_after: u32,
    },
    /// Too many runs are open.
    TooManyRuns {
        /// How many seconds to wait.
        retry_after: u32,
    },
    /// The state, if it is there.
    State(Option<Vec<u8>>),
    /// What became of the claim.
    Claimed(Claimed),
    /// The reply to the effect.
    Effect(EffectReply),
    /// It is done.
    Done,
    /// The session was made.
    Made {
        /// Its token.
        token: Secret<String>,
        /// Its properties, for details that show them.
        properties: BTreeMap<Arc<str>, Value>,
        /// The persistent cookies that its success asks for.
        cookies: Vec<Cookie>,
    },
    /// The session that this one was to replace, and rested on, is gone; nothing was made.
    NotMade,
    /// The user has as many sessions as there may be; nothing was made, and nothing ended.
    OverQuota,
    /// The store failed.
    Failed,
}

impl Given {
    /// A session with this token and no properties was made.
    pub fn made(token: String) -> Self {
        Self::Made {
            token: Secret::new(token),
            properties: BTreeMap::new(),
            cookies: Vec::new(),
        }
    }
}

/// What an exchange came to, for audits and counts; nothing secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The realm of the run.
    pub realm: Realm,
    /// The run.
    pub run: Option<u128>,
    /// The menu that the run was chosen from by this request; it is over.
    pub chosen_from: Option<u128>,
    /// The stop it stands at.
    pub generation: u32,
    /// The journey, by its name on the wire.
    pub journey: Option<Arc<str>>,
    /// The name typed so far.
    pub username: Option<Arc<str>>,
    /// Until when the run may go on; `None` where it is over or never began.
    pub open_until: Option<Timestamp>,
    /// The lines that nodes wrote, such as the time of a timer.
    pub notes: Vec<String>,
    /// What nodes have counted and timed.
    pub measures: Vec<Measure>,
    /// What it came to.
    pub verdict: Verdict,
}

/// What an exchange came to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is still under way.
    Pending,
    /// Something is asked.
    Asked,
    /// The run waits for someone to come back.
    Suspended,
    /// Someone logged in.
    Success {
        /// Whether there is a session.
        session: bool,
    },
    /// The session that came along is enough; nothing was run.
    Satisfied,
    /// The run failed.
    Failure(FailureReason),
    /// The run succeeded, but the session it rested on was gone.
    NotMade,
    /// The run succeeded, but the user has as many sessions as there may be.
    OverQuota,
    /// The request was refused.
    Refused(Refusal),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::ClaimsInMemory;

    #[test]
    fn what_a_server_has_not_is_declined_and_what_it_must_do_fails() {
        let session = Need::Session(Secret::from("token"));
        assert!(matches!(session.declined(), Given::Session(None)));
        let session = Need::SessionOf(SessionRef("handle".into()));
        assert!(matches!(session.declined(), Given::Session(None)));
        let journey = Need::UserJourney("demo".to_owned());
        assert!(matches!(journey.declined(), Given::UserJourney(None)));
        let policy = Need::Policy {
            resource: "https://app.example.com/".to_owned(),
            session: None,
        };
        assert!(matches!(policy.declined(), Given::Policy(None)));
        let transaction = Need::Transaction {
            id: "id".into(),
            subject: None,
        };
        assert!(matches!(transaction.declined(), Given::Transaction(None)));
        let state = Need::State {
            run: 1,
            generation: 0,
        };
        assert!(matches!(state.declined(), Given::Failed));
    }

    #[test]
    fn a_store_of_steps_answers_what_is_its_own() {
        let claims = ClaimsInMemory::default();
        let now = Timestamp::default();
        let state = Need::State {
            run: 1,
            generation: 0,
        };
        assert!(matches!(
            state.kept_in(&claims, now),
            Ok(Given::State(None))
        ));
        let admission = Admission {
            start: true,
            verify: true,
        };
        let admitted = Need::Admit(admission).kept_in(&claims, now);
        assert!(matches!(admitted, Ok(Given::Admitted)));
        let journey = Need::UserJourney("demo".to_owned()).kept_in(&claims, now);
        assert!(matches!(journey, Err(Need::UserJourney(_))));
    }
}
