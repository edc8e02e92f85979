use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Incoming;
use crate::hex::hex;

/// Finds secrets in answers, as they are and in the writings that services use when they repeat what they were sent:
/// base64, hexadecimal, percent-encoded, and inside JSON and XML.
/// Made once for many answers: preparing the searches costs more than one of them.
pub(super) struct Redactor {
    forms: Vec<Finder<'static>>,
    /// For names of headers, which come in small letters.
    small: Vec<Finder<'static>>,
}

/// Shorter texts stand in answers by chance.
const SHORTEST: usize = 6;

/// Longer ones are documents, which are looked for as they were sent and not in every writing.
const LONGEST: usize = 4096;

impl Redactor {
    pub(super) fn new(secrets: &[String]) -> Self {
        let forms = secrets.iter().filter(|secret| secret.len() >= SHORTEST).flat_map(|secret| match secret.len() {
            ..=LONGEST => writings(secret),
            _ => vec![secret.clone()],
        });
        let forms: BTreeSet<String> = forms.filter(|form| form.len() >= SHORTEST).collect();
        let finders = |forms: &BTreeSet<String>| forms.iter().map(|form| Finder::new(form).into_owned()).collect();
        let small = forms.iter().map(|form| form.to_ascii_lowercase()).collect();
        Self { forms: finders(&forms), small: finders(&small) }
    }

    /// Takes the secrets out of an answer; whether there were any.
    pub(super) fn clean(&self, answer: &mut Incoming) -> bool {
        // For nearly every answer there are none, and it costs no more than a look at it.
        if !self.suspects(answer) {
            return false;
        }
        for (name, value) in &mut answer.headers {
            replace_text(name, &self.small);
            replace_text(value, &self.forms);
        }
        if let Some(masked) = replaced(&self.forms, &answer.body) {
            answer.body = masked;
        }
        true
    }

    /// Looks at all headers at once: there are many, and they are short.
    fn suspects(&self, answer: &Incoming) -> bool {
        let (names, values): (Vec<_>, Vec<_>) =
            answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).unzip();
        is_in(&self.small, names.join("\n").as_bytes())
            || is_in(&self.forms, values.join("\n").as_bytes())
            || is_in(&self.forms, &answer.body)
    }
}

