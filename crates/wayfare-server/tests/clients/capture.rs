//! The published client of Capture for Python: `tests/python/capture.py`.

use std::{
    path::PathBuf,
    process::Stdio,
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::process::Command;
use wayfare::{Registry, Timestamp};

use super::PATIENCE;
use crate::{capture::support::set, support::TestServer};

async fn python_is_here(python: &str) -> bool {
    let import = Command::new(python)
        .args(["-c", "import janrain.capture"])
        .stderr(Stdio::null())
        .status();
    let known = import.await.is_ok_and(|status| status.success());
    let required = std::env::var("WAYFARE_CLIENTS").is_ok_and(|value| value == "required");
    assert!(
        known || !required,
        "there is no Python with janrain-python-api"
    );
    if !known {
        eprintln!("skipped: there is no Python with janrain-python-api");
    }
    known
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_of_capture_for_python_does_all_it_can() {
    let python = std::env::var("WAYFARE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if !python_is_here(&python).await {
        return;
    }
    // It signs with the time of the machine.
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time");
    let now = Timestamp(u64::try_from(now.as_millis()).expect("a time"));
    let server = TestServer::at(now, Registry::standard(), |config, _| set(config, |_| ())).await;
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/capture.py");
    let run = Command::new(python)
        .arg(script)
        .arg(format!("http://{}/capture", server.running.address()))
        .arg(server.running.outbox())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run)
        .await
        .expect("in time")
        .expect("Python runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
