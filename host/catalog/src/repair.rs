use std::io::Read;

use cpi_runtime::Engine;

use crate::compiler::compile_apart;
use crate::current::text;
use crate::install::lock;
use crate::key::Key;
use crate::layout::{COMPILED, COMPONENT, MANIFEST};
use crate::stamp::{self, hex};
use crate::{Catalog, CatalogError};

impl Catalog {
    /// Compiles an installed plugin again, from its component, after its compiled code turned out to be damaged or made
    /// for another program or machine. Of many processes that want it at once, one does it.
    ///
    /// The record and its seal say which component that is, so nothing else can come in this way.
    pub fn repair(&self, name: &str) -> Result<(), CatalogError> {
        let engine = Engine::new().map_err(CatalogError::engine)?;
        let cannot = |error: CatalogError| match (error, self.component(name)) {
            (CatalogError::File { error, .. }, Ok(component)) => {
                let path = self.folder.join(name).join(COMPILED);
                CatalogError::Unrepaired { path, error, component, folder: self.folder.clone() }
            }
            (error, _) => error,
        };
        let _alone = lock(&self.folder.join(name)).map_err(cannot)?;
        let installed = self.open(name)?;
        if self.load(&engine, &installed).is_ok() {
            return Ok(());
        }
        let path = self.file(name, &installed.current, COMPONENT);
        let mut component = Vec::new();
        let mut file = self.trust.open(&path)?.take(cpi_component::MOST_BYTES);
        file.read_to_end(&mut component).map_err(CatalogError::file(&path))?;
        stamp::check(&path, &hex(&component), &installed.current.component)?;
        let path = self.file(name, &installed.current, MANIFEST);
        let manifest = text(self.trust.open(&path)?, &path)?;
        let compiled = compile_apart(&component, &self.compile)?;
        let key = Key::read(&self.trust, &self.folder)?;
        self.switch(&engine, &key, &installed.manifest, &manifest, &component, &compiled).map_err(cannot)
    }
}
