use cpi_broker::Image;
use wasmtime::component::{Accessor, Resource};

use super::{CallState, Host};
use crate::bindings::bosh::cpi::images::{self, Facts};

impl images::Host for CallState {}

impl images::HostImage for CallState {
    fn drop(&mut self, image: Resource<Image>) -> wasmtime::Result<()> {
        self.table.delete(image)?;
        Ok(())
    }
}

impl<T: Send> images::HostImageWithStore<T> for Host {
    async fn facts(accessor: &Accessor<T, Self>, image: Resource<Image>) -> wasmtime::Result<Result<Facts, String>> {
        let image = image_of(accessor, &image)?;
        Ok(image.facts().await.map(|facts| Facts { size: facts.size, sha256: facts.sha256 }))
    }

    async fn peek(
        accessor: &Accessor<T, Self>,
        image: Resource<Image>,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        Ok(image_of(accessor, &image)?.peek(offset, length))
    }
}

/// A second handle on the same file: the table is free again while the image is read.
fn image_of<T>(accessor: &Accessor<T, Host>, image: &Resource<Image>) -> wasmtime::Result<Image> {
    accessor.with(|mut access| Ok(access.get().table.get(image)?.clone()))
}
