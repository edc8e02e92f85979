/// An image in BOSH's words: of our own, or (with `light` after it) of somebody else's and never deleted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StemcellId<'a> {
    pub ami: &'a str,
    pub light: bool,
}

const LIGHT: &str = " light";

impl<'a> StemcellId<'a> {
    pub(crate) fn parse(cid: &'a str) -> Self {
        match cid.strip_suffix(LIGHT) {
            Some(ami) => Self { ami, light: true },
            None => Self { ami: cid, light: false },
        }
    }

    pub(crate) fn light(ami: &str) -> String {
        format!("{ami}{LIGHT}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_decides() {
        assert_eq!(StemcellId::parse("ami-1 light"), StemcellId { ami: "ami-1", light: true });
        assert_eq!(StemcellId::parse("ami-1"), StemcellId { ami: "ami-1", light: false });
        assert_eq!(StemcellId::parse(&StemcellId::light("ami-1")).ami, "ami-1");
    }
}
