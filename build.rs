//! Writes the registry's list: the kind of every `pub mod` line of `src/stage/kinds/mod.rs`, in that order. The kind in
//! `clip_latents.rs` is `ClipLatents`.

use std::path::Path;
use std::{env, fs};

const REGISTRY: &str = "src/stage/kinds/mod.rs";

fn main() {
    println!("cargo::rerun-if-changed={REGISTRY}");
    let text = fs::read_to_string(REGISTRY).expect("the registry is part of the sources");
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let kinds: Vec<_> = modules.map(|module| format!("&{module}::{}", camel_case(module))).collect();
    let folder = env::var_os("OUT_DIR").expect("cargo sets it for build scripts");
    fs::write(Path::new(&folder).join("kinds.rs"), format!("&[{}]", kinds.join(", "))).expect("cargo made the folder");
}

fn camel_case(module: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    module.split('_').map(capitalized).collect()
}
