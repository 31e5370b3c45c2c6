//! The binary: everything is in the library.

fn main() {
    std::process::exit(git_chant::run(std::env::args_os()));
}
