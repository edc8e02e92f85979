//! Stemcells: what they say of themselves, and the images that Azure has of them.

pub(crate) mod gallery;
pub(crate) mod marketplace;
pub(crate) mod metadata;
