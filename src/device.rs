//! What trainings compute on, and whether this program and this machine can. Knows no model.

use std::fmt;
use std::str::FromStr;

/// A class of devices. Results of the processor are the same bytes everywhere; another class gives others: it rounds
/// otherwise, and batch normalization sees the whole batch there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    #[default]
    Cpu,
    Cuda,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        })
    }
}

impl FromStr for Device {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            _ => Err("a device is `cpu` or `cuda`"),
        }
    }
}

/// Why a device cannot be used, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    pub message: String,
    pub help: &'static str,
}

impl Device {
    /// Whether this program, on this machine, can compute on it.
    pub fn check(self) -> Result<(), Unavailable> {
        match self {
            Self::Cpu => Ok(()),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda => Err(Unavailable {
                message: "this program was built without CUDA".into(),
                help: "build it with `cargo build --release --features cuda`, which needs NVIDIA's toolkit (nvcc), or compute \
                       on the processor with `--device cpu`",
            }),
            #[cfg(feature = "cuda")]
            Self::Cuda => cuda().map(drop),
        }
    }
}

/// The machine's first NVIDIA GPU.
#[cfg(feature = "cuda")]
pub fn cuda() -> Result<dfdx::prelude::Cuda, Unavailable> {
    dfdx::prelude::Cuda::try_build(0, 0).map_err(|error| Unavailable {
        message: format!("no CUDA device can be used: {error:?}"),
        help: "see what `nvidia-smi` says, or compute on the processor with `--device cpu`",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_written_as_they_are_read() {
        for device in [Device::Cpu, Device::Cuda] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert!("abacus".parse::<Device>().is_err());
        assert_eq!(Device::Cpu.check(), Ok(()));
    }
}
