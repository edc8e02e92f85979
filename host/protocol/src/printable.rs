/// Text on one line that cannot move a cursor or turn its direction round, cut at so many characters.
pub fn printable(text: &str, longest: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(longest));
    for (count, character) in text.chars().enumerate() {
        if count == longest {
            safe.push('…');
            break;
        }
        if is_printable(character) {
            safe.push(character);
        } else {
            safe.extend(character.escape_default());
        }
    }
    safe
}

/// Whether a character can be seen and leaves the others where they are.
pub fn is_printable(character: char) -> bool {
    !character.is_control() && !is_hidden(character)
}

/// Characters that end lines, change the direction of what follows, or stand in a text without being seen.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(printable("a\nb\u{1b}[31m\u{202e}ü", 100), "a\\nb\\u{1b}[31m\\u{202e}ü");
        assert_eq!(printable("a\u{feff}b\u{e0041}\u{200b}\u{61c}", 100), "a\\u{feff}b\\u{e0041}\\u{200b}\\u{61c}");
        assert_eq!(printable("abcdef", 3), "abc…");
    }
}
