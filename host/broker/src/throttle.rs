//! What processes tell one another about services that are busy.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pace::Pace;

use crate::folder::{Folder, options};

mod pace;

/// The folder in which calls leave word that a service gets too many requests.
///
/// A director runs dozens of processes at once. A service that throttles one of them throttles the account, so all of
/// them slow down together: each takes the next free turn instead of guessing a pause. As long as nobody is throttled
/// there is no file, and looking for it costs microseconds.
#[derive(Debug, Clone)]
pub struct Throttle {
    folder: Folder,
    /// Digest of what tells accounts apart.
    account: blake3::Hasher,
}

/// One account at one service.
#[derive(Debug)]
pub(crate) struct Scope {
    folder: Folder,
    path: PathBuf,
}

/// Who holds the lock does so for microseconds; one that was stopped must not stop the others.
const PATIENCE: Duration = Duration::from_millis(100);
/// A file of ours has less than a hundred bytes.
const LONGEST_FILE: u64 = 1000;

impl Throttle {
    /// The word of mouth below the folder of all states. Nothing is made on disk yet.
    /// `account` is what tells accounts apart: they are throttled apart as well.
    pub fn new<'a>(state: &Path, account: impl Iterator<Item = &'a str>) -> Self {
        // No plugin has a name that starts with a dot.
        Self { folder: Folder::new(state, &[".throttle"]), account: digest(blake3::Hasher::new(), account) }
    }

    /// A service that throttles the account.
    pub(crate) fn scope(&self, service: &str) -> Scope {
        let digest = digest(self.account.clone(), std::iter::once(service));
        let name: String = digest.finalize().to_hex().chars().take(32).collect();
        Scope { path: self.folder.path().join(name), folder: self.folder.clone() }
    }
}

impl Scope {
    /// Takes the next turn, and says how long it is until then; `None` when nobody is throttled, or when the turn would
    /// come later than `patience`.
    pub(crate) async fn turn(&self, patience: Duration) -> io::Result<Option<Duration>> {
        let file = match options().read(true).write(true).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // Word of somebody else is not believed: it could make calls wait.
        self.folder.check()?;
        let Some(mut file) = locked(file).await? else { return Ok(None) };
        let now = SystemTime::now();
        let Some(mut pace) = read(&mut file)?.filter(|pace| pace.holds(now)) else {
            fs::remove_file(&self.path)?;
            return Ok(None);
        };
        let wait = pace.turn(now);
        if wait > patience {
            return Ok(None);
        }
        write(&mut file, &pace)?;
        Ok(Some(wait))
    }

    /// Leaves word that a request sent at `sent` was throttled, and that the service wants `rest` before the next.
    pub(crate) async fn slow_down(&self, sent: SystemTime, rest: Duration) -> io::Result<()> {
        self.folder.make()?;
        let file = options().read(true).write(true).create(true).truncate(false).open(&self.path)?;
        let Some(mut file) = locked(file).await? else { return Ok(()) };
        let now = SystemTime::now();
        let pace = read(&mut file)?.filter(|pace| pace.holds(now));
        write(&mut file, &Pace::slower(pace, now, sent, rest))
    }
}

/// Parts with their lengths, so that no two lists of them look alike.
fn digest<'a>(mut digest: blake3::Hasher, parts: impl Iterator<Item = &'a str>) -> blake3::Hasher {
    for part in parts {
        digest.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    digest
}

/// The file, locked; `None` when somebody keeps it for longer than that matters.
async fn locked(file: File) -> io::Result<Option<File>> {
    const PAUSE: Duration = Duration::from_millis(1);
    let start = std::time::Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if start.elapsed() >= PATIENCE => return Ok(None),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// What the file says; `None` when it is new or damaged, which costs a few requests and nothing else.
fn read(file: &mut File) -> io::Result<Option<Pace>> {
    let mut text = String::new();
    match file.take(LONGEST_FILE).read_to_string(&mut text) {
        Ok(_) => Ok(Pace::parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(file: &mut File, pace: &Pace) -> io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(pace.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: Duration = Duration::from_hours(1);

    fn throttle() -> (tempfile::TempDir, Throttle) {
        let folder = tempfile::tempdir().unwrap();
        let throttle = Throttle::new(folder.path(), ["key"].into_iter());
        (folder, throttle)
    }

    #[tokio::test]
    async fn one_that_is_throttled_slows_the_others_of_its_scope_down() {
        let (folder, throttle) = throttle();
        let scope = || throttle.scope("ec2");
        assert_eq!(scope().turn(ENOUGH).await.unwrap(), None);
        scope().slow_down(SystemTime::now(), Duration::from_secs(2)).await.unwrap();
        let first = scope().turn(ENOUGH).await.unwrap().unwrap();
        let second = scope().turn(ENOUGH).await.unwrap().unwrap();
        assert!(first > Duration::from_secs(1) && second > first, "{first:?} {second:?}");
        assert_eq!(scope().turn(Duration::from_millis(1)).await.unwrap(), None, "nobody waits beyond its patience");
        for (account, service) in [("key2", "ec2"), ("key", "elb"), ("keyec", "2")] {
            let other = Throttle::new(folder.path(), [account].into_iter());
            assert_eq!(other.scope(service).turn(ENOUGH).await.unwrap(), None, "{account} {service}");
        }
    }

    #[tokio::test]
    async fn a_damaged_file_and_a_held_lock_stop_nobody() {
        let (_folder, throttle) = throttle();
        let scope = throttle.scope("x");
        scope.slow_down(SystemTime::now(), Duration::ZERO).await.unwrap();
        let held = options().write(true).open(&scope.path).unwrap();
        held.lock().unwrap();
        assert_eq!(scope.turn(ENOUGH).await.unwrap(), None);
        drop(held);
        fs::write(&scope.path, b"\xff\x00 nonsense").unwrap();
        assert_eq!(scope.turn(ENOUGH).await.unwrap(), None);
        assert!(!scope.path.exists());
    }

    #[tokio::test]
    async fn a_folder_of_others_is_not_believed() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, throttle) = throttle();
        let scope = throttle.scope("x");
        scope.slow_down(SystemTime::now(), Duration::ZERO).await.unwrap();
        fs::set_permissions(throttle.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(scope.turn(ENOUGH).await.is_err());
    }
}