fn is_in(forms: &[Finder<'_>], bytes: &[u8]) -> bool {
    forms.iter().any(|form| form.find(bytes).is_some())
}

fn replace_text(text: &mut String, forms: &[Finder<'_>]) {
    if let Some(masked) = replaced(forms, text.as_bytes()) {
        *text = String::from_utf8_lossy(&masked).into_owned();
    }
}

/// The bytes with a star in place of each secret; `None` when no secret is in them. One pass, however many there are: an
/// answer may consist of nothing else. The longest first, so that a secret inside another does not leave the rest of it
/// readable.
fn replaced(forms: &[Finder<'_>], bytes: &[u8]) -> Option<Vec<u8>> {
    let present: Vec<_> = forms.iter().filter(|form| form.find(bytes).is_some()).map(Finder::needle).collect();
    if present.is_empty() {
        return None;
    }
    let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(present);
    // Too large for a searcher: then nothing of the answer is given.
    let Ok(searcher) = searcher else { return Some(b"*".to_vec()) };
    let mut kept = Vec::with_capacity(bytes.len());
    searcher.replace_all_with_bytes(bytes, &mut kept, |_, _, kept| {
        kept.push(b'*');
        true
    });
    Some(kept)
}

fn writings(secret: &str) -> Vec<String> {
    let hex = hex(secret.as_bytes());
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = xml.replace('"', "&quot;").replace('\'', "&#39;");
    let mut writings = vec![
        secret.to_owned(),
        hex.to_ascii_uppercase(),
        hex,
        lower_percent(&percent),
        percent,
        lower_percent(&form),
        form,
        json.replace('/', "\\/"),
        json,
        xml,
        quoted,
    ];
    for shift in 0..3 {
        writings.extend([inner_base64(&STANDARD_NO_PAD, secret, shift), inner_base64(&URL_SAFE_NO_PAD, secret, shift)]);
    }
    writings
}

/// The letters of a base64 text that a secret alone decides about, when so many bytes stand before it in a group of
/// three, whatever stands before and behind it.
fn inner_base64(engine: &impl Engine, secret: &str, shift: usize) -> String {
    let bytes: Vec<u8> = std::iter::repeat_n(0, shift).chain(secret.bytes()).collect();
    let text = engine.encode(&bytes);
    // A letter holds six bits: those of foreign bytes are left out at both ends.
    let (start, end) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
    text.get(start..end).unwrap_or_default().to_owned()
}

fn lower_percent(text: &str) -> String {
    let mut letters = text.chars();
    let mut lower = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        lower.push(letter);
        if letter == '%' {
            lower.extend(letters.by_ref().take(2).map(|digit| digit.to_ascii_lowercase()));
        }
    }
    lower
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn without(text: &str, secrets: &[&str]) -> Option<String> {
        let mut answer = Incoming { status: 200, headers: Vec::new(), body: text.into() };
        redactor(secrets).clean(&mut answer).then(|| String::from_utf8(answer.body).unwrap())
    }

    fn redactor(secrets: &[&str]) -> Redactor {
        Redactor::new(&secrets.iter().map(|&secret| secret.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn each_secret_goes_and_the_rest_stays() {
        assert_eq!(without("a secret-1 b secret-1 c", &["secret-1"]).unwrap(), "a * b * c");
        assert_eq!(without("a secret-1-longer", &["secret-1", "secret-1-longer"]).unwrap(), "a *");
        assert_eq!(without("nothing here", &["secret-1", ""]), None);
        assert_eq!(without("nothing here", &[]), None);
    }

    #[test]
    fn writings_of_a_secret_are_found() {
        const SECRET: &str = "p/+s& <w>\"o'rd\u{e4}";
        for form in [
            "702f2b7326203c773e226f277264c3a4",
            "702F2B7326203C773E226F277264C3A4",
            "p%2F%2Bs%26%20%3Cw%3E%22o%27rd%C3%A4",
            "p%2f%2bs%26%20%3cw%3e%22o%27rd%c3%a4",
            "p%2F%2Bs%26+%3Cw%3E%22o%27rd%C3%A4",
            "p/+s&amp; &lt;w&gt;\"o'rd\u{e4}",
            "p/+s&amp; &lt;w&gt;&quot;o&#39;rd\u{e4}",
            "p/+s& <w>\\\"o'rd\u{e4}",
            "p\\/+s& <w>\\\"o'rd\u{e4}",
        ] {
            assert_eq!(without(&format!("({form})"), &[SECRET]).as_deref(), Some("(*)"), "{form}");
        }
        for around in ["", "x", "xy", "user:", "a longer name:"] {
            for engine in [&STANDARD, &base64::engine::general_purpose::URL_SAFE] {
                let text = engine.encode(format!("{around}{SECRET}{around}"));
                let left = without(&text, &[SECRET]).unwrap_or_else(|| panic!("{around}: {text}"));
                assert!(left.len() + SECRET.len() < text.len(), "{text}: {left}");
            }
        }
    }

    #[test]
    fn an_answer_of_nothing_else_takes_one_pass() {
        let start = std::time::Instant::now();
        let text = "secret-1".repeat(1 << 20);
        assert_eq!(without(&text, &["secret-1"]).unwrap().len(), 1 << 20);
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
    }

    #[test]
    fn headers_are_cleaned_and_their_names_come_in_small_letters() {
        let headers = [("x-secret-one", "plain"), ("plain", "a Secret-ONE b"), ("etag", "1")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut answer = Incoming { status: 200, headers, body: b"plain".to_vec() };
        assert!(redactor(&["Secret-ONE"]).clean(&mut answer));
        let cleaned = [("x-*", "plain"), ("plain", "a * b"), ("etag", "1")];
        assert_eq!(answer.headers, cleaned.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(answer.body, b"plain");
    }
}
