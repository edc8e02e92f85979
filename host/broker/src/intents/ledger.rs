use std::path::{Path, PathBuf};
use std::{fs, io, vec};

use super::record::{Opened, Record};
use super::{FOLDER, IntentError, SUFFIX};
use crate::folder::Folder;

/// What the calls of a plugin left behind, for all directors: one entry a call, oldest first.
///
/// A record is opened when its turn comes, so that there may be more of them than a process may open files.
#[derive(Debug)]
pub struct Ledger {
    paths: vec::IntoIter<PathBuf>,
}

/// What there is to know of one call.
#[derive(Debug)]
pub enum Listed {
    /// It is over, and left something behind.
    Over(Box<Record>),
    /// It still runs, or its record is being worked on.
    UnderWay,
}

impl Ledger {
    /// Lists everything below the folder of all states. A folder that is not there is an empty ledger.
    pub fn read(root: &Path, plugin: &str) -> Result<Self, IntentError> {
        let mut paths = Vec::new();
        for director in names(Folder::new(root, &[plugin]).path())? {
            let folder = Folder::new(root, &[plugin, &director, FOLDER]);
            let files = names(folder.path())?;
            if !files.is_empty() {
                let folder_path = || folder.path().to_owned();
                folder.check().map_err(|error| IntentError::Unavailable { folder: folder_path(), error })?;
            }
            let ours = files.iter().filter(|name| name.ends_with(SUFFIX) && !name.starts_with('.'));
            paths.extend(ours.map(|name| folder.path().join(name)));
        }
        // A name begins with the time.
        paths.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
        Ok(Self { paths: paths.into_iter() })
    }
}

impl Iterator for Ledger {
    type Item = Result<Listed, IntentError>;

    fn next(&mut self) -> Option<Self::Item> {
        for path in self.paths.by_ref() {
            match Record::open(&path) {
                Ok(Opened::Over(record)) if record.left.is_empty() => match record.forget() {
                    // Everything was removed, and then the call was killed.
                    None => {}
                    Some(damage) => return Some(Err(damage)),
                },
                Ok(Opened::Over(record)) => return Some(Ok(Listed::Over(record))),
                Ok(Opened::Running) => return Some(Ok(Listed::UnderWay)),
                Ok(Opened::Gone) => {}
                Err(problem) => return Some(Err(problem)),
            }
        }
        None
    }
}

