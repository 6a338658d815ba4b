//! A running server whose test fails where a request of it ended in a panic, whatever else it looked at.

use std::ops::Deref;

use wayfare_server::Running;

/// A running server, held to its count of panics when it goes.
pub(crate) struct Watched {
    /// Nothing once it is stopped.
    running: Option<Running>,
    /// Another number than none where the test is about them.
    pub(crate) panics_meant: u64,
}

impl Watched {
    /// One of which no request may panic.
    pub(super) fn new(running: Running) -> Self {
        Self {
            running: Some(running),
            panics_meant: 0,
        }
    }

    /// Stops it as a signal does.
    pub(crate) async fn stop(mut self) {
        self.judge();
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    fn judge(&self) {
        let counted = self.running.as_ref().map(Running::panics);
        if let Some(counted) = counted.filter(|_| !std::thread::panicking()) {
            assert_eq!(counted, self.panics_meant, "requests that ended in a panic");
        }
    }
}

impl Deref for Watched {
    type Target = Running;

    fn deref(&self) -> &Running {
        self.running.as_ref().expect("it is stopped by value")
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.judge();
    }
}
