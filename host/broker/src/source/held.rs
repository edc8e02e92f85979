use std::time::{Duration, Instant, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{CredentialError, Place};

/// A secret that a service gave, and how long it is good for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Fresh<T> {
    pub(crate) secret: T,
    /// From then on a new one is asked for.
    renew: SystemTime,
    /// From then on it is worthless.
    expires: SystemTime,
}

/// A secret in the hands of one call: asked for once, however many requests wait for it, and again before it expires.
pub(crate) struct Held<T> {
    /// Where it is kept for the next calls.
    kept: Option<Place>,
    slot: Mutex<Slot<T>>,
}

struct Slot<T> {
    current: Option<Fresh<T>>,
    /// Grows with every change of `current`.
    edition: u64,
    /// The last attempt, if it failed.
    failed: Option<(Instant, CredentialError)>,
}

/// Clocks differ, and a request takes time.
const BEFORE_EXPIRY: Duration = Duration::from_mins(5);
/// How long a secret that still is good is used after an attempt to get the next one failed.
const PATIENCE: Duration = Duration::from_secs(30);

impl<T> Fresh<T> {
    /// A secret that expires then. A short-lived one is renewed when a quarter of its time is left.
    pub(crate) fn new(secret: T, expires: SystemTime, now: SystemTime) -> Self {
        let life = expires.duration_since(now).unwrap_or_default();
        let early = BEFORE_EXPIRY.min(life / 4);
        Self { secret, renew: expires.checked_sub(early).unwrap_or(now), expires }
    }

    /// How long it may be used.
    pub(crate) fn expires(&self) -> SystemTime {
        self.expires
    }
}

impl<T: Clone + Serialize + DeserializeOwned> Held<T> {
    /// Nothing yet.
    pub(crate) fn new(kept: Option<Place>) -> Self {
        Self { kept, slot: Mutex::new(Slot { current: None, edition: 0, failed: None }) }
    }

    /// The secret and its edition. `fetch` runs only when there is none that is good for a while.
    pub(crate) async fn get(
        &self,
        fetch: impl Future<Output = Result<Fresh<T>, CredentialError>>,
    ) -> Result<(T, u64), CredentialError> {
        let asked = Instant::now();
        let mut slot = self.slot.lock().await;
        let now = SystemTime::now();
        if slot.current.is_none() {
            // What another call left is as good as if it had been asked for now.
            slot.current = self.kept.as_ref().and_then(Place::read);
        }
        let usable = slot.current.clone().filter(|current| now < current.expires);
        if let Some(current) = usable.as_ref().filter(|current| now < current.renew) {
            return Ok((current.secret.clone(), slot.edition));
        }
        if let Some((at, error)) = &slot.failed {
            match &usable {
                Some(current) if at.elapsed() < PATIENCE => return Ok((current.secret.clone(), slot.edition)),
                // Whoever waited for the attempt that failed shares its outcome.
                None if *at >= asked => return Err(error.clone()),
                _ => {}
            }
        }
        match fetch.await {
            Ok(fresh) => {
                if let Some(place) = &self.kept {
                    place.write(&fresh);
                }
                let secret = fresh.secret.clone();
                slot.edition += 1;
                slot.failed = None;
                slot.current = Some(fresh);
                Ok((secret, slot.edition))
            }
            Err(error) => {
                slot.failed = Some((Instant::now(), error.clone()));
                usable.map(|current| (current.secret, slot.edition)).ok_or(error)
            }
        }
    }

    /// Forgets the secret of this edition, which a service did not accept; a newer one stays.
    pub(crate) async fn forget(&self, edition: u64) {
        let mut slot = self.slot.lock().await;
        if slot.edition == edition {
            slot.current = None;
            slot.edition += 1;
            if let Some(place) = &self.kept {
                place.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn token(text: &str, seconds: u64) -> Fresh<String> {
        let now = SystemTime::now();
        Fresh::new(text.to_owned(), now + Duration::from_secs(seconds), now)
    }

    fn refused() -> CredentialError {
        CredentialError::Settings("refused".to_owned())
    }

    #[tokio::test]
    async fn ten_that_wait_ask_once() {
        let (held, asked) = (Held::new(None), AtomicUsize::new(0));
        let get = || {
            held.get(async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(token("a", 3600))
            })
        };
        let (a, b, c) = tokio::join!(get(), get(), get());
        assert_eq!([a.unwrap().0, b.unwrap().0, c.unwrap().0], ["a", "a", "a"]);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn those_that_waited_share_a_refusal_and_later_ones_ask_again() {
        let (held, asked) = (Held::<String>::new(None), AtomicUsize::new(0));
        let get = || {
            held.get(async {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
                Err(refused())
            })
        };
        let (a, b) = tokio::join!(get(), get());
        assert_eq!([a.unwrap_err(), b.unwrap_err()], [refused(), refused()]);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert!(held.get(async { Ok(token("b", 3600)) }).await.is_ok());
    }

    #[tokio::test]
    async fn a_secret_is_renewed_before_it_expires_and_used_while_that_fails() {
        let held = Held::new(None);
        let now = SystemTime::now();
        let old = Fresh { secret: "old".to_owned(), renew: now, expires: now + Duration::from_mins(1) };
        assert_eq!(held.get(async { Ok(old) }).await.unwrap().0, "old");
        assert_eq!(held.get(async { Err(refused()) }).await.unwrap().0, "old");
        let unasked = held.get(async { Ok(token("too soon", 3600)) }).await;
        assert_eq!(unasked.unwrap().0, "old");
    }

    #[tokio::test]
    async fn what_was_not_accepted_is_forgotten_once() {
        let held = Held::new(None);
        let (_, first) = held.get(async { Ok(token("a", 3600)) }).await.unwrap();
        held.forget(first).await;
        let (secret, second) = held.get(async { Ok(token("b", 3600)) }).await.unwrap();
        assert_eq!(secret, "b");
        held.forget(first).await;
        assert_eq!(held.get(async { Err(refused()) }).await.unwrap(), ("b".to_owned(), second));
    }

    #[test]
    fn short_lives_are_used_for_the_most_part() {
        let fresh = token("a", 8);
        assert_eq!(fresh.expires.duration_since(fresh.renew).unwrap(), Duration::from_secs(2));
        let fresh = token("a", 3600);
        assert_eq!(fresh.expires.duration_since(fresh.renew).unwrap(), BEFORE_EXPIRY);
    }
}
