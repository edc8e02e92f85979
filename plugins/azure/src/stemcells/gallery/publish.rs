use cpi_plugin_sdk::{Failure, log};

use super::find;
use super::publication::{Publication, digest};
use super::version::{self, Source, Version};
use crate::arm::{Arm, Kind, Resource};
use crate::leftovers::declare;
use crate::stemcells::heavy;
use crate::stemcells::metadata::Metadata;

impl Publication {
    /// Refuses a stemcell that the gallery cannot have, before anything is uploaded for it.
    pub(crate) async fn check(&self, arm: &Arm, metadata: &Metadata) -> Result<(), Failure> {
        let resource = self.resource(arm);
        match find::read(arm, &resource).await? {
            Some(there) => there.check(&resource.id, digest(metadata)),
            None => Ok(()),
        }
    }

    /// Has the version serve a stemcell, and makes it of the stemcell's blob where it is missing.
    pub(crate) async fn publish(
        &self,
        arm: &Arm,
        stemcell: &str,
        metadata: &Metadata,
        location: &str,
    ) -> Result<(Resource, Version), Failure> {
        let resource = self.resource(arm);
        let _lease = arm.lease(&resource.id).await?;
        if let Some(there) = find::read(arm, &resource).await? {
            there.check(&resource.id, digest(metadata))?;
            if let Some(change) = there.shared_with(&resource.id, stemcell, digest(metadata))? {
                log::info("the image version serves one more stemcell", &[("id", &resource.id)]);
                arm.put(&resource, &change).await?;
            }
        } else {
            self.define(arm, location).await?;
            let (blob, _) = heavy::copy::in_location(arm, stemcell, location).await?;
            let account = arm.resource(&arm.settings.resource_group, Kind::StorageAccount, &blob.account.name);
            let source = Source { account: account.id, blob: blob.url };
            let body = version::body(metadata, stemcell, &source, location, arm.settings.gallery_replicas);
            declare::make(arm, "gallery-image-version", &resource, &body).await.map(drop)?;
        }
        let missing = || Failure::rejected(format!("the image version '{}' is gone", resource.id));
        let version = find::read(arm, &resource).await?.ok_or_else(missing)?;
        Ok((resource, version))
    }

    /// Makes the definition where it is missing. It is never changed, and never removed.
    async fn define(&self, arm: &Arm, location: &str) -> Result<(), Failure> {
        let resource = self.gallery.definition(&arm.settings, &self.definition.name);
        let _lease = arm.lease(&resource.id).await?;
        if arm.read::<serde::de::IgnoredAny>(&resource).await?.is_none() {
            arm.put(&resource, &self.definition.body(location)).await?;
        }
        Ok(())
    }

    fn resource(&self, arm: &Arm) -> Resource {
        self.gallery.version(&arm.settings, &self.definition.name, &self.number)
    }
}
