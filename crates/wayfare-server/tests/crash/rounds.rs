//! Round after round: load, kill, start again, compare.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{
    child::Process,
    code::Code,
    compare,
    load::{CLIENTS, Client, Random, Shared, owner},
    log::{Log, Noted},
    service::Service,
    wire::Connection,
};

/// Logins a second below which a kill does not count.
const RATE: f64 = 100.0;
/// Steps and sessions of a round that are compared again in every later one.
const REMEMBERED: usize = 12;
/// How long a round may go on before it is killed whatever it has done.
const ROUND_MAX: Duration = Duration::from_secs(20);

/// What all rounds came to.
#[derive(Debug, Default)]
struct Totals {
    counted: u64,
    repeated: u64,
    logins: u64,
    transactions: u64,
    lost: u64,
    compared: u64,
    slowest: Duration,
    rates: Vec<f64>,
    violations: Vec<String>,
}

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, but is {text:?}")),
        Err(_) => otherwise,
    }
}

/// Whether everything that was acknowledged was kept.
pub(crate) fn run() -> bool {
    let kills = number("WAYFARE_KILLS", 5);
    let seed = number("WAYFARE_SEED", 20_260);
    let begun = Instant::now();
    println!("kill -9 under load: {kills} kills, {CLIENTS} connections, seed {seed}");
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = Random(seed);
    let mut totals = Totals::default();
    let mut known = Log::default();
    let service = Service::start();
    service.tell(folder.path());
    let mut process = Process::start(folder.path());
    while totals.counted < kills && totals.repeated <= 10 + kills {
        let (killed, round) = load_and_kill(process, &mut random, &known);
        process = Process::start(folder.path());
        totals.slowest = totals.slowest.max(process.start);
        compare_round(
            folder.path(),
            &service,
            &process,
            round,
            &mut known,
            &mut totals,
            &killed,
        );
        if !totals.violations.is_empty() {
            break;
        }
    }
    control(
        folder.path(),
        &service,
        process.address,
        &known,
        &mut totals,
    );
    // Once more everything that is remembered, all sessions of all rounds among it.
    let last = compare::violations(process.address, &known);
    totals.violations.extend(last);
    totals.compared +=
        (known.live.len() + known.ended.len() + known.used.len() + known.noted.len()) as u64;
    report(&totals, kills, begun.elapsed());
    totals.violations.is_empty() && totals.counted >= kills
}

/// A log that is wrong in every way must be found so, or the comparison says nothing.
fn control(
    folder: &Path,
    service: &Service,
    address: SocketAddr,
    known: &Log,
    totals: &mut Totals,
) {
    let mut connection = Connection::open(address).expect("a connection");
    let unused = connection.begin().expect("an answer").json();
    let invented = format!("wfs1.{}", "A".repeat(43));
    let wrong = Log {
        live: vec![invented],
        ended: known.live.iter().take(1).cloned().collect(),
        used: vec![unused],
        noted: known
            .live
            .iter()
            .take(1)
            .map(|token| {
                let acknowledged = "never written".to_owned();
                let noted = Noted {
                    acknowledged,
                    perhaps: None,
                };
                (token.clone(), noted)
            })
            .collect(),
        ..Log::default()
    };
    let mut found = compare::violations(address, &wrong);
    let exchanged = Log {
        spent: known.confirmed.iter().take(1).cloned().collect(),
        confirmed: known.spent.iter().take(1).cloned().collect(),
        ..Log::default()
    };
    let forgotten = Log {
        written: known
            .written
            .values()
            .take(1)
            .map(|user| ("never written".to_owned(), user.clone()))
            .chain(known.written.clone())
            .collect(),
        ..Log::default()
    };
    // It was not sent, and the user has one write fewer than that; those under way may make up for it.
    let missing = compare::scripts(folder, &service.asked(), &forgotten);
    found.extend(missing.into_iter().take(1));
    let ways = 9 + known.written.len().min(1) + exchanged.spent.len() + exchanged.confirmed.len();
    found.extend(compare::transactions(folder, &exchanged));
    let one_more = known.failed.iter().map(|(user, count)| {
        (
            user.clone(),
            count + 1 + known.perhaps.get(user).unwrap_or(&0),
        )
    });
    let miscounted = Log {
        failed: one_more.take(1).collect(),
        ..Log::default()
    };
    found.extend(compare::counted(folder, &miscounted));
    let visits = known.visits.iter().take(1);
    let one_more = visits.map(|(user, count)| {
        let perhaps = known.perhaps_visits.get(user).unwrap_or(&0);
        (user.clone(), count + 1 + perhaps)
    });
    let invented = Log {
        made: BTreeSet::from(["nobody".to_owned()]),
        visits: one_more.collect(),
        ..Log::default()
    };
    found.extend(compare::identities(folder, &invented));
    found.extend(compare::newcomers(address, &invented, 1));
    let [last, _] = known.last_codes(&owner(0));
    let fresh = last.map_or(Some(Code::FIRST[0]), Code::next);
    let taken = || fresh.map(|code| (owner(0), code)).into_iter().collect();
    let untaken = Log {
        taken: taken(),
        ..Log::default()
    };
    let mut believed = Log {
        taken: taken(),
        ..Log::default()
    };
    found.extend(compare::codes(address, &untaken, &mut believed));
    if found.len() != ways {
        totals.violations.push(format!(
            "a log that is wrong in {ways} ways was found wrong in these: {found:?}"
        ));
    }
}

