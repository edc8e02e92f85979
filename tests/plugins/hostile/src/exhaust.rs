//! Ends badly, or takes what there is.

use std::hint::black_box;
use std::time::Duration;

use cpi_plugin_sdk::{Failure, clock};

type Outcome = Result<(), Failure>;

pub(crate) fn unreachable() -> Outcome {
    core::arch::wasm32::unreachable()
}

#[expect(clippy::disallowed_methods, reason = "that is the trick: a plugin that leaves without an answer")]
pub(crate) fn exit() -> Outcome {
    std::process::exit(0)
}

/// Computes for ever: only the limit of CPU time ends it.
pub(crate) fn spin() -> Outcome {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Waits for ever: only the limit of the call's time ends it.
pub(crate) async fn sleep_for_ever() -> Outcome {
    loop {
        clock::sleep(Duration::from_millis(u32::MAX.into())).await;
    }
}

/// Neither computes much nor waits long, and never ends.
pub(crate) async fn sleep_in_no_time() -> Outcome {
    loop {
        clock::sleep(Duration::ZERO).await;
    }
}

/// Many short waits, which are no computing.
pub(crate) async fn naps(number: &str) -> Outcome {
    for _ in 0..number.parse().unwrap_or(100) {
        clock::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Takes 10 GiB, more than there is to address, and writes to every page.
pub(crate) fn memory() -> Outcome {
    const MIB: usize = 1 << 20;
    let blocks: Vec<Vec<u8>> = (0..10_240).map(|_| black_box(vec![1_u8; MIB])).collect();
    crate::found(blocks.len())
}

/// Calls itself until the stack ends. What each call still has to do afterwards keeps it from being a loop.
pub(crate) fn stack(depth: u64) -> u64 {
    if depth == u64::MAX { 0 } else { stack(depth + 1).rotate_left(7) ^ depth }
}
