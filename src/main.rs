//! The `pipeline` program; all of it is in the library.

fn main() -> pipeline::cli::Exit {
    pipeline::cli::main()
}