/// Names in a folder, in order; none when it is not there or no folder.
fn names(folder: &Path) -> Result<Vec<String>, IntentError> {
    let failed = |error| IntentError::Unavailable { folder: folder.to_owned(), error };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // A file that is none of ours does no harm.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed(error)),
    };
    let names: io::Result<Vec<_>> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect();
    let mut names = names.map_err(failed)?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use super::*;
    use crate::folder::options;
    use crate::{Ended, Intent, IntentLog, Journal, Level, Origin};

    fn log(root: &Path, space: usize) -> IntentLog {
        let origin = Origin {
            plugin: "sim".to_owned(),
            director: "director".to_owned(),
            request_id: Some("cpi-1".to_owned()),
            method: "create_vm".to_owned(),
            configuration: [("region".to_owned(), "a".into())].into_iter().collect(),
        };
        IntentLog::new(root, origin, space, Arc::new(Journal::new(Box::new(io::sink()), Level::Error, None)))
    }

    fn intent(key: &str) -> Intent {
        Intent {
            kind: "disk".to_owned(),
            key: key.to_owned(),
            note: [("n".to_owned(), 1.into())].into_iter().collect(),
        }
    }

    fn entries(root: &Path) -> Vec<Result<Listed, IntentError>> {
        Ledger::read(root, "sim").unwrap().collect()
    }

    fn records(root: &Path) -> Vec<Record> {
        let over = |entry| match entry {
            Ok(Listed::Over(record)) => Some(*record),
            _ => None,
        };
        entries(root).into_iter().filter_map(over).collect()
    }

    fn keys(records: &[Record]) -> Vec<(&str, Option<&str>)> {
        let left = records.iter().flat_map(|record| &record.left);
        left.map(|left| (left.intent.key.as_str(), left.id.as_deref())).collect()
    }

    #[test]
    fn what_a_killed_call_began_is_found_once_it_is_over() {
        let root = tempfile::tempdir().unwrap();
        let call = log(root.path(), 1000);
        let [a, b, _] = ["a", "b", "c"].map(|key| call.begin(intent(key)).unwrap());
        call.created(a, "id-a");
        call.removed(b);
        assert!(matches!(entries(root.path()).as_slice(), [Ok(Listed::UnderWay)]));
        drop(call);

        let mut over = records(root.path());
        assert_eq!(keys(&over), [("a", Some("id-a")), ("c", None)]);
        let record = over.first_mut().unwrap();
        assert_eq!((&record.ended, record.origin.method.as_str()), (&Ended::Killed, "create_vm"));
        let again = entries(root.path());
        assert!(matches!(again.as_slice(), [Ok(Listed::UnderWay)]), "one works on it at a time: {again:?}");
        record.settle(1).unwrap();
        drop(over);
        let mut over = records(root.path());
        assert_eq!(keys(&over), [("c", None)]);
        over.first_mut().unwrap().settle(3).unwrap();
        drop(over);
        assert!(entries(root.path()).is_empty());
    }

    #[test]
    fn delivered_answers_and_tidy_failures_leave_nothing() {
        let root = tempfile::tempdir().unwrap();
        let files = || names(Folder::new(root.path(), &["sim", &crate::folder::digest("director"), FOLDER]).path());
        let call = log(root.path(), 1000);
        call.begin(intent("a")).unwrap();
        call.answering();
        call.settle();
        let call = log(root.path(), 1000);
        call.removed(call.begin(intent("a")).unwrap());
        call.failed("no room");
        assert!(files().unwrap().is_empty());
        let call = log(root.path(), 1000);
        call.failed("nothing was begun");
        assert!(files().unwrap().is_empty());
    }

    #[test]
    fn the_end_of_a_call_is_told() {
        let root = tempfile::tempdir().unwrap();
        for end in [|call: &IntentLog| call.failed("no room"), IntentLog::answering] {
            let call = log(root.path(), 1000);
            call.begin(intent("a")).unwrap();
            end(&call);
        }
        let ends: Vec<_> = records(root.path()).into_iter().map(|record| record.ended).collect();
        assert_eq!(ends, [Ended::Failed("no room".to_owned()), Ended::Answering]);
    }

    #[test]
    fn half_a_line_is_none_and_nonsense_is_told_and_hides_nothing() {
        let root = tempfile::tempdir().unwrap();
        let call = log(root.path(), 1000);
        call.begin(intent("a")).unwrap();
        drop(call);
        let path = Ledger::read(root.path(), "sim").unwrap().paths.next().unwrap();
        let append = |text: &str| options().append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
        append("{\"begin\":{\"num");
        let whole = records(root.path());
        assert!(keys(&whole) == [("a", None)] && whole.iter().all(|record| record.damage.is_none()), "{whole:?}");
        drop(whole);
        append("\n{\"created\":{\"number\":1,\"id\":\"id-a\"}}\n");
        let torn = records(root.path());
        assert_eq!(keys(&torn), [("a", Some("id-a"))]);
        let damage = torn.first().unwrap().damage.as_ref().unwrap().to_string();
        assert!(damage.contains("'{\"begin\":{\"num': ") && damage.contains("look at it"), "{damage}");
        drop(torn);
        append("{\"removed\":{\"number\":1}}\n");
        assert!(matches!(entries(root.path()).as_slice(), [Err(IntentError::Damaged { .. })]));
        assert!(path.exists(), "a person looks at it");
    }

    #[test]
    fn a_file_that_is_none_of_ours_hides_nothing() {
        let root = tempfile::tempdir().unwrap();
        let call = log(root.path(), 1000);
        call.begin(intent("a")).unwrap();
        drop(call);
        fs::write(root.path().join("sim/stray"), "").unwrap();
        assert_eq!(keys(&records(root.path())), [("a", None)]);
    }

    #[test]
    fn a_plugin_cannot_fill_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let call = log(root.path(), 100);
        assert!(matches!(call.begin(intent("")), Err(IntentError::Malformed(_))));
        assert!(matches!(call.begin(intent(&"x".repeat(20_000))), Err(IntentError::Malformed(_))));
        for _ in 0..1000 {
            call.begin(intent("a")).unwrap();
        }
        assert!(matches!(call.begin(intent("a")), Err(IntentError::TooMany(_))));
        drop(call);
        assert!(matches!(log(root.path(), 100).begin(intent("a")), Err(IntentError::Full { .. })));
    }
}
