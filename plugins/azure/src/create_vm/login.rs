use cpi_plugin_sdk::{Failure, random};

use super::body::Login;
use super::image::Image;

/// How the first user of a machine logs in: to Linux with the operator's key, to Windows not at all.
pub(super) fn of(image: &Image) -> Result<Login, Failure> {
    if !image.disk.windows {
        return Ok(Login::Key);
    }
    let hex = |uuid: String| uuid.replace('-', "");
    let (name, lower, upper) = (hex(random::uuid()?), random::uuid()?, random::uuid()?.to_uppercase());
    Ok(Login::Password {
        computer: name.chars().take(15).collect(),
        user: hex(random::uuid()?).chars().take(20).collect(),
        password: format!("{lower}{upper}"),
    })
}
