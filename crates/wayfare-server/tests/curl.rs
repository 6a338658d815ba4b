//! What a property test prints as requests leads a server to where the run in memory ended.

use wayfare_testing::{Check, Finding, Run};

use crate::support::TestServer;

const TEXT: &str = "
journey choose \"Choose\" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> raise
    false -> attempts
  }
  node attempts: RetryLimitDecision {
    retryLimit = 1
    Retry -> credentials
    Reject -> failure
  }
  node raise: ModifyAuthLevel(authLevelIncrement = 20) -> choose
  node choose: ChoiceCollector {
    prompt = \"How?\"
    \"It's fine\" -> shall
    Leave -> failure
  }
  node shall: Message {
    message = \"Shall we?\"
    true -> success
    false -> failure
  }
}
";

fn find(property: fn(&Run) -> Result<(), &'static str>) -> Finding {
    Check::new(TEXT).seed(7).find(property).unwrap().unwrap()
}

/// What the shell prints; nothing where there is no shell or no curl.
async fn shell(server: &TestServer, finding: &Finding) -> Option<String> {
    let address = server.running.address();
    let done = tokio::process::Command::new("sh")
        .args(["-c", &finding.as_curl()])
        .env("SERVER", format!("http://{address}/am"))
        .env("REALM", "root/realms/alpha")
        .env("NO_PROXY", "*")
        .output()
        .await
        .ok()?;
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    if told.contains("not found") {
        println!("skipped: there is no curl");
        return None;
    }
    assert!(done.status.success(), "{told}");
    Some(String::from_utf8(done.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn printed_requests_lead_a_server_there() {
    let server = TestServer::journeys(&[("choose.journey", TEXT)]).await;
    let success = find(|run| run.success().map_or(Ok(()), |_| Err("somebody got in")));
    assert_eq!(success.steps(), 3);
    let Some(told) = shell(&server, &success).await else {
        return;
    };
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert!(lines[0].contains("NameCallback"), "{told}");
    assert!(lines[1].contains("ChoiceCallback"), "{told}");
    assert!(lines[2].contains("ConfirmationCallback"), "{told}");
    assert!(lines[3].contains("tokenId"), "{told}");

    let failure = find(|run| match run.left("choose/attempts", "Reject") {
        0 => Ok(()),
        _ => Err("out of tries"),
    });
    let told = shell(&server, &failure).await.unwrap();
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.lines().last().unwrap().contains("401"), "{told}");
}
