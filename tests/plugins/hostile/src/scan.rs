use cpi_plugin_sdk::Failure;

use crate::found;

/// Counts the places in the plugin's whole memory where a text stands. The argument is that text written backwards, so
/// that the question is not its own answer.
pub(crate) fn memory<T>(backwards: &str) -> Result<T, Failure> {
    found(places(backwards))
}

/// What [`memory`] finds, in words.
pub(crate) fn places(backwards: &str) -> String {
    let wanted = backwards.as_bytes();
    let end = size().saturating_sub(wanted.len());
    // Address 0 is no place for data.
    let places = (1..end).filter(|start| stands_at(*start, wanted)).count();
    format!("{places} in {} bytes", size())
}

fn stands_at(start: usize, backwards: &[u8]) -> bool {
    !backwards.is_empty() && backwards.iter().rev().enumerate().all(|(place, byte)| peek(start + place) == *byte)
}

fn size() -> usize {
    const PAGE: usize = 1 << 16;
    core::arch::wasm32::memory_size(0) * PAGE
}

fn peek(address: usize) -> u8 {
    // SAFETY: the caller stays below the size of the memory, all of which can be read, and nothing else runs.
    unsafe { core::ptr::with_exposed_provenance::<u8>(address).read_volatile() }
}
