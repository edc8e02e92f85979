use cpi_plugin_sdk::Failure;

/// The kernel that paravirtual images start: the newest of Amazon's, by the numbers in its location. `kernels` are ids and
/// locations. A kernel replaces the one found before only when both its numbers are greater.
pub(crate) fn pick<'a>(
    kernels: impl Iterator<Item = (&'a str, &'a str)>,
    root_device: Option<&str>,
) -> Result<String, Failure> {
    let marker = if root_device == Some("/dev/sda1") { "-hd00" } else { "-hd0" };
    let mut best: Option<((u64, u64), &str)> = None;
    for (id, location) in kernels {
        let Some((major, minor)) = numbers(location, marker) else { continue };
        if best.is_none_or(|((best_major, best_minor), _)| major > best_major && minor > best_minor) {
            best = Some(((major, minor), id));
        }
    }
    best.map(|(_, id)| id.to_owned()).ok_or_else(|| Failure::rejected("unable to find AKI"))
}

/// The two numbers behind a marker: `…-hd0_1.04…`.
fn numbers(location: &str, marker: &str) -> Option<(u64, u64)> {
    location.match_indices(marker).find_map(|(at, _)| {
        let rest = location.get(at + marker.len()..)?;
        let (major, rest) = leading_number(rest.strip_prefix(['-', '_'])?)?;
        let (minor, _) = leading_number(rest.strip_prefix('.')?)?;
        Some((major, minor))
    })
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNELS: [(&str, &str); 5] = [
        ("aki-1", "ec2-public-images/pv-grub-hd0_1.04-x86_64.gz"),
        ("aki-2", "ec2-public-images/pv-grub-hd0_2.05-x86_64.gz"),
        ("aki-3", "ec2-public-images/pv-grub-hd0_3.01-x86_64.gz"),
        ("aki-4", "ec2-public-images/pv-grub-hd00-1.2-x86_64.gz"),
        ("aki-5", "something/else"),
    ];

    #[test]
    fn both_numbers_must_be_greater() {
        assert_eq!(pick(KERNELS.into_iter(), None).unwrap(), "aki-2");
        assert_eq!(pick(KERNELS.into_iter(), Some("/dev/sda1")).unwrap(), "aki-4");
        assert_eq!(pick(KERNELS.into_iter().skip(4), None).unwrap_err(), Failure::rejected("unable to find AKI"));
    }
}
