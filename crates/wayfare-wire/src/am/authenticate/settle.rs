//! The end of an exchange: the next token, or the end of the run.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use wayfare::{
    Ask, AuthSession, End, Failure, FailureReason, Secret, SubjectId, Success, Timestamp, Value,
    engine::{effect::SessionRef, step::Suspended},
};

use super::{
    Conclusion, Delivery, Exchange, Finish, Given, Need, Pass, State, Verdict,
    site::NoSessionMessage,
    token::{Head, Kind},
};
use crate::{
    am::{
        auth_id::{self, Claims, OneTimeKey},
        error::{LOGIN_FAILURE, Refusal, code_text, escape, failure},
        reply::{self, Login, Reply},
        version::Version,
    },
    claims::{Kept, RunEnd},
    seal::Sealer,
};

/// What is waited for when only the reply is left.
pub(super) enum Closing {
    /// For the state to be kept, then for the link to be seen to, where the run waits for someone.
    Keep(Reply, Option<Box<Delivery>>),
    /// For the link to be sent.
    Deliver(Reply),
    /// For the end of the run.
    End(Reply),
    /// For the session.
    Finish(Arc<Success>),
    /// For the transaction to be concluded.
    Conclude(Reply),
}

/// A token, and the state that must be kept before it is sent.
struct Made {
    auth_id: String,
    kept: Option<Kept>,
}

