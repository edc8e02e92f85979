use cpi_plugin_sdk::{Failure, agents, random};

use super::agent;
use super::body::Login;
use super::image::Image;
use super::request::Request;

/// What a machine is given for its first start.
pub(super) struct Boot {
    pub login: Login,
    /// Stands for the agent's settings.
    pub token: String,
}

impl Boot {
    /// Refuses settings that Azure would not take.
    pub(super) fn of(request: &Request, image: &Image) -> Result<Self, Failure> {
        let login = login(image)?;
        let sealed = agents::seal(&agent::settings(request, login.computer())).map_err(Failure::rejected)?;
        agent::check_size(sealed.size)?;
        Ok(Self { login, token: sealed.token })
    }
}

/// How the first user of a machine logs in: to Linux with the operator's key, to Windows not at all.
fn login(image: &Image) -> Result<Login, Failure> {
    if !image.disk.windows {
        return Ok(Login::Key);
    }
    let hex = |uuid: String| uuid.replace('-', "");
    let (name, lower, upper) = (hex(random::uuid()?), random::uuid()?, random::uuid()?.to_uppercase());
    Ok(Login::Password {
        // Windows takes no name of digits alone, which one in a thousand would be.
        computer: std::iter::once('c').chain(name.chars().skip(1)).take(15).collect(),
        user: hex(random::uuid()?).chars().take(20).collect(),
        password: format!("{lower}{upper}"),
    })
}
