//! Links the program at a fixed address.
//!
//! A call takes a few milliseconds, and half a millisecond of them would go into moving 38,000 pointers of a program
//! that can be loaded anywhere. What that would protect is small: plugins run in WebAssembly, with their own memory.

fn main() {
    println!("cargo::rustc-link-arg-bins=-no-pie");
}
