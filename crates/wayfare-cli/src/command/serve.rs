//! `wayfare serve`: the demo without a configuration, what the configuration says with one.

use std::{io, path::Path};

use wayfare_server::{
    Server,
    config::{Config, ConfigError},
};

use crate::{
    Outcome, Trouble,
    args::ServeArgs,
    terminal::{self, Terminal},
};

/// The configuration that is read where none is named.
const CONFIG: &str = "wayfare.toml";
/// The data folder of the demo.
const DATA: &str = "wayfare-data";

pub(crate) fn run(args: &ServeArgs, terminal: Terminal) -> Result<Outcome, Trouble> {
    let config = config(args).map_err(|error| Trouble::input(error.to_string()))?;
    if let Some(file) = &config.file {
        terminal.say(&format!("settings from {}", file.display()));
    }
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
