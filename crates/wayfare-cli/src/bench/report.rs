//! What is told of a load: for people, and for programs (schema 1).

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value as Json, json};

use super::{
    drive::{Driven, Stopped, Used},
    histogram::Histogram,
    process::Usage,
    trial::{Figure, Health, Phase, Tried, middle, per_second},
};
use crate::table::{Side, Table};

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) is_own: bool,
    pub(crate) mix: &'static str,
    pub(crate) realm: String,
    pub(crate) connections: usize,
    pub(crate) rate: Option<f64>,
    pub(crate) duration: Duration,
    pub(crate) warmup: Duration,
    pub(crate) users: u64,
    pub(crate) seed: u64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "figures for people, far below 2^53"
)]
fn per(count: u64, time: Duration) -> f64 {
    if time.is_zero() {
        0.0
    } else {
        rounded(count as f64 / time.as_secs_f64())
    }
}

fn millis(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1_000.0)
}

/// With three digits behind the point: the rest is noise.
fn rounded(figure: f64) -> f64 {
    (figure * 1_000.0).round() / 1_000.0
}

/// The quantiles that are told.
const QUANTILES: [(&str, u64); 4] = [("p50", 500), ("p90", 900), ("p99", 990), ("p99_9", 999)];

fn times(histogram: &Histogram) -> Json {
    let mut told = serde_json::Map::new();
    for (name, per_mille) in QUANTILES {
        told.insert(name.to_owned(), millis(histogram.within(per_mille)).into());
    }
    told.insert("max".to_owned(), millis(histogram.longest()).into());
    told.into()
}

/// Processor time for each login, in milliseconds.
fn each(used: &Used, logins: u64) -> Option<f64> {
    let logins = u32::try_from(logins).ok().filter(|logins| *logins > 0)?;
    Some(rounded(
        used.cpu.as_secs_f64() * 1_000.0 / f64::from(logins),
    ))
}

fn process(used: &Used, logins: u64) -> Json {
    json!({
        "cpu_ms": millis(used.cpu),
        "cpu_ms_per_login": each(used, logins),
        "resident_kib": used.last.resident_kib,
        "resident_max_kib": used.last.peak_kib,
        "open_files": used.last.files,
    })
}

/// What each quarter of the time that was measured came to.
fn quarters(driven: &Driven) -> Json {
    let quarters = driven.tally.quarters.iter().zip(&driven.quarters);
    let quarters = quarters.map(|(logins, seen)| {
        json!({
            "count": logins.count(),
            "ms": times(logins),
            "resident_kib": middle(seen, |usage: &Usage| usage.resident_kib),
            "open_files": middle(seen, |usage: &Usage| usage.files),
        })
    });
    quarters.collect()
}

/// For programs.
pub(crate) fn json(asked: &Asked, driven: &Driven) -> Json {
    let tally = &driven.tally;
    let over = tally.logins_over;
    let mut requests = serde_json::Map::new();
    for (part, histogram) in &tally.parts {
        requests.insert(
            part.word().to_owned(),
            json!({ "count": histogram.count(), "ms": times(histogram) }),
        );
    }
    let mut kinds = serde_json::Map::new();
    for (kind, count) in &tally.failures {
        kinds.insert(kind.word().to_owned(), (*count).into());
    }
    json!({
        "schema": 1,
        "target": asked.target,
        "self": asked.is_own,
        "mix": asked.mix,
        "realm": asked.realm,
        "loop": if asked.rate.is_some() { "open" } else { "closed" },
        "rate": asked.rate,
        "connections": asked.connections,
        "duration_s": asked.duration.as_secs_f64(),
        "warmup_s": asked.warmup.as_secs_f64(),
        "users": asked.users,
        "seed": asked.seed,
        "measured_s": rounded(driven.measured.as_secs_f64()),
        "stopped": driven.stopped.map(Stopped::word),
        "logins": {
            "count": tally.logins.count(),
            "per_second": per(over, driven.measured),
            "ms": times(&tally.logins),
        },
        "requests": {
            "per_second": per(tally.requests_over, driven.measured),
            "kinds": requests,
        },
        "quarters": quarters(driven),
        "connections_made": tally.connections,
        "failures": {
            "count": tally.failed(),
            "kinds": kinds,
            "first": tally.first.as_ref().map(|first| json!({ "kind": first.kind.word(), "told": first.told() })),
        },
        "server": driven.server.as_ref().map(|used| process(used, over)),
        "client": driven.client.as_ref().map(|used| process(used, over)),
    })
}

