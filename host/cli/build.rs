//! Links the program at a fixed address.
//!
//! A call takes a few milliseconds, and a third of a millisecond would go into moving 38,000 pointers of a program that
//! can be loaded anywhere. What that would protect is small: plugins run in WebAssembly, with memory of their own.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
