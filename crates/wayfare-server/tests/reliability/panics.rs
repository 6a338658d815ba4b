//! A request that ends in a panic is answered, counted and forgotten (R13).

use wayfare::{Action, Context, NodeError, NodeType, Prepared, Registry, Reply, Setup, Signature};

use crate::support::TestServer;

#[derive(Debug)]
struct Broken;

impl NodeType for Broken {
    fn signature(&self) -> Signature {
        Signature::new("Broken", "BrokenNode")
    }

    fn prepare(&self, _: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Self))
    }
}

impl Prepared for Broken {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        panic!("a node with a mistake in it: on purpose")
    }

    fn resume(&self, _: &mut Context<'_>, _: Reply) -> Result<Action, NodeError> {
        Err(NodeError::new("it asks nothing"))
    }
}

#[tokio::test]
async fn a_node_that_panics_ends_its_request_and_nothing_else() {
    const BROKEN: &str = "journey broken \"Broken\" {\n  start go\n  node go: Broken -> failure\n  allow no_success because \"it is broken\"\n}\n";
    let mut registry = Registry::standard();
    registry.add(Broken).expect("a name of its own");
    let mut server = TestServer::with_registry(registry, |config, folder| {
        let journeys = folder.join("journeys");
        crate::support::write_all(&journeys, &[("broken.journey", BROKEN)]);
        *config = config.clone().with_journeys(journeys);
    })
    .await;
    server.running.panics_meant = 1;
    let count = async || {
        let text = server.client().get("/metrics").await.text().to_owned();
        let line = text
            .lines()
            .find(|line| line.starts_with("wayfare_panics_total "));
        line.unwrap_or_default().to_owned()
    };
    assert_eq!(count().await, "wayfare_panics_total 0");
    let reply = server.client().begin("Broken").await;
    assert_eq!((reply.status, reply.text()), (500, ""));
    assert_eq!(reply.header("connection"), Some("close"));
    assert_eq!(count().await, "wayfare_panics_total 1");
    assert_eq!((server.sessions(), server.compared()), (0, 0));
    assert_eq!(server.client().get("/healthz").await.status, 200);
}
