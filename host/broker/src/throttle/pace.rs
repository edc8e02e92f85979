use std::fmt;
use std::time::{Duration, SystemTime};

/// How fast requests may follow one another: halved when the service throttles, doubled with every quiet while.
///
/// It grows with time and not with answers, so that a success costs no write. Only requests that are being sent can
/// find out whether the service has recovered, and each takes its turn here first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    /// Requests in a second at the time of `reduced`.
    rate: f64,
    /// When the service throttled last.
    reduced: SystemTime,
    /// When the next request may be sent.
    next: SystemTime,
}

/// Where it begins when a service throttles that was not paced: what clouds refill their quotas with is near to it.
const FIRST: f64 = 5.0;
const SLOWEST: f64 = 0.2;
/// At this rate nobody needs to be held back any more.
const FASTEST: f64 = 100.0;
/// A quiet while, in seconds.
const DOUBLED_AFTER: f64 = 10.0;
/// A clock that was set back must not hold calls for as long.
const FARTHEST: Duration = Duration::from_hours(1);

impl Pace {
    /// Whether there still is anything to heed.
    pub(super) fn holds(&self, now: SystemTime) -> bool {
        self.rate(now) < FASTEST && self.reduced <= now && self.next <= now + FARTHEST
    }

    /// Takes the next turn: how long it is until then.
    pub(super) fn turn(&mut self, now: SystemTime) -> Duration {
        let turn = self.next.max(now);
        self.next = turn + Duration::from_secs_f64(1.0 / self.rate(now));
        turn.duration_since(now).unwrap_or_default()
    }

    /// The pace after a request, sent at `sent`, was throttled. Those that were under way when it was reduced say
    /// nothing new, and do not halve it again.
    pub(super) fn slower(pace: Option<Self>, now: SystemTime, sent: SystemTime, rest: Duration) -> Self {
        let next = now + rest.min(FARTHEST / 2);
        match pace {
            None => Self { rate: FIRST, reduced: now, next },
            Some(pace) if sent <= pace.reduced => Self { next: pace.next.max(next), ..pace },
            Some(pace) => Self { rate: (pace.rate(now) / 2.0).max(SLOWEST), reduced: now, next: pace.next.max(next) },
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let rate = words.next()?.parse().ok().filter(|rate: &f64| (SLOWEST..=FASTEST).contains(rate))?;
        let mut time = || SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(words.next()?.parse().ok()?));
        Some(Self { rate, reduced: time()?, next: time()? })
    }

    fn rate(&self, now: SystemTime) -> f64 {
        let quiet = now.duration_since(self.reduced).unwrap_or_default().as_secs_f64();
        (self.rate * (quiet / DOUBLED_AFTER).exp2()).min(FASTEST)
    }
}

/// Rate, and the two times in microseconds since 1970.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
        write!(f, "{:.3} {} {}", self.rate, micros(self.reduced), micros(self.next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
    }

    #[test]
    fn it_halves_once_for_what_was_under_way_and_grows_back() {
        let first = Pace::slower(None, now(), now(), Duration::ZERO);
        let same = Pace::slower(Some(first), now() + SECOND, now(), 3 * SECOND);
        assert_eq!((same.rate, same.next), (FIRST, now() + 4 * SECOND));
        let halved = Pace::slower(Some(first), now() + SECOND, now() + SECOND, Duration::ZERO);
        assert!(halved.rate < FIRST * 0.6, "{halved:?}");
        let later = now() + SECOND + Duration::from_secs_f64(DOUBLED_AFTER);
        assert!((halved.rate(later) / halved.rate - 2.0).abs() < 1e-9);
        assert!(first.holds(now() + 10 * SECOND) && !first.holds(now() + 100 * SECOND));
    }

    #[test]
    fn turns_follow_one_another_and_never_stop() {
        let mut pace = Pace::slower(None, now(), now(), Duration::ZERO);
        let turns: Vec<_> = (0..3).map(|_| pace.turn(now()).as_millis()).collect();
        assert_eq!(turns, [0, 200, 400]);
        let slowest = (1..100).fold(pace, |pace, second| {
            let now = now() + second * SECOND;
            Pace::slower(Some(pace), now, now, Duration::ZERO)
        });
        assert!((slowest.rate - SLOWEST).abs() < 1e-9);
    }

    #[test]
    fn it_is_written_and_read() {
        let pace = Pace::slower(None, now(), now(), SECOND);
        assert_eq!(Pace::parse(&pace.to_string()), Some(pace));
        for text in ["", "1", "-1 0 0", "nan 0 0", "1e9 0 0", "5 0 x"] {
            assert_eq!(Pace::parse(text), None, "{text}");
        }
        let back = Pace::parse("1 9999999999999999 9999999999999999").unwrap();
        assert!(!back.holds(now()), "a clock that was set back");
    }
}
