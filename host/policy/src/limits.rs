use std::collections::BTreeMap;
use std::time::Duration;

use cpi_protocol::Method;

mod patch;
mod units;

pub use patch::LimitsPatch;
pub use units::{in_words, size_in_words};

/// How much one call may use. The defaults are far above what real calls need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of the plugin, in bytes.
    pub memory: usize,
    /// Elements of all tables of the plugin.
    pub table_elements: usize,
    /// Core instances, and as many tables; a Rust component has a handful.
    pub instances: usize,
    /// Handles (images, leases, streams) that the plugin holds at the same time.
    pub handles: usize,
    /// What the plugin may hand to the host at once, in bytes as the host keeps them.
    pub values: usize,
    /// Time the plugin may compute.
    pub cpu: Duration,
    /// Time a call may take, waiting included, for methods not named in `wall_of`.
    pub wall: Duration,
    /// Time that calls of single methods may take.
    pub wall_of: BTreeMap<Method, Duration>,
    /// Body of a request, in bytes.
    pub request: usize,
    /// Body of a response, in bytes.
    pub response: usize,
    /// Requests of one call that are open at the same time.
    pub in_flight: usize,
    /// Requests that one call begins in a second; more of them wait.
    pub per_second: usize,
    /// Requests of one call.
    pub requests: usize,
    /// Time for one request, from connecting to the last byte.
    pub request_time: Duration,
    /// How often one call sends requests again, all requests together.
    pub tries: usize,
    /// How long one call waits before it sends requests again, all waits together.
    pub waiting: Duration,
    /// How long after its first try a request is still sent again.
    pub deadline: Duration,
    /// Text that one call may log, in bytes.
    pub log: usize,
    /// What the plugin may keep in its state for one director, in bytes.
    pub state: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            memory: 128 * MIB,
            table_elements: 100_000,
            instances: 64,
            handles: 10_000,
            values: 64 * MIB,
            cpu: Duration::from_mins(1),
            wall: Duration::from_hours(2),
            wall_of: BTreeMap::from([(Method::CreateStemcell, Duration::from_hours(8))]),
            request: 16 * MIB,
            response: 16 * MIB,
            in_flight: 32,
            per_second: 100,
            requests: 10_000,
            request_time: Duration::from_mins(2),
            tries: 200,
            waiting: Duration::from_mins(30),
            deadline: Duration::from_mins(15),
            log: MIB,
            state: 16 * MIB,
        }
    }
}

impl Limits {
    /// The defaults, narrowed by what the plugin asks for, and then as the operator says.
    pub fn new(wishes: &LimitsPatch, operator: &LimitsPatch) -> Self {
        let mut limits = Self::default();
        limits.apply(wishes, Ord::min, Duration::min);
        limits.apply(operator, |_, value| value, |_, value| value);
        limits
    }

    /// How long a call of this method may take.
    pub fn wall_of(&self, method: Method) -> Duration {
        self.wall_of.get(&method).copied().unwrap_or(self.wall)
    }

    fn apply(
        &mut self,
        patch: &LimitsPatch,
        number: impl Fn(usize, usize) -> usize,
        time: impl Fn(Duration, Duration) -> Duration,
    ) {
        for (current, value) in [
            (&mut self.memory, patch.memory.map(usize::from)),
            (&mut self.table_elements, patch.table_elements),
            (&mut self.instances, patch.instances),
            (&mut self.handles, patch.handles),
            (&mut self.values, patch.values.map(usize::from)),
            (&mut self.log, patch.log.map(usize::from)),
            (&mut self.state, patch.state.map(usize::from)),
            (&mut self.request, patch.http.request.map(usize::from)),
            (&mut self.response, patch.http.response.map(usize::from)),
            (&mut self.in_flight, patch.http.in_flight.map(usize::from)),
            (&mut self.per_second, patch.http.per_second.map(usize::from)),
            (&mut self.requests, patch.http.requests),
            (&mut self.tries, patch.retries.tries),
        ] {
            *current = value.map_or(*current, |value| number(*current, value));
        }
        // What a method may take is narrowed from what it is now, not from a default that is narrower.
        let of: Vec<_> = patch
            .wall
            .of
            .iter()
            .map(|(method, value)| (*method, time(self.wall_of(*method), (*value).into())))
            .collect();
        self.wall_of.extend(of);
        for (current, value) in [
            (&mut self.cpu, patch.cpu.map(Duration::from)),
            (&mut self.request_time, patch.http.timeout.map(Duration::from)),
            (&mut self.waiting, patch.retries.waiting),
            (&mut self.deadline, patch.retries.deadline),
            (&mut self.wall, patch.wall.default.map(Duration::from)),
        ] {
            *current = value.map_or(*current, |value| time(*current, value));
        }
    }

