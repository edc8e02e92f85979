use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use rand_core::TryRng;
use serde_json::Value;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use super::Tape;

/// WASI's clocks, on the record.
pub(crate) struct Clock(pub(crate) Tape);

/// The same random numbers for the same seed.
pub(crate) struct Random(blake3::OutputReader);

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.0.play_now("wasi.wall-clock", Value::Null, now).unwrap_or_default()
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        let now = || {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            u64::try_from(Duration::try_from(now).unwrap_or_default().as_nanos()).unwrap_or_default()
        };
        self.0.play_now("wasi.monotonic-clock", Value::Null, now).unwrap_or_default()
    }
}

impl Random {
    pub(crate) fn new(seed: &str, purpose: &str) -> Self {
        Self(blake3::Hasher::new().update(seed.as_bytes()).update(purpose.as_bytes()).finalize_xof())
    }

    pub(crate) fn number(mut self) -> u128 {
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes);
        u128::from_le_bytes(bytes)
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}
