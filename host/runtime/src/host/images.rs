use cpi_broker::{Image, Unsent as Cause};
use serde_json::json;
use wasmtime::component::{Accessor, Resource};

use super::http::{self, Taped};
use super::{CallState, Capabilities, Host};
use crate::bindings::bosh::cpi::images::{self, BlockPlan, Facts, Receipt, Refusal, Unsent};
use crate::tape::Bytes;

impl images::Host for CallState {}

impl images::HostImage for CallState {
    fn drop(&mut self, image: Resource<Image>) -> wasmtime::Result<()> {
        self.table.delete(image)?;
        Ok(())
    }
}

impl<T: Send> images::HostImageWithStore<T> for Host {
    async fn size(accessor: &Accessor<T, Self>, image: Resource<Image>) -> wasmtime::Result<Result<u64, String>> {
        let (image, Capabilities { tape, .. }) = image_of(accessor, &image)?;
        tape.play("images.size", tape.note(|| json!({})), async { image.size() }).await
    }

    async fn facts(accessor: &Accessor<T, Self>, image: Resource<Image>) -> wasmtime::Result<Result<Facts, String>> {
        let (image, Capabilities { tape, .. }) = image_of(accessor, &image)?;
        let live = async { image.facts().await.map(|facts| Facts { size: facts.size, sha256: facts.sha256 }) };
        tape.play("images.facts", tape.note(|| json!({})), live).await
    }

    async fn peek(
        accessor: &Accessor<T, Self>,
        image: Resource<Image>,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let (image, Capabilities { tape, .. }) = image_of(accessor, &image)?;
        let with = tape.note(|| json!({"offset": offset, "length": length}));
        let live = async { image.peek(offset, length).await.map(Bytes::from) };
        Ok(tape.play("images.peek", with, live).await?.map(Vec::from))
    }

    async fn member(
        accessor: &Accessor<T, Self>,
        image: Resource<Image>,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Image>, String>> {
        let (image, Capabilities { tape, .. }) = image_of(accessor, &image)?;
        // Nothing is behind it in a replay.
        let mut member = Image::nowhere();
        let with = tape.note(|| json!({"name": name}));
        let live = async { image.member(&name).await.map(|found| member = found) };
        match tape.play("images.member", with, live).await? {
            Ok(()) => Ok(Ok(accessor.with(|mut access| access.get().table.push(member))?)),
            Err(why) => Ok(Err(why)),
        }
    }

    async fn put_blocks(
        accessor: &Accessor<T, Self>,
        image: Resource<Image>,
        plan: BlockPlan,
    ) -> wasmtime::Result<Result<Receipt, Unsent>> {
        let (image, Capabilities { egress, uploads, journal, tape, .. }) = image_of(accessor, &image)?;
        let with = tape.note(|| {
            json!({
                "request": http::readable(&plan.request),
                "block_size": plan.block_size,
                "width": plan.width,
                "skip_zeros": plan.skip_zeros,
                "pad": plan.pad,
            })
        });
        let live = async {
            let sent = image.put_blocks(of_plugin(plan), &egress, &uploads, &journal).await;
            sent.map(receipt).map_err(unsent)
        };
        tape.play("images.put-blocks", with, live).await
    }
}

fn of_plugin(plan: BlockPlan) -> cpi_broker::BlockPlan {
    cpi_broker::BlockPlan {
        request: http::outgoing(plan.request),
        block_size: plan.block_size,
        width: plan.width,
        skip_zeros: plan.skip_zeros,
        pad: plan.pad,
    }
}

fn receipt(receipt: cpi_broker::Receipt) -> Receipt {
    let cpi_broker::Receipt { sent, resumed, skipped, sha256 } = receipt;
    Receipt { sent, resumed, skipped, sha256 }
}

fn unsent(cause: Cause) -> Unsent {
    match cause {
        Cause::Unreadable(why) => Unsent::Unreadable(why),
        Cause::Unanswered(problem) => Unsent::Unanswered(http::problem(&problem)),
        Cause::Refused(refused) => {
            let response = Taped::from(refused.answer).into();
            Unsent::Refused(Refusal { index: refused.index, sent: refused.sent, response })
        }
    }
}

/// A second handle on the same file: the table is free again while the image is read.
fn image_of<T>(accessor: &Accessor<T, Host>, image: &Resource<Image>) -> wasmtime::Result<(Image, Capabilities)> {
    accessor.with(|mut access| {
        let state = access.get();
        Ok((state.table.get(image)?.clone(), state.capabilities.clone()))
    })
}
