use std::collections::BTreeMap;
use std::time::Duration;

use bytesize::ByteSize;
use serde::Deserialize;

/// How much one call may use. The defaults are far above what real calls need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of the plugin, in bytes.
    pub memory: usize,
    /// Time the plugin may compute.
    pub cpu: Duration,
    /// Time a call may take, waiting included, for methods not named in `wall_of`.
    pub wall: Duration,
    /// Time that calls of single methods may take.
    pub wall_of: BTreeMap<String, Duration>,
    /// Body of a request, in bytes.
    pub request: usize,
    /// Body of a response, in bytes.
    pub response: usize,
    /// Requests of one call that are open at the same time.
    pub in_flight: usize,
    /// Requests of one call.
    pub requests: usize,
    /// Time for one request, from connecting to the last byte.
    pub request_time: Duration,
    /// Text that one call may log, in bytes.
    pub log: usize,
    /// What the plugin may keep in its state for one director, in bytes.
    pub state: usize,
}

/// The `[limits]` table of a manifest or of the host's configuration: what is absent stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LimitsPatch {
    memory: Option<ByteSize>,
    #[serde(default, with = "humantime_serde::option")]
    cpu: Option<Duration>,
    #[serde(default)]
    wall: WallPatch,
    #[serde(default)]
    http: HttpPatch,
    log: Option<ByteSize>,
    state: Option<ByteSize>,
}

/// `wall = { default = "10m", create_stemcell = "4h" }`: a method's name, or `default`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
struct WallPatch(BTreeMap<String, Readable>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
struct Readable(#[serde(with = "humantime_serde")] Duration);

/// `http = { in-flight = 16, response = "8MiB" }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct HttpPatch {
    in_flight: Option<usize>,
    requests: Option<usize>,
    request: Option<ByteSize>,
    response: Option<ByteSize>,
    #[serde(default, with = "humantime_serde::option")]
    timeout: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            memory: 128 * MIB,
            cpu: Duration::from_mins(1),
            wall: Duration::from_hours(2),
            wall_of: BTreeMap::from([("create_stemcell".to_owned(), Duration::from_hours(8))]),
            request: 16 * MIB,
            response: 8 * MIB,
            in_flight: 32,
            requests: 10_000,
            request_time: Duration::from_mins(2),
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
    pub fn wall_of(&self, method: &str) -> Duration {
        self.wall_of.get(method).copied().unwrap_or(self.wall)
    }

    fn apply(
        &mut self,
        patch: &LimitsPatch,
        number: impl Fn(usize, usize) -> usize,
        time: impl Fn(Duration, Duration) -> Duration,
    ) {
        let set = |current: &mut usize, value: Option<usize>| {
            if let Some(value) = value {
                *current = number(*current, value);
            }
        };
        set(&mut self.memory, patch.memory.map(bytes));
        set(&mut self.log, patch.log.map(bytes));
        set(&mut self.state, patch.state.map(bytes));
        set(&mut self.request, patch.http.request.map(bytes));
        set(&mut self.response, patch.http.response.map(bytes));
        set(&mut self.in_flight, patch.http.in_flight);
        set(&mut self.requests, patch.http.requests);
        let set = |current: &mut Duration, value: Option<Duration>| {
            if let Some(value) = value {
                *current = time(*current, value);
            }
        };
        set(&mut self.cpu, patch.cpu);
        set(&mut self.request_time, patch.http.timeout);
        for (method, Readable(value)) in &patch.wall.0 {
            if method == "default" {
                set(&mut self.wall, Some(*value));
            } else {
                let ceiling = self.wall_of.get(method).copied().unwrap_or(self.wall);
                self.wall_of.insert(method.clone(), time(ceiling, *value));
            }
        }
    }
}

fn bytes(size: ByteSize) -> usize {
    usize::try_from(size.as_u64()).unwrap_or(usize::MAX)
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
        assert_eq!(limits.wall_of("create_vm"), Duration::from_mins(30));
        assert_eq!(limits.wall_of("has_vm"), Limits::default().wall);

        let operator = patch("memory = \"1GiB\"\nwall = { default = \"100h\" }\nhttp = { in-flight = 99 }");
        let limits = Limits::new(&wishes, &operator);
        assert_eq!((limits.memory, limits.in_flight), (1 << 30, 99));
        assert_eq!(limits.wall_of("has_vm"), Duration::from_hours(100));
    }
}
