//! `wayfare serve`: the demo without a configuration, what the configuration says with one.

use std::{io, path::Path};

use wayfare_server::{
    Server,
    config::{Config, ConfigError},
};

use crate::{
    Outcome, Trouble,
    args::ServeArgs,
    bench::server::Folder,
    terminal::{self, Terminal},
};

/// The configuration that is read where none is named.
const CONFIG: &str = "wayfare.toml";
/// How many files are open besides connections: those that are told that there is no room, the store's, and
/// the connections to services that are asked.
#[cfg(unix)]
const FILES_BESIDES: u64 = 512;
/// The data folder of the demo.
const DATA: &str = "wayfare-data";

pub(crate) fn run(args: &ServeArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    // Before all else, so that it goes after the store in it is closed.
    let _folder = args.take_away.as_deref().and_then(Folder::found);
    let config = config(args).map_err(|error| Trouble::input(error.to_string()))?;
    if let Some(file) = &config.file {
        terminal.say(&format!("settings from {}", file.display()));
    }
    #[cfg(unix)]
    make_room(config.limits.connections, terminal);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let running = Server::start(config)
            .await
            .map_err(|e| Trouble::input(e.to_string()))?;
        terminal::put(&running.welcome())?;
        if args.until_stdin_ends {
            let (ended, end) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                // What is read means nothing, and neither does why there is no more.
                let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
                let _ = ended.send(());
            });
            tokio::select! {
                () = running.until_signal() => {}
                _ = end => {}
            }
        } else {
            running.until_signal().await;
        }
        Ok(Outcome::Clean)
    })
}

/// Asks the system for as many open files as the connections that the settings allow take, and tells what is
/// missing: a server that runs out of them cannot even refuse anybody.
#[cfg(unix)]
fn make_room(connections: usize, terminal: Terminal) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::try_from(connections)
        .unwrap_or(u64::MAX)
        .saturating_add(FILES_BESIDES);
    let limit = getrlimit(Resource::Nofile);
    let mut room = limit.current.unwrap_or(u64::MAX);
    if room < wanted {
        let most = limit.maximum.map_or(wanted, |most| most.min(wanted));
        let raised = Rlimit {
            current: Some(most),
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            room = most;
        }
    }
    if room < wanted {
        terminal.say(&format!(
            "{connections} connections take up to {wanted} open files, and the system allows {room}: raise its \
             limit, or lower `connections` in [server.limits]"
        ));
    }
}

fn config(args: &ServeArgs) -> Result<Config, ConfigError> {
    // A folder that says itself how it is served, as that of an import does.
    let own = args.journeys.as_ref().map(|journeys| journeys.join(CONFIG));
    let own = own.filter(|file| args.config.is_none() && file.is_file());
    let mut config = match args.config.as_ref().or(own.as_ref()) {
        Some(file) => Config::read(file)?,
        None if Path::new(CONFIG).is_file() => Config::read(Path::new(CONFIG))?,
        None => Config::demo(DATA),
    };
    if let (Some(journeys), None) = (&args.journeys, &own) {
        config = config.with_journeys(journeys);
    }
    if let Some(folder) = &args.data {
        config.data.folder.clone_from(folder);
    }
    if let Some(listen) = args.listen {
        config.server.listen = listen.to_string();
    }
    Ok(config)
}
