use crate::arm::{Kind, Resource};
use crate::settings::Settings;

/// The gallery that the operator names. It exists; nobody here makes one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gallery {
    pub resource: Resource,
}

impl Gallery {
    /// By its name in the default resource group, or by its id.
    pub(crate) fn of(settings: &Settings) -> Option<Self> {
        let name = settings.gallery.as_deref()?;
        let resource = if name.starts_with('/') {
            Resource::known(settings, Kind::Gallery, name.trim_end_matches('/'))
        } else {
            Resource::new(settings, &settings.resource_group, Kind::Gallery, name)
        };
        Some(Self { resource })
    }

    pub(crate) fn name(&self) -> &str {
        self.resource.name()
    }

    pub(crate) fn definition(&self, settings: &Settings, name: &str) -> Resource {
        self.resource.part(settings, Kind::GalleryImage, name)
    }

    pub(crate) fn version(&self, settings: &Settings, definition: &str, number: &str) -> Resource {
        self.definition(settings, definition).part(settings, Kind::GalleryImageVersion, number)
    }

    /// Whether an id is that of something in it.
    pub(crate) fn has(&self, id: &str) -> bool {
        let below = format!("{}/", self.resource.id).to_ascii_lowercase();
        id.to_ascii_lowercase().starts_with(&below)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing;

    #[test]
    fn a_gallery_is_a_name_or_an_id() {
        let gallery = |name: &str| Gallery::of(&testing::settings(&json!({"compute_gallery_name": name})));
        let here = gallery("g").unwrap();
        assert_eq!(here.resource.id, "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/galleries/g");
        let id = "/subscriptions/other/resourceGroups/shared/providers/Microsoft.Compute/galleries/far";
        let there = gallery(id).unwrap();
        assert_eq!((there.name(), there.resource.id.as_str()), ("far", id));
        assert!(there.has(&format!("{}/images/i/versions/1.0.0", id.to_uppercase())));
        assert!(!there.has(&format!("{id}2/images/i")));
        assert_eq!(gallery(""), None);
    }
}