/// For people.
pub(crate) fn text(asked: &Asked, driven: &Driven) -> String {
    let tally = &driven.tally;
    let how = asked.rate.map_or_else(
        || "each sends its next login when the last is over".to_owned(),
        |rate| format!("{rate} logins a second are due, whatever the server does"),
    );
    let mut text = format!(
        "{} logins at {}, realm {}\n{} connections: {how}\n{:?} measured after {:?}, {} users, seed {}\n\n",
        asked.mix,
        asked.target,
        asked.realm,
        asked.connections,
        Duration::from_millis(u64::try_from(driven.measured.as_millis()).unwrap_or(u64::MAX)),
        asked.warmup,
        asked.users,
        asked.seed,
    );
    let mut table = Table::new(&[
        ("", Side::Left),
        ("count", Side::Right),
        ("p50 ms", Side::Right),
        ("p90", Side::Right),
        ("p99", Side::Right),
        ("p99.9", Side::Right),
        ("max", Side::Right),
    ]);
    let mut row = |name: &str, histogram: &Histogram| {
        let mut cells = vec![name.to_owned(), histogram.count().to_string()];
        let quantiles = QUANTILES
            .iter()
            .map(|(_, per_mille)| histogram.within(*per_mille));
        for time in quantiles.chain([histogram.longest()]) {
            cells.push(format!("{:.2}", millis(time)));
        }
        table.row(cells);
    };
    row("logins", &tally.logins);
    for (part, histogram) in &tally.parts {
        row(&format!("  {}", part.word().replace('_', " ")), histogram);
    }
    text.push_str(&table.text());
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "\n{} logins/s, {} requests/s, {} connections made",
        per(tally.logins_over, driven.measured),
        per(tally.requests_over, driven.measured),
        tally.connections,
    );
    for (name, used) in [("server", &driven.server), ("client", &driven.client)] {
        if let Some(used) = used {
            let each = each(used, tally.logins_over)
                .map_or_else(|| "-".to_owned(), |each| each.to_string());
            let _ = writeln!(
                text,
                "{name}: {each} ms of processor time a login, {} MiB resident, {} files open",
                used.last.resident_kib / 1_024,
                used.last.files,
            );
        }
    }
    if tally.failures.is_empty() {
        text.push_str("no failures\n");
    } else {
        let kinds: Vec<_> = tally
            .failures
            .iter()
            .map(|(kind, count)| format!("{count} {}", kind.word()))
            .collect();
        let _ = writeln!(text, "{} failures: {}", tally.failed(), kinds.join(", "));
    }
    if let Some(stopped) = driven.stopped {
        let _ = writeln!(text, "stopped by {}", stopped.word());
    }
    text
}

/// What was asked for in a phase.
fn phased(asked: &Asked, phase: &Phase) -> Asked {
    Asked {
        connections: phase.connections,
        rate: phase.rate.map(rounded),
        duration: phase.duration,
        warmup: phase.warmup,
        ..asked.clone()
    }
}

