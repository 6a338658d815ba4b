//! The budgets of the server in process: hashing, and what many sessions and waiting runs cost.
//!
//! See the bench of the same name of the library. `WAYFARE_SESSIONS` and `WAYFARE_RUNS` make the numbers
//! others than 100,000; the budgets are for 1,000,000 and 100,000.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    unused_imports,
    reason = "a bench fails as a test does, measures, and uses only a part of what the tests share"
)]

#[path = "support/filled.rs"]
mod filled;
#[path = "../../../benches/support/ratio.rs"]
mod ratio;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{fs, hint::black_box, net::IpAddr, time::Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use filled::{fill, new};
use ratio::line;
use rustix::time::{ClockId, clock_gettime};
use support::{BEGIN, TestServer, alpha};
use tokio::runtime::Runtime;
use wayfare::{Secret, Timestamp};
use wayfare_server::{
    config::Config,
    hash::{Against, HashPool},
    runs::OpenRuns,
};

/// The processor time that this process has used, in seconds.
fn used() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of one process")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

/// The memory of this process, in megabytes.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("the status of this process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kibibytes.expect("the memory of this process") / 1_024.0
}

fn number(name: &str, usual: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(usual, |set| set.parse().expect("a number"))
}

/// P7: a comparison by the pool against the hash function alone, and the memory that the pool keeps.
fn hashing(runtime: &Runtime) {
    const COMPARISONS: u32 = 24;
    let settings = Config::demo("unused").hash;
    let before = resident();
    let pool = HashPool::start(&settings).expect("a pool");
    let password = Secret::new("Ch4ng31t".to_owned());
    let permit = pool.admit().expect("a place");
    let stored = runtime.block_on(pool.hash(&permit, &password));
    let stored = stored.expect("a hash");
    let params = Params::new(settings.memory_kib, settings.time, settings.lanes, None);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.expect("bounds"));
    let mut blocks = vec![Block::default(); argon2.params().block_count()];
    let (mut raw, mut pooled) = (f64::MAX, f64::MAX);
    for _ in 0..3 {
        let begun = used();
        for _ in 0..COMPARISONS {
            let mut out = [0; 32];
            argon2
                .hash_password_into_with_memory(
                    b"Ch4ng31t",
                    b"saltsaltsaltsalt",
                    &mut out,
                    &mut blocks,
                )
                .expect("a hash");
            black_box(out);
        }
        raw = raw.min(used() - begun);
        let begun = used();
        runtime.block_on(async {
            for _ in 0..COMPARISONS {
                let against = Against::Stored(stored.clone());
                assert_eq!(pool.verify(&permit, &password, against).await, Ok(true));
            }
        });
        pooled = pooled.min(used() - begun);
    }
    line("P7_comparison_to_hash_alone", pooled / raw, 1.05);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    #[expect(clippy::cast_precision_loss, reason = "a few cores")]
    let bound = (cores + 1) as f64 * 19.0 + 10.0;
    // The blocks of the hash alone are in it, too.
    line("P7_megabytes_of_pool", resident() - before, bound);
}

/// R7: sessions in the store, and runs that wait.
fn capacity(runtime: &Runtime) {
    let sessions = number("WAYFARE_SESSIONS", 100_000);
    let alone = runtime.block_on(TestServer::demo());
    runtime.block_on(fill(alone.running.store(), 1));
    let one = looked_up(alone.running.store(), 1);
    runtime.block_on(alone.running.stop());
    let server = runtime.block_on(TestServer::demo());
    let store = server.running.store();
    let before = resident();
    runtime.block_on(fill(store, sessions));
    let memory = resident() - before;
    #[expect(clippy::cast_precision_loss, reason = "millions at most")]
    let most = 1_536.0 * (sessions as f64 / 1e6).max(0.1);
    line(
        &format!("R7_megabytes_of_{sessions}_sessions"),
        memory,
        most,
    );
    let many = looked_up(store, sessions);
    line(
        &format!("R7_lookup_p99_ms_of_{sessions}_sessions"),
        many.1,
        1.0,
    );
    line(
        &format!("law_lookup_among_{sessions}_sessions_to_1"),
        many.0 / one.0,
        15.0,
    );
    runtime.block_on(server.running.stop());

    let count = number("WAYFARE_RUNS", 100_000);
    let before = resident();
    let runs = OpenRuns::new(usize::MAX, usize::MAX);
    let source = |at: u64| {
        let [.., a, b, c] = at.to_be_bytes();
        Some(IpAddr::from([10, a, b, c]))
    };
    let exp = Timestamp(BEGIN.0 + 600_000);
    for at in 0..count {
        runs.open(
            u128::from(at).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            &alpha(),
            source(at),
            exp,
        );
    }
    line(
        &format!("R7_megabytes_of_{count}_waiting_runs"),
        resident() - before,
        300.0,
    );
    let begun = Instant::now();
    assert!(runs.room(&alpha(), source(count), BEGIN).is_ok());
    let room = begun.elapsed().as_secs_f64() * 1_000.0;
    line(
        &format!("R7_room_ms_beside_{count}_waiting_runs"),
        room,
        5.0,
    );
}

/// The least of batches of look-ups and the slowest of a hundred, in milliseconds.
fn looked_up(store: &wayfare_server::store::Store, count: u64) -> (f64, f64) {
    let mut all: Vec<f64> = (0..2_000_u64)
        .map(|turn| {
            let token = new(turn.wrapping_mul(7_919) % count).token;
            let begun = Instant::now();
            let found = store.session(&token, BEGIN).expect("it is read");
            let took = begun.elapsed().as_secs_f64() * 1_000.0;
            assert!(black_box(found).is_some());
            took
        })
        .collect();
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], all[all.len() * 99 / 100])
}

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    hashing(&runtime);
    capacity(&runtime);
}
