use std::process::Child;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::{Answer, Endpoint, Host, memory_of, request};

/// Calls of the AWS plugin, each in a process of its own, all of which wait for the answer to a request.
pub struct Crowd {
    barrier: Arc<Barrier>,
    calls: Vec<Child>,
    start: Instant,
    _host: Host,
}

/// Nothing is there.
const NO_INSTANCES: &str = "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
     <requestId>r</requestId><reservationSet/></DescribeInstancesResponse>";

impl Crowd {
    /// Starts so many calls of `has_vm`, and waits until the endpoint has a request of each.
    pub fn gather(size: usize) -> Self {
        let start = Instant::now();
        // One more than there are calls: they go on when the crowd is let go.
        let barrier = Arc::new(Barrier::new(size + 1));
        let length = NO_INSTANCES.len();
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{NO_INSTANCES}");
        let endpoint = Endpoint::behind(Arc::clone(&barrier), answer);
        let host = Host::aws(&endpoint.url());
        let input = request("has_vm", &json!(["i-0123456789abcdef0"])).to_string();
        let calls = (0..size).map(|_| host.start(input.as_bytes())).collect();
        while endpoint.received().len() < size {
            assert!(start.elapsed() < Duration::from_mins(2), "only {} of {size} wait", endpoint.received().len());
            thread::sleep(Duration::from_millis(10));
        }
        Self { barrier, calls, start, _host: host }
    }

    /// What they take of the machine's memory together, in bytes.
    pub fn memory(&self) -> u64 {
        memory_of(self.calls.iter().map(Child::id))
    }

    /// Lets every request be answered, and waits for what becomes of the calls.
    pub fn let_go(self) -> Vec<Answer> {
        self.barrier.wait();
        let answer = |call: Child| Answer::of(call.wait_with_output().expect("its end"), self.start.elapsed());
        self.calls.into_iter().map(answer).collect()
    }
}
