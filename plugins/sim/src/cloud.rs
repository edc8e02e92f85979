use std::time::Duration;

use cpi_plugin_sdk::{Call, Failure, clock, log, settings, state};

use crate::settings::{Capacity, Settings};
use crate::world::World;

/// One simulated cloud, as a call sees it.
///
/// The world is a single entry of the host's state. A change is written only over the version that it was made from;
/// when another call was faster, it is made again from the new one.
pub(crate) struct Cloud {
    world: String,
    pub(crate) capacity: Capacity,
}

impl Cloud {
    pub(crate) fn open(call: &Call) -> Result<Self, Failure> {
        let Settings { world, capacity } = settings::parse(call)?;
        Ok(Self { world, capacity })
    }

    /// Answers a question about the world.
    pub(crate) async fn look<T>(&self, question: impl Fn(&World) -> Result<T, Failure>) -> Result<T, Failure> {
        question(&self.load().await?.world)
    }

    /// Changes the world; all of `change` happens, or nothing. It may run several times.
    pub(crate) async fn change<T>(&self, change: impl Fn(&mut World) -> Result<T, Failure>) -> Result<T, Failure> {
        for pause_ms in 0..MOST_TRIES {
            let Loaded { mut world, text, version } = self.load().await?;
            let answer = change(&mut world)?;
            let changed = world.to_json()?;
            if changed == text {
                return Ok(answer);
            }
            match state::put(self.key(), changed, version).await {
                Ok(_) => return Ok(answer),
                Err(state::Problem::Conflict) => clock::sleep(Duration::from_millis(pause_ms)).await,
                Err(problem) => return Err(self.failure(problem)),
            }
        }
        log::warn("gave up after many conflicts", &[("world", &self.world)]);
        Err(self.failure(state::Problem::Conflict))
    }

    async fn load(&self) -> Result<Loaded, Failure> {
        let entry = state::get(self.key()).await.map_err(|problem| self.failure(problem))?;
        let Some(state::Entry { value: text, version }) = entry else {
            return Ok(Loaded { world: World::default(), text: Vec::new(), version: 0 });
        };
        let world = World::from_json(&text)
            .map_err(|error| Failure::rejected(format!("simulated world '{}' cannot be read: {error}", self.world)))?;
        Ok(Loaded { world, text, version })
    }

    fn key(&self) -> String {
        format!("world/{}", self.world)
    }

    fn failure(&self, problem: state::Problem) -> Failure {
        let reason = match problem {
            state::Problem::Conflict | state::Problem::Busy => "too many calls change it at the same time".to_owned(),
            state::Problem::Full => "it has no room left: delete something, or raise `limits.state`".to_owned(),
            state::Problem::Unavailable(reason) => reason,
        };
        Failure::rejected(format!("simulated world '{}': {reason}", self.world))
    }
}

/// The world and where it came from; version 0 is a world that nobody has changed yet.
struct Loaded {
    world: World,
    text: Vec<u8>,
    version: u64,
}

/// Of so many calls at the same time each succeeds: with every try one of them is through.
const MOST_TRIES: u64 = 100;
