//! Starts the server: `cargo run --example embed`.

use std::{error::Error, sync::Arc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let journeys = include_str!("../../../journeys/login.journey");
    let server = embed::Server::new(journeys, "demo", "Ch4ng31t")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, embed::app(Arc::new(server))).await?)
}
