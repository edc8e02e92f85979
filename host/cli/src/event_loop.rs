use tokio::runtime::{Builder, Runtime};

/// The one thread on which a call runs, its timers and its connections.
pub(crate) fn start() -> Result<Runtime, String> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("the async runtime cannot be started: {error}"))
}
