/// Text on one line that cannot move a cursor or turn its direction round, cut at so many characters.
pub fn printable(text: &str, longest: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(longest));
    for (count, character) in text.chars().enumerate() {
        if count == longest {
            safe.push('…');
            break;
        }
        if character.is_control() || is_direction(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Characters that end lines or change the direction of what follows, without being seen.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(printable("a\nb\u{1b}[31m\u{202e}ü", 100), "a\\nb\\u{1b}[31m\\u{202e}ü");
        assert_eq!(printable("abcdef", 3), "abc…");
    }
}
