//! Writes the registry's list: the kind of every `pub mod` line of `src/stage/kinds/mod.rs`, in that order. The kind in
//! `clip_latents.rs` is `ClipLatents`.

use std::path::Path;
use std::{env, fs};

const REGISTRY: &str = "src/stage/kinds/mod.rs";

fn main() {
    println!("cargo::rerun-if-changed={REGISTRY}");
    let text = fs::read_to_string(REGISTRY).expect("the registry is part of the sources");
    let declarations = text.lines().filter(|line| line.contains("mod ") && !line.starts_with("//"));
    let kinds: Vec<_> = declarations.map(kind).collect();
    let folder = env::var_os("OUT_DIR").expect("cargo sets it for build scripts");
    fs::write(Path::new(&folder).join("kinds.rs"), format!("&[{}]", kinds.join(", "))).expect("cargo made the folder");
}

fn kind(declaration: &str) -> String {
    let module = declaration.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';'));
    let module = module.unwrap_or_else(|| panic!("a kind is declared as `pub mod <kind>;`, not as `{declaration}`"));
    format!("&{module}::{}", camel_case(module))
}

fn camel_case(module: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    module.split('_').map(capitalized).collect()
}
