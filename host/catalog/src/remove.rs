use std::fs;

use cpi_policy::is_plugin_name;

use crate::install::lock;
use crate::layout::CURRENT;
use crate::{Catalog, CatalogError};

impl Catalog {
    /// Removes an installed plugin, also one that is damaged. What it keeps in the state, such as records of what killed
    /// calls left behind, stays.
    pub fn remove(&self, name: &str) -> Result<(), CatalogError> {
        if !is_plugin_name(name) {
            return Err(CatalogError::Name(name.to_owned()));
        }
        let folder = self.folder.join(name);
        let current = folder.join(CURRENT);
        if !current.exists() {
            return Err(self.unknown(name));
        }
        let _alone = lock(&folder)?;
        // First of all: from now on calls say that there is no such plugin. Those that have opened it keep its files.
        fs::remove_file(&current).map_err(CatalogError::file(&current))?;
        fs::remove_dir_all(&folder).map_err(CatalogError::file(&folder))
    }
}