/// How a round went until the kill.
struct Killed {
    rate: f64,
    after: Duration,
}

fn load_and_kill(process: Process, random: &mut Random, known: &Log) -> (Killed, Log) {
    let shared = Shared::default();
    let logins = 60 + random.next(240);
    let delay = Duration::from_micros(random.next(4_000));
    let begun = Instant::now();
    let mut log = Log::default();
    let killed = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|id| {
                let random = Random(random.next(u64::MAX));
                let client = Client::new(id, random, process.address, &shared, known);
                let client = client.expect("a connection");
                scope.spawn(move || client.run())
            })
            .collect();
        while shared.logins.load(Ordering::SeqCst) < logins && begun.elapsed() < ROUND_MAX {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(delay);
        let after = begun.elapsed();
        let made = shared.logins.load(Ordering::SeqCst);
        shared.killed.store(true, Ordering::SeqCst);
        process.kill();
        for client in clients {
            log.add(client.join().expect("a log"));
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred logins")]
        let rate = made as f64 / after.as_secs_f64();
        Killed { rate, after }
    });
    (killed, log)
}

fn compare_round(
    folder: &Path,
    service: &Service,
    process: &Process,
    mut round: Log,
    known: &mut Log,
    totals: &mut Totals,
    killed: &Killed,
) {
    let counts = round.lost > 0 && killed.rate >= RATE;
    let mut violations = std::mem::take(&mut round.odd);
    violations.extend(compare::violations(process.address, &round));
    let of_round = round.live.len() + round.ended.len() + round.used.len() + round.noted.len();
    // Of each earlier round a few of everything, beside what the round itself brought.
    let earlier = sample(known);
    violations.extend(compare::violations(process.address, &earlier));
    let of_earlier = earlier.live.len() + earlier.ended.len() + earlier.used.len();
    let (logins, lost) = (round.logins, round.lost);
    round.used.truncate(REMEMBERED);
    // What was confirmed in earlier rounds may have ended with its time.
    known.confirmed.clear();
    let of_transactions = round.confirmed.len() + round.spent.len();
    let codes = Log {
        taken: round.taken.clone(),
        perhaps_taken: round.perhaps_taken.clone(),
        ..Log::default()
    };
    let scripts = Log {
        written: round.written.clone(),
        perhaps_written: round.perhaps_written.clone(),
        ..Log::default()
    };
    known.add(round);
    violations.extend(compare::resumed(process.address, &scripts, known));
    violations.extend(compare::scripts(folder, &service.asked(), known));
    violations.extend(compare::codes(process.address, &codes, known));
    violations.extend(compare::transactions(folder, known));
    violations.extend(compare::counted(folder, known));
    violations.extend(compare::identities(folder, known));
    violations.extend(compare::newcomers(process.address, known, 8));
    violations.extend(compare::locked(process.address, known, 8));
    violations.extend(compare::counted(folder, known));
    let compared = of_round
        + of_earlier
        + of_transactions
        + known.failed.len()
        + known.made.len()
        + scripts.written.len()
        + scripts.perhaps_written.len()
        + codes.taken.len()
        + codes.perhaps_taken.len();
    println!(
        "{} {:>4}: {:>4.0} logins/s for {:.2} s, {lost:>2} writes under way, started again in {:.2} s, \
         {compared} compared, {} violations",
        if counts { "kill" } else { "  no" },
        totals.counted + u64::from(counts),
        killed.rate,
        killed.after.as_secs_f64(),
        process.start.as_secs_f64(),
        violations.len()
    );
    if counts {
        totals.counted += 1;
        totals.rates.push(killed.rate);
    } else {
        totals.repeated += 1;
    }
    totals.logins += logins;
    totals.transactions += of_transactions as u64;
    totals.lost += u64::from(lost);
    totals.compared += compared as u64;
    totals.violations.extend(violations);
}

/// The newest of what is known, and the oldest.
fn sample(known: &Log) -> Log {
    fn ends<T: Clone>(list: &[T]) -> Vec<T> {
        let newest = list.iter().rev().take(REMEMBERED * 4);
        let oldest = list.iter().take(REMEMBERED);
        newest.chain(oldest).cloned().collect()
    }
    let live = ends(&known.live);
    Log {
        noted: live
            .iter()
            .filter_map(|token| Some((token.clone(), known.noted.get(token)?.clone())))
            .collect(),
        live,
        ended: ends(&known.ended),
        used: ends(&known.used),
        ..Log::default()
    }
}

fn report(totals: &Totals, kills: u64, took: Duration) {
    let mut rates = totals.rates.clone();
    rates.sort_by(f64::total_cmp);
    let at = |part: usize| {
        rates
            .get((rates.len() * part / 100).min(rates.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    println!(
        "{} of {kills} kills, {} repeated, {} logins at {:.0} to {:.0} a second (median {:.0}), {} transactions, {} writes under way, \
         {} acknowledgements compared, slowest start {:.2} s, {} violations, {:.0} s in all",
        totals.counted,
        totals.repeated,
        totals.logins,
        at(0),
        at(100),
        at(50),
        totals.transactions,
        totals.lost,
        totals.compared,
        totals.slowest.as_secs_f64(),
        totals.violations.len(),
        took.as_secs_f64()
    );
    for violation in totals.violations.iter().take(20) {
        println!("  {violation}");
    }
}
