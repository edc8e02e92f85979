use std::cell::RefCell;
use std::io::Write;
use std::time::Instant;

use cpi_tests::{Answer, Host};
use serde_json::{Value, json};

use crate::verdict::{self, kind};
use crate::watchdog::Watchdog;
use crate::{Answers, watchdog};

/// The program with a simulated cloud in which there is something to find.
pub(crate) struct Target<'a> {
    watchdog: &'a Watchdog,
    world: RefCell<World>,
    answers: RefCell<Answers>,
}

/// A cloud, what is in it by the name that stands for it in a request, and how many requests it may still see.
struct World {
    host: Host,
    things: Vec<(&'static str, String)>,
    left: u32,
}

impl<'a> Target<'a> {
    pub(crate) fn new(watchdog: &'a Watchdog) -> Self {
        Self { watchdog, world: RefCell::new(World::new()), answers: RefCell::default() }
    }

    /// Sends a request to a process of its own, and says what is wrong with the answer.
    pub(crate) fn send(&self, input: &[u8]) -> Result<(), String> {
        let mut world = self.world.borrow_mut();
        if world.left == 0 {
            *world = World::new();
        }
        world.left -= 1;
        let answer = self.answer(&world.host, &world.with_things(input));
        let response = verdict::of(&answer).map_err(|problem| format!("{problem}\n{answer:?}"))?;
        *self.answers.borrow_mut().entry(kind(&response)).or_default() += 1;
        Ok(())
    }

    pub(crate) fn answers(self) -> Answers {
        self.answers.into_inner()
    }

    fn answer(&self, host: &Host, input: &[u8]) -> Answer {
        let start = Instant::now();
        let mut child = host.command().spawn().expect("the program starts");
        let watched = self.watchdog.watch(child.id(), watchdog::PATIENCE);
        // A program that is gone early is found out below.
        _ = child.stdin.take().expect("a pipe").write_all(input);
        let output = child.wait_with_output().expect("the end of the program");
        drop(watched);
        Answer::of(output, start.elapsed())
    }
}

impl World {
    /// So few requests that deleted things are soon there again, and the cloud stays small.
    const REQUESTS: u32 = 100;

    fn new() -> Self {
        let host = Host::sim().with_more_settings("[limits]\nwall = { default = \"10s\" }\n");
        let cid = |method: &str, arguments: &Value| {
            let result = host.call(method, arguments).result();
            let cid = if result.is_array() { &result[0] } else { &result };
            cid.as_str().expect("an identifier").to_owned()
        };
        let stemcell = cid("create_stemcell", &json!(["/does/not/exist", {"light": true}]));
        let networks = json!({"private": {"type": "dynamic"}});
        let vm = cid("create_vm", &json!(["agent-0", stemcell, {}, networks, [], {}]));
        let disk = cid("create_disk", &json!([1024, {}, null]));
        let snapshot = cid("snapshot_disk", &json!([disk, {}]));
        let definition = json!({"type": "manual", "range": "10.2.0.0/24", "gateway": "10.2.0.1", "netmask_bits": 24});
        let network = cid("create_network", &json!([definition]));
        let things =
            vec![("$stemcell", stemcell), ("$vm", vm), ("$disk", disk), ("$snapshot", snapshot), ("$network", network)];
        Self { host, things, left: Self::REQUESTS }
    }

    fn with_things(&self, input: &[u8]) -> Vec<u8> {
        // Most inputs are text; the others go as they are.
        let Ok(text) = std::str::from_utf8(input) else { return input.to_vec() };
        self.things.iter().fold(text.to_owned(), |text, (name, cid)| text.replace(name, cid)).into_bytes()
    }
}
