use cpi_broker::Image;
use serde_json::json;
use wasmtime::component::{Accessor, Resource};

use super::{CallState, Host};
use crate::bindings::bosh::cpi::images::{self, Facts};
use crate::tape::{Bytes, Tape};

impl images::Host for CallState {}

impl images::HostImage for CallState {
    fn drop(&mut self, image: Resource<Image>) -> wasmtime::Result<()> {
        self.table.delete(image)?;
        Ok(())
    }
}

impl<T: Send> images::HostImageWithStore<T> for Host {
    async fn facts(accessor: &Accessor<T, Self>, image: Resource<Image>) -> wasmtime::Result<Result<Facts, String>> {
        let (image, tape) = image_of(accessor, &image)?;
        let live = async { image.facts().await.map(|facts| Facts { size: facts.size, sha256: facts.sha256 }) };
        tape.play("images.facts", tape.note(|| json!({})), live).await
    }

    async fn peek(
        accessor: &Accessor<T, Self>,
        image: Resource<Image>,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let (image, tape) = image_of(accessor, &image)?;
        let with = tape.note(|| json!({"offset": offset, "length": length}));
        let live = async { image.peek(offset, length).map(Bytes::from) };
        Ok(tape.play("images.peek", with, live).await?.map(Vec::from))
    }
}

/// A second handle on the same file: the table is free again while the image is read.
fn image_of<T>(accessor: &Accessor<T, Host>, image: &Resource<Image>) -> wasmtime::Result<(Image, Tape)> {
    accessor.with(|mut access| {
        let state = access.get();
        Ok((state.table.get(image)?.clone(), state.capabilities.tape.clone()))
    })
}
