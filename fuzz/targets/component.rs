//! A file that is offered as a plugin is told by how it begins, and read without a panic.
#![no_main]

use cpi_component::{ComponentError, Kind, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The second time as what follows the head of a component.
    let component = [b"\0asm\x0d\0\x01\0", bytes].concat();
    for bytes in [bytes, &component] {
        let native = bytes.starts_with(b"\x7fELF");
        match read(bytes) {
            Ok(facts) => {
                assert!(bytes.starts_with(b"\0asm") && !native);
                assert!(facts.imports.len() <= 1000);
            }
            Err(ComponentError::Compiled) => assert!(native),
            Err(_) => assert!(!native || matches!(Kind::of(bytes), Kind::NativeProgram | Kind::Unknown)),
        }
    }
});
