//! How long a login takes tells nobody who exists (R14).

use std::time::Instant;

use wayfare_server::config::Config;

use crate::{
    Dice, size,
    support::{Client, TestServer, alpha},
};

/// One try, so that every wrong password ends its run.
const LOGIN: &str = r#"
journey login "Login" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;

/// From how many samples on the test decides something; below it only prints.
const DECIDES: u64 = 2_000;

async fn took(client: &Client, name: &str) -> f64 {
    let mut client = client
        .clone()
        .header("X-OpenAM-Username", name)
        .header("X-OpenAM-Password", "wrong");
    let begun = Instant::now();
    let reply = client.begin("").await;
    let took = begun.elapsed().as_secs_f64() * 1_000.0;
    assert_eq!(reply.status, 401, "{}", reply.text());
    took
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The two-sided p of Mann and Whitney, by the normal distribution: how likely two heaps of one kind are to
/// lie so far apart.
#[expect(clippy::cast_precision_loss, reason = "thousands of samples")]
fn mann_whitney(one: &[f64], two: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = one.iter().map(|time| (*time, true)).collect();
    all.extend(two.iter().map(|time| (*time, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = 0.0;
    let mut at = 0;
    while at < all.len() {
        // Those that are equal share the middle of their ranks.
        let equal = all[at..]
            .iter()
            .take_while(|(time, _)| *time <= all[at].0)
            .count();
        let rank = at as f64 + f64::midpoint(equal as f64, 1.0);
        let ones = all[at..at + equal].iter().filter(|(_, is_one)| *is_one);
        ranks += rank * ones.count() as f64;
        at += equal;
    }
    let (n, m) = (one.len() as f64, two.len() as f64);
    let u = ranks - n * (n + 1.0) / 2.0;
    let z = (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt();
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Abramowitz and Stegun, 7.1.26: right to a ten-millionth.
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let sum = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    sum.iter().fold(0.0, |sum, part| (sum + part) * t) * (-x * x).exp()
}

#[test]
fn heaps_that_differ_are_told_apart_and_others_are_not() {
    let mut dice = Dice(1);
    let mut heap = |shift: f64| -> Vec<f64> {
        let mut one = || f64::from(u32::try_from(dice.below(1_000)).unwrap()) / 100.0;
        (0..2_000).map(|_| shift + one() + one() + one()).collect()
    };
    let (one, same, other) = (heap(0.0), heap(0.0), heap(1.0));
    assert!(mann_whitney(&one, &same) > 0.01);
    assert!(mann_whitney(&one, &other) < 0.001);
    assert!((mann_whitney(&one, &one) - 1.0).abs() < 1e-6);
    // 1.96 deviations are five of a hundred.
    assert!((erfc(1.959_964 / std::f64::consts::SQRT_2) - 0.05).abs() < 1e-5);
}

/// `WAYFARE_TIMINGS` wrong passwords of a user who is there and of one who is not, in turn, in an order that
/// `WAYFARE_SEED` draws. The lockout is lifted by the settings, so that the hash of the one who is there is
/// compared each time; from 2,000 samples on the hash is that of a server that nobody has configured.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_takes_as_long_whether_the_user_is_there_or_not() {
    let samples = size("WAYFARE_TIMINGS", 40);
    let mut dice = Dice(size("WAYFARE_SEED", 20_261_123));
    let decides = samples >= DECIDES;
    let server = TestServer::with_journeys(&[("login.journey", LOGIN)], |config| {
        if decides {
            config.hash = Config::demo("unused").hash;
        }
        let lockout = &mut config.realms.get_mut(&alpha()).unwrap().lockout;
        lockout.failures = u32::MAX;
        lockout.hard = u32::MAX;
    })
    .await;
    let client = server.client();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    // The first of each are warm-up.
    for turn in 0..samples + 5 {
        let known_first = dice.below(2) == 0;
        let mut pair = [0.0; 2];
        for at in if known_first { [0, 1] } else { [1, 0] } {
            pair[at] = took(&client, ["demo", "nobody"][at]).await;
        }
        if turn >= 5 {
            known.push(pair[0]);
            unknown.push(pair[1]);
        }
    }
    let p = mann_whitney(&known, &unknown);
    let (one, other) = (median(&known), median(&unknown));
    let apart = (one / other - 1.0) * 100.0;
    println!("medians {one:.3} ms and {other:.3} ms, {apart:+.2} % apart, p = {p:.4}");
    let compared = server.compared();
    assert_eq!(
        (compared, server.compared_with_nothing()),
        (samples + 5, samples + 5)
    );
    if decides {
        assert!(p > 0.01 && apart.abs() < 2.0, "p = {p}, {apart} % apart");
    }
}
