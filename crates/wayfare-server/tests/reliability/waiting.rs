//! Very many runs wait for an answer, and cost no step more (R7).

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::{
    figures::{p99, resident},
    size,
    support::{Client, TestServer},
};

/// Two questions, and nothing that hashes.
const ASKS: &str = "\
journey asks \"Asks\" {
  start name
  node name: UsernameCollector -> more
  node more: UsernameCollector -> failure
  allow no_success because \"nobody gets in\"
}
";

/// How many of them are answered among few, and among all.
const ASKED: usize = 500;

/// `WAYFARE_RUNS` runs are begun over HTTP and wait for their first answer. Memory grows by no more than
/// 3 KiB each, a step is as quick as before, each run that is looked for is there, and the one beyond the
/// bound is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_runs_wait() {
    let count = usize::try_from(size("WAYFARE_RUNS", 2_000)).expect("a number of runs");
    let server = TestServer::with_journeys(&[("asks.journey", ASKS)], |config| {
        config.limits.runs_per_realm = count;
        config.limits.runs_per_source = count;
    })
    .await;
    let begin = async || server.client().begin("Asks").await;
    let mut few = Vec::new();
    for _ in 0..ASKED.min(count / 2) {
        let step = begin().await.step();
        few.push(answered(server.client(), &step).await);
    }
    let before = resident();
    let rest = count - few.len();
    let mut kept = Vec::new();
    for at in 0..rest {
        let step = begin().await.step();
        if at % (rest / ASKED).max(1) == 0 {
            kept.push(step);
        }
    }
    let after = resident();
    let refused = begin().await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    let mut many = Vec::new();
    for step in &kept {
        many.push(answered(server.client(), step).await);
    }
    let (few, many) = (p99(few), p99(many));
    println!(
        "{count} runs: {before} MiB before, {after} MiB after; a step within {few} us (p99) among few and \
         {many} us among all"
    );
    let most = 32 + u64::try_from(count).expect("a number of runs") * 3 / 1_024;
    assert!(after.saturating_sub(before) <= most, "more than {most} MiB");
}

/// How long the first answer of a run takes, which leads to the second question.
async fn answered(mut client: Client, step: &Json) -> Duration {
    let begun = Instant::now();
    let next = client.answer(step, &["demo".into()]).await.step();
    let took = begun.elapsed();
    assert_eq!(next["callbacks"][0]["type"], "NameCallback");
    assert_ne!(next["authId"], step["authId"]);
    took
}
