//! Links the program at a fixed address.
//!
//! A call takes a few milliseconds, and moving 38,000 pointers of a program that can be loaded anywhere would double the
//! time of the shortest ones. What that would protect is small: plugins run in WebAssembly, with memory of their own.
//! SECURITY.md says so.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
