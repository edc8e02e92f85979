//! Randomness for names, tokens and choices.

use crate::Failure;

/// A random UUID (version 4), in lower case with dashes; an error when the host gives no randomness.
pub fn uuid() -> Result<String, Failure> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid().to_string())
}

/// A random number below a limit; none below zero.
pub fn below(limit: usize) -> Result<Option<usize>, Failure> {
    let Ok(limit) = u64::try_from(limit) else { return Ok(None) };
    let random = u64::from_le_bytes(bytes()?);
    Ok(random.checked_rem(limit).and_then(|number| usize::try_from(number).ok()))
}

fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|error| Failure::rejected(format!("no randomness: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_length() {
        let id = uuid().unwrap();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'));
        assert_ne!(id, uuid().unwrap());
    }

    #[test]
    fn choices_are_within_the_limit() {
        assert_eq!(below(0).unwrap(), None);
        assert_eq!(below(1).unwrap(), Some(0));
        assert!(below(6).unwrap().unwrap() < 6);
    }
}