/// A trial, for programs.
pub(crate) fn trial_json(trial: &str, asked: &Asked, tried: &Tried, is_noisy: bool) -> Json {
    let mut phases = serde_json::Map::new();
    for phase in &tried.phases {
        let told = json(&phased(asked, phase), &phase.driven);
        phases.insert(phase.name.to_owned(), told);
    }
    let figure = |figure: &Figure| {
        json!({
            "name": figure.name,
            // What is no number is null.
            "value": figure.value.is_finite().then(|| rounded(figure.value)),
            "goal": figure.goal,
            "wanted": if figure.is_least { "least" } else { "most" },
            "met": figure.is_met(),
            "decides": !(is_noisy && figure.is_of_time),
        })
    };
    let health = |health: &Health| {
        json!({
            "count": health.times.count(),
            "failures": health.failures,
            "ms": times(&health.times),
            "idle_ms": times(&health.idle),
        })
    };
    json!({
        "schema": 1,
        "trial": trial,
        "phases": phases,
        "health": tried.health.as_ref().map(health),
        // Of the first login, where that failed and nothing was measured.
        "first": tried.first.as_ref().map(|first| json!({ "kind": first.kind.word(), "told": first.told() })),
        "figures": tried.figures.iter().map(figure).collect::<Vec<_>>(),
    })
}

/// A trial, for people.
pub(crate) fn trial_text(trial: &str, asked: &Asked, tried: &Tried, is_noisy: bool) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    for phase in &tried.phases {
        let _ = writeln!(text, "== {trial}: {}\n", phase.name);
        if phase.name == "peak" {
            let most = rounded(per_second(&phase.driven));
            let _ = writeln!(
                text,
                "{most} logins/s by {} connections\n",
                phase.connections
            );
            continue;
        }
        text.push_str(&self::text(&phased(asked, phase), &phase.driven));
        text.push('\n');
    }
    if let Some(soak) = tried.phases.iter().find(|phase| phase.name == "soak") {
        text.push_str(&quarters_text(&soak.driven));
        if !asked.is_own {
            text.push_str(
                "memory and open files of that server are not seen from here, and not judged\n\n",
            );
        }
    }
    if let Some(health) = &tried.health {
        let _ = writeln!(
            text,
            "asked {} times whether the server runs: half within {:.2} ms, 99 of a hundred within {:.2} ms (before anybody logged in {:.2} ms), {} failures\n",
            health.times.count(),
            millis(health.times.within(500)),
            millis(health.times.within(990)),
            millis(health.idle.within(990)),
            health.failures,
        );
    }
    let mut table = Table::new(&[
        ("figure", Side::Left),
        ("value", Side::Right),
        ("goal", Side::Right),
        ("", Side::Left),
    ]);
    for figure in &tried.figures {
        let state = match (figure.is_met(), is_noisy && figure.is_of_time) {
            (true, _) => "met",
            (false, false) => "short",
            (false, true) => "short, and decides nothing here",
        };
        let goal = if figure.is_least { ">=" } else { "<=" };
        table.row([
            figure.name.to_owned(),
            format!("{:.2}", figure.value),
            format!("{goal} {}", figure.goal),
            state.to_owned(),
        ]);
    }
    text.push_str(&table.text());
    text
}

/// What changed while it ran.
fn quarters_text(driven: &Driven) -> String {
    let mut table = Table::new(&[
        ("quarter", Side::Left),
        ("logins", Side::Right),
        ("p50 ms", Side::Right),
        ("p99", Side::Right),
        ("resident KiB", Side::Right),
        ("files", Side::Right),
    ]);
    let told = |figure: Option<u64>| figure.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let quarters = driven.tally.quarters.iter().zip(&driven.quarters);
    for (number, (logins, seen)) in (1..).zip(quarters) {
        let number: u32 = number;
        table.row([
            number.to_string(),
            logins.count().to_string(),
            format!("{:.2}", millis(logins.within(500))),
            format!("{:.2}", millis(logins.within(990))),
            told(middle(seen, |usage: &Usage| usage.resident_kib)),
            told(middle(seen, |usage: &Usage| usage.files)),
        ]);
    }
    table.text() + "\n"
}
