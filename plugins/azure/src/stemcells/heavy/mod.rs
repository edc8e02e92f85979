//! Heavy stemcells: a page blob in the default storage account, from which images are made when VMs need them.

pub(crate) mod blob;
pub(crate) mod copies;
pub(crate) mod copy;
pub(crate) mod upload;
