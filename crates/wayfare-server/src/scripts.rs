//! What runs scripts in a server: the interpreter with what is configured for it, and a clock for it.

use std::time::Duration;

use cpu_time::ThreadTime;
use wayfare_script::{Meter, Permissions, Scripts, Settings};

use crate::config::ScriptSettings;

/// A clock that counts the time of the thread: what others do meanwhile costs a script nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadClock;

impl Meter for ThreadClock {
    fn read(&self) -> Duration {
        ThreadTime::now().as_duration()
    }
}

/// The interpreter that these settings make.
///
/// # Errors
/// A secret cannot be read.
pub fn interpreter(settings: &ScriptSettings, cookie: &str) -> Result<Scripts, String> {
    let mut made = Settings::default();
    made.budget.time = settings.time;
    let mut permissions = Permissions::default();
    permissions.read.clone_from(&settings.read);
    permissions.write.clone_from(&settings.write);
    permissions.create = settings.create;
    permissions.mail = settings.mail;
    made.permissions = permissions;
    for (label, source) in &settings.secrets {
        let secret = source
            .read()
            .map_err(|error| format!("secret `{label}`: {error}"))?;
        made.secrets.insert(label.clone(), secret);
    }
    made.properties.clone_from(&settings.variables);
    cookie.clone_into(&mut made.cookie);
    Ok(Scripts::new(made).metered(ThreadClock))
}
