use proptest::prelude::*;
use proptest::sample::Index;

/// A change somewhere in a text, whatever it means there.
#[derive(Debug, Clone)]
pub(crate) enum Damage {
    Cut(Index),
    Flip {
        place: Index,
        bit: u8,
    },
    Insert {
        place: Index,
        bytes: Vec<u8>,
    },
    Delete {
        place: Index,
        length: usize,
    },
    /// A stretch once more, at another place.
    Copy {
        from: Index,
        length: usize,
        to: Index,
    },
    /// So many brackets.
    Deep {
        place: Index,
        depth: usize,
    },
    /// A member that is there already, in front of all others of an object.
    Twice {
        place: Index,
        member: &'static str,
    },
    After(&'static [u8]),
    Before(&'static [u8]),
}

/// What other encodings, concatenated documents and careless callers put around a request.
const AROUND: [&[u8]; 8] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\n\n\t ", b"{}", b"]", b"\x1e", b"//\n"];

const TOKENS: [&[u8]; 12] =
    [b"\"", b"\\", b"\\ud800", b"\\u0000", b"\xc3\x28", b"\xed\xa0\x80", b"{", b"}", b"[", b",", b"\0", b"\n"];

const MEMBERS: [&str; 6] = [
    "\"method\":\"info\",",
    "\"method\":null,",
    "\"arguments\":[],",
    "\"context\":{},",
    "\"api_version\":3,",
    "\"director_uuid\":\"director-2\",",
];

pub(crate) fn strategy() -> impl Strategy<Value = Damage> {
    let bytes = prop_oneof![
        3 => prop::sample::select(&TOKENS[..]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 1..8),
    ];
    let at = any::<Index>;
    prop_oneof![
        3 => at().prop_map(Damage::Cut),
        4 => (at(), 0_u8..8).prop_map(|(place, bit)| Damage::Flip { place, bit }),
        3 => (at(), bytes).prop_map(|(place, bytes)| Damage::Insert { place, bytes }),
        2 => (at(), 1_usize..20).prop_map(|(place, length)| Damage::Delete { place, length }),
        2 => (at(), 1_usize..60, at()).prop_map(|(from, length, to)| Damage::Copy { from, length, to }),
        1 => (at(), 1_usize..100_000).prop_map(|(place, depth)| Damage::Deep { place, depth }),
        2 => (at(), prop::sample::select(&MEMBERS[..])).prop_map(|(place, member)| Damage::Twice { place, member }),
        1 => prop::sample::select(&AROUND[..]).prop_map(Damage::After),
        1 => prop::sample::select(&AROUND[..]).prop_map(Damage::Before),
    ]
}

impl Damage {
    pub(crate) fn apply(self, mut text: Vec<u8>) -> Vec<u8> {
        // One more than the last byte, so that there is a place in an empty text as well.
        let end = text.len() + 1;
        match self {
            Self::Cut(place) => text.truncate(place.index(end)),
            Self::Flip { place, bit } => {
                if let Some(byte) = text.get_mut(place.index(end)) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Insert { place, bytes } => insert(&mut text, place.index(end), bytes),
            Self::Delete { place, length } => {
                let start = place.index(end);
                text.drain(start..(start + length).min(end - 1));
            }
            Self::Copy { from, length, to } => {
                let start = from.index(end);
                let copy = text[start..(start + length).min(end - 1)].to_vec();
                insert(&mut text, to.index(end), copy);
            }
            Self::Deep { place, depth } => insert(&mut text, place.index(end), vec![b'['; depth]),
            Self::Twice { place, member } => {
                let opened: Vec<_> = (0..text.len()).filter(|index| text[*index] == b'{').collect();
                if !opened.is_empty() {
                    insert(&mut text, place.get(&opened) + 1, member.bytes());
                }
            }
            Self::After(bytes) => text.extend_from_slice(bytes),
            Self::Before(bytes) => insert(&mut text, 0, bytes.iter().copied()),
        }
        text
    }
}

fn insert(text: &mut Vec<u8>, place: usize, bytes: impl IntoIterator<Item = u8>) {
    text.splice(place..place, bytes);
}
