//! What goes wrong before any call: while the component is started, while memory is taken for what the host sends, and
//! when the host asks what the plugin is.
//!
//! A test writes another word over `none` in the component's file.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;

use cpi_plugin_sdk::{About, http};

#[used]
static MODE: [u8; 32] = *b"hostile-mode:none...............";

fn is(mode: &str) -> bool {
    // SAFETY: the bytes are there; that they may be others than the compiler knows is the point.
    let bytes = unsafe { (&raw const MODE).read_volatile() };
    bytes.get(13..13 + mode.len()) == Some(mode.as_bytes()) && bytes.get(13 + mode.len()) == Some(&b'.')
}

/// Runs when the component is instantiated.
#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = start;

extern "C" fn start() {
    if is("start-loop") {
        for_ever();
    }
    if is("start-trap") {
        core::arch::wasm32::unreachable();
    }
}

/// The answer to `info`.
pub(crate) fn info() -> About {
    if is("info-loop") {
        for_ever();
    }
    if is("info-trap") {
        panic!("hostile: a recognisable panic");
    }
    if is("info-send") {
        // Whether it may wait here or not: the request is on its way.
        _ = wit_bindgen::block_on(http::get("https://ec2.us-east-1.amazonaws.com/open/info").send());
    }
    let formats = if is("info-huge") {
        vec!["x".repeat(1000); 10_000]
    } else if is("info-text") {
        vec!["raw\n\u{1b}[31m\u{202e}FORGED".to_owned()]
    } else {
        vec!["hostile-raw".to_owned()]
    };
    let api_version = if is("info-old") { 0 } else { 3 };
    About { stemcell_formats: formats, api_version }
}

fn for_ever() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Never comes back when the host wants memory for a text of this length: `cabi_realloc` ends here.
struct Stuck;

const STUCK_AT: usize = 77_777;

#[global_allocator]
static MEMORY: Stuck = Stuck;

// SAFETY: everything that comes back comes from the system's allocator.
unsafe impl GlobalAlloc for Stuck {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() == STUCK_AT {
            for_ever();
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}