    /// What differs from the defaults: the setting, its value, and what it would be, for people.
    pub fn differences(&self) -> Vec<(String, String, String)> {
        let ours = self.in_words();
        let others: BTreeMap<_, _> = Self::default().in_words().into_iter().collect();
        let default_of = |name: &String| {
            others.get(name).or_else(|| others.get("wall.default").filter(|_| name.starts_with("wall."))).cloned()
        };
        ours.into_iter()
            .filter_map(|(name, value)| {
                let default = default_of(&name)?;
                (default != value).then_some((name, value, default))
            })
            .collect()
    }

    /// Every limit by the name of its setting.
    fn in_words(&self) -> Vec<(String, String)> {
        let sizes = [
            ("memory", self.memory),
            ("values", self.values),
            ("http.request", self.request),
            ("http.response", self.response),
            ("log", self.log),
            ("state", self.state),
        ];
        let numbers = [
            ("table-elements", self.table_elements),
            ("instances", self.instances),
            ("handles", self.handles),
            ("http.in-flight", self.in_flight),
            ("http.per-second", self.per_second),
            ("http.requests", self.requests),
            ("retries.tries", self.tries),
        ];
        let times = [
            ("cpu", self.cpu),
            ("http.timeout", self.request_time),
            ("retries.waiting", self.waiting),
            ("retries.deadline", self.deadline),
            ("wall.default", self.wall),
        ];
        let walls = self.wall_of.iter().map(|(method, wall)| (format!("wall.{}", method.name()), in_words(*wall)));
        sizes
            .into_iter()
            .map(|(name, size)| (name.to_owned(), size_in_words(size)))
            .chain(numbers.into_iter().map(|(name, number)| (name.to_owned(), number.to_string())))
            .chain(times.into_iter().map(|(name, time)| (name.to_owned(), in_words(time))))
            .chain(walls)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(text: &str) -> LimitsPatch {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn wishes_only_narrow_and_the_operator_has_the_last_word() {
        let wishes = patch("memory = \"64MiB\"\ncpu = \"10h\"\nwall = { create_vm = \"30m\" }");
        let limits = Limits::new(&wishes, &LimitsPatch::default());
        assert_eq!(limits.memory, 64 << 20);
        assert_eq!(limits.cpu, Limits::default().cpu);
        assert_eq!(limits.wall_of(Method::CreateVm), Duration::from_mins(30));
        assert_eq!(limits.wall_of(Method::HasVm), Limits::default().wall);
        let longer = Limits::new(&patch("wall = { default = \"40m\", create_vm = \"90m\" }"), &LimitsPatch::default());
        assert_eq!(longer.wall_of(Method::CreateVm), Duration::from_mins(90));

        let operator = patch("memory = \"1GiB\"\nwall = { default = \"100h\" }\nhttp = { in-flight = 99 }");
        let limits = Limits::new(&wishes, &operator);
        assert_eq!((limits.memory, limits.in_flight), (1 << 30, 99));
        assert_eq!(limits.wall_of(Method::HasVm), Duration::from_hours(100));
    }

    #[test]
    fn differences_name_the_setting_and_the_default() {
        assert_eq!(Limits::default().differences(), []);
        let limits = Limits::new(&LimitsPatch::default(), &patch("memory = \"64MiB\"\nwall = { has_vm = \"90s\" }"));
        let shown: Vec<_> = limits
            .differences()
            .into_iter()
            .map(|(name, value, default)| format!("{name} is {value} instead of {default}"))
            .collect();
        assert_eq!(shown, ["memory is 64MiB instead of 128MiB", "wall.has_vm is 1m 30s instead of 2h"]);
    }
}