impl Exchange<'_> {
    /// Sends what a run asks, with the token of the stop it stands at.
    pub(super) fn ask(&mut self, session: &AuthSession, ask: &Ask) -> Result<Need, Refusal> {
        let made = self.token(session, None)?;
        self.verdict = Verdict::Asked;
        self.open_until = Some(session.expires_at());
        let reply = reply::step(&made.auth_id, ask).cookie(self.settings.cookies.balancer());
        match made.kept {
            None => Ok(self.send(reply)),
            Some(kept) => {
                self.state = State::Closing(Closing::Keep(reply, None));
                Ok(Need::Keep(kept))
            }
        }
    }

    /// Keeps a run that waits for someone, and has the link sent.
    pub(super) fn suspend(
        &mut self,
        session: &AuthSession,
        suspended: &Suspended,
    ) -> Result<Need, Refusal> {
        let link = self.token(session, Some((Kind::Suspended, suspended.until)))?;
        let kept = link.kept.ok_or(Refusal::Internal)?;
        // The token of the reply holds nothing that can be answered; only the link goes on.
        let shown = self.token(session, Some((Kind::Kept, suspended.until)))?;
        self.verdict = Verdict::Suspended;
        self.open_until = Some(suspended.until);
        let address = self.link(&link.auth_id);
        let deliver = Box::new(Delivery {
            id: suspended.id,
            node: Arc::clone(&session.start().journey),
            until: suspended.until,
            effect: suspended
                .deliver
                .clone()
                .map(|effect| effect.addressed(&address)),
        });
        let reply =
            reply::step(&shown.auth_id, &suspended.ask).cookie(self.settings.cookies.balancer());
        self.state = State::Closing(Closing::Keep(reply, Some(deliver)));
        Ok(Need::Keep(kept))
    }

    fn link(&self, id: &str) -> String {
        let page = &self.settings.login_page;
        let mark = if page.contains('?') { '&' } else { '?' };
        let mut link = format!(
            "{page}{mark}suspendedId={id}&realm={}",
            encoded(self.realm.as_str())
        );
        if let (Some(ty), Some(value)) = (self.asked.ty, &self.asked.value) {
            link.push_str("&authIndexType=");
            link.push_str(&encoded(ty));
            link.push_str("&authIndexValue=");
            link.push_str(&encoded(value));
        }
        link
    }

    /// The token of the stop that a run stands at.
    fn token(
        &mut self,
        session: &AuthSession,
        waits: Option<(Kind, Timestamp)>,
    ) -> Result<Made, Refusal> {
        let keys = self.site.keys(&self.realm).ok_or(Refusal::Internal)?;
        let exp = waits.map_or(session.expires_at(), |(_, until)| until);
        let mut head = Head {
            kind: waits.map_or(Kind::Contained, |(kind, _)| kind),
            epoch: self.site.epoch(),
            run: session.run_id(),
            generation: session.generation(),
            program: session.program(),
            realm: self.home.clone(),
        };
        let cipher = Sealer::new(&keys, self.host);
        let sealed = session
            .seal(&cipher, &head.associated(&self.realm))
            .map_err(|_| Refusal::Internal)?;
        // A row that is kept for too short a time must be told so.
        let outlives = self.kept_until.is_some_and(|until| exp > until);
        if sealed.len() > self.settings.sealed_bytes_max || outlives {
            head.kind = waits.map_or(Kind::Kept, |(kind, _)| kind);
        }
        let mut made = self.signed(&head, &sealed, exp, &keys)?;
        if made.len() > self.settings.auth_id_bytes_max.min(auth_id::BYTES_MAX) {
            head.kind = waits.map_or(Kind::Kept, |(kind, _)| kind);
            made = self.signed(&head, &sealed, exp, &keys)?;
        }
        let kept = (head.kind != Kind::Contained).then_some(Kept {
            run: head.run,
            generation: head.generation,
            keep: exp,
            state: sealed,
        });
        Ok(Made {
            auth_id: made,
            kept,
        })
    }

    pub(super) fn signed(
        &self,
        head: &Head,
        sealed: &[u8],
        exp: Timestamp,
        keys: &crate::seal::RealmKeys,
    ) -> Result<String, Refusal> {
        let state = if head.kind.holds_state() { sealed } else { &[] };
        let claims = Claims {
            index_value: self.asked.value.as_deref().map(Cow::Borrowed),
            otk: OneTimeKey::draw(self.host).map_err(|_| Refusal::Internal)?,
            index_type: self.asked.ty,
            realm: self.realm.as_str(),
            session_id: Cow::Owned(head.write(state)),
            exp: exp.seconds(),
            iat: self.host.now().seconds(),
        };
        Ok(auth_id::sign(&claims, keys))
    }

    /// The end of a run.
    pub(super) fn end(&mut self, session: &AuthSession, end: End) -> Need {
        let run_end = self.kept_until.map(|keep| RunEnd {
            run: session.run_id(),
            keep: keep.max(session.expires_at()),
        });
        let transaction = session.start().transaction.clone();
        match end {
            End::Success(mut success) => {
                if !self.settings.goto_first && success.journey_url.is_some() {
                    let success = Arc::make_mut(&mut success);
                    success.success_url.clone_from(&success.journey_url);
                }
                match transaction {
                    _ if !success.no_session && !self.no_session => {
                        self.finish(success, run_end, transaction)
                    }
                    Some(transaction) => {
                        self.verdict = Verdict::Success { session: false };
                        // The session that came along stays as it is, and its token with it.
                        let kept = success.upgrades.as_ref().filter(|_| !self.no_session);
                        let token = kept.map(|_| Secret::new(self.existing_token()));
                        let reply = self.logged_in(&success, token.as_ref(), &BTreeMap::new());
                        let who = proved(&success);
                        let session = success.upgrades.clone();
                        self.conclude((transaction, true), (who, session), run_end, reply)
                    }
                    None => {
                        self.verdict = Verdict::Success { session: false };
                        let reply = self.logged_in(&success, None, &BTreeMap::new());
                        self.state = State::Closing(Closing::End(reply));
                        Need::Pass(Box::new(Pass {
                            realm: self.home.clone(),
                            end: run_end,
                            proved: proved(&success),
                        }))
                    }
                }
            }
            End::Failure(failed) => {
                let expected = session.start().expects.is_some();
                let reply = self.failed(&failed, expected);
                self.verdict = Verdict::Failure(failed.reason.clone());
                match transaction {
                    Some(transaction) => {
                        self.conclude((transaction, false), (None, None), run_end, reply)
                    }
                    None => self.bury(run_end, reply),
                }
            }
        }
    }

    fn finish(
        &mut self,
        success: Arc<Success>,
        end: Option<RunEnd>,
        transaction: Option<Arc<str>>,
    ) -> Need {
        self.state = State::Closing(Closing::Finish(Arc::clone(&success)));
        Need::Finish(Box::new(Finish {
            realm: self.home.clone(),
            end,
            success,
            transaction,
        }))
    }

    fn conclude(
        &mut self,
        (transaction, approved): (Arc<str>, bool),
        (proved, session): (Option<SubjectId>, Option<SessionRef>),
        end: Option<RunEnd>,
        reply: Reply,
    ) -> Need {
        self.state = State::Closing(Closing::Conclude(reply));
        Need::Conclude(Box::new(Conclusion {
            realm: self.home.clone(),
            transaction,
            approved,
            proved,
            session,
            end,
        }))
    }

    fn bury(&mut self, run_end: Option<RunEnd>, reply: Reply) -> Need {
        match run_end {
            // It never had a token: there is nothing to end.
            None => self.send(reply),
            Some(end) => {
                self.state = State::Closing(Closing::End(reply));
                Need::End(end)
            }
        }
    }

    pub(super) fn close(&mut self, closing: Closing, given: Given) -> Result<Need, Refusal> {
        match (closing, given) {
            // At an end the last token is used: a row that could not be marked cannot be claimed either.
            (
                Closing::Keep(reply, None)
                | Closing::Deliver(reply)
                | Closing::Conclude(reply)
                | Closing::End(reply),
                Given::Done,
            ) => Ok(self.send(reply)),
            // A failure is one in any case; a success is not told while the store cannot keep its end.
            (Closing::End(reply), Given::Failed) if reply.status >= 400 => Ok(self.send(reply)),
            (Closing::Keep(reply, Some(delivery)), Given::Done) => {
                self.state = State::Closing(Closing::Deliver(reply));
                Ok(Need::Deliver(delivery))
            }
            (
                Closing::Finish(success),
                Given::Made {
                    token,
                    properties,
                    cookies: remembered,
                },
            ) => {
                self.verdict = Verdict::Success { session: true };
                let reply = self.logged_in(&success, Some(&token), &properties);
                let cookies = self.settings.cookies.login(token.reveal());
                let reply = reply
                    .cookie(self.settings.cookies.balancer())
                    .with_cookies(cookies)
                    .with_cookies(self.foreign(remembered));
                Ok(self.send(reply))
            }
            (Closing::Finish(_) | Closing::Conclude(_), Given::NotMade) => {
                self.verdict = Verdict::NotMade;
                let version = self.served.map(|served| served.version);
                let reply = failure(401, LOGIN_FAILURE, None, &BTreeMap::new(), version);
                Ok(self.send(reply))
            }
            (Closing::Finish(_), Given::OverQuota) => {
                self.verdict = Verdict::OverQuota;
                let version = self.served.map(|served| served.version);
                Ok(self.send(Refusal::SessionLimit.reply(version)))
            }
            _ => Err(Refusal::Internal),
        }
    }

    fn logged_in(
        &self,
        success: &Success,
        token: Option<&Secret<String>>,
        properties: &BTreeMap<Arc<str>, Value>,
    ) -> Reply {
        let mut details = success.details.clone();
        for (shown, property) in &success.session_details {
            if let Some(value) = properties.get(property) {
                details.insert(Arc::clone(shown), value.clone());
            }
        }
        let settings = self.site.settings(&self.home);
        let login = Login {
            token: token.map(|token| token.reveal().as_str()),
            success_url: success
                .success_url
                .as_deref()
                .unwrap_or(&settings.success_url),
            realm: &self.home,
            details: &details,
            message: self.says_so(),
        };
        reply::login(&login).node_headers(&success.headers)
    }

    /// Whether success without a session says so in words.
    pub(super) fn says_so(&self) -> bool {
        let requested = self.served.and_then(|served| served.requested);
        match self.settings.no_session_message {
            NoSessionMessage::Always => true,
            NoSessionMessage::Never => false,
            NoSessionMessage::Auto => requested.is_none_or(|asked| asked <= Version::new(2, 0)),
        }
    }

    fn failed(&self, failed: &Failure, expected: bool) -> Reply {
        let version = self.served.map(|served| served.version);
        // Whom a transaction expects is not told; whose the session is, its holder knows.
        if failed.reason == FailureReason::OtherSubject && !expected {
            return Refusal::OtherSubject.reply(version);
        }
        let locked = self.settings.locked_message && failed.reason == FailureReason::Inactive;
        let message = match failed.lockout_message.as_ref().or(failed.message.as_ref()) {
            _ if locked && failed.lockout_message.is_none() => code_text(112).to_owned(),
            Some(message) => escape(message),
            None => LOGIN_FAILURE.to_owned(),
        };
        let settings = self.site.settings(&self.home);
        let journeys = failed
            .journey_url
            .as_deref()
            .filter(|_| !self.settings.goto_first);
        let url = journeys
            .or(failed.failure_url.as_deref())
            .or(settings.failure_url.as_deref());
        failure(401, &message, url, &failed.details, version).node_headers(&failed.headers)
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) -> Need {
        let reply = refusal.reply(self.served.map(|served| served.version));
        // A version that is not served is not named.
        if matches!(refusal, Refusal::Version(_)) {
            self.served = None;
        }
        self.verdict = Verdict::Refused(refusal);
        self.send(reply)
    }

    pub(super) fn send(&mut self, reply: Reply) -> Need {
        self.state = State::Over;
        let reply = match self.served {
            Some(served) => reply.served(served),
            None => reply,
        };
        Need::Reply(match self.parts.transaction_id() {
            Some(id) => reply.header("x-forgerock-transactionid", id.to_owned()),
            None => reply,
        })
    }
}

/// Of whom something was proved; a success that was let through without says nothing of its user.
fn proved(success: &Success) -> Option<SubjectId> {
    success.proved.then(|| success.subject.id.clone())
}

/// A text as part of a query.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
