//! What is kept of one execution, and its text on the disk.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::artifact::Artifact;
use crate::event::Outcome;
use crate::fingerprint::Fingerprint;
use crate::hash::ContentHash;
use crate::provenance::host;

/// Raised when a record's fields change their meaning.
const FORMAT: u32 = 1;

/// The result of one execution: everything a later launch needs instead of executing again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub format: u32,
    /// The hash of `hashed`.
    pub fingerprint: ContentHash,
    pub hashed: Fingerprint,
    /// Output port -> what the stage left there.
    pub outputs: BTreeMap<String, Artifact>,
    #[serde(with = "outcome")]
    pub outcome: Outcome,
    /// Wall time of the execution.
    pub seconds: f64,
    /// When, in UTC, RFC 3339.
    pub created: String,
    /// On which machine.
    pub host: String,
    /// This program's version then.
    pub version: String,
}

impl Record {
    /// The record of an execution that ended just now, on this machine.
    pub fn new(hashed: Fingerprint, outputs: BTreeMap<String, Artifact>, outcome: Outcome, seconds: f64) -> Self {
        Self {
            format: FORMAT,
            fingerprint: hashed.hash(),
            hashed,
            outputs,
            outcome,
            seconds,
            created: Timestamp::now().to_string(),
            host: host(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The record as a JSON object that begins with the BLAKE3 digest of the bytes that follow it.
    pub(super) fn to_text(&self) -> String {
        seal(&serde_json::to_string(self).expect("a record has text keys and no failing serializers"))
    }

    /// `None` when the text is not, byte for byte, what [`Self::to_text`] once wrote for this fingerprint.
    pub(super) fn from_text(text: &[u8], fingerprint: ContentHash) -> Option<Self> {
        let record: Self = serde_json::from_slice(unseal(text)?).ok()?;
        (record.format == FORMAT && record.fingerprint == fingerprint).then_some(record)
    }
}

const HEAD: &[u8] = br#"{"blake3":""#;
const NECK: &[u8] = br#"","content":"#;
const TAIL: &[u8] = b"}\n";
const DIGITS: usize = 64;

/// Puts a JSON value into an envelope that carries its digest; the whole is JSON again.
pub(super) fn seal(content: &str) -> String {
    format!("{{\"blake3\":\"{}\",\"content\":{content}}}\n", ContentHash::of(content.as_bytes()))
}

/// The value in the envelope, when its bytes are those that were sealed.
pub(super) fn unseal(text: &[u8]) -> Option<&[u8]> {
    let (digest, rest) = text.strip_prefix(HEAD)?.split_at_checked(DIGITS)?;
    let content = rest.strip_prefix(NECK)?.strip_suffix(TAIL)?;
    (ContentHash::of(content).to_string().as_bytes() == digest).then_some(content)
}

/// JSON has no words for infinities and NaN, which a diverged training reports: they are written as text.
mod outcome {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::event::Outcome;

    #[derive(Clone, Copy, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Figure {
        Finite(f64),
        Other(Other),
    }

    #[derive(Clone, Copy, Serialize, Deserialize)]
    enum Other {
        #[serde(rename = "nan")]
        Nan,
        #[serde(rename = "inf")]
        Inf,
        #[serde(rename = "-inf")]
        MinusInf,
    }

    impl From<f64> for Figure {
        fn from(value: f64) -> Self {
            match value {
                _ if value.is_nan() => Self::Other(Other::Nan),
                f64::INFINITY => Self::Other(Other::Inf),
                f64::NEG_INFINITY => Self::Other(Other::MinusInf),
                _ => Self::Finite(value),
            }
        }
    }

    impl From<Figure> for f64 {
        fn from(figure: Figure) -> Self {
            match figure {
                Figure::Finite(value) => value,
                Figure::Other(Other::Nan) => f64::NAN,
                Figure::Other(Other::Inf) => f64::INFINITY,
                Figure::Other(Other::MinusInf) => f64::NEG_INFINITY,
            }
        }
    }

    #[derive(Serialize, Deserialize)]
    struct Written {
        metrics: BTreeMap<String, Figure>,
        series: BTreeMap<String, Vec<Figure>>,
        warnings: Vec<String>,
    }

    fn convert<A, B: From<A>>(values: Vec<A>) -> Vec<B> {
        values.into_iter().map(B::from).collect()
    }

    pub fn serialize<S: Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
        let Outcome { metrics, series, warnings } = outcome.clone();
        let metrics = metrics.into_iter().map(|(name, value)| (name, value.into())).collect();
        let series = series.into_iter().map(|(name, values)| (name, convert(values))).collect();
        Written { metrics, series, warnings }.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Outcome, D::Error> {
        let Written { metrics, series, warnings } = Written::deserialize(deserializer)?;
        let metrics = metrics.into_iter().map(|(name, value)| (name, value.into())).collect();
        let series = series.into_iter().map(|(name, values)| (name, convert(values))).collect();
        Ok(Outcome { metrics, series, warnings })
    }
}
