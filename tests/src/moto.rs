use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A moto server on a port of its own, ended when this is dropped.
pub struct Moto {
    process: Child,
    port: u16,
}

impl Moto {
    /// Starts a server from the checkout's Python environment and waits until it answers.
    pub fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(".venv").join("bin/moto_server");
        assert!(program.exists(), "there is no {}: run `make test`", program.display());
        let port = free_port();
        let process = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let moto = Self { process, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_mins(1), "moto does not answer");
            thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    /// Its address as an endpoint.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}
