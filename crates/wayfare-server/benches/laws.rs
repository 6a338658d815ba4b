//! How cost grows with what the server keeps: sessions, waiting runs.
//!
//! See the bench of the same name of the library. Each size is a store of its own, on disk as a server has it.
//! What is written is counted with the thread that writes, so by the processor time of the whole process, which
//! does nothing else meanwhile.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    unused_imports,
    reason = "a bench fails as a test does, and uses only a part of what the tests share"
)]

#[path = "support/filled.rs"]
mod filled;
#[path = "../../../benches/support/law.rs"]
mod law;
#[path = "../../../benches/support/ratio.rs"]
mod ratio;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{hint::black_box, net::IpAddr};

use filled::{fill, new};
use law::Law;
use ratio::alone;
use rustix::time::{ClockId, clock_gettime};
use support::{BEGIN, TestServer, alpha};
use tokio::runtime::Runtime;
use wayfare::Timestamp;
use wayfare_server::{
    runs::OpenRuns,
    store::{Store, run::Claimed},
};

const SIZES: &[usize] = &[1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

const LAWS: &[Law] = &[
    Law {
        name: "sessions",
        what: "a session found by its token",
        of: "sessions in the store",
        bound: 0.2,
        sizes: SIZES,
        measure: |size| {
            stored(size, |runtime, store| {
                runtime.block_on(fill(store, number(size)));
                let mut turn = 0_u64;
                alone(&mut || {
                    turn = turn.wrapping_add(7_919);
                    let token = new(turn % number(size)).token;
                    let found = store.session(&token, BEGIN).expect("it is read");
                    assert!(black_box(found).is_some());
                })
                .least
            })
        },
    },
    Law {
        name: "claims",
        what: "a step claimed",
        of: "runs in the store",
        bound: 0.2,
        sizes: SIZES,
        measure: |size| {
            stored(size, |runtime, store| {
                runtime.block_on(claim(store, 0..number(size), KEPT));
                let mut next = number(size);
                written(|| {
                    runtime.block_on(claim(store, next..next + 64, KEPT));
                    next += 64;
                }) / 64.0
            })
        },
    },
    Law {
        name: "expiry",
        what: "64 runs forgotten whose time has passed",
        of: "runs that stay in the store",
        bound: 0.2,
        sizes: SIZES,
        measure: |size| {
            stored(size, |runtime, store| {
                runtime.block_on(claim(store, 0..number(size), KEPT));
                let (mut next, mut now) = (number(size), BEGIN.0);
                written(|| {
                    now += 2;
                    runtime.block_on(claim(store, next..next + 64, Timestamp(now - 1)));
                    next += 64;
                    let purged = runtime.block_on(store.purge(Timestamp(now)));
                    purged.expect("they are forgotten");
                    let gone = store.generation(run(next - 1)).expect("it is read");
                    assert!(gone.is_none());
                })
            })
        },
    },
    Law {
        name: "open_runs",
        what: "a run counted, given room, and counted no longer",
        of: "open runs",
        bound: 0.2,
        sizes: SIZES,
        measure: |size| {
            let runs = OpenRuns::new(usize::MAX, usize::MAX);
            let source = |at: u64| {
                let [.., a, b, c] = at.to_be_bytes();
                Some(IpAddr::from([10, a, b, c]))
            };
            for at in 0..number(size) {
                runs.open(run(at), &alpha(), source(at), KEPT);
            }
            let mut next = number(size);
            alone(&mut || {
                next += 1;
                assert!(runs.room(&alpha(), source(next), BEGIN).is_ok());
                runs.open(run(next), &alpha(), source(next), KEPT);
                runs.close(run(next));
            })
            .least
        },
    },
];

/// Until when what stays is kept.
const KEPT: Timestamp = Timestamp(BEGIN.0 + 600_000_000);

fn number(size: usize) -> u64 {
    u64::try_from(size).expect("a size")
}

/// The id of a run of this number.
fn run(number: u64) -> u128 {
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_0c1d_a5b3_1e27)
}

/// What is measured on the store of a server that does nothing else.
fn stored(size: usize, measure: impl Fn(&Runtime, &Store) -> f64) -> f64 {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(TestServer::demo());
    let spent = measure(&runtime, server.running.store());
    assert!(spent > 0.0, "nothing was measured at {size}");
    runtime.block_on(server.running.stop());
    spent
}

/// Claims the first step of runs of these numbers, many at once.
async fn claim(store: &Store, numbers: std::ops::Range<u64>, keep: Timestamp) {
    let numbers: Vec<u64> = numbers.collect();
    for batch in numbers.chunks(2_000) {
        let claims: Vec<_> = batch
            .iter()
            .map(|number| {
                let (store, run) = (store.clone(), run(*number));
                tokio::spawn(async move { store.claim_run(run, 0, keep, keep).await })
            })
            .collect();
        for claimed in claims {
            let claimed = claimed.await.expect("it runs").expect("it is written");
            assert_eq!(claimed, Claimed::Won);
        }
    }
}

/// The processor time of this process for one of these, in nanoseconds: the least of a few batches.
fn written(mut operation: impl FnMut()) -> f64 {
    const TIMES: u32 = 16;
    let used = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        #[expect(clippy::cast_precision_loss, reason = "seconds of one process")]
        let nanoseconds = time.tv_sec as f64 * 1e9 + time.tv_nsec as f64;
        nanoseconds
    };
    let mut least = f64::MAX;
    for _ in 0..5 {
        let before = used();
        for _ in 0..TIMES {
            operation();
        }
        least = least.min((used() - before) / f64::from(TIMES));
    }
    least
}

fn main() {
    law::only(LAWS, "laws_server.json");
}
