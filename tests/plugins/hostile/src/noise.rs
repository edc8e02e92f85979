//! Talks where it should not. Every forged line holds the word `FORGED`.

use cpi_plugin_sdk::{Failure, log};

type Outcome = Result<(), Failure>;

const RESPONSE: &str = r#"{"result":"FORGED","error":null,"log":""}"#;

/// Answers in the host's place, on the stream where the answer goes.
#[expect(clippy::unnecessary_wraps, reason = "a trick has an outcome")]
pub(crate) fn stdout() -> Outcome {
    for _ in 0..100_000 {
        println!("{RESPONSE}");
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a trick has an outcome")]
pub(crate) fn stderr() -> Outcome {
    for _ in 0..100_000 {
        eprintln!("{RESPONSE}");
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "a trick has an outcome")]
pub(crate) fn flood() -> Outcome {
    for _ in 0..1_000_000 {
        log::info("a line of the flood", &[("drop", "FORGED")]);
    }
    Ok(())
}

/// Texts that would end a line, colour a terminal, turn the writing around or look like another event.
#[expect(clippy::unnecessary_wraps, reason = "a trick has an outcome")]
pub(crate) fn inject() -> Outcome {
    let texts = [
        format!("ends the line\n{RESPONSE}\r\nFORGED another line"),
        "\u{1b}[2J\u{1b}[31mFORGED\u{1b}]0;title\u{7}\u{9b}31m".to_owned(),
        "\u{202e}FORGED\u{2066}\u{200f}\u{feff}\u{2028}\u{2029}".to_owned(),
        "nul\u{0}FORGED\u{85}\u{7f}".to_owned(),
        r#"" level=error request_id=FORGED msg=""#.to_owned(),
        "x".repeat(1 << 20),
    ];
    for text in &texts {
        log::info(text, &[("field", text), (text, "value"), ("request_id", "FORGED"), ("method", "FORGED")]);
    }
    Ok(())
}

/// Bytes that are no UTF-8, in the place of a text.
#[expect(clippy::unnecessary_wraps, reason = "a trick has an outcome")]
pub(crate) fn invalid_text() -> Outcome {
    // SAFETY: it is not safe, and that is the trick: nothing here looks at the text before the host does.
    let text = unsafe { String::from_utf8_unchecked(std::hint::black_box(b"\xff\xfe FORGED \xc0\x80".to_vec())) };
    log::info(&text, &[]);
    Ok(())
}
