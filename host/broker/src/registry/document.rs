use cpi_protocol::Object;
use serde_json::{Value, json};

/// The document inside `{"settings": "<JSON text>"}`.
pub(super) fn settings(body: &[u8]) -> Result<Object, String> {
    let answer: Value = serde_json::from_slice(body).map_err(|error| format!("the answer is not JSON: {error}"))?;
    let text = answer
        .get("settings")
        .and_then(Value::as_str)
        .ok_or("Invalid registry response: an object with the text 'settings' was expected")?;
    match serde_json::from_str(text) {
        Ok(Value::Object(settings)) => Ok(settings),
        Ok(_) => Err("Invalid settings format: they must be an object".to_owned()),
        Err(error) => Err(format!("the settings are not JSON: {error}")),
    }
}

/// Notes in a settings document where a disk is.
pub fn add_disk(settings: &mut Object, disk: &str, hint: &Value) {
    // Agents that read a registry know paths, not objects.
    let hint = match hint.as_object().filter(|hint| hint.len() == 1).and_then(|hint| hint.get("path")) {
        Some(path) => path.clone(),
        None => hint.clone(),
    };
    if let Some(disks) = persistent(settings) {
        disks.insert(disk.to_owned(), hint);
    }
}

/// Takes a disk out of a settings document.
pub fn remove_disk(settings: &mut Object, disk: &str) {
    if let Some(disks) = persistent(settings) {
        disks.shift_remove(disk);
    }
}

/// `disks.persistent`, made if it is not there.
fn persistent(settings: &mut Object) -> Option<&mut Object> {
    let disks = object(settings.entry("disks").or_insert_with(|| json!({})));
    disks.and_then(|disks| object(disks.entry("persistent").or_insert_with(|| json!({}))))
}

fn object(value: &mut Value) -> Option<&mut Object> {
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_come_and_go() {
        let mut settings = Object::new();
        add_disk(&mut settings, "vol-1", &json!({"path": "/dev/sdf"}));
        add_disk(&mut settings, "vol-2", &json!({"lun": "0", "host_device_id": "x"}));
        assert_eq!(settings["disks"]["persistent"]["vol-1"], "/dev/sdf");
        assert_eq!(settings["disks"]["persistent"]["vol-2"]["lun"], "0");
        remove_disk(&mut settings, "vol-1");
        assert_eq!(settings["disks"]["persistent"].as_object().unwrap().len(), 1);
    }

    #[test]
    fn settings_are_a_text_within_the_answer() {
        assert_eq!(settings(br#"{"settings":"{\"a\":1}"}"#).unwrap()["a"], 1);
        for wrong in [&b"x"[..], b"[]", br#"{"settings":{}}"#, br#"{"settings":"[]"}"#, br#"{"settings":"x"}"#] {
            assert!(settings(wrong).is_err());
        }
    }
}
