//! What is read of the XML of storage: texts of elements by their names.

use xmlparser::{ElementEnd, Token, Tokenizer};

/// The text of the first element of this name.
pub(super) fn text_of(document: &str, name: &str) -> Option<String> {
    texts_of(document, name).next()
}

/// The texts of all elements of this name, which have no others in them. What is no XML ends the list.
pub(super) fn texts_of<'a>(document: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let mut inside = None;
    let mut opened = false;
    Tokenizer::from(document.trim_start_matches('\u{feff}')).map_while(Result::ok).filter_map(
        move |token| match token {
            Token::ElementStart { local, .. } => {
                opened = local.as_str() == name;
                None
            }
            Token::ElementEnd { end: ElementEnd::Open, .. } => {
                inside = opened.then(String::new);
                None
            }
            Token::Text { text } => {
                if let Some(inside) = &mut inside {
                    inside.push_str(&unescaped(text.as_str()));
                }
                None
            }
            Token::ElementEnd { end: ElementEnd::Close(..), .. } => inside.take(),
            _ => None,
        },
    )
}

/// The five entities that XML has of its own.
fn unescaped(text: &str) -> String {
    const ENTITIES: [(&str, &str); 5] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Prefix>x</Prefix><Blobs>\
        <Blob><Name>a&amp;b.vhd</Name><Properties><Size>1</Size></Properties></Blob><Blob><Name>c</Name></Blob></Blobs>\
        <NextMarker>m1</NextMarker></EnumerationResults>";

    #[test]
    fn names_and_the_next_marker_are_found() {
        assert_eq!(texts_of(LIST, "Name").collect::<Vec<_>>(), ["a&b.vhd", "c"]);
        assert_eq!(text_of(LIST, "NextMarker").as_deref(), Some("m1"));
        assert_eq!(text_of("<a><NextMarker/></a>", "NextMarker"), None);
        assert_eq!(text_of("<a><NextMarker></NextMarker></a>", "NextMarker").as_deref(), Some(""));
        assert_eq!(text_of("<html", "Name"), None);
    }
}
