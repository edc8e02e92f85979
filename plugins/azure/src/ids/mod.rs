//! Identifiers: names of resources, and where they are.
//!
//! Today's are pairs, `agent_id:…;resource_group_name:…`, sorted by key; older ones are one plain text. Both stay what
//! they are for ever, since directors keep them.

mod disk;
mod known;
mod pairs;
mod vm;

pub(crate) use disk::DiskId;
pub(crate) use known::id_of;
pub(crate) use vm::VmId;
