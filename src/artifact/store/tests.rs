use serde_json::json;

use super::*;
use crate::artifact::{Artifact, ArtifactType};
use crate::event::Outcome;

fn fingerprint(epochs: u32) -> Fingerprint {
    Fingerprint {
        kind: "train-autoencoder".into(),
        version: 1,
        params: json!({"epochs": epochs}),
        seed: Some(1),
        device: "cpu".into(),
        source: None,
        inputs: Default::default(),
    }
}

/// Does what a runner does for a stage with one output port and two files.
fn execute(store: &Store, epochs: u32) -> Result<Record, StoreError> {
    let scratch = store.scratch()?;
    let port = scratch.path().join("model");
    std::fs::create_dir(&port).unwrap();
    std::fs::write(port.join("model.json"), format!("{{\"epochs\": {epochs}}}")).unwrap();
    std::fs::write(port.join("weights.safetensors"), vec![epochs as u8; 3000]).unwrap();
    let artifact = store.ingest(&port, ArtifactType::Model, &[])?;
    let outcome = Outcome { metrics: [("loss".to_owned(), 0.1 + 0.2)].into(), ..Outcome::default() };
    let record = Record::new(fingerprint(epochs), [("model".to_owned(), artifact)].into(), outcome, 1.5);
    store.commit(&record)?;
    Ok(record)
}

#[test]
fn what_was_committed_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.lookup(fingerprint(1).hash()).unwrap(), Lookup::Miss);
    let record = execute(&store, 1).unwrap();
    drop(store);
    let store = Store::open_read_only(directory.path()).unwrap();
    assert_eq!(store.lookup(record.fingerprint).unwrap(), Lookup::Hit(Box::new(record.clone())));
    for (name, blob) in &record.outputs["model"].files {
        assert_eq!(std::fs::metadata(store.verified(blob, name).unwrap()).unwrap().len(), blob.bytes);
    }
}
