//! Misuses the state.

use std::time::Duration;

use cpi_plugin_sdk::{Failure, clock, state};

use crate::found;

type Outcome = Result<(), Failure>;

/// Writes until there is no room, and tells how many MiB there were.
pub(crate) async fn fill() -> Outcome {
    let value = vec![b'x'; 1 << 20];
    for number in 0..10_240 {
        if let Err(problem) = state::put(format!("fill/{number}"), value.clone(), 0).await {
            return found((number, problem));
        }
    }
    found("no limit")
}

/// Keys that would leave a folder, or be no file name. Each is written and read back.
pub(crate) async fn keys() -> Outcome {
    let long = "x".repeat(1 << 20);
    let mut outcomes = Vec::new();
    for key in ["../FORGED", "/tmp/FORGED", "..", "", "a/../../b", "nul\u{0}", "new\nline", "C:\\FORGED", long.as_str()]
    {
        let put = state::put(key.to_owned(), b"FORGED".to_vec(), 0).await;
        let name: String = key.chars().take(20).collect();
        outcomes.push((name, put, state::get(key.to_owned()).await.map(|entry| entry.map(|entry| entry.version))));
    }
    found(outcomes)
}

/// Writes whatever version there is.
pub(crate) async fn put(text: &str) -> Outcome {
    let version = match state::get("hostile".to_owned()).await {
        Ok(entry) => entry.map_or(0, |entry| entry.version),
        Err(problem) => return found(problem),
    };
    match state::put("hostile".to_owned(), text.into(), version).await {
        Ok(_) => Ok(()),
        Err(problem) => found(problem),
    }
}

pub(crate) async fn get() -> Outcome {
    let entry = state::get("hostile".to_owned()).await;
    found(entry.map(|entry| entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned())))
}

/// Ends without giving the lease back: the host must.
pub(crate) async fn trap_with_lease() -> Outcome {
    match state::acquire("hostile".to_owned(), 0).await {
        Ok(_lease) => panic!("hostile: a lease is held"),
        Err(problem) => found(problem),
    }
}

/// Waits as long as there is for a lease that another call holds.
pub(crate) async fn wait_for_lease() -> Outcome {
    found(state::acquire("hostile".to_owned(), u32::MAX).await.map(drop))
}

/// Takes a lease and keeps it for so many milliseconds.
pub(crate) async fn hold_lease(ms: &str) -> Outcome {
    let lease = match state::acquire("hostile".to_owned(), 0).await {
        Ok(lease) => lease,
        Err(problem) => return found(problem),
    };
    clock::sleep(Duration::from_millis(ms.parse().unwrap_or(1000))).await;
    drop(lease);
    Ok(())
}
