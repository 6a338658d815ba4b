//! A server that answers: what may be asked of it from the same process, what runs beside its requests, and
//! its end.

use std::{fmt::Write as _, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use wayfare::{Realm, Secret, Timestamp};

use crate::{
    app::App,
    config::Journeys,
    devices::Devices,
    hash::HashPool,
    identities::Identities,
    listen,
    mail::Post,
    programs,
    router::Router,
    social::SocialTokens,
    store::{Store, StoreError},
    users::{ADMIN, DEMO_PASSWORD, DEMO_USER},
};

/// A server that answers. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Running {
    app: Arc<App>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<()>>,
    chores: Vec<JoinHandle<()>>,
    admin: Option<Secret<String>>,
    notes: Vec<String>,
}

impl Running {
    pub(crate) fn spawn(
        app: Arc<App>,
        listener: TcpListener,
        address: SocketAddr,
        admin: Option<Secret<String>>,
        notes: Vec<String>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let router = Arc::new(Router::new(Arc::clone(&app)));
        let serving = tokio::spawn(listen::serve(listener, router, stopped));
        let mut chores = vec![tokio::spawn(purge(Arc::clone(&app)))];
        chores.extend(programs::watch(&app));
        chores.push(tokio::spawn(app.performer.post.clone().carry()));
        Self {
            app,
            address,
            stop,
            serving: Some(serving),
            chores,
            admin,
            notes,
        }
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The password of the administrator, where it was made at this start.
    pub fn admin_password(&self) -> Option<&Secret<String>> {
        self.admin.as_ref()
    }

    /// The social tokens, for whoever lets somebody in by one in the same process.
    pub fn social(&self) -> &SocialTokens {
        &self.app.performer.social
    }

    /// The store, for whoever looks after it in the same process.
    pub fn store(&self) -> &Store {
        self.app.store()
    }

    /// How many requests ended in a panic: mistakes of ours, whatever was asked.
    pub fn panics(&self) -> u64 {
        self.app.metrics.panics()
    }

    /// The threads that hash, with their counts.
    pub fn hash(&self) -> &HashPool {
        &self.app.performer.hash
    }

    /// The file of the audit.
    pub fn audit_path(&self) -> &Path {
        self.app.log.path()
    }

    /// The folder of sent messages.
    pub fn outbox(&self) -> &Path {
        self.app.performer.post.outbox().folder()
    }

    /// What sends mail.
    pub fn post(&self) -> &Post {
        &self.app.performer.post
    }

    /// The users of a realm.
    pub fn identities(&self, realm: &Realm) -> Option<&dyn Identities> {
        let state = self.app.realms.get(realm)?;
        Some(&*state.identities)
    }

    /// The devices of the users of a realm.
    pub fn devices(&self, realm: &Realm) -> Option<&Devices> {
        self.app.realms.get(realm).map(|state| &state.devices)
    }

    /// What the journeys of a realm look like: which are served, and what is wrong with the files now.
    pub fn journeys(&self, realm: &Realm) -> Option<programs::Status> {
        self.app
            .realms
            .get(realm)
            .map(|state| state.programs.status())
    }

    /// Reads the journeys of a realm anew if their files have changed, without waiting for the watch.
    ///
    /// `true` where another version is served now.
    pub async fn reload(&self, realm: &Realm) -> bool {
        match self.app.realms.get(realm) {
            Some(state) => programs::reload(&self.app, state).await,
            None => false,
        }
    }

    /// Begins to send what waits to be sent and is due, without waiting for the next look.
    ///
    /// # Errors
    /// The store fails.
    pub fn send_waiting(&self) -> Result<(), StoreError> {
        self.post().send_waiting()
    }

    /// What to tell whoever started the server.
    pub fn welcome(&self) -> String {
        let config = &self.app.config;
        let at = format!("http://{}", self.address);
        let page_realm = &config.page_realm;
        let mut text = format!("wayfare listens at {at}\n\n");
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  log in          {at}/  (realm {page_realm})");
        for (realm, settings) in &config.realms {
            if settings.demo_user {
                let _ = writeln!(
                    text,
                    "  user            {DEMO_USER} of realm {realm}, password {DEMO_PASSWORD}"
                );
            }
        }
        if let Some(password) = &self.admin {
            let _ = writeln!(
                text,
                "  administrator   {ADMIN} of realm /, password {}  (shown this once)",
                password.reveal()
            );
        }
        let mut path = String::from("/realms/root");
        for part in page_realm.parts() {
            let _ = write!(path, "/realms/{part}");
        }
        let _ = writeln!(
            text,
            "  protocol        {at}{}/json{path}/authenticate",
            config.server.base_path
        );
        let _ = writeln!(text, "  data            {}", config.data.folder.display());
        if let Some(whose) = self.whose_mail_is_kept() {
            let outbox = self.outbox().display();
            let _ = writeln!(text, "  mail is kept in {outbox}{whose}");
        }
        if config.demo {
            let _ = writeln!(text, "  read mail       {at}/outbox");
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}");
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        if config.demo {
            text.push_str(
                "\nThis is a demo: everybody knows the password above, and nothing is encrypted on its \
                 way.\nDo not let others reach it. `wayfare new DIR` makes a folder to start from.\n",
            );
        }
        text
    }

    /// The realms whose mail is kept and not sent, where others' is sent; `None` where nobody's is kept.
    fn whose_mail_is_kept(&self) -> Option<String> {
        let realms = self.app.config.realms.iter();
        let realms = realms.filter(|(_, settings)| settings.journeys != Journeys::None);
        let (sent, kept): (Vec<_>, Vec<_>) =
            realms.partition(|(_, settings)| settings.mail.server.is_some());
        if kept.is_empty() {
            return None;
        }
        if sent.is_empty() {
            return Some(String::new());
        }
        let kept: Vec<String> = kept.iter().map(|(realm, _)| realm.to_string()).collect();
        Some(format!("  (realm {})", kept.join(", ")))
    }

    /// Takes no more connections, lets open requests end, and stops.
    pub async fn stop(mut self) {
        self.app.log.info("stopping: open requests may end");
        let _ = self.stop.send(true);
        if let Some(serving) = self.serving.take() {
            let _ = serving.await;
        }
        let post = self.post().clone();
        let drain = self.app.config.limits.drain_time;
        let _ = tokio::task::spawn_blocking(move || post.wait(drain)).await;
        self.let_go();
    }

    /// Ends what runs beside the requests, and gives the data folder free.
    fn let_go(&self) {
        for chore in &self.chores {
            chore.abort();
        }
        self.app.store().close();
    }

    /// Serves until the process is told to stop by `SIGTERM` or `SIGINT`, then drains.
    pub async fn until_signal(self) {
        wait_for_signal().await;
        self.stop().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(serving) = &self.serving {
            serving.abort();
        }
        self.let_go();
    }
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How often what has expired is forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(60);

async fn purge(app: Arc<App>) {
    let mut tick = tokio::time::interval(PURGE_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = app.clock.now();
        let life = app
            .config
            .limits
            .run_time_max
            .max(app.config.limits.suspend_time_max);
        let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let retired = Timestamp(now.0.saturating_sub(life));
        let done = match app.store().purge(now).await {
            Ok(()) => app.store().forget_programs(retired).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            app.log
                .error(&format!("expired rows cannot be forgotten: {error}"));
        }
    }
}
