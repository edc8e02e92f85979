use std::path::Path;

use cpi_catalog::{Catalog, hex};
use cpi_policy::{Digest, HostConfig, Manifest, PluginRules};
use cpi_protocol::printable;
use cpi_runtime::Engine;

use super::kib;
use crate::paths;

/// Everything there is to decide about a component, in a file or installed.
pub(super) fn inspect(what: &str, host: &HostConfig) -> Result<Vec<String>, String> {
    let catalog = Catalog::new(paths::plugins(host)?, host);
    let failed = |problem: &dyn std::fmt::Display| format!("'{what}': {problem}");
    let is_file = what.contains('/') || Path::new(what).extension().is_some();
    let (path, state) = if is_file {
        (what.into(), "not looked at: this is a file".to_owned())
    } else {
        (catalog.component(what).map_err(|error| failed(&error))?, state(&catalog, what))
    };
    let component = std::fs::read(&path).map_err(|error| failed(&error))?;
    // What is wrong with it is shown at the end: everything else is worth knowing too.
    let facts = cpi_component::read(&component).map_err(|error| failed(&error))?;
    let manifest = Manifest::parse(&facts.manifest).map_err(|error| failed(&error))?;
    let verdict = catalog.examine(&component).map(|_| ()).map_err(|error| failed(&error));
    let digest = Digest::of_hex(&hex(&component)).map_err(|error| failed(&error))?;

    let plugin = &manifest.plugin;
    let mut lines = vec![
        format!("{} {}, contract {}", plugin.name, plugin.version, plugin.contract),
        format!("component  {}, {} KiB", path.display(), kib(component.len() as u64)),
        format!("digest     {digest}"),
        format!("compiled   {state}"),
        format!("imports    {}", imports(&facts.imports)),
        "asks       ".to_owned(),
    ];
    lines.extend(manifest.asks().iter().map(|ask| format!("    {}", printable(ask, 400))));
    lines.push(
        "may        do what this table of the host's configuration says in full; shorten it to narrow".to_owned(),
    );
    lines.push(table(&manifest, host, digest).map_err(|error| failed(&error))?);
    lines.extend(verdict.err());
    Ok(lines)
}

fn state(catalog: &Catalog, name: &str) -> String {
    let load = || {
        let engine = Engine::new().map_err(|error| format!("{error:#}"))?;
        let installed = catalog.open(name).map_err(|error| error.to_string())?;
        catalog.load(&engine, &installed).map_err(|error| error.to_string())
    };
    let size = catalog.summary(name).map_or(0, |summary| summary.compiled_size);
    match load() {
        Ok(_) => format!("{} KiB, verified, for this program and this machine", kib(size)),
        Err(problem) => printable(&problem, 1000),
    }
}

fn imports(imports: &[String]) -> String {
    let forbidden: Vec<_> = imports.iter().filter(|import| !cpi_runtime::is_provided(import)).cloned().collect();
    let verdict =
        if forbidden.is_empty() { "none forbidden".to_owned() } else { format!("forbidden: {}", forbidden.join(", ")) };
    format!("{}, {}", imports.len(), printable(&verdict, 1000))
}

fn table(manifest: &Manifest, host: &HostConfig, digest: Digest) -> Result<String, String> {
    let name = &manifest.plugin.name;
    let rules: PluginRules = host.rules(name).in_full(manifest, digest);
    let text = toml::to_string_pretty(&rules).map_err(|error| error.to_string())?;
    Ok(format!("\n[plugin.{name}]\n{text}"))
}
