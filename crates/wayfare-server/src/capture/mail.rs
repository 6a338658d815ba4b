//! Mails with a code that leads back to a run that waits.

use serde_json::json;
use wayfare::headless::{Answers, Outcome};
use wayfare_wire::capture::{
    call::Native,
    error::{Code, Error},
    parameters::Parameters,
    reply::Answer,
};

use super::{
    Turn,
    access::redirects,
    client::Known,
    flow::{Asked, Use},
    ground::done,
    record::{EMAIL, EMAIL_VERIFIED, Found},
    token::{CODE, RUN, VERIFY},
};
use crate::headless::{self, Paused, Ran, Run};

/// What a mailed code is for, in the state that its redemption answers.
pub(super) const RECOVER: &str = "password_recover";

impl<'a> Turn<'a> {
    pub(super) async fn mail(
        &self,
        client: &'a Known,
        call: &Native,
        parameters: &Parameters,
    ) -> Result<Answer, Error> {
        let asked = self.asked(client, call)?;
        let verifies = asked.usage == Use::Verify;
        let link = link(client, call, verifies)?;
        self.checked(&asked, call, parameters)?;
        let answers = self.answers(&asked, parameters, None);
        let typed = asked
            .form
            .fields
            .first()
            .and_then(|(name, _)| parameters.filled(name));
        self.mails(typed).map_err(Error::mails)?;
        let known = match typed {
            Some(address) => self.find_by(EMAIL, address).await?,
            None => None,
        };
        let found = match &known {
            Some(subject) => {
                let who = wayfare::engine::effect::Who::Subject(subject.clone());
                self.whose(&who)
                    .await?
                    .filter(|found| found.identity.active)
            }
            None => None,
        };
        if self.place.capture.settings.strict_compat {
            let Some(found) = &found else {
                return Err(Self::incorrect(&asked, call));
            };
            if verifies && self.place.capture.verified(found).is_some() {
                return Err(done(asked, call));
            }
        }
        // Who is verified already is mailed nothing, nor is who is no longer let in, and whoever asks is told
        // nothing of it.
        let settled = match &found {
            Some(found) => verifies && self.place.capture.verified(found).is_some(),
            None => true,
        };
        let run = self.run(&asked, call, answers, None).await?;
        let Some(paused) = self.suspended(run, &asked, call)? else {
            return Ok(Answer::Ok);
        };
        // As much is written for them as for everybody else, and leads nowhere.
        let (found, paused) = if settled {
            (None, paused.unaddressed())
        } else {
            (found.as_ref(), paused)
        };
        self.send_code(client, found, paused, &link, verifies)
            .await?;
        Ok(Answer::Ok)
    }

    /// Counts a mail that is asked for, whoever has the address.
    fn mails(&self, recipient: Option<&str>) -> Result<(), u64> {
        let Turn { app, parts, .. } = self;
        let mails = &self.place.capture.mails;
        mails.take(recipient, parts.client, &app.config.limits, app.clock.now())
    }

    /// Keeps a run that waits under a code, and sees to it that the code is mailed.
    async fn send_code(
        &self,
        client: &Known,
        found: Option<&Found>,
        paused: Paused,
        link: &Link,
        verifies: bool,
    ) -> Result<(), Error> {
        let subject = found.map(Found::subject).unwrap_or_default();
        let granted = self.grant(subject, &client.id)?;
        let email = found.and_then(|found| self.place.capture.email(found));
        let (kind, life, data) = if verifies {
            let data = json!({ "attribute": EMAIL_VERIFIED, "of": email, RUN: paused.kept() });
            (VERIFY, client.settings.verification_code_lifetime, data)
        } else {
            let state = json!({ "capture": { "action": RECOVER, "password_recover": true } });
            let data = json!({
                "redirect_uris": link.redirect_uris,
                "purpose": RECOVER,
                "of": email,
                "state": state,
                RUN: paused.kept(),
            });
            (CODE, client.settings.recover_code_lifetime, data)
        };
        let mut minted = self.minted(kind, &granted, life, data)?;
        minted.new.token.exp = minted.new.token.exp.min(paused.until());
        if found.is_none() {
            minted.new.token.subject = None;
        }
        let address = link.with(minted.secret.reveal());
        // Those mailed before are good no more.
        let kept = self.app.store().put_newest_token(minted.new, RUN).await;
        self.stored(kept)?;
        let sent = paused.deliver(self.app, &address).await;
        self.stored(sent)
    }

    /// Mails whoever has just registered a code to verify the address with.
    pub(super) async fn mail_verification(
        &self,
        client: &Known,
        call: &Native,
        found: &Found,
    ) -> Result<(), Error> {
        let (Some(url), Some(email)) = (
            &client.settings.verify_email_url,
            self.place.capture.email(found),
        ) else {
            return Ok(());
        };
        // The account is made, and whoever made it is told nothing of it: they may not be the one who reads the
        // mails. An account may change its address, so that one address is registered as often as somebody likes.
        if self.mails(Some(email)).is_err() {
            self.app.log.error(
                "a mail to verify an address was not sent: there are too many to it, or from its source",
            );
            return Ok(());
        }
        let settings = &self.place.capture.settings;
        let mut answers = Answers::new();
        if let Some(attribute) = settings.attributes.get(EMAIL) {
            answers.text(attribute, email);
        }
        let wish = self.wish(&settings.journeys.verify, call, answers, None);
        if let Ran::Done(run) = Box::pin(headless::run(self.app, wish)).await
            && let Some(paused) = run.paused
        {
            let link = Link::to(url, "verification_code", Vec::new());
            return self
                .send_code(client, Some(found), paused, &link, true)
                .await;
        }
        // The account is made; another mail can be asked for.
        self.app
            .log
            .error("a mail to verify an address could not be sent");
        Ok(())
    }

    fn suspended(
        &self,
        run: Box<Run>,
        asked: &Asked<'_>,
        call: &Native,
    ) -> Result<Option<Paused>, Error> {
        match run.outcome {
            Outcome::Suspended(_) => Ok(run.paused),
            other => Err(self.failed(&other, asked, call)),
        }
    }
}

/// Where a mail leads.
struct Link {
    url: String,
    parameter: &'static str,
    redirect_uris: Vec<String>,
}

impl Link {
    fn to(url: &str, parameter: &'static str, redirect_uris: Vec<String>) -> Self {
        Self {
            url: url.to_owned(),
            parameter,
            redirect_uris,
        }
    }

    fn with(&self, code: &str) -> String {
        let mark = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{mark}{}={code}", self.url, self.parameter)
    }
}

/// Where a mail leads: where the settings say, else where the request says, if the client may be sent there.
/// Whoever asks for a mail need not be its reader, so that it must not lead anywhere else.
fn link(client: &Known, call: &Native, verifies: bool) -> Result<Link, Error> {
    let (set, parameter) = if verifies {
        (&client.settings.verify_email_url, "verification_code")
    } else {
        (&client.settings.password_recover_url, "code")
    };
    let named = call.redirect_uri.as_deref().unwrap_or_default();
    redirects(client, named)?;
    let mut uris = vec![named.to_owned()];
    let url = match set {
        Some(url) => {
            // Clients redeem the code with the address that they were called at.
            uris.push(url.clone());
            url.as_str()
        }
        None if !client.settings.redirect_uris.is_empty() => named,
        None => {
            let message = "the client has no address for mails to lead to";
            return Err(Error::new(Code::FlowError, message));
        }
    };
    Ok(Link::to(url, parameter, uris))
}
